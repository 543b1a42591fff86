import { describe, expect, it } from 'vitest';
import { bench, clientBeat, from, results, sent, submit, worker, workerBeat } from '../../test/kit.ts';

const W = worker('manual', 1);
const NAMES = Array.from({ length: 150 }, (_, n) => `t${n}`);

/** Sizes of the frames in which 150 measured tasks go out and their results come back. */
const sizes = (batchMax: number | undefined): { tasks: number[]; results: number[] } => {
  const b = bench({ prefetchMs: 10_000, ...(batchMax === undefined ? {} : { batchMax }) });
  b.step(from('c', clientBeat()), from(W, workerBeat()));
  b.step(from('c', submit(['first'])));
  b.step(from(W, results(['first'], 1, 0.1)));
  const out = sent(b.step(from('c', submit(NAMES))), W);
  const back = sent(b.step(from(W, results(NAMES, 1, 0.1))), 'c');
  return {
    tasks: out.flatMap((message) => (message.kind === 'taskBatch' ? [message.tasks.length] : [])),
    results: back.flatMap((message) => (message.kind === 'taskResultBatch' ? [message.results.length] : [])),
  };
};

describe('frames to peers of ours', () => {
  it('carry 64 tasks or results at most', () => {
    expect(sizes(undefined)).toEqual({ tasks: [64, 64, 22], results: [64, 64, 22] });
  });

  it('carry as many as the operator allows', () => {
    expect(sizes(100)).toEqual({ tasks: [100, 50], results: [100, 50] });
    expect(sizes(1)).toEqual({ tasks: NAMES.map(() => 1), results: NAMES.map(() => 1) });
  });
});
