/** Many seeds, each run twice: the second run must decide the same (P6). */
import { readFileSync } from 'node:fs';
import { runSeed } from './run.ts';
import type { SeedFailure } from './run.ts';
import { Coverage } from './tables.ts';

/** Enough that every transition is taken. */
export const DEFAULT_SEEDS = 600;

export interface Simulation {
  readonly seeds: number;
  readonly failures: readonly SeedFailure[];
  readonly coverage: Coverage;
  readonly tasks: number;
  readonly faults: number;
  /** Of the first runs. */
  readonly virtualSeconds: number;
  readonly realSeconds: number;
}

export interface SimulateOptions {
  /** Keep whole transcripts of what fails. */
  readonly full?: boolean;
  /** Do not look for another decision the second time (P6). */
  readonly once?: boolean;
  /** Stop there. */
  readonly firstFailure?: boolean;
  readonly onFailure?: (failure: SeedFailure) => void;
  readonly onProgress?: (done: number) => void;
}

export const simulate = (seeds: readonly number[], options: SimulateOptions = {}): Simulation => {
  const startedMs = performance.now();
  const failures: SeedFailure[] = [];
  const coverage = new Coverage();
  let virtualMs = 0;
  let tasks = 0;
  let faults = 0;
  let done = 0;
  for (const seed of seeds) {
    if (options.firstFailure === true && failures.length > 0) break;
    const first = runSeed(seed, true, options.full);
    virtualMs += first.virtualMs;
    tasks += first.tasks;
    faults += first.faults;
    coverage.add(first.counts);
    const failure = first.failure ?? (options.once === true ? undefined : sameAgain(seed, first.hash));
    if (failure !== undefined) {
      failures.push(failure);
      options.onFailure?.(failure);
    }
    options.onProgress?.(++done);
  }
  const realSeconds = Math.round((performance.now() - startedMs) / 10) / 100;
  const virtualSeconds = Math.round(virtualMs / 1000);
  return { seeds: done, failures, coverage, tasks, faults, virtualSeconds, realSeconds };
};

const sameAgain = (seed: number, hash: string): SeedFailure | undefined => {
  const second = runSeed(seed, false);
  if (second.hash === hash) return undefined;
  const message = `the second run decided otherwise: ${hash} and ${second.hash}`;
  return { seed, promise: 'P6', message, lines: second.failure?.lines ?? [] };
};

/** Seeds that once failed: one a line, `#` begins a comment. */
export const keptSeeds = (path: string): readonly number[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .map(Number);
