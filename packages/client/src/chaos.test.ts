/**
 * Promise P1, the client's part: whatever dies, every item of a map ends exactly once. Random cuts, restarts and
 * lost bytes; a failing seed is printed and can be run alone by its number.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { closeRigs, rig } from './testing/rig.ts';
import * as tasks from './testing/fixtures/tasks.ts';

afterEach(closeRigs);

/** Mulberry32: the same numbers for the same seed. */
const random = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

test.each([1, 2, 3, 4, 5, 6, 7, 8])('P1 holds under seed %i', async (seed) => {
  const next = random(seed);
  const { client, scheduler, network, store, restart } = await rig();
  let current = scheduler;
  let epoch = 1;
  let storeEpoch = 1;
  let over = false;
  const table = await client.put(new Float64Array(10).fill(1));
  const small = client.map(
    tasks.square,
    Array.from({ length: 1_500 }, (_, n) => n),
    { window: 60, ordered: next() < 0.5 } as { window: number },
  );
  const large = client.map(
    tasks.total,
    (function* () {
      for (let n = 0; n < 60; n++)
        yield n % 2 === 0 ? { table, factor: n } : { table: new Float64Array(4_000).fill(1), factor: n };
    })(),
    { window: 7, retries: 5 },
  );
  const disaster = async (): Promise<void> => {
    const which = next();
    const me = current.clients[0];
    if (which < 0.4 && me !== undefined) {
      network.cut(me as never);
      await pause(next() * 4);
      network.mend(me as never);
    } else if (which < 0.7) {
      await current.kill();
      await pause(next() * 4);
      current = await restart({ epoch: `e${++epoch}`, storeEpoch: `s${storeEpoch}` });
    } else if (which < 0.85) {
      await store.delete([...current.owned]);
      current.storeEpoch = `s${++storeEpoch}`;
      if (me !== undefined) current.echo(me as never);
    } else {
      current.stutters = !current.stutters;
    }
  };
  const disasters = (async () => {
    while (!over) {
      await pause(1 + next() * 12);
      await disaster();
    }
  })();
  const [squares, totals] = await Promise.all([small.toArray(), large.toArray()]);
  over = true;
  await disasters;
  const values = (squares as unknown[]).map((one) =>
    typeof one === 'number' ? one : (one as { value: number }).value,
  );
  expect(values.sort((a, b) => a - b)).toStrictEqual(Array.from({ length: 1_500 }, (_, n) => n * n));
  expect(totals).toStrictEqual(Array.from({ length: 60 }, (_, n) => (n % 2 === 0 ? 10 : 4_000) * n));
  expect(epoch + storeEpoch).toBeGreaterThan(2);
});
