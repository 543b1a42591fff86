import { setMaxListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { manualClock } from '@muster/runtime/manual-clock';
import { tokenBucket } from './buckets.ts';
import type { Bucket } from './buckets.ts';

const open = new AbortController().signal;
setMaxListeners(0, open);
/** Lets promises that were resolved be heard. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

const taken = (bucket: Bucket, count: number, clock: { now(): number }): number[] => {
  const times: number[] = [];
  for (let i = 0; i < count; i++) void bucket.take(open).then(() => times.push(clock.now()));
  return times;
};
const run = async (clock: ReturnType<typeof manualClock>, ms: number): Promise<void> => {
  for (let left = ms; left > 0; left -= 10) {
    clock.advance(10);
    await settle();
  }
};

describe('a token bucket', () => {
  test('grants its burst at once, then its rate, in the order of asking', async () => {
    const clock = manualClock();
    const times = taken(tokenBucket({ perSecond: 10, burst: 5 }, clock), 25, clock);
    await settle();
    expect(times).toHaveLength(5);
    await run(clock, 2_000);
    expect(times).toHaveLength(25);
    expect(times.toSorted((a, b) => a - b)).toEqual(times);
  });

  test('never grants more than burst and rate in any second', async () => {
    const clock = manualClock();
    const bucket = tokenBucket({ perSecond: 20, burst: 20 }, clock);
    const times = taken(bucket, 400, clock);
    await run(clock, 25_000);
    expect(times).toHaveLength(400);
    for (const from of times)
      expect(times.filter((at) => at >= from && at < from + 1_000).length).toBeLessThanOrEqual(40);
    // The bound of 20 at once and 20 per second is reached to within a call.
    expect(times.at(-1)).toBeGreaterThanOrEqual(19_000);
    expect(times.at(-1)).toBeLessThanOrEqual(19_100);
  });

  test('is silent for a second and half as fast when AWS throttles, and recovers with good calls', async () => {
    const clock = manualClock();
    const bucket = tokenBucket({ perSecond: 8, burst: 1 }, clock);
    bucket.onThrottled();
    bucket.onThrottled();
    expect(bucket.rate()).toBe(4);
    const times = taken(bucket, 5, clock);
    await run(clock, 1_000);
    expect(times).toEqual([]);
    await run(clock, 1_000);
    expect(times).toHaveLength(4);
    for (let i = 0; i < 100; i++) bucket.onSuccess();
    expect(bucket.rate()).toBe(8);
  });

  test('never becomes slower than a sixteenth', () => {
    const clock = manualClock();
    const bucket = tokenBucket({ perSecond: 16, burst: 1 }, clock);
    for (let i = 0; i < 100; i++) {
      bucket.onThrottled();
      clock.advance(1_000);
    }
    expect(bucket.rate()).toBe(1);
  });

  test('gives no token to a caller that has gone', async () => {
    const clock = manualClock();
    const bucket = tokenBucket({ perSecond: 1, burst: 1 }, clock);
    await bucket.take(open);
    const gone = new AbortController();
    const refused = bucket.take(gone.signal).catch((error: unknown) => error);
    const times = taken(bucket, 1, clock);
    gone.abort('enough');
    expect(await refused).toBe('enough');
    await run(clock, 1_000);
    expect(times).toHaveLength(1);
    await expect(bucket.take(AbortSignal.abort('late'))).rejects.toBe('late');
  });
});
