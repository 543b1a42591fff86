/** `npm run sim -- [--seeds N | --seed N] [--from N] [--json]`: runs the simulated fleet. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { simulate } from './fleet/simulate.ts';
import type { SeedFailure } from './fleet/run.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const numberOf = (text: string | undefined, standard: number): number => {
  if (text === undefined) return standard;
  if (/^\d+$/.test(text)) return Number(text);
  process.stderr.write(`"${text}" is not a whole number\n`);
  process.exit(2);
};

const say = (text: string): void => {
  if (!values.json) process.stdout.write(`${text}\n`);
};

const show = ({ seed, promise, message, lines }: SeedFailure): void => {
  const last = values.seed === undefined ? lines.slice(-40) : lines;
  process.stderr.write(`${last.join('\n')}\nseed ${seed}: ${promise}: ${message}\n`);
};

const kept = (): readonly number[] =>
  readFileSync(process.env['MUSTER_SIM_SEEDS'] ?? 'test/sim/seeds.txt', 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .map(Number);

const seeds =
  values.seed === undefined
    ? [
        ...kept(),
        ...Array.from({ length: numberOf(values.seeds, 1_000) }, (_, at) => numberOf(values.from, 1) + at),
      ]
    : [numberOf(values.seed, 1)];

const outcome = simulate(seeds, {
  full: values.seed !== undefined,
  onFailure: show,
  onProgress: (done) => {
    if (done % 100 === 0) say(`${done} of ${seeds.length} seeds`);
  },
});
for (const [what, times] of [...outcome.coverage.counts].sort()) say(`${String(times).padStart(9)}  ${what}`);
const missing = values.seed === undefined ? outcome.coverage.missing : [];
for (const one of missing) say(`never taken: ${one}`);
const { seeds: ran, virtualSeconds, realSeconds } = outcome;
const failures = outcome.failures.map(({ seed, promise, message }) => ({ seed, promise, message: message.split('\n')[0] }));
process.stdout.write(`${JSON.stringify({ seeds: ran, failures, missing, virtualSeconds, realSeconds })}\n`);
process.exitCode = failures.length > 0 || missing.length > 0 ? 1 : 0;
