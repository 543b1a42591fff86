/**
 * `npm run sim -- [--seeds N | --seed N] [--from N] [--family storm|example|load] [--jobs N] [--json] [--minimise]
 * [--brief] [--first-failure] [--again all|some|none]`: runs the simulated fleet.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { serve, simulateTogether } from './fleet/crew.ts';
import { sayIncident } from './fleet/incidents.ts';
import { minimise } from './fleet/minimise.ts';
import { runScenario } from './fleet/run.ts';
import type { SeedFailure } from './fleet/run.ts';
import { FAMILIES } from './fleet/families.ts';
import type { FamilyName } from './fleet/families.ts';
import { DEFAULT_SEEDS, keptSeeds } from './fleet/simulate.ts';
import { missingIn } from './fleet/tables.ts';

const LINES = 40;
/** Beyond it, failures are counted only. */
const SHOWN_MAX = 5;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string' },
    family: { type: 'string', default: 'storm' },
    jobs: { type: 'string' },
    again: { type: 'string', default: 'some' },
    json: { type: 'boolean', default: false },
    minimise: { type: 'boolean', default: false },
    'first-failure': { type: 'boolean', default: false },
    brief: { type: 'boolean', default: false },
    serve: { type: 'boolean', default: false },
  },
});

const wrong = (text: string): never => {
  process.stderr.write(`${text}\n`);
  process.exit(2);
};

const numberOf = (text: string | undefined, standard: number): number => {
  if (text === undefined) return standard;
  return /^\d+$/.test(text) ? Number(text) : wrong(`"${text}" is not a whole number`);
};

const wordOf = <Word extends string>(text: string, words: readonly Word[]): Word =>
  words.find((word) => word === text) ?? wrong(`"${text}" is none of ${words.join(', ')}`);

const git = (...args: readonly string[]): string => {
  const { status, stdout } = spawnSync('git', args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '';
};

/** What a seed must be run with to fail again. */
const commit = (): string => {
  const head = git('rev-parse', 'HEAD');
  if (head === '') return 'unknown';
  return git('status', '--porcelain') === '' ? head : `${head}+dirty`;
};

const family = wordOf<FamilyName>(values.family, ['storm', 'example', 'load']);

/** Runs it again to tell its story, and, when asked to, with less and less happening. */
const show = ({ seed, promise, message }: SeedFailure): void => {
  const scenario = FAMILIES[family](seed);
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const isOne = values.seed !== undefined;
  const told = runScenario(scenario, { checks: true, replays: false, tells: isOne ? 'all' : 'end' }).failure;
  for (const line of (told?.lines ?? []).slice(isOne ? 0 : -LINES)) say(line);
  say(`seed ${seed} at commit ${commit()}: ${promise}: ${message}`);
  say(`policy ${scenario.policyText}${scenario.scheduler.compat === 'stock' ? ' (compat=stock)' : ''}`);
  if (told === undefined || promise === 'P6') return;
  const least = minimise(scenario, told);
  say(
    `${least.scenario.incidents.length} of its ${scenario.incidents.length} incidents are enough (found in ${least.runs} runs):`,
  );
  for (const incident of least.scenario.incidents) say(sayIncident(incident));
  say(`then: ${least.failure.message}`);
  say(`again: npm run sim -- --seed ${seed}${family === 'storm' ? '' : ` --family ${family}`}`);
};

const run = async (): Promise<void> => {
  const startedMs = performance.now();
  const from = numberOf(values.from, 1);
  const kept = family === 'storm' && values.from === undefined ? keptSeeds('test/sim/seeds.txt') : [];
  const count = numberOf(values.seeds, DEFAULT_SEEDS);
  const seeds =
    values.seed === undefined
      ? [...kept, ...Array.from({ length: count }, (_, at) => from + at)]
      : [numberOf(values.seed, 1)];
  let shown = 0;
  let toldAt = 0;
  const outcome = await simulateTogether(seeds, {
    family,
    again: values.seed === undefined ? wordOf(values.again, ['all', 'some', 'none']) : 'all',
    firstFailure: values['first-failure'],
    jobs: values.seed === undefined ? numberOf(values.jobs, Math.min(2, availableParallelism())) : 1,
    onShare: (done, failures) => {
      for (const failure of failures) {
        if (!values.brief && (values.minimise || shown < SHOWN_MAX)) show(failure);
        shown++;
      }
      if (values.json || done < toldAt) return;
      toldAt = done + Math.max(100, Math.floor(seeds.length / 100));
      const seconds = Math.round((performance.now() - startedMs) / 1_000);
      process.stdout.write(`${done} of ${seeds.length} seeds, ${shown} failed, ${seconds} s\n`);
    },
  });
  if (!values.json)
    for (const [what, times] of [...outcome.counts].sort())
      process.stdout.write(`${String(times).padStart(9)}  ${what}\n`);
  const missing = family === 'storm' && outcome.seeds >= DEFAULT_SEEDS ? missingIn(outcome.counts) : [];
  for (const one of missing) process.stderr.write(`never taken: ${one}\n`);
  const failures = outcome.failures.map(({ seed, promise, message }) => ({
    seed,
    promise,
    message: message.split('\n')[0],
  }));
  const virtualSeconds = Math.round(outcome.virtualMs / 1_000);
  const realSeconds = Math.round((performance.now() - startedMs) / 10) / 100;
  const report = {
    seeds: outcome.seeds,
    failures,
    missing,
    virtualSeconds,
    realSeconds,
    family,
    commit: commit(),
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
  process.exitCode = failures.length > 0 || missing.length > 0 ? 1 : 0;
};

if (values.serve) serve();
else await run();
