/** Peers that come back: after a restart of the scheduler, after they were given up, after it slept. */
import { describe, expect, it } from 'vitest';
import type { SchedulerEffect } from '../scheduler-types.ts';
import {
  adapterBeat,
  bench,
  clientBeat,
  from,
  listed,
  notes,
  results,
  sent,
  submit,
  VANILLA,
  worker,
  workerBeat,
} from '../../test/kit.ts';

const GROUP = 'g-old-1';
const one = worker(GROUP, 1);
const other = worker(GROUP, 2);

const drained = (effects: readonly SchedulerEffect[]): boolean => notes(effects).includes('group.draining');

describe('a group of an earlier scheduler', () => {
  const adopted = (): ReturnType<typeof bench> => {
    const b = bench({ ...VANILLA, idleBeforeStopMs: 0 });
    b.step(from('a', adapterBeat('native', { workersPerGroup: 2, groups: [listed(GROUP)] })));
    return b;
  };

  it('is not let go while one of its workers may still come back with a task (P4)', () => {
    const b = adopted();
    const effects = [...b.step(from(one, workerBeat())), ...b.pass(2_000)];
    expect(drained(effects)).toBe(false);
    expect(drained([...b.step(from(other, workerBeat())), ...b.pass(2_000)])).toBe(true);
  });

  it('is let go once a worker that does not come back would be lost anyway', () => {
    const b = adopted();
    b.step(from(one, workerBeat()));
    let effects: SchedulerEffect[] = [];
    for (let beats = 0; beats < 31; beats++) {
      effects = [...effects, ...b.step(from(one, workerBeat())), ...b.pass(1_000)];
      b.step(from('a', adapterBeat('native', { workersPerGroup: 2, groups: [listed(GROUP)] })));
      effects = [...effects, ...b.pass(1_000)];
    }
    expect(drained(effects)).toBe(true);
  });
});

describe('a client that was given up for its silence', () => {
  it('gets what it offers again run, although a worker is still to cancel it', () => {
    const b = bench();
    b.step(from(one, workerBeat()), from('c', clientBeat()));
    b.step(from('c', submit(['t'])));
    for (let beats = 0; beats < 30; beats++) {
      b.pass(2_000);
      b.step(from(one, workerBeat({ running: true })));
    }
    expect(notes(b.pass(1_000))).not.toContain('task.refused');
    const again = b.step(from('c', clientBeat()), from('c', submit(['t'])));
    expect(sent(again, 'c').map((message) => message.kind)).toEqual(['clientHeartbeatEcho']);
    expect(sent(again, one)).toMatchObject([{ kind: 'taskBatch', attempts: [2] }]);
    expect(sent(b.step(from(one, results(['t'], 1))), 'c')).toEqual([]);
    expect(sent(b.step(from(one, results(['t'], 2))), 'c')).toMatchObject([{ kind: 'taskResultBatch' }]);
  });
});

describe('a scheduler that did not run for a while', () => {
  it('gives nobody up before it has read what was said meanwhile', () => {
    const b = bench({ clientTimeoutMs: 15_000, workerTimeoutMs: 15_000 });
    b.step(from(one, workerBeat()), from('c', clientBeat(0)));
    b.now = (b.now + 40_000) as typeof b.now;
    const woken = b.step({ kind: 'deadline' });
    const read = b.step(from(one, workerBeat()), from('c', clientBeat(0)));
    expect(notes([...woken, ...read, ...b.pass(3_000)])).toEqual([]);
  });

  it('gives up who stays silent afterwards', () => {
    const b = bench({ clientTimeoutMs: 15_000, workerTimeoutMs: 15_000 });
    b.step(from(one, workerBeat()), from('c', clientBeat()));
    b.now = (b.now + 40_000) as typeof b.now;
    b.step({ kind: 'deadline' });
    expect(notes(b.pass(3_000))).toEqual(['worker.lost', 'client.gone']);
  });
});

describe('an adapter that was started anew', () => {
  const started = (): ReturnType<typeof bench> => {
    const b = bench(VANILLA);
    b.step(from('first', adapterBeat('native')), from('c', clientBeat()));
    b.step(from('second', adapterBeat('native')));
    b.pass(20);
    b.step(from('c', submit(['t'])));
    b.step(from('second', adapterBeat('native', { groups: [listed('g-e1-1', 'starting')] })));
    return b;
  };

  it('is not heard through frames of its former process that arrive late', () => {
    const b = started();
    const late = from('first', adapterBeat('native'));
    expect(notes(b.step(late, late, late))).toEqual(['adapter.former']);
    expect(b.machine.status(b.now).groups).toMatchObject([{ id: 'g-e1-1', phase: 'requested' }]);
  });

  it('may be its former process again, once the later one has fallen silent', () => {
    const b = started();
    b.pass(11_000);
    const back = b.step(from('first', adapterBeat('native', { groups: [listed('g-e1-1', 'starting')] })));
    expect(notes(back)).toEqual(['adapter.back', 'scaling.held']);
    expect(sent(back, 'first')).toMatchObject([{ kind: 'adapterHeartbeatEcho' }]);
  });
});

describe('a group of this scheduler that it has given up', () => {
  const id = 'g-e1-7';

  it('is taken back while it has a worker, whatever it runs', () => {
    const b = bench({ ...VANILLA, idleBeforeStopMs: 0 });
    b.step(from('a', adapterBeat('native')), from('c', clientBeat()));
    b.step(from(worker(id, 1), workerBeat()), from('c', submit(['t'])));
    const beat = from('a', adapterBeat('native', { groups: [listed(id)] }));
    const effects = [...b.step(beat), ...b.pass(2_000), ...b.step(beat)];
    expect(notes(effects)).not.toContain('group.orphan');
    expect(b.machine.status(b.now).groups).toMatchObject([{ id, phase: 'running', held: 1 }]);
    expect(drained([...b.step(from(worker(id, 1), results(['t']))), ...b.pass(100)])).toBe(true);
  });

  it('is stopped when it is listed twice without one', () => {
    const b = bench(VANILLA);
    const beat = from('a', adapterBeat('native', { groups: [listed(id)] }));
    expect(notes([...b.step(beat), ...b.step(beat)])).toContain('group.orphan');
  });
});
