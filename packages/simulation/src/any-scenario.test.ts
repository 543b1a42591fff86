import { describe, expect, it } from 'vitest';
import { randomOf } from './random.ts';
import type { Random } from './random.ts';
import { outcomeOf, play } from './testing/scenes.ts';
import type { Scene } from './testing/scenes.ts';

const SCENES = 24;

const pick = (random: Random, choices: readonly string[]): string =>
  choices[Math.floor(random.next() * choices.length)] ?? '';

/** Anything that a person might ask, small. */
const sceneOf = (seed: number): Scene => {
  const random = randomOf(seed, 'scene');
  const service = pick(random, ['200ms', '2s±50%', 'exp(1s)', 'pareto(500ms,1.5)']);
  const arrivals = pick(random, [
    'batch tasks=150',
    'poisson rate=8 tasks=150',
    'regular rate=3 tasks=90',
    'burst rate=15 period=20s tasks=200',
    'spike rate=1 peak=40 at=10s half=5s tasks=150',
  ]);
  const needs = pick(random, ['', ' needs=gpu:20%', ' needs=gpu:30%,large:5%']);
  const start = pick(random, ['500ms', '5s±50%', '40s']);
  const price = pick(random, ['', ' price=0.5/h minimum=60s']);
  const fail = pick(random, ['', ' fail=20%']);
  const workers = pick(random, ['1', '3']);
  return {
    workloads: [`${arrivals} service=${service}${needs}`],
    adapters: [
      `a groups=${pick(random, ['1', '4'])} start=${start} workers=${workers}${price}${fail}`,
      `b groups=3 start=1s stop=2s offers=-:0.2/h,gpu+large:1/h`,
    ],
    policies: ['vanilla', 'capability', 'fixed_elastic', 'target', 'waterfall; tiers=a,b'].map(
      (scaling) => `allocate=capability; scaling=${scaling}`,
    ),
    seed,
  };
};

describe('whatever is asked', () => {
  it.each(Array.from({ length: SCENES }, (_, index) => index + 1))(
    'ends, and its numbers add up: scene %i',
    (seed) => {
      const scene = sceneOf(seed);
      const plan = play(scene);
      const groupsMax = plan.scenario.adapters.map((adapter) => adapter.groupsMax);
      for (const { case: one, outcome } of plan.lines) {
        const about = `${one.label} of ${JSON.stringify(scene)}`;
        const unserved = outcome.unserved.reduce((sum, { tasks }) => sum + tasks, 0);
        // Somebody can serve every task, and nobody dies: all of them run, once.
        const counts = [outcome.succeeded, outcome.failed, unserved, outcome.cutRuns];
        expect(counts, about).toEqual([plan.work.tasks, 0, 0, 0]);
        expect(outcome.workerHours.busy, about).toBeCloseTo(plan.work.workHours, 6);
        outcome.adapters.forEach(({ peak, failedStarts, started }, at) => {
          expect(peak, about).toBeLessThanOrEqual(groupsMax[at] ?? 0);
          expect(failedStarts, about).toBeLessThanOrEqual(started);
        });
        // A primary adapter of fixed_elastic keeps its group; all others go.
        expect(outcome.groupsLeft, about).toBeLessThanOrEqual(one.policy.scaling === 'fixed_elastic' ? 1 : 0);
      }
      if (seed % 10 === 0) expect(outcomeOf(play(scene), 3)).toEqual(outcomeOf(plan, 3));
    },
  );
});
