/** client.map: order, windows, failures, cancel, back-pressure. */
import { afterEach, describe, expect, test } from 'vitest';
import { RemoteError, TaskCanceledError, TaskDefinitionError, ValueError } from './index.ts';
import { closeRigs, rejection, rig, until } from './testing/rig.ts';
import * as tasks from './testing/fixtures/tasks.ts';

afterEach(closeRigs);

const count = (n: number): number[] => Array.from({ length: n }, (_, index) => index);

/** Counts what is taken from it, and whether it was closed. */
const counted = (n: number): { items: Iterable<number>; taken: () => number; closed: () => boolean } => {
  let taken = 0;
  let closed = false;
  function* items(): Generator<number> {
    try {
      while (taken < n) yield taken++;
    } finally {
      closed = true;
    }
  }
  return { items: items(), taken: () => taken, closed: () => closed };
};

describe('results', () => {
  test('come in the order of the items', async () => {
    const { client } = await rig();
    const seen: number[] = [];
    for await (const value of client.map(tasks.square, count(2_500))) seen.push(value);
    expect(seen).toStrictEqual(count(2_500).map((n) => n * n));
  });

  test('come as they are completed, with their index', async () => {
    const { client, scheduler } = await rig();
    scheduler.runs = false;
    const stream = client.map(tasks.square, [5, 6, 7], { ordered: false });
    const first = stream.next();
    await until('offered', () => scheduler.held.size === 3);
    const held = [...scheduler.held.values()].reverse();
    scheduler.held.clear();
    for (const one of held) scheduler.held.set(one.task.taskId, one);
    scheduler.release();
    const seen = [(await first).value];
    for await (const one of stream) seen.push(one);
    expect(seen).toStrictEqual([
      { index: 2, value: 49 },
      { index: 1, value: 36 },
      { index: 0, value: 25 },
    ]);
  });

  test('of an async iterable and of none at all', async () => {
    const { client } = await rig();
    async function* items(): AsyncGenerator<number> {
      for (const n of count(40)) {
        if (n % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
        yield n;
      }
    }
    expect(await client.map(tasks.square, items()).toArray()).toStrictEqual(count(40).map((n) => n * n));
    expect(await client.map(tasks.square, []).toArray()).toStrictEqual([]);
    expect(await client.map(tasks.square, [], { ordered: false }).next()).toStrictEqual({
      done: true,
      value: undefined,
    });
  });

  test('asked for several at a time', async () => {
    const { client } = await rig();
    const stream = client.map(tasks.square, [1, 2, 3]);
    const results = await Promise.all([stream.next(), stream.next(), stream.next(), stream.next()]);
    expect(results.map((result) => result.value)).toStrictEqual([1, 4, 9, undefined]);
  });

  test('items are stored and fetched where they are large', async () => {
    const { client, store } = await rig();
    const sizes = [20_000, 10, 40_000];
    const results = await client.map(tasks.big, sizes).toArray();
    expect(results.map((result) => result.length)).toStrictEqual(sizes);
    await until('deleted', () => store.counts().ids === 2);
  });
});

describe('the window', () => {
  test('nothing is taken before the first result is asked for', async () => {
    const { client } = await rig();
    const source = counted(10);
    client.map(tasks.square, source.items);
    await new Promise((resolve) => setImmediate(resolve));
    expect(source.taken()).toBe(0);
  });

  test.each([true, false])('bounds the items taken and not consumed (ordered: %s)', async (ordered) => {
    const { client, scheduler } = await rig();
    const source = counted(1_000_000);
    const stream = client.map(tasks.square, source.items, { window: 100, ordered } as { window: number });
    for (const consumed of count(250)) {
      await stream.next();
      expect(source.taken()).toBeLessThanOrEqual(consumed + 101);
      expect(scheduler.held.size).toBeLessThanOrEqual(100);
    }
    await stream.return();
  });

  test('bytes of arguments stop a map from taking more, not from going on', async () => {
    const { client, scheduler } = await rig({ argumentBytesMax: 250_000 });
    scheduler.runs = false;
    function* tables(): Generator<{ table: Float64Array; factor: number }> {
      for (let n = 0; n < 12; n++) yield { table: new Float64Array(12_500).fill(1), factor: n };
    }
    const results = client.map(tasks.total, tables()).toArray();
    await until('offered', () => scheduler.held.size === 3);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(scheduler.held.size).toBe(3);
    scheduler.release();
    expect(await results).toStrictEqual(count(12).map((n) => n * 12_500));
  });
});

describe('failures', () => {
  const failOn = (n: number): { readonly items: number[] } => ({
    items: count(6).map((index) => (index === n ? NaN : index)),
  });

  test('an ordered loop sees what came before the failed item, then its error, then the end', async () => {
    const { client, scheduler } = await rig();
    const source = counted(1_000_000);
    let seen = 0;
    scheduler.intervene = () =>
      seen++ === 3 ? { outcome: 'failed', error: new Error('the fourth') } : undefined;
    const stream = client.map(tasks.square, source.items, { window: 50 });
    const values = [(await stream.next()).value, (await stream.next()).value, (await stream.next()).value];
    expect(values).toStrictEqual([0, 1, 4]);
    expect((await rejection(stream.next(), RemoteError)).message).toBe('the fourth');
    expect(await stream.next()).toStrictEqual({ done: true, value: undefined });
    expect(source.closed()).toBe(true);
    expect(source.taken()).toBeLessThan(1_000);
  });

  test('toArray rejects at once and cancels the rest', async () => {
    const { client, scheduler } = await rig();
    scheduler.runs = false;
    const results = client.map(tasks.square, count(5)).toArray();
    await until('offered', () => scheduler.held.size === 5);
    const last = [...scheduler.held.values()].at(-1);
    scheduler.intervene = () => ({ outcome: 'failed', error: new Error('the last one') });
    if (last !== undefined) scheduler.finish(last, 'failed', undefined, []);
    await rejection(results, Error);
    await until('canceled', () => scheduler.held.size === 0);
  });

  test('settle yields an outcome for each item instead', async () => {
    const { client, scheduler } = await rig();
    let seen = 0;
    scheduler.intervene = () =>
      seen++ % 2 === 1 ? { outcome: 'failed', error: new Error('odd') } : undefined;
    const outcomes = await client.map(tasks.square, count(4), { settle: true }).toArray();
    expect(outcomes.map(({ index, status }) => `${index} ${status}`)).toStrictEqual([
      '0 fulfilled',
      '1 rejected',
      '2 fulfilled',
      '3 rejected',
    ]);
    expect(outcomes[2]).toStrictEqual({ index: 2, status: 'fulfilled', value: 4 });
    expect(outcomes[1]).toMatchObject({ reason: { name: 'RemoteError', message: 'odd' } });
    const loose = [];
    for await (const outcome of client.map(tasks.square, count(3), { settle: true, ordered: false }))
      loose.push(outcome.index);
    expect(loose.sort()).toStrictEqual([0, 1, 2]);
  });

  test('an item that cannot travel is named by its place', async () => {
    const { client } = await rig();
    const items = failOn(2).items.map((n) => (Number.isNaN(n) ? { deep: [() => 1] } : n));
    const error = await rejection(client.map(tasks.square, items as number[]).toArray(), ValueError);
    expect(error.path).toBe('items[2].deep[0]');
    const outcomes = await client.map(tasks.square, items as number[], { settle: true }).toArray();
    expect(outcomes.map((outcome) => outcome.status).join()).toBe(
      'fulfilled,fulfilled,rejected,fulfilled,fulfilled,fulfilled',
    );
  });

  test('a source that throws ends the map with its error', async () => {
    const { client } = await rig();
    function* items(): Generator<number> {
      yield 1;
      throw new Error('the source broke');
    }
    expect((await rejection(client.map(tasks.square, items()).toArray(), Error)).message).toBe(
      'the source broke',
    );
  });

  test('a function that is not exported ends the map at its first result', async () => {
    const { client } = await rig();
    await rejection(client.map(tasks.misnamed, [1]).toArray(), TaskDefinitionError);
  });

  test('retries apply to each item', async () => {
    const { client, scheduler } = await rig();
    const failed = new Set<string>();
    scheduler.intervene = (task) => {
      const key = JSON.stringify(task.args);
      if (failed.has(key)) return undefined;
      failed.add(key);
      return { outcome: 'failed', error: new Error('first time') };
    };
    expect(await client.map(tasks.square, count(20), { retries: 1 }).toArray()).toStrictEqual(
      count(20).map((n) => n * n),
    );
  });
});

describe('leaving early', () => {
  test('breaking out of the loop cancels what is outstanding and closes the source', async () => {
    const { client, scheduler } = await rig();
    const source = counted(1_000_000);
    for await (const value of client.map(tasks.square, source.items, { window: 200 })) {
      if (value === 100) {
        scheduler.runs = false;
        break;
      }
    }
    await until('canceled', () => scheduler.held.size === 0);
    expect(source.closed()).toBe(true);
    expect(await client.submit(tasks.answer).cancel()).toBe(true);
  });

  test('an aborted signal rejects the loop and cancels what is outstanding', async () => {
    const { client, scheduler } = await rig();
    scheduler.runs = false;
    const stop = new AbortController();
    const results = client.map(tasks.square, count(30), { signal: stop.signal }).toArray();
    await until('offered', () => scheduler.held.size === 30);
    stop.abort(new Error('enough'));
    const error = await rejection(results, TaskCanceledError);
    expect(error.cause).toMatchObject({ message: 'enough' });
    await until('canceled', () => scheduler.held.size === 0);
    await rejection(client.map(tasks.square, [1], { signal: AbortSignal.abort() }).next(), TaskCanceledError);
  });
});
