/** Failed starts: rest, trial, trust. The deficit moves on to the next adapter meanwhile. */
import { groupId } from '@muster/protocol/ids';
import type { AdapterCommandResponse, FailureKind } from '@muster/protocol/messages';
import { describe, expect, it } from 'vitest';
import {
  adapterBeat,
  bench,
  clientBeat,
  from,
  notes,
  results,
  sent,
  submit,
  worker,
  workerBeat,
} from '../../test/kit.ts';
import type { Bench } from '../../test/kit.ts';
import { policyOf } from '../policy-content.ts';
import type { SchedulerEffect } from '../scheduler-types.ts';

const ONE_EACH = policyOf('allocate=even_load; scaling=vanilla; upper_task_ratio=1; lower_task_ratio=1');

const failed = (id: string, failure: FailureKind = 'capacity'): AdapterCommandResponse => ({
  kind: 'adapterCommandResponse',
  command: 'startWorkerGroup',
  groupId: groupId(id),
  status: 'workerGroupTooMuch',
  workerIds: [],
  capabilities: new Map(),
  failure,
  reason: 'no room',
});

const tasks = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `t${i}`);

const started = (effects: readonly SchedulerEffect[], to: string): readonly string[] =>
  sent(effects, to).flatMap((one) =>
    one.kind === 'adapterCommand' && one.command === 'startWorkerGroup' ? [one.groupId ?? ''] : [],
  );

const fleet = (policy = ONE_EACH): Bench => {
  const b = bench({ policy });
  b.step(from('c', clientBeat()), from('one', adapterBeat('one', { groupsMax: 3 })));
  b.pass(20);
  return b;
};

const status = (b: Bench, index = 0) => b.machine.status(b.now).adapters[index];

describe('an adapter whose start fails', () => {
  it('rests twice as long for each failure in a row, and is then tried with one group', () => {
    const b = fleet();
    expect(started(b.step(from('c', submit(tasks(3)))), 'one')).toHaveLength(3);
    b.step(from('one', failed('g-e1-1')), from('one', failed('g-e1-2')), from('one', failed('g-e1-3')));
    expect(status(b)).toMatchObject({ restingMs: 1_000, onTrial: false, trouble: 'no room' });
    expect(started(b.pass(999), 'one')).toEqual([]);
    const tried = b.pass(1);
    expect([started(tried, 'one'), notes(tried).includes('adapter.trial')]).toEqual([['g-e1-4'], true]);
    expect(status(b)).toMatchObject({ restingMs: 0, onTrial: true });
    b.step(from('one', failed('g-e1-4')));
    expect(status(b)).toMatchObject({ restingMs: 2_000 });
    expect(started(b.pass(1_999), 'one')).toEqual([]);
    expect(started(b.pass(1), 'one')).toEqual(['g-e1-5']);
  });

  it('is trusted again when a group of it has done a task', () => {
    const b = fleet();
    b.step(from('c', submit(tasks(3))));
    b.step(from('one', failed('g-e1-1')), from('one', failed('g-e1-2')), from('one', failed('g-e1-3')));
    b.pass(1_000);
    const w = worker('g-e1-4', 1);
    b.step(from(w, workerBeat({ queueSize: 1 })));
    expect(started(b.pass(1_000), 'one')).toEqual([]);
    const done = [...b.step(from(w, results(['t0'], 1, 5))), ...b.pass(20)];
    expect(started(done, 'one')).toHaveLength(1);
    expect(status(b)).toMatchObject({ onTrial: false, trouble: '' });
  });

  it('is trusted again when the group on trial has lived for a while, however long its tasks take', () => {
    const b = fleet();
    b.step(from('c', submit(tasks(3))));
    b.step(from('one', failed('g-e1-1')), from('one', failed('g-e1-2')), from('one', failed('g-e1-3')));
    b.pass(1_000);
    b.step(from(worker('g-e1-4', 1), workerBeat({ queueSize: 1 })));
    const beat = adapterBeat('one', {
      groupsMax: 3,
      groups: [{ groupId: groupId('g-e1-4'), state: 'running', nativeId: '' }],
    });
    b.pass(9_000);
    b.step(from('one', beat));
    expect(status(b)).toMatchObject({ onTrial: true });
    b.pass(1_000);
    const effects = [...b.step(from('one', beat)), ...b.pass(20)];
    expect([started(effects, 'one').length, status(b)?.onTrial]).toEqual([2, false]);
  });

  it('counts a stuck start as a failure', () => {
    const b = bench({ policy: ONE_EACH, startTimeoutMs: 5_000, adapterTimeoutMs: 60_000 });
    b.step(from('c', clientBeat()), from('one', adapterBeat('one')));
    b.step(from('c', submit(['t1'])));
    b.pass(20);
    expect(notes(b.pass(5_000))).toEqual(
      expect.arrayContaining(['group.start.timeout', 'adapter.backoff', 'group.stopping']),
    );
    expect(status(b)).toMatchObject({ trouble: 'a group did not start in time' });
  });

  it('hands its share to the next adapter at once', () => {
    const b = fleet();
    b.step(from('two', adapterBeat('two', { groupsMax: 5 })));
    b.pass(20);
    const first = b.step(from('c', submit(tasks(3))));
    expect([started(first, 'one').length, started(first, 'two').length]).toEqual([3, 0]);
    b.step(from('one', failed('g-e1-1')), from('one', failed('g-e1-2')), from('one', failed('g-e1-3')));
    expect(started(b.pass(20), 'two')).toHaveLength(3);
    expect(started(b.pass(30_000), 'one')).toEqual([]);
  });

  it('is quoted no further than people read', () => {
    const b = fleet();
    b.step(from('c', submit(tasks(1))));
    const effects = b.step(from('one', { ...failed('g-e1-1'), reason: 'x'.repeat(100_000) }));
    expect(notes(effects)).toContain('adapter.backoff');
    expect(JSON.stringify([effects, b.machine.status(b.now)]).length).toBeLessThan(10_000);
  });

  it('is asked again after its rest for a floor, too, without any task', () => {
    const b = fleet(policyOf('allocate=even_load; scaling=vanilla; min_groups=1'));
    expect(b.machine.status(b.now).groups.map(({ id }) => id)).toEqual(['g-e1-1']);
    b.step(from('one', failed('g-e1-1')));
    expect(started(b.pass(999), 'one')).toEqual([]);
    expect(started(b.pass(1), 'one')).toEqual(['g-e1-2']);
  });

  it('is asked again after the same short rest without a breaker', () => {
    const b = fleet({ ...ONE_EACH, tuning: { ...ONE_EACH.tuning, breaker: false } });
    b.step(from('c', submit(tasks(2))));
    b.step(from('one', failed('g-e1-1')), from('one', failed('g-e1-2')));
    expect(started(b.pass(1_000), 'one')).toEqual(['g-e1-3', 'g-e1-4']);
    b.step(from('one', failed('g-e1-3')), from('one', failed('g-e1-4')));
    expect(status(b)).toMatchObject({ restingMs: 1_000, onTrial: false });
  });
});

describe('an adapter that says what keeps it from starting anything', () => {
  it('is not asked until it says that it is over', () => {
    const b = fleet();
    const effects = b.step(
      from('one', adapterBeat('one', { groupsMax: 3, trouble: 'unauthorized: no role' })),
    );
    expect(notes(effects)).toContain('adapter.trouble');
    expect(started([...b.step(from('c', submit(['t1']))), ...b.pass(5_000)], 'one')).toEqual([]);
    expect(status(b)).toMatchObject({ trouble: 'unauthorized: no role' });
    expect(b.machine.status(b.now).waiting[0]?.reason).toBe('adapter one says: unauthorized: no role');
    expect(started(b.step(from('one', adapterBeat('one', { groupsMax: 3 }))), 'one')).toHaveLength(1);
  });

  it('says it once, however long it is', () => {
    const b = fleet();
    const beat = from('one', adapterBeat('one', { groupsMax: 3, trouble: 'x'.repeat(10_000) }));
    expect(notes(b.step(beat))).toContain('adapter.trouble');
    expect(notes(b.step(beat))).toEqual([]);
  });
});
