/** The simulated fleet over its default seeds. `npm run sim -- --seed N` shows the whole story of one that fails. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SeedFailure } from './fleet/run.ts';
import { runSeed } from './fleet/run.ts';
import { scenarioOf } from './fleet/scenario.ts';
import { DEFAULT_SEEDS, keptSeeds, simulate } from './fleet/simulate.ts';
import { Coverage } from './fleet/tables.ts';

const CHUNK = 50;
/** Of a story that fails: enough to see the end of it. */
const LINES = 60;

const told = ({ seed, promise, message, lines }: SeedFailure): string =>
  `seed ${seed}: ${promise}: ${message}\n${lines.slice(-LINES).join('\n')}`;

const coverage = new Coverage();
const kept = keptSeeds(join(import.meta.dirname, 'seeds.txt'));
const chunks = Array.from({ length: DEFAULT_SEEDS / CHUNK }, (_, chunk) =>
  Array.from({ length: CHUNK }, (__, at) => chunk * CHUNK + at + 1),
);

describe('the simulated fleet', () => {
  it.each([kept, ...chunks].map((seeds) => [seeds[0] ?? 0, seeds.at(-1) ?? 0, seeds] as const))(
    'keeps every promise, and decides the same twice: seeds %i to %i',
    (_, __, seeds) => {
      const outcome = simulate(seeds);
      coverage.add(outcome.coverage.counts);
      expect(outcome.failures.map(told)).toEqual([]);
    },
  );

  it('takes every transition of the group table and the task table', () => {
    expect(coverage.missing).toEqual([]);
  });

  it('has two kinds of adapters, 100 tasks and 5 faults in every seed', () => {
    for (let seed = 1; seed <= CHUNK; seed++) {
      const scenario = scenarioOf(seed);
      expect(scenario.adapters.length).toBeGreaterThan(0);
      expect(scenario.stock.groupsMax).toBeGreaterThan(0);
      expect(scenario.faults).toBeGreaterThanOrEqual(5);
      expect(runSeed(seed, false).tasks).toBeGreaterThanOrEqual(100);
    }
  });
});
