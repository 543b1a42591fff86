import { describe, expect, it } from 'vitest';
import { parseHalt } from './halt.ts';
import { runJobs, type Attempted, type Job, type RunOptions, type RunSummary } from './run.ts';
import { parseTemplate } from './template.ts';

const exits = (exitCode: number): Attempted => ({
  kind: 'ran',
  durationS: undefined,
  result: {
    exitCode,
    signal: undefined,
    stdout: new Uint8Array(),
    stderr: new Uint8Array(),
    truncated: false,
  },
});

/** Attempts that end when the test says so. */
const createBench = (): {
  attempt: RunOptions['attempt'];
  started: number[];
  finish(sequence: number, how: Attempted): Promise<void>;
} => {
  const open = new Map<number, (how: Attempted) => void>();
  const started: number[] = [];
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    started,
    attempt: (job: Job, signal) =>
      new Promise((resolve) => {
        started.push(job.sequence);
        open.set(job.sequence, resolve);
        signal.addEventListener('abort', () => resolve({ kind: 'canceled' }), { once: true });
      }),
    finish: async (sequence, how) => {
      await settle();
      open.get(sequence)?.(how);
      await settle();
    },
  };
};

const haltOf = (text: string): RunOptions['halt'] => {
  const rule = parseHalt(text);
  if (rule instanceof Error) throw rule;
  return rule;
};

async function* valuesOf(count: number): AsyncGenerator<readonly string[], void> {
  for (let i = 1; i <= count; i++) yield [String(i)];
}

const start = (
  over: Partial<RunOptions>,
): { summary: Promise<RunSummary>; emitted: number[]; ended: number[] } => {
  const emitted: number[] = [];
  const ended: number[] = [];
  const summary = runJobs({
    template: parseTemplate(['job'], 1),
    inputs: valuesOf(3),
    window: 10,
    tries: 1,
    halt: undefined,
    keepOrder: false,
    signal: new AbortController().signal,
    attempt: () => Promise.resolve(exits(0)),
    emit: (finished) => void emitted.push(finished.job.sequence),
    onFinished: (finished) => void ended.push(finished.job.sequence),
    ...over,
  });
  return { summary, emitted, ended };
};

describe('runJobs', () => {
  it('emits jobs as they end, and counts them', async () => {
    const bench = createBench();
    const { summary, emitted } = start({ attempt: bench.attempt });
    await bench.finish(3, exits(0));
    await bench.finish(1, exits(7));
    await bench.finish(2, exits(0));
    expect(await summary).toEqual({ succeeded: 2, failed: 1, canceled: 0, haltedBy: undefined });
    expect(emitted).toEqual([3, 1, 2]);
  });

  it('emits in input order with keepOrder', async () => {
    const bench = createBench();
    const { summary, emitted, ended } = start({ attempt: bench.attempt, keepOrder: true });
    await bench.finish(3, exits(0));
    await bench.finish(2, exits(0));
    expect(emitted).toEqual([]);
    await bench.finish(1, exits(0));
    await summary;
    expect(emitted).toEqual([1, 2, 3]);
    expect(ended).toEqual([3, 2, 1]);
  });

  it('never has more jobs open than the window, output included', async () => {
    const bench = createBench();
    const { summary } = start({ attempt: bench.attempt, window: 2, keepOrder: true, inputs: valuesOf(4) });
    await bench.finish(2, exits(0));
    expect(bench.started).toEqual([1, 2]); // the ended second waits for the first, and keeps its slot
    await bench.finish(1, exits(0));
    expect(bench.started).toEqual([1, 2, 3, 4]);
    await bench.finish(3, exits(0));
    await bench.finish(4, exits(0));
    expect((await summary).succeeded).toBe(4);
  });

  it('tries a failing job again, as often as asked, and reports its last try', async () => {
    const tried: number[] = [];
    const { summary, ended } = start({
      tries: 3,
      attempt: (job) => {
        tried.push(job.sequence);
        return Promise.resolve(job.sequence === 2 ? exits(1) : exits(0));
      },
    });
    expect(await summary).toEqual({ succeeded: 2, failed: 1, canceled: 0, haltedBy: undefined });
    expect(tried.filter((sequence) => sequence === 2)).toHaveLength(3);
    expect(ended.sort()).toEqual([1, 2, 3]);
  });

  it('starts no more and lets running jobs end on halt soon', async () => {
    const bench = createBench();
    const { summary } = start({
      attempt: bench.attempt,
      window: 2,
      inputs: valuesOf(9),
      halt: haltOf('soon,fail=1'),
    });
    await bench.finish(1, exits(4));
    await bench.finish(2, exits(0));
    const done = await summary;
    expect(done).toMatchObject({ succeeded: 1, failed: 1, canceled: 0 });
    expect(done.haltedBy?.job.sequence).toBe(1);
    expect(bench.started).toEqual([1, 2]);
  });

  it('cancels running jobs on halt now', async () => {
    const bench = createBench();
    const { summary } = start({
      attempt: bench.attempt,
      window: 3,
      inputs: valuesOf(9),
      halt: haltOf('now,fail=1'),
    });
    await bench.finish(2, exits(4));
    expect(await summary).toMatchObject({ succeeded: 0, failed: 1, canceled: 2 });
    expect(bench.started).toEqual([1, 2, 3]);
  });

  it('starts no more jobs and no more tries when drained, and waits for those that run', async () => {
    const drain = new AbortController();
    const bench = createBench();
    const { summary, ended } = start({
      attempt: bench.attempt,
      window: 2,
      tries: 3,
      inputs: valuesOf(9),
      drain: drain.signal,
    });
    await bench.finish(99, exits(0));
    drain.abort();
    await bench.finish(1, exits(1));
    await bench.finish(2, { kind: 'canceled' });
    expect(await summary).toMatchObject({ succeeded: 0, failed: 1, canceled: 1, haltedBy: undefined });
    expect(bench.started).toEqual([1, 2]);
    expect(ended).toEqual([1]);
  });

  it('ends when interrupted, also while it waits for input', async () => {
    const interrupt = new AbortController();
    const bench = createBench();
    async function* endless(): AsyncGenerator<readonly string[], void> {
      yield ['1'];
      await new Promise(() => {});
    }
    const { summary } = start({ attempt: bench.attempt, inputs: endless(), signal: interrupt.signal });
    await bench.finish(99, exits(0));
    interrupt.abort();
    expect(await summary).toMatchObject({ succeeded: 0, failed: 0, canceled: 1 });
  });

  it('ends and rejects when the output cannot be written', async () => {
    const { summary } = start({ emit: () => Promise.reject(new Error('disk full')) });
    await expect(summary).rejects.toThrow('disk full');
  });
});
