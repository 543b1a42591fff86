/** Tasks that are processes of this machine, from RunTask to the exit code. */
import {
  CreateClusterCommand,
  DescribeTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import type { Task } from '@aws-sdk/client-ecs';
import { systemClock } from '@muster/runtime/system-clock';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fasterTimings } from '../ecs/settings.ts';
import { EXECUTION_ROLE, definition, ecsClient, runRequest } from '../fixtures.ts';
import { startAwsPeer } from '../peer.ts';
import { processRunner } from './process.ts';

const DEADLINE_MS = 30_000;

/** Says who it is by its metadata; ends with 0 on SIGTERM, unless it is told to be stubborn. */
const PROGRAM = `
  process.on('SIGTERM', () => {
    console.log('draining');
    if (process.env.STUBBORN !== 'yes') process.exit(0);
  });
  fetch(process.env.ECS_CONTAINER_METADATA_URI_V4 + '/task').then(async (answer) => {
    const task = await answer.json();
    console.log('task ' + task.TaskARN + ' group ' + process.env.MUSTER_GROUP_ID);
    if (process.env.LIFE === 'short') process.exit(3);
  });
  setInterval(() => {}, 1000);
`;

const setUp = async () => {
  const lines: string[] = [];
  const runner = processRunner({ commandOf: () => ({ file: process.execPath, args: ['-e', PROGRAM] }) });
  const peer = await startAwsPeer({
    clock: systemClock(),
    roles: [EXECUTION_ROLE],
    timings: fasterTimings(1_000),
    // A minute of grace is 3 s here.
    stopTimeoutFactor: 0.05,
    tasks: {
      start: (launch, events) =>
        runner.start(launch, {
          ...events,
          line: (line) => {
            lines.push(line);
            events.line(line);
          },
        }),
      close: () => runner.close(),
    },
  });
  const ecs = ecsClient(peer);
  await ecs.send(new CreateClusterCommand({ clusterName: 'main' }));
  await ecs.send(new RegisterTaskDefinitionCommand(definition(peer)));
  const run = async (environment: Readonly<Record<string, string>>): Promise<string> => {
    const pairs = Object.entries({ MUSTER_GROUP_ID: 'g1', ...environment }).map(([name, value]) => ({
      name,
      value,
    }));
    const overrides = { containerOverrides: [{ name: 'worker', environment: pairs }] };
    const answer = await ecs.send(new RunTaskCommand(runRequest(peer, { overrides })));
    return answer.tasks?.[0]?.taskArn ?? '';
  };
  const until = async (
    taskArn: string,
    isThere: (task: Task | undefined) => boolean,
  ): Promise<Task | undefined> => {
    const deadline = Date.now() + DEADLINE_MS;
    for (;;) {
      const [task] =
        (await ecs.send(new DescribeTasksCommand({ cluster: 'main', tasks: [taskArn] }))).tasks ?? [];
      if (isThere(task)) return task;
      if (Date.now() > deadline) throw new Error(`not reached: ${JSON.stringify(task)} ${lines.join('|')}`);
      await delay(100);
    }
  };
  return {
    ecs,
    lines,
    runner,
    run,
    until,
    [Symbol.asyncDispose]: async () => {
      ecs.destroy();
      await peer.close();
    },
  };
};

test('a task runs its command with its environment and metadata, drains on stop, and its exit code is told', async () => {
  await using fleet = await setUp();
  const taskArn = await fleet.run({});
  await fleet.until(taskArn, (task) => task?.lastStatus === 'RUNNING' && fleet.lines.length > 0);
  expect(fleet.lines).toEqual([`task ${taskArn} group g1`]);
  await fleet.ecs.send(new StopTaskCommand({ cluster: 'main', task: taskArn, reason: 'over' }));
  const stopped = await fleet.until(taskArn, (task) => task?.lastStatus === 'STOPPED');
  expect(stopped).toMatchObject({ stopCode: 'UserInitiated', containers: [{ exitCode: 0 }] });
  expect(fleet.lines.at(-1)).toBe('draining');
  expect(fleet.runner.pids()).toEqual([]);
});

test('a task that ends by itself tells its code; one that will not end is killed', async () => {
  await using fleet = await setUp();
  const short = await fleet.run({ LIFE: 'short' });
  const stubborn = await fleet.run({ STUBBORN: 'yes' });
  expect(await fleet.until(short, (task) => task?.lastStatus === 'STOPPED')).toMatchObject({
    stopCode: 'EssentialContainerExited',
    containers: [{ exitCode: 3 }],
  });
  await fleet.until(
    stubborn,
    (task) => task?.lastStatus === 'RUNNING' && fleet.lines.some((line) => line.includes(stubborn)),
  );
  await fleet.ecs.send(new StopTaskCommand({ cluster: 'main', task: stubborn }));
  expect(await fleet.until(stubborn, (task) => task?.lastStatus === 'STOPPED')).toMatchObject({
    containers: [{ exitCode: 137 }],
  });
  expect(fleet.lines).toContain('draining');
});

test('nothing runs on when the account is closed', async () => {
  const fleet = await setUp();
  const taskArn = await fleet.run({});
  await fleet.until(taskArn, (task) => task?.lastStatus === 'RUNNING');
  expect(fleet.runner.pids()).toHaveLength(1);
  await fleet[Symbol.asyncDispose]();
  expect(fleet.runner.pids()).toEqual([]);
});
