import { describe, expect, it } from 'vitest';
import {
  acks,
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

const W = worker('manual', 1);

describe('a task between own peers', () => {
  it('goes out at once, comes back, and is forgotten when the client has it', () => {
    const b = bench();
    b.step(from('c', clientBeat()), from(W, workerBeat()));
    const out = sent(b.step(from('c', submit(['t1']))), W);
    expect(out).toMatchObject([{ kind: 'taskBatch', attempts: [1], sources: ['c'], sourceOf: [0] }]);
    expect(b.machine.status(b.now).tasks).toMatchObject({ waiting: 0, assigned: 1 });
    const back = b.step(from(W, results(['t1'], 1, 0.1)));
    expect(sent(back, 'c')).toMatchObject([{ kind: 'taskResultBatch', attempts: [1] }]);
    expect(sent(b.pass(100), W)).toMatchObject([{ kind: 'resultAck', tasks: [{ attempt: 1 }] }]);
    b.step(from('c', acks(['t1'])));
    expect(notes(b.pass(10_000))).toEqual([]);
    expect(b.machine.status(b.now).clients).toEqual([{ id: 'c', tasks: 0 }]);
  });
});
