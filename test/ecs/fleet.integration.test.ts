/** From nothing to a fleet and back to nothing, on the peer of AWS, with everything that may happen on the way. */
import { describe, expect, test } from 'vitest';
import type { Fault, FaultRule } from '../support/aws/faults.ts';
import { openWorld } from './world.ts';
import type { World } from './world.ts';

const MINUTE_MS = 60_000;

/** Everything was done, nothing is left, and nothing was there twice. */
const returnsToZero = async (world: World, results: number): Promise<void> => {
  await world.until('all results', () => world.client.results === results, 120 * MINUTE_MS);
  await world.until('end of the fleet', () => world.groups().length === 0 && world.known().length === 0);
  expect(world.doubles).toEqual([]);
};

describe('a fleet on Fargate', () => {
  test('grows from zero, does the work, and returns to zero, never above its caps', async () => {
    await using world = await openWorld({ limits: { groupsMax: 12 } });
    await world.startAdapter();
    world.client.submit(300);
    await world.until('full fleet', () => world.groups().length === 12);
    await returnsToZero(world, 300);
    expect(world.peer.meter.peak.tasks).toBe(12);
    expect(world.peer.log.of('ecs', 'RunTask').filter((call) => call.error !== '')).toEqual([]);
    expect(world.peer.log.all.filter((call) => call.error === 'ThrottlingException')).toEqual([]);
  });

  const lost: readonly (readonly [string, Fault])[] = [
    ['applied, and its answer lost', { kind: 'applyThenDrop' }],
    ['lost on the way', { kind: 'drop' }],
    ['applied, and answered with 500', { kind: 'applyThenServerError', status: 500 }],
    ['not applied, and answered with 503', { kind: 'serverError', status: 503 }],
    ['applied, and its answer cut', { kind: 'truncate' }],
    ['applied, and never answered', { kind: 'hang', applied: true }],
    ['throttled', { kind: 'throttle' }],
  ];
  test.each(lost)('has no group twice when every second launch is %s', async (_, fault) => {
    await using world = await openWorld({ limits: { groupsMax: 8 }, seed: 7 });
    await world.startAdapter();
    const rule: FaultRule = { service: 'ecs', operation: 'RunTask', on: { probability: 0.5 }, fault };
    const struck = world.peer.setFault(rule);
    world.client.submit(100);
    await returnsToZero(world, 100);
    expect(struck.hits).toBeGreaterThan(0);
    expect(world.peer.meter.peak.tasks).toBeLessThanOrEqual(8);
  });

  test('counts a launch that was applied and lost, whatever keeps its repeat from being answered', async () => {
    await using world = await openWorld({
      limits: { groupsMax: 1 },
      peer: { timings: { missingMs: [240_000, 240_000] } },
    });
    await world.startAdapter();
    const launch = { service: 'ecs', operation: 'RunTask' } as const;
    world.peer.setFault({ ...launch, on: { calls: [1] }, fault: { kind: 'applyThenDrop' } });
    world.peer.setFault({ ...launch, on: { calls: [2] }, fault: { kind: 'accessDenied' } });
    world.peer.setFault({ ...launch, on: { calls: [3] }, fault: { kind: 'expiredToken' } });
    world.client.submit(20);
    await returnsToZero(world, 20);
    expect(world.peer.log.of('ecs', 'RunTask').length).toBeGreaterThan(3);
    expect(world.peer.meter.peak.tasks).toBe(1);
  });

  test.each(lost)('leaves nothing when every second stop is %s', async (_, fault) => {
    await using world = await openWorld({ limits: { groupsMax: 6 }, seed: 3 });
    await world.startAdapter();
    const struck = world.peer.setFault({
      service: 'ecs',
      operation: 'StopTask',
      on: { probability: 0.5 },
      fault,
    });
    world.client.submit(60);
    await returnsToZero(world, 60);
    expect(struck.hits).toBeGreaterThan(0);
  });
});

describe('an adapter that is killed and started again', () => {
  /** Kills it as soon as `moment` holds, and starts it again a little later. */
  const killedAt = async (world: World, moment: () => boolean): Promise<void> => {
    const { kill } = await world.startAdapter();
    world.client.submit(60);
    await world.until('moment to kill', moment);
    await kill();
    await world.pass(5_000);
    world.peer.clearFaults();
    await world.startAdapter();
    await returnsToZero(world, 60);
    expect(world.peer.meter.peak.tasks).toBeLessThanOrEqual(5);
  };
  const open = (timings = {}): Promise<World> => openWorld({ limits: { groupsMax: 5 }, peer: { timings } });

  test('before AWS heard of the launch, launches once', async () => {
    await using world = await open();
    const fault = world.peer.setFault({ operation: 'RunTask', fault: { kind: 'hang', applied: false } });
    await killedAt(world, () => fault.hits > 0);
  });

  test('after AWS launched and before it answered, finds the task by its token', async () => {
    await using world = await open({ missingMs: [120_000, 120_000] });
    const fault = world.peer.setFault({ operation: 'RunTask', fault: { kind: 'hang', applied: true } });
    await killedAt(world, () => fault.hits > 0);
  });

  test('after the answer and while ECS does not list the task yet, does not launch it twice', async () => {
    await using world = await open({ missingMs: [120_000, 120_000] });
    await killedAt(world, () => world.groups().length > 0);
  });

  test('where ECS answers with what was true minutes ago, still counts what it had seen', async () => {
    // Booting: no worker speaks for the group, only the adapter's record does.
    const timings = { pullMs: [240_000, 240_000] } as const;
    await using world = await openWorld({ limits: { groupsMax: 1 }, peer: { timings } });
    const { kill } = await world.startAdapter();
    world.client.submit(30);
    await world.until('launch', () => world.groups().length === 1);
    await world.pass(MINUTE_MS);
    await kill();
    const reads = ['ListTasks', 'DescribeTasks'];
    world.peer.setFault({ operation: reads, times: 8, fault: { kind: 'stale', byMs: 10 * MINUTE_MS } });
    await world.startAdapter();
    await returnsToZero(world, 30);
    expect(world.peer.meter.peak.tasks).toBe(1);
  });

  test('while its tasks boot, adopts them', async () => {
    await using world = await open();
    await killedAt(world, () => world.peer.liveTasks().some((task) => task.lastStatus === 'PENDING'));
  });

  test('while its tasks work, adopts them, and none of them notices', async () => {
    await using world = await open();
    let tasks: readonly string[] = [];
    await killedAt(world, () => {
      tasks = world.peer.liveTasks().map((task) => task.taskArn);
      return world.client.results > 5;
    });
    const adopted = world.peer.tasks().filter((task) => tasks.includes(task.taskArn));
    for (const task of adopted) expect(task.stoppedReason).toMatch(/^muster:/);
    expect(world.peer.log.of('ecs', 'RunTask')).toHaveLength(tasks.length);
  });

  test.each([true, false])('while it stops a group (applied: %s), ends what it began', async (applied) => {
    await using world = await open();
    const { kill } = await world.startAdapter();
    const hung = world.peer.setFault({ operation: 'StopTask', fault: { kind: 'hang', applied } });
    world.client.submit(60);
    await world.until('hung stop', () => hung.hits > 0, 120 * MINUTE_MS);
    await kill();
    await world.pass(5_000);
    world.peer.clearFaults();
    await world.startAdapter();
    await returnsToZero(world, 60);
  });

  test('without the record of its launches, finds its tasks by their mark and stops what nobody wants', async () => {
    await using world = await open();
    const { kill } = await world.startAdapter();
    world.client.submit(60);
    await world.until('tasks', () => world.groups().length > 2);
    await kill();
    await world.startAdapter('lost');
    await returnsToZero(world, 60);
  });
});
