/** `npm run sim -- [--seeds N | --seed N] [--from N] [--first-failure] [--once] [--json]`: runs the simulated fleet. */
import { parseArgs } from 'node:util';
import { DEFAULT_SEEDS, keptSeeds, simulate } from './fleet/simulate.ts';
import type { SeedFailure } from './fleet/run.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string' },
    json: { type: 'boolean', default: false },
    once: { type: 'boolean', default: false },
    'first-failure': { type: 'boolean', default: false },
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

const seeds =
  values.seed === undefined
    ? [
        ...keptSeeds('test/sim/seeds.txt'),
        ...Array.from({ length: numberOf(values.seeds, 2_000) }, (_, at) => numberOf(values.from, 1) + at),
      ]
    : [numberOf(values.seed, 1)];

const outcome = simulate(seeds, {
  full: values.seed !== undefined,
  once: values.once,
  firstFailure: values['first-failure'],
  onFailure: show,
  onProgress: (done) => {
    if (done % 100 === 0) say(`${done} of ${seeds.length} seeds`);
  },
});
for (const [what, times] of [...outcome.coverage.counts].sort()) say(`${String(times).padStart(9)}  ${what}`);
const missing = outcome.seeds >= DEFAULT_SEEDS ? outcome.coverage.missing : [];
for (const one of missing) say(`never taken: ${one}`);
const { seeds: ran, virtualSeconds, realSeconds } = outcome;
const failures = outcome.failures.map(({ seed, promise, message }) => ({
  seed,
  promise,
  message: message.split('\n')[0],
}));
process.stdout.write(`${JSON.stringify({ seeds: ran, failures, missing, virtualSeconds, realSeconds })}\n`);
process.exitCode = failures.length > 0 || missing.length > 0 ? 1 : 0;
