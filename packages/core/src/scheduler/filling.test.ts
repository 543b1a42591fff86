import { describe, expect, it } from 'vitest';
import { adapterBeat, bench, clientBeat, from, listed, notes, results, submit } from '../../test/kit.ts';
import { worker, workerBeat, workerId } from '../../test/kit.ts';
import type { Bench } from '../../test/kit.ts';
import type { SchedulerEffect } from '../scheduler-types.ts';
import { policyOf } from '../policy-content.ts';

const POLICY = 'allocate=even_load; scaling=vanilla; upper_task_ratio=1; lower_task_ratio=1; down_window=0';
const TASKS = ['t1', 't2', 't3', 't4'];
const GROUP = 'g-e1-1';

const startsIn = (effects: readonly SchedulerEffect[]): number =>
  notes(effects).filter((event) => event === 'group.requested').length;

/** A group of four is started for four tasks, and so many of its workers come. */
const begun = (workers: number): Bench => {
  const b = bench({ policy: policyOf(POLICY) });
  b.step(from('a', adapterBeat('native', { workersPerGroup: 4 })), from('c', clientBeat()));
  b.pass(100);
  b.step(from('c', submit(TASKS)));
  b.pass(100);
  for (let i = 0; i < workers; i++) b.step(from(worker(GROUP, i), workerBeat({ queueSize: 1 })));
  return b;
};

/** Time passes for an adapter that lists the group, and for the workers that came. */
const live = (b: Bench, workers: number, ms: number): readonly SchedulerEffect[] => {
  const effects: SchedulerEffect[] = [];
  for (let passed = 0; passed < ms; passed += 2_000) {
    effects.push(...b.pass(2_000));
    const beat = adapterBeat('native', { workersPerGroup: 4, groups: [listed(GROUP)] });
    effects.push(...b.step(from('a', beat), from('c', clientBeat())));
    for (let i = 0; i < workers; i++)
      effects.push(...b.step(from(worker(GROUP, i), workerBeat({ queueSize: 1, running: true }))));
  }
  return effects;
};

describe('a group of which only some workers come', () => {
  it('counts as a whole one as long as a start may take', () => {
    const b = begun(1);
    expect(startsIn(live(b, 1, 58_000))).toBe(0);
    expect(b.machine.status(b.now).scaling).toContain('4 workers (3 starting)');
  });

  it('counts as what is there afterwards, and another one is started for what waits', () => {
    const b = begun(1);
    expect(startsIn(live(b, 1, 64_000))).toBe(1);
  });

  it('is let go as the one worker that it has when there is no more work', () => {
    const b = begun(1);
    live(b, 1, 64_000);
    for (const task of TASKS) b.step(from(worker(GROUP, 0), results([task])));
    expect(notes(live(b, 1, 8_000))).toContain('group.draining');
  });

  it('counts as a whole one for good once all have come', () => {
    const b = begun(4);
    expect(startsIn(live(b, 4, 120_000))).toBe(0);
    expect(b.machine.status(b.now).scaling).toContain('4 tasks on 4 workers:');
  });

  it('is not waited for again when one that came is lost', () => {
    const b = begun(4);
    live(b, 4, 10_000);
    const gone = workerId(worker(GROUP, 3));
    const effects = b.step(from(gone, { kind: 'disconnectRequest', worker: gone }));
    expect(startsIn([...effects, ...live(b, 3, 4_000)])).toBe(1);
  });
});
