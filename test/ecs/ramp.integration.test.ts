/** How fast thousands of groups come up, in virtual time, within the limits that AWS publishes. */
import { describe, expect, test } from 'vitest';
import type { BucketSize } from '@muster/adapter-ecs/buckets';
import { encodeMessage } from '@muster/protocol/codec';
import { groupId } from '@muster/protocol/ids';
import { openWorld } from './world.ts';

/** 3,500 take minutes of real time; fewer meet the same bounds. */
const GROUPS = Number(process.env['MUSTER_RAMP_GROUPS'] ?? 500);

/** From the first launch to the last one, and what AWS said meanwhile. */
const ramp = async (
  launch: BucketSize | undefined,
): Promise<{ readonly ms: number; readonly throttled: number; readonly calls: number }> => {
  await using world = await openWorld({
    limits: { groupsMax: GROUPS, startsPerMinuteMax: 100_000 },
    ...(launch === undefined ? {} : { ecs: { buckets: { launch } } }),
    // What is launched boots for the whole test, so that time is spent on launches alone.
    peer: { timings: { provisioningMs: [3_600_000, 3_600_000] } },
    pace: { startGiveUpMs: 3_600_000 },
    policy: 'allocate=even_load; scaling=no',
  });
  const { order } = await world.startAdapter();
  for (let n = 0; n < GROUPS; n++)
    order(
      encodeMessage({
        kind: 'adapterCommand',
        command: 'startWorkerGroup',
        groupId: groupId(`g-ramp-${n}`),
        capabilities: new Map(),
        epoch: '',
      }),
    );
  await world.until('all launches', () => world.groups().length === GROUPS, 3_600_000);
  const calls = world.peer.log.of('ecs', 'RunTask');
  const times = calls.map((call) => call.at);
  expect(new Set(world.groups()).size).toBe(GROUPS);
  return {
    ms: Math.max(...times) - Math.min(...times),
    throttled: world.peer.log.all.filter((call) => call.error === 'ThrottlingException').length,
    calls: calls.length,
  };
};

describe(`${GROUPS} groups at once`, () => {
  test('come within 5 % of what RunTask grants where the bucket is set to that, without one throttle', async () => {
    const { ms, throttled, calls } = await ramp({ perSecond: 20, burst: 20 });
    expect({ throttled, calls }).toEqual({ throttled: 0, calls: GROUPS });
    const bound = ((GROUPS - 20) / 20) * 1_000;
    process.stdout.write(`ramp of ${GROUPS}: ${ms} ms, bound ${bound} ms\n`);
    expect(ms / bound).toBeLessThan(1.05);
    expect(ms / bound).toBeGreaterThan(0.99);
  }, 240_000);

  test('come at ten per second by default', async () => {
    const { ms, throttled } = await ramp(undefined);
    expect(throttled).toBe(0);
    expect(ms).toBeGreaterThan(((GROUPS - 10) / 10) * 1_000 * 0.99);
  }, 240_000);
});
