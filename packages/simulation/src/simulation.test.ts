import { describe, expect, it } from 'vitest';
import { jsonReport } from './report.ts';
import { outcomeOf, play, VANILLA } from './testing/scenes.ts';

const CAPABILITY = 'allocate=capability; scaling=capability';
const TARGET = 'allocate=even_load; scaling=target';

/** The question that every rival answers badly: 15 tasks of 6 s, and up to 10 workers that start in a second. */
const FIFTEEN = { workloads: ['batch 15 x 6s'], adapters: ['local groups=10 start=1s'] };

describe('fifteen six-second tasks on up to ten single workers', () => {
  it('take 49 s with vanilla: two workers, because 15 tasks are not more than 10 for each of two', () => {
    const outcome = outcomeOf(play(FIFTEEN));
    expect(outcome.groupsStarted).toBe(2);
    // 1 s until they are there, eight tasks of 6 s on one of them, and a few messages.
    expect(outcome.makespanMs).toBeGreaterThanOrEqual(49_000);
    expect(outcome.makespanMs).toBeLessThan(49_100);
  });

  it('take 49 to 53 s with vanilla as the stock scheduler decides it, at heartbeats', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const outcome = outcomeOf(play({ ...FIFTEEN, compat: 'stock', seed }), 1);
      expect(outcome.groupsStarted).toBe(2);
      expect(outcome.makespanMs).toBeGreaterThanOrEqual(49_000);
      expect(outcome.makespanMs).toBeLessThan(54_000);
    }
  });

  it('take 31 s and a little with capability: three workers, five tasks each', () => {
    const outcome = outcomeOf(play({ ...FIFTEEN, policies: [CAPABILITY] }));
    expect(outcome.groupsStarted).toBe(3);
    expect(outcome.makespanMs).toBeGreaterThanOrEqual(31_000);
    expect(outcome.makespanMs).toBeLessThan(31_500);
  });

  it('take 31 to 37 s with capability as the stock scheduler decides it', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const outcome = outcomeOf(play({ ...FIFTEEN, policies: [CAPABILITY], compat: 'stock', seed }), 1);
      expect(outcome.groupsStarted).toBe(3);
      expect(outcome.makespanMs).toBeGreaterThanOrEqual(31_000);
      expect(outcome.makespanMs).toBeLessThan(37_500);
    }
  });

  it('take at most 14 s with target: ten workers, two rounds', () => {
    const outcome = outcomeOf(play({ ...FIFTEEN, policies: [TARGET] }));
    expect(outcome.groupsStarted).toBe(10);
    expect(outcome.makespanMs).toBeLessThanOrEqual(14_000);
  });
});

describe('queues whose waits are known', () => {
  it('is right to the millisecond where everything is fixed', () => {
    // Arrivals at 1, 2, … 6 s; two workers that are there at 11 s; 3 s a task: starts at 11, 11, 14, 14, 17, 17 s.
    const outcome = outcomeOf(
      play({
        workloads: ['regular rate=1 tasks=6 service=3s'],
        adapters: ['one groups=1 workers=2 start=10s'],
      }),
    );
    const seconds = [10, 9, 11, 10, 12, 11].map((wait) => wait * 1_000);
    const { waits, makespanMs } = outcome;
    // Whole milliseconds of messages come on top.
    expect(waits?.meanMs).toBeCloseTo(seconds.reduce((sum, wait) => sum + wait, 0) / 6, -1.5);
    expect(waits?.maxMs).toBeGreaterThanOrEqual(12_000);
    expect(waits?.maxMs).toBeLessThan(12_020);
    expect(makespanMs).toBeGreaterThanOrEqual(19_000);
    expect(makespanMs).toBeLessThan(19_020);
    expect(outcome.workerHours.busy * 3_600).toBeCloseTo(18, 6);
    expect(outcome.workerHours.starting * 3_600).toBeCloseTo(20, 6);
  });

  it('agrees with the mean wait of one server at 80 % load (M/D/1: 2 s)', () => {
    const outcome = outcomeOf(
      play({
        workloads: ['poisson rate=0.8 tasks=20000 service=1s'],
        adapters: ['one groups=1 start=0s'],
        // Never below it: the server stays.
        policies: [`${VANILLA}; lower_task_ratio=0`],
      }),
    );
    // Pollaczek and Khinchine: load × service / (2 × (1 − load)); the sample of 20,000 is off by less than a tenth.
    expect(outcome.waits?.meanMs).toBeGreaterThan(1_850);
    expect(outcome.waits?.meanMs).toBeLessThan(2_200);
  });

  it('gives the same bytes for the same seed, and others for another', () => {
    const scene = {
      workloads: ['burst rate=20 period=60s service=exp(1s) tasks=2000 needs=gpu:10%'],
      adapters: ['ecs start=10s±50% groups=9 workers=2 price=0.3/h offers=gpu fail=5%'],
      compat: 'stock' as const,
    };
    expect(jsonReport(play(scene))).toBe(jsonReport(play(scene)));
    expect(jsonReport(play(scene))).not.toBe(jsonReport(play({ ...scene, seed: 2 })));
  });
});

describe('what is paid for', () => {
  const SCENE = {
    workloads: ['poisson rate=10 tasks=3000 service=exp(1s)'],
    adapters: [
      'a start=5s±50% stop=2s groups=4 workers=3 price=1/h minimum=60s fail=10%',
      'b start=1s groups=2 price=2/h',
    ],
  };

  it('is starting, busy, idle or stopping time of the workers, to the last millisecond', () => {
    const { workerHours: hours, adapters, idleShare, succeeded } = outcomeOf(play(SCENE));
    const [a, b] = adapters;
    const paid = hours.starting + hours.busy + hours.idle + hours.stopping;
    expect(succeeded).toBe(3_000);
    expect(paid).toBeCloseTo((a?.groupHours ?? 0) * 3 + (b?.groupHours ?? 0), 9);
    expect(idleShare).toBeCloseTo(1 - hours.busy / paid, 9);
    expect(hours.lost).toBe(0);
  });

  it('is what the tasks took, as long as no run is cut short', () => {
    const plan = play(SCENE);
    expect(outcomeOf(plan).workerHours.busy).toBeCloseTo(plan.work.workHours, 6);
  });

  it('is at least the billed minimum for each group', () => {
    const { adapters } = outcomeOf(
      play({ workloads: ['batch 1 x 1s'], adapters: ['ecs groups=1 start=2s price=3.6/h minimum=600s'] }),
    );
    // The scheduler knows it, and keeps the group for as long as it is paid for anyhow.
    expect(adapters[0]?.dollars).toBeGreaterThanOrEqual(0.6);
    expect(adapters[0]?.dollars).toBeLessThan(0.602);
  });

  it('is by the second beyond it', () => {
    const { dollars, adapters, groupsLeft } = outcomeOf(
      play({ workloads: ['batch 1 x 100s'], adapters: ['ecs groups=1 start=20s price=3.6/h minimum=60s'] }),
    );
    expect(groupsLeft).toBe(0);
    expect(dollars).toBeCloseTo((adapters[0]?.groupHours ?? 0) * 3.6, 9);
    expect(dollars).toBeGreaterThan(0.12);
    // 120 s of start and work; then it must have been idle for as long as a start takes.
    expect(dollars).toBeLessThan(0.145);
  });
});

describe('what can go wrong', () => {
  it('starts again what failed to start, and says how often', () => {
    const outcome = outcomeOf(
      play({ workloads: ['batch 200 x 2s'], adapters: ['ecs groups=5 start=3s fail=40%'] }),
    );
    expect(outcome.succeeded).toBe(200);
    expect(outcome.failedStarts).toBeGreaterThan(0);
    expect(outcome.groupsStarted).toBeGreaterThan(outcome.failedStarts);
  });

  it('ends when nothing can ever run, and names what is missing', () => {
    const outcome = outcomeOf(
      play({
        workloads: ['batch 5 x 1s needs=gpu', 'batch 5 x 1s'],
        adapters: ['local groups=2'],
        policies: ['allocate=capability; scaling=vanilla'],
      }),
    );
    expect(outcome.succeeded).toBe(5);
    expect(outcome.unserved).toEqual([
      { needs: ['gpu'], tasks: 5, reason: expect.stringContaining('gpu') as unknown },
    ]);
  });

  it('ends when nobody scales', () => {
    const outcome = outcomeOf(play({ ...FIFTEEN, policies: ['allocate=even_load; scaling=no'] }));
    expect(outcome.unserved).toMatchObject([{ tasks: 15 }]);
    expect(outcome.waits).toBeUndefined();
    expect(outcome.idleShare).toBeUndefined();
  });

  it('never has more groups than the adapter may have, nor spends more than its budget', () => {
    const outcome = outcomeOf(
      play({
        workloads: ['batch 500 x 5s'],
        adapters: ['a groups=3 price=1/h', 'b groups=50 price=2/h budget=10/h'],
      }),
    );
    expect(outcome.succeeded).toBe(500);
    expect(outcome.adapters.map(({ peak }) => peak)).toEqual([3, 5]);
  });

  it('starts no more groups a minute than the adapter may', () => {
    const { series } = outcomeOf(
      play({ workloads: ['batch 1000 x 30s'], adapters: ['a groups=50 launches=10/min start=1s'] }),
    );
    const inFirstMinute = series.up.filter(({ atMs }) => atMs < 55_000).map(({ most }) => most);
    expect(Math.max(...inFirstMinute)).toBe(10);
  });

  it('cuts running tasks short under the stock rules, runs them again, and counts what was lost', () => {
    const plan = play({
      workloads: ['burst rate=30 period=60s on=30% service=2s..20s tasks=3000'],
      adapters: ['a groups=10 workers=4 start=5s'],
      compat: 'stock',
    });
    const [own, stock] = [outcomeOf(plan, 0), outcomeOf(plan, 1)];
    expect([own.succeeded, own.cutRuns]).toEqual([3_000, 0]);
    // A group of four with three tasks left is stopped again and again: such tasks are given up in the end.
    expect(stock.succeeded + stock.failed).toBe(3_000);
    expect(stock.succeeded).toBeGreaterThan(2_900);
    expect(stock.cutRuns).toBeGreaterThan(0);
    expect(stock.workerHours.lost).toBeGreaterThan(0);
  });
});

describe('long quiet times', () => {
  it('are passed over, and the fleet is gone in them', () => {
    const outcome = outcomeOf(
      play({
        workloads: ['batch 10 x 1s', 'batch 10 x 1s from=30d'],
        adapters: ['a groups=2'],
        policies: [VANILLA],
      }),
    );
    expect(outcome.succeeded).toBe(20);
    expect(outcome.workerHours.idle).toBeLessThan(0.01);
    expect(outcome.simulatedMs).toBeGreaterThan(30 * 86_400_000);
  });
});
