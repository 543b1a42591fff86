import { describe, expect, it } from 'vitest';
import type { SchedulerEvent } from '../scheduler-types.ts';
import {
  acks,
  bench,
  clientBeat,
  from,
  instant,
  notes,
  peerId,
  sent,
  submit,
  task16,
  worker,
  workerBeat,
} from '../../test/kit.ts';

const W = worker('manual', 1);
const down: SchedulerEvent = { kind: 'peerDown', peer: peerId('c') };

const running = (config: Parameters<typeof bench>[0] = {}, features?: number): ReturnType<typeof bench> => {
  const b = bench(config);
  b.step(from('c', clientBeat(features)), from(W, workerBeat({ features: features ?? 1 })));
  b.step(from('c', submit(['t'])));
  return b;
};

describe('a client of ours whose link broke', () => {
  it('is given up after its grace, and what it runs is canceled', () => {
    const b = running();
    b.step(down);
    expect(b.pass(9_999)).toEqual([]);
    expect(b.pass(1)).toEqual([
      {
        kind: 'note',
        event: 'client.gone',
        level: 'info',
        fields: { client: 'c', reason: 'its link stayed down', tasks: 1 },
      },
      { kind: 'send', to: W, message: { kind: 'taskCancel', taskId: task16('t'), force: true } },
    ]);
  });

  it('is not given up when it is back in time, with any frame', () => {
    const b = running({ workerTimeoutMs: 1e9 });
    b.step(down);
    b.pass(9_999);
    b.step(from('c', acks([])));
    expect(notes(b.pass(59_999))).toEqual([]);
    expect(notes(b.pass(1))).toEqual(['client.gone']);
  });

  it('counts its grace from the break, however often that is told', () => {
    const b = running({ clientGraceMs: 2_000 });
    b.step(down);
    b.pass(1_500);
    b.step(down);
    expect(notes(b.pass(500))).toEqual(['client.gone']);
  });

  it('has no more time than a silent one', () => {
    const b = running({ clientTimeoutMs: 5_000 });
    b.pass(4_000);
    b.step(down);
    expect(notes(b.pass(1_000))).toEqual(['client.gone']);
  });

  it('finds another epoch when it comes back too late, so that it offers its tasks again', () => {
    const b = running();
    b.step(down);
    b.pass(10_000);
    expect(sent(b.step(from('c', clientBeat())), 'c')).toMatchObject([{ extras: { epoch: 'e1.1' } }]);
  });

  it('counts as back when its frame arrives in the step in which the grace is over', () => {
    const b = running();
    b.step(down);
    b.pass(9_999);
    b.now = instant(10_000);
    expect(notes(b.step(from('c', clientBeat())))).toEqual([]);
  });
});

describe('a stock client whose link broke', () => {
  it('is judged by its heartbeats alone', () => {
    const b = running({ workerTimeoutMs: 1e9 }, 0);
    b.step(down);
    expect(notes(b.pass(59_999))).toEqual([]);
    expect(notes(b.pass(1))).toEqual(['client.gone']);
  });
});
