/** Many seeds in one thread. Some are looked at twice: what decides must decide the same again (P6). */
import { readFileSync } from 'node:fs';
import { FAMILIES } from './families.ts';
import type { FamilyName } from './families.ts';
import { runScenario } from './run.ts';
import type { SeedFailure, SeedRun } from './run.ts';
import { assertFull } from './scenario.ts';
import { Coverage } from './tables.ts';

/** What every change is run against. */
export const DEFAULT_SEEDS = 2_000;
/** Each machine of every 16th seed is told the same again; every 64th seed is run a second time, unwatched. */
const REPLAY_EVERY = 16;
const TWICE_EVERY = 64;

export interface Simulation {
  readonly seeds: number;
  readonly failures: readonly SeedFailure[];
  readonly counts: ReadonlyMap<string, number>;
  /** Of the first runs. */
  readonly virtualMs: number;
}

export interface SimulateOptions {
  /** Look for another decision the second time (P6) in every seed, in some, or in none. */
  readonly again: 'all' | 'some' | 'none';
  /** Stop there. */
  readonly firstFailure: boolean;
}

export const simulate = (
  seeds: readonly number[],
  family: FamilyName,
  { again, firstFailure }: SimulateOptions,
): Simulation => {
  const failures: SeedFailure[] = [];
  const coverage = new Coverage();
  let virtualMs = 0;
  let done = 0;
  for (const seed of seeds) {
    if (firstFailure && failures.length > 0) break;
    const run = simulateSeed(seed, family, again);
    virtualMs += run.virtualMs;
    coverage.add(run.counts);
    if (run.failure !== undefined) failures.push(run.failure);
    done++;
  }
  return { seeds: done, failures, counts: coverage.counts, virtualMs };
};

const simulateSeed = (seed: number, family: FamilyName, again: SimulateOptions['again']): SeedRun => {
  const scenario = FAMILIES[family](seed);
  const every = (n: number): boolean => again === 'all' || (again === 'some' && seed % n === 0);
  if (family === 'storm') assertFull(scenario);
  const twice = every(TWICE_EVERY);
  const first = runScenario(scenario, {
    checks: true,
    replays: every(REPLAY_EVERY),
    tells: twice ? 'end' : 'nothing',
  });
  if (first.failure !== undefined || !twice) return first;
  const second = runScenario(scenario, { checks: false, replays: false, tells: 'end' });
  if (second.hash === first.hash) return first;
  const message = `the second run decided otherwise: ${first.hash} and ${second.hash}`;
  return { ...first, failure: { seed, promise: 'P6', message, lines: [] } };
};

/** Seeds that once failed: one a line, `#` begins a comment. */
export const keptSeeds = (path: string): readonly number[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .map(Number);
