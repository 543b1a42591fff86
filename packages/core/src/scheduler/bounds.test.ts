import { decodeTaskResult } from '@muster/protocol/codec';
import { decodeValue } from '@muster/protocol/values';
import { describe, expect, it } from 'vitest';
import {
  bench,
  clientBeat,
  from,
  head,
  notes,
  results,
  sent,
  submit,
  task16,
  worker,
  workerBeat,
} from '../../test/kit.ts';

const W = worker('manual', 1);

describe('a task beyond the most that the scheduler takes', () => {
  it('of a client of ours fails with a reason; those before it are not touched', () => {
    const b = bench({ tasksMax: 2 });
    const effects = b.step(from('c', clientBeat()), from('c', submit(['t1', 't2', 't3', 't4'])));
    const [, answer] = sent(effects, 'c');
    if (answer?.kind !== 'taskResultBatch') throw new Error('no results');
    expect(answer.results.map((one) => one.taskId)).toEqual([task16('t3'), task16('t4')]);
    const [first] = answer.results;
    const { outcome, inline } = decodeTaskResult(first?.bytes ?? new Uint8Array(0), 0, first?.end ?? 0);
    expect(outcome).toBe('failed');
    expect(decodeValue(inline ?? new Uint8Array(0))).toMatchObject({
      message: 'the scheduler has as many tasks as it takes',
    });
    expect(notes(effects).filter((event) => event === 'task.refused')).toHaveLength(1);
    expect(b.machine.status(b.now).tasks.waiting).toBe(2);
  });

  it('is not refused when it is offered again, and there is room again when one is over', () => {
    const b = bench({ tasksMax: 1 });
    b.step(from('c', clientBeat()), from('c', submit(['t1'])));
    expect(sent(b.step(from('c', submit(['t1']))), 'c')).toEqual([]);
    b.step(from('c', { kind: 'taskCancel', taskId: task16('t1'), force: false }));
    expect(sent(b.step(from('c', submit(['t2']))), 'c')).toEqual([]);
    expect(b.machine.status(b.now).tasks.waiting).toBe(1);
  });

  it('of a stock client is canceled', () => {
    const b = bench({ tasksMax: 0 });
    const task = head('t1', { source: 's' });
    const effects = b.step(from('s', clientBeat(0)), from('s', { kind: 'task', task }));
    expect(sent(effects, 's')).toEqual([
      { kind: 'taskCancelConfirm', taskId: task16('t1'), confirm: 'canceled' },
    ]);
  });
});

describe('a client that acknowledges nothing', () => {
  it('is sent every result, and loses the oldest of those that are kept for it', () => {
    const b = bench({ resultsMax: 2 });
    b.step(from('c', clientBeat()), from(W, workerBeat()), from('c', submit(['t1'])));
    b.step(from(W, results(['t1'], 1, 1)), from('c', submit(['t2', 't3'])));
    const effects = b.step(from(W, results(['t2', 't3'])));
    expect(notes(effects)).toEqual(['result.forgotten']);
    expect(b.machine.status(b.now).clients).toEqual([{ id: 'c', tasks: 2 }]);
    expect(sent(b.pass(5_000), 'c')).toMatchObject([
      { results: [{ taskId: task16('t2') }, { taskId: task16('t3') }] },
    ]);
  });
});
