import { clientId } from '@muster/protocol/ids';
import { describe, expect, it } from 'vitest';
import {
  bench,
  clientBeat,
  CONFIG,
  from,
  head,
  instant,
  sent,
  submit,
  worker,
  workerBeat,
} from '../../test/kit.ts';
import { Client } from './client.ts';
import { kindOf } from './kinds.ts';
import { createState } from './state.ts';

const W = worker('manual', 1);

describe('kinds of tasks', () => {
  it('are found without looking at the others of the function', () => {
    const state = createState(CONFIG, instant(0));
    const client = new Client(clientId('c'), true, 'e1', instant(0), state.tasks);
    const first = kindOf(state, client, head('t1', { priority: -1_000 }));
    const { fn } = first;
    let scans = 0;
    const scan = (): never => {
      scans++;
      throw new Error('looked at all kinds');
    };
    fn.kinds[Symbol.iterator] = scan;
    fn.kinds.values = scan;
    for (let priority = -999; priority <= 1_000; priority++) kindOf(state, client, head('t', { priority }));
    expect([fn.kinds.size, scans]).toEqual([2_001, 0]);
    expect(kindOf(state, client, head('t2', { priority: -1_000 }))).toBe(first);
  });

  it('are bounded: 20,000 distinct priorities take no more lanes than there are levels', () => {
    const b = bench();
    b.machine.step([from('c', clientBeat())], instant(0));
    const events = Array.from({ length: 20_000 }, (_, i) => from('c', submit([`t${i}`], { priority: i })));
    b.machine.step(events, instant(1));
    b.machine.check();
    const out = sent(b.machine.step([from(W, workerBeat())], instant(2)), W);
    expect(out).toMatchObject([{}, { kind: 'taskBatch', tasks: [{ priority: 1_000 }] }]);
  });

  it('of a client that came back are not those of its former self', () => {
    const b = bench();
    b.step(from(W, workerBeat()), from('c', clientBeat()), from('c', submit(['t1'])));
    b.step(from('c', { kind: 'clientDisconnect', type: 'disconnect' }));
    b.step(from('c', clientBeat()), from('c', submit(['t2'])));
    b.step(from(W, { kind: 'taskCancelConfirm', taskId: head('t1').taskId, confirm: 'canceled' }));
    b.step(from('c', submit(['t3'])));
    expect(b.machine.status(b.now).clients).toEqual([{ id: 'c', tasks: 2 }]);
  });
});
