/** What keeps an adapter on Fargate from working: seen, said, survived. Threats of an agent that holds cloud credentials. */
import { ECSClient, RunTaskCommand } from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import { NEW_ACCOUNT_QUOTAS } from '../support/aws/ecs/settings.ts';
import { runRequest } from '../support/aws/fixtures.ts';
import { openWorld, PROFILE } from './world.ts';
import type { World } from './world.ts';

const MINUTE_MS = 60_000;

/** What `muster status` is told of the adapters. */
const trouble = (world: World): string => JSON.stringify(world.scheduler.status().adapters);
const launches = (world: World) => world.peer.log.of('ecs', 'RunTask');
const returnsToZero = async (world: World, results: number): Promise<void> => {
  await world.until('all results', () => world.client.results === results, 240 * MINUTE_MS);
  await world.until('end of the fleet', () => world.groups().length === 0 && world.known().length === 0);
  expect(world.doubles).toEqual([]);
};

describe('the account', () => {
  test('whose quota is reached gets no more calls than it takes to notice, and its code is told', async () => {
    await using world = await openWorld({ limits: { groupsMax: 12 }, peer: { quotas: NEW_ACCOUNT_QUOTAS } });
    await world.startAdapter();
    world.client.submit(200);
    await world.until('full account', () => world.groups().length === 6);
    await world.pass(5 * MINUTE_MS);
    expect(world.peer.meter.peak.tasks).toBe(6);
    expect(world.notes.map((note) => JSON.stringify(note.fields)).join('\n')).toContain('L-3032A538');
    const refused = launches(world).length - 6;
    expect(refused).toBeLessThan(60);
    await returnsToZero(world, 200);
  });

  test('that is throttled hard starts all groups at last, and stops do not starve', async () => {
    const slow = { burst: 1, perSecond: 1 };
    await using world = await openWorld({
      limits: { groupsMax: 20 },
      peer: { quotas: { runTask: slow } },
      pace: { startGiveUpMs: 60 * MINUTE_MS },
    });
    await world.startAdapter();
    world.client.submit(400);
    await world.until('full fleet', () => world.groups().length === 20, 30 * MINUTE_MS);
    await returnsToZero(world, 400);
    const throttled = launches(world).filter((call) => call.error === 'ThrottlingException').length;
    expect(throttled).toBeGreaterThan(0);
    expect(throttled).toBeLessThan(60);
  });

  test('without Spot capacity gives groups on demand where Spot is only preferred', async () => {
    await using world = await openWorld({
      ecs: { profiles: [{ ...PROFILE, spot: 'prefer' }] },
      limits: { groupsMax: 3 },
    });
    world.peer.setCapacity(({ provider }) =>
      provider === 'FARGATE_SPOT'
        ? 'Capacity is unavailable at this time. Please try again later or in a different availability zone'
        : undefined,
    );
    await world.startAdapter();
    world.client.submit(40);
    await world.until('fleet', () => world.groups().length === 3);
    expect(world.peer.liveTasks().map((task) => task.isSpot)).toEqual([false, false, false]);
    await returnsToZero(world, 40);
  });

  test('that takes its Spot tasks back loses no work', async () => {
    await using world = await openWorld({
      ecs: { profiles: [{ ...PROFILE, spot: 'only' }] },
      limits: { groupsMax: 4 },
      taskMs: 60_000,
    });
    await world.startAdapter();
    world.client.submit(40);
    await world.until('some results', () => world.client.results > 4);
    expect(world.peer.reclaimSpot()).toBeGreaterThan(0);
    await returnsToZero(world, 40);
    expect(world.notes.filter((note) => note.fields['cause'] === 'spot').length).toBeGreaterThan(0);
  });
});

describe('credentials', () => {
  test('that expire pause launches, keep groups, are told, and recover without a restart', async () => {
    await using world = await openWorld({ limits: { groupsMax: 4 }, taskMs: 120_000 });
    await world.startAdapter();
    world.client.submit(40);
    await world.until('fleet at work', () => world.client.results > 0);
    const before = world.groups();
    const fault = world.peer.setFault({ service: 'ecs', fault: { kind: 'expiredToken' } });
    await world.pass(10 * MINUTE_MS);
    expect(fault.hits).toBeGreaterThan(0);
    expect(world.groups()).toEqual(before);
    expect(world.known()).toEqual(before);
    expect(trouble(world)).toContain('credentials-invalid');
    fault.clear();
    await world.until('recovery', () => !trouble(world).includes('credentials-invalid'), 5 * MINUTE_MS);
    await returnsToZero(world, 40);
  });

  test('that may no longer launch are told with the action that is missing', async () => {
    await using world = await openWorld({ limits: { groupsMax: 4 } });
    await world.startAdapter();
    const fault = world.peer.setFault({ operation: 'RunTask', fault: { kind: 'accessDenied' } });
    world.client.submit(40);
    await world.until('word of it', () => trouble(world).includes('ecs:RunTask'));
    await world.pass(20 * MINUTE_MS);
    expect(launches(world).length).toBeLessThan(12);
    fault.clear();
    await returnsToZero(world, 40);
  });
});

describe('a region', () => {
  test('that is out for a quarter of an hour costs no group and starts no second one', async () => {
    await using world = await openWorld({ limits: { groupsMax: 4 }, taskMs: 300_000 });
    await world.startAdapter();
    world.client.submit(24);
    await world.until('fleet at work', () => world.client.results > 0);
    const before = world.groups();
    const calls = world.peer.log.all.length;
    world.peer.setFault({ service: 'ecs', fault: { kind: 'serverError', status: 503 } });
    await world.pass(15 * MINUTE_MS);
    expect(world.known()).toEqual(before);
    expect(world.peer.log.all.length - calls).toBeLessThan(400);
    world.peer.clearFaults();
    await returnsToZero(world, 24);
    expect(world.peer.meter.peak.tasks).toBe(before.length);
  });
});

describe('a definition', () => {
  test('whose workers crash at once is left alone after three, and tried seldom', async () => {
    await using world = await openWorld({ limits: { groupsMax: 10 }, taskMs: -1 });
    await world.startAdapter();
    world.client.submit(100);
    await world.pass(120 * MINUTE_MS);
    expect(launches(world).length).toBeGreaterThan(3);
    expect(launches(world).length).toBeLessThan(25);
    expect(trouble(world) + JSON.stringify(world.notes.slice(-400))).toContain('failed 3 times in a row');
  });

  test('whose image cannot be pulled is told with its reason', async () => {
    await using world = await openWorld({ limits: { groupsMax: 4 } });
    world.peer.setStartTrouble(
      () => 'CannotPullContainerError: pull access denied, repository does not exist',
    );
    await world.startAdapter();
    world.client.submit(40);
    await world.pass(10 * MINUTE_MS);
    expect(JSON.stringify(world.notes)).toContain('check the name of the image');
    world.peer.setStartTrouble(() => undefined);
    await returnsToZero(world, 40);
  });
});

describe('a task', () => {
  test('that never comes up is stopped and replaced', async () => {
    await using world = await openWorld({ limits: { groupsMax: 2 }, pace: { startGiveUpMs: 5 * MINUTE_MS } });
    let stuck = 1;
    const hopeless = new Set<string>();
    world.peer.setStartTrouble(({ taskArn }) => {
      if (stuck-- > 0) hopeless.add(taskArn);
      return hopeless.has(taskArn) ? 'stuck' : undefined;
    });
    await world.startAdapter();
    world.client.submit(20);
    await returnsToZero(world, 20);
    const [first] = world.peer.tasks().filter(({ taskArn }) => hopeless.has(taskArn));
    expect(first?.stoppedReason).toMatch(/^muster: not up after/);
  });

  test('of somebody else is not touched, however much it looks like ours', async () => {
    await using world = await openWorld({ limits: { groupsMax: 3 } });
    const client = new ECSClient({});
    const foreign = [
      { startedBy: 'muster/blue-2' },
      { startedBy: 'muster/blue' },
      { tags: [{ key: 'muster:adapter', value: 'blue' }] },
    ];
    for (const more of foreign) await client.send(new RunTaskCommand(runRequest(world.peer, more)));
    client.destroy();
    await world.startAdapter();
    world.client.submit(30);
    await world.until('all results', () => world.client.results === 30);
    await world.until('end of the fleet', () => world.peer.liveTasks().length === 3);
    await world.pass(10 * MINUTE_MS);
    expect(world.peer.liveTasks()).toHaveLength(3);
    for (const task of world.peer.liveTasks()) expect(task.environment['MUSTER_GROUP_ID']).toBeUndefined();
  });
});

test('groups are launched by the profile that gives what tasks need', async () => {
  const gpu = {
    ...PROFILE,
    name: 'gpu',
    size: { cpuUnits: 4096, memoryMiB: 8192 },
    capabilities: new Map([['gpu', 'present' as const]]),
  };
  await using world = await openWorld({
    policy: 'allocate=capability; scaling=capability',
    ecs: { profiles: [PROFILE, gpu] },
    offers: [
      { name: 'default', capabilities: new Map(), dollarsPerHour: 0.05, billedMinimumMs: 60_000 },
      { name: 'gpu', capabilities: gpu.capabilities, dollarsPerHour: 0.2, billedMinimumMs: 60_000 },
    ],
    limits: { groupsMax: 4 },
  });
  await world.startAdapter();
  world.client.submit(10, ['gpu']);
  await world.until('a GPU group', () => world.groups().length > 0);
  expect(new Set(world.peer.liveTasks().map((task) => task.vcpus))).toEqual(new Set([4]));
  world.client.submit(10);
  await returnsToZero(world, 20);
});

test('no secret of the adapter is in anything that AWS is told', async () => {
  await using world = await openWorld({ limits: { groupsMax: 3 } });
  await world.startAdapter();
  world.client.submit(30);
  await returnsToZero(world, 30);
  const said = world.peer.log.text() + JSON.stringify(world.notes);
  expect(said).not.toContain(world.peer.credentials.secretAccessKey);
  expect(said).toContain('muster/blue');
});
