import { describe, expect, it } from 'vitest';
import {
  adapterBeat,
  bench,
  clientBeat,
  from,
  instant,
  notes,
  peerId,
  submit,
  VANILLA,
  worker,
  workerBeat,
} from '../../test/kit.ts';
import type { Bench } from '../../test/kit.ts';

const W = worker('manual', 1);

/** A client, a worker with its task, and an adapter: then the scheduler is stopped for two minutes. */
const stalled = (): Bench => {
  const b = bench();
  b.step(from('c', clientBeat()), from(W, workerBeat()), from('a', adapterBeat('native')));
  b.step(from('c', submit(['t1'])));
  b.now = instant(120_000);
  return b;
};

const gone = (events: readonly string[]): readonly string[] =>
  events.filter((event) => ['client.gone', 'worker.lost', 'adapter.lost'].includes(event));

describe('a stall of the scheduler', () => {
  it('is not the silence of peers whose heartbeats come in the first step after it', () => {
    const b = stalled();
    const beats = [
      from('c', clientBeat()),
      from(W, workerBeat({ running: true })),
      from('a', adapterBeat('native')),
    ];
    expect(gone(notes(b.step(...beats)))).toEqual([]);
  });

  it('is not the silence of peers whose heartbeats come a turn later', () => {
    const b = stalled();
    const first = b.step({ kind: 'deadline' });
    expect(gone(notes(first))).toEqual([]);
    b.now = instant(b.now + 5);
    b.step(from('c', clientBeat()), from(W, workerBeat({ running: true })), from('a', adapterBeat('native')));
    expect(gone(notes(b.pass(9_000)))).toEqual([]);
    expect(b.machine.status(b.now).tasks.assigned).toBe(1);
  });

  it('does not save those that were silent before it and stay silent after it', () => {
    const b = stalled();
    b.step({ kind: 'deadline' });
    expect(gone(notes(b.pass(60_100)))).toEqual(['adapter.lost', 'client.gone', 'worker.lost']);
  });

  it('does not cost a worker the grace of its link', () => {
    const b = bench();
    b.step(from(W, workerBeat()));
    b.step({ kind: 'peerDown', peer: peerId(W) });
    b.now = instant(30_000);
    expect(gone(notes(b.step({ kind: 'deadline' })))).toEqual([]);
    expect(gone(notes(b.pass(5_000)))).toEqual(['worker.lost']);
  });

  it('does not end the start of a group whose worker said hello meanwhile, nor count against its adapter', () => {
    const b = bench(VANILLA);
    b.step(from('c', clientBeat()), from('a', adapterBeat('native')), from('c', submit(['t1'])));
    b.now = instant(70_000);
    expect(notes(b.step({ kind: 'deadline' }))).not.toContain('group.start.timeout');
    b.now = instant(70_010);
    const effects = b.step(from(worker('g-e1-1', 1), workerBeat()));
    expect(notes(effects)).toContain('group.running');
    expect(b.machine.status(b.now).adapters[0]).toMatchObject({ trouble: '', restingMs: 0 });
  });

  it('does not save a start that came to nothing', () => {
    const b = bench(VANILLA);
    b.step(from('c', clientBeat()), from('a', adapterBeat('native')), from('c', submit(['t1'])));
    b.now = instant(70_000);
    b.step({ kind: 'deadline' });
    expect(notes(b.pass(2_100))).toContain('group.start.timeout');
  });
});
