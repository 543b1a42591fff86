/** The provisioner over a mocked SDK: what it makes of answers. The wire is tested against the peer, elsewhere. */
import {
  ClientException,
  ConflictException,
  DescribeClustersCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  InvalidParameterException,
  ListTasksCommand,
  RunTaskCommand,
  ServerException,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import type { Task } from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Note } from '@muster/core/machine';
import type { GroupSpec } from '@muster/adapter-kit/provisioner';
import { adapterId, groupId } from '@muster/protocol/ids';
import type { GroupId } from '@muster/protocol/ids';
import { manualClock } from '@muster/runtime/manual-clock';
import type { ManualClock } from '@muster/runtime/manual-clock';
import { ecsProvisioner } from './provisioner.ts';
import type { EcsConfig, EcsProvisioner } from './provisioner.ts';
import type { LaunchProfile } from './profiles.ts';

const { signal } = new AbortController();
const aws = mockClient(ECSClient);
const [g1, g2] = [groupId('g-e1-1'), groupId('g-e1-2')];
const DEFINITION = 'arn:aws:ecs:us-east-1:1:task-definition/muster-worker:7';
const arnOf = (group: string, n = 1): string => `arn:aws:ecs:us-east-1:1:task/muster/${group}-${n}`;

const profile: LaunchProfile = {
  name: 'default',
  size: { cpuUnits: 1024, memoryMiB: 2048 },
  capabilities: new Map(),
  spot: 'never',
  taskDefinition: 'muster-worker',
  image: undefined,
  architecture: 'X86_64',
  storageGiB: 20,
  dollarsPerHour: undefined,
};
const spec = (group: GroupId, token = `m-${group}-1`): GroupSpec => ({
  groupId: group,
  token,
  workerIds: [],
  capabilities: new Map(),
  env: { MUSTER_GROUP_ID: group, MUSTER_OWNER: 'blue' },
});
const task = (group: GroupId, more: Partial<Task> = {}): Task => ({
  taskArn: arnOf(group),
  taskDefinitionArn: DEFINITION,
  startedBy: 'muster/blue',
  lastStatus: 'PROVISIONING',
  desiredStatus: 'RUNNING',
  version: 1,
  overrides: {
    containerOverrides: [
      {
        name: 'worker',
        environment: [
          { name: 'MUSTER_GROUP_ID', value: group },
          { name: 'MUSTER_OWNER', value: 'blue' },
        ],
      },
    ],
  },
  ...more,
});

/** An error as the SDK throws it, modelled or not. */
const thrown = (
  name: string,
  message: string,
  httpStatusCode: number | undefined,
  more: object = {},
): Error =>
  Object.assign(
    new Error(message),
    { name, ...more },
    httpStatusCode === undefined ? {} : { $metadata: { httpStatusCode } },
  );
const modelled = <E extends Error>(
  Type: new (options: { message: string; $metadata: { httpStatusCode: number } } & object) => E,
  message: string,
  more: object = {},
): E => new Type({ message, $metadata: { httpStatusCode: 400 }, ...more });

describe('the ECS provisioner', () => {
  let clock: ManualClock;
  let notes: Note[];
  let opened: EcsProvisioner[];
  const open = (overrides: Partial<EcsConfig> = {}): EcsProvisioner => {
    const one = ecsProvisioner({
      ownerMark: adapterId('blue'),
      place: {
        cluster: 'muster',
        subnets: ['subnet-a'],
        securityGroups: [],
        assignPublicIp: true,
        platformVersion: '',
        tags: new Map(),
      },
      profiles: [profile],
      region: 'us-east-1',
      clock,
      log: (note) => notes.push(note),
      env: {},
      ...overrides,
    });
    opened.push(one);
    return one;
  };
  /** What exists, as the mock tells it. */
  const world = (tasks: readonly Task[]): void => {
    aws.on(ListTasksCommand).callsFake(() => ({
      taskArns: tasks.filter((one) => one.desiredStatus === 'RUNNING').map((one) => one.taskArn),
    }));
    aws.on(DescribeTasksCommand).callsFake((input: { tasks: readonly string[] }) => ({
      tasks: tasks.filter((one) => input.tasks.includes(one.taskArn ?? '')),
      failures: input.tasks
        .filter((arn) => !tasks.some((one) => one.taskArn === arn))
        .map((arn) => ({ arn, reason: 'MISSING' })),
    }));
  };
  /** Lets a call go on through its pauses until it is done. */
  const through = async <T>(work: Promise<T>): Promise<T> => {
    let isDone = false;
    const done = work.finally(() => (isDone = true));
    done.catch(() => undefined);
    for (let turns = 0; turns < 10_000 && !isDone; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!isDone) clock.advance(100);
    }
    return done;
  };
  const start = (one: EcsProvisioner, ...specs: readonly GroupSpec[]) => through(one.start(specs, signal));
  const list = (one: EcsProvisioner) => through(one.list(signal));
  const tokens = (): unknown[] =>
    aws.commandCalls(RunTaskCommand).map(({ args }) => args[0].input.clientToken);

  beforeEach(() => {
    aws.reset();
    clock = manualClock();
    notes = [];
    opened = [];
    aws.on(DescribeTaskDefinitionCommand).resolves({
      taskDefinition: {
        taskDefinitionArn: DEFINITION,
        status: 'ACTIVE',
        networkMode: 'awsvpc',
        compatibilities: ['EC2', 'FARGATE'],
        containerDefinitions: [{ name: 'worker', image: 'muster:1' }],
      },
    });
    world([]);
  });
  afterEach(async () => {
    for (const one of opened) await one.close();
  });

  describe('judges what RunTask says', () => {
    const rows: readonly (readonly [string, Error | { reason: string; detail?: string }, string, RegExp])[] =
      [
        [
          'throttled, not in the model',
          thrown('ThrottlingException', 'Rate exceeded', 400),
          'throttled',
          /^throttled/,
        ],
        [
          'inner throttling',
          modelled(ClientException, 'RequestLimitExceeded: Request limit exceeded.'),
          'throttled',
          /^throttled/,
        ],
        [
          '500',
          new ServerException({ message: 'oops', $metadata: { httpStatusCode: 500 } }),
          'unknown',
          /HTTP 500|ServerException/,
        ],
        ['503 without a body', thrown('503', 'Service Unavailable', 503), 'unknown', /503/],
        [
          'reset',
          thrown('Error', 'socket hang up', undefined, { code: 'ECONNRESET' }),
          'unknown',
          /^region-unreachable/,
        ],
        ['no answer', thrown('TimeoutError', 'timed out', undefined), 'unknown', /^region-unreachable/],
        [
          'refused',
          thrown('Error', 'connect ECONNREFUSED', undefined, { code: 'ECONNREFUSED' }),
          'throttled',
          /^region-unreachable/,
        ],
        [
          'refused, of several addresses',
          Object.assign(
            new AggregateError([thrown('Error', 'x', undefined, { code: 'ECONNREFUSED' })], 'connect'),
            {},
          ),
          'throttled',
          /^region-unreachable/,
        ],
        [
          'no such host',
          thrown('Error', 'getaddrinfo ENOTFOUND', undefined, { code: 'ENOTFOUND' }),
          'throttled',
          /^region-unreachable/,
        ],
        [
          'an unknown CA',
          thrown('Error', 'self-signed', undefined, { code: 'SELF_SIGNED_CERT_IN_CHAIN' }),
          'throttled',
          /^region-unreachable/,
        ],
        ['cut JSON', thrown('SyntaxError', 'Unexpected end of JSON input', 200), 'unknown', /cannot be read/],
        [
          'expired',
          thrown('ExpiredTokenException', 'The security token included in the request is expired', 400),
          'unauthorized',
          /^credentials-invalid/,
        ],
        [
          'revoked',
          thrown(
            'UnrecognizedClientException',
            'The security token included in the request is invalid.',
            400,
          ),
          'unauthorized',
          /^credentials-invalid/,
        ],
        [
          'none',
          thrown('CredentialsProviderError', 'Could not load credentials from any providers', undefined),
          'unauthorized',
          /^credentials-invalid/,
        ],
        [
          'skewed',
          thrown('InvalidSignatureException', 'Signature expired', 400),
          'unauthorized',
          /^credentials-invalid/,
        ],
        [
          'denied',
          thrown(
            'AccessDeniedException',
            'User: arn:aws:iam::1:user/x is not authorized to perform: ecs:RunTask on resource: arn:aws:ecs:us-east-1:1:task-definition/muster-worker:7 because no identity-based policy allows the ecs:RunTask action',
            400,
          ),
          'unauthorized',
          /^access-denied: ecs:RunTask is not allowed on arn:aws:ecs:us-east-1:1:task-definition\/muster-worker:7/,
        ],
        [
          'denied to pass a role',
          thrown(
            'AccessDeniedException',
            'User: x is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/muster-ecs-execution because no identity-based policy allows the iam:PassRole action',
            400,
          ),
          'unauthorized',
          /^access-denied: iam:PassRole is not allowed on arn:aws:iam::1:role/,
        ],
        [
          'denied to tag',
          modelled(ClientException, 'User: x is not authorized to perform: ecs:TagResource'),
          'unauthorized',
          /^access-denied: ecs:TagResource/,
        ],
        [
          'blocked',
          thrown('BlockedException', 'Your account is currently blocked', 400),
          'unauthorized',
          /^quota: .*L-3032A538/,
        ],
        [
          'no cluster',
          thrown('ClusterNotFoundException', 'Cluster not found.', 400),
          'invalid',
          /^misconfigured: .*'muster'.*muster setup ecs apply/,
        ],
        [
          'role not there yet',
          modelled(ClientException, 'ECS was unable to assume the role that was provided'),
          'unauthorized',
          /^access-denied: .*two minutes/,
        ],
        [
          'no linked role',
          modelled(
            ClientException,
            'Unable to assume the service linked role. Please verify that the ECS service linked role exists.',
          ),
          'unauthorized',
          /create-service-linked-role/,
        ],
        [
          'wrong subnet',
          modelled(InvalidParameterException, "The subnet ID 'subnet-a' does not exist"),
          'invalid',
          /^misconfigured: .*subnet-a/,
        ],
        [
          'wrong size',
          modelled(ClientException, "Invalid 'cpu' setting for task."),
          'invalid',
          /^misconfigured/,
        ],
        ['unsupported', thrown('UnsupportedFeatureException', 'not here', 400), 'invalid', /^misconfigured/],
        [
          'platform',
          thrown('PlatformUnknownException', 'no such platform', 400),
          'invalid',
          /^misconfigured/,
        ],
        ['a new error', thrown('SomethingNewException', 'new', 400), 'invalid', /SomethingNew/],
        [
          'capacity',
          {
            reason:
              'Capacity is unavailable at this time. Please try again later or in a different availability zone',
          },
          'capacity',
          /^no-capacity/,
        ],
        [
          'vCPU quota',
          { reason: "You've reached the limit on the number of vCPUs you can run concurrently" },
          'quota',
          /^quota: .*L-3032A538/,
        ],
        [
          'task quota',
          { reason: "You've reached the limit on the number of tasks you can run concurrently" },
          'quota',
          /^quota/,
        ],
        [
          'young account',
          { reason: 'The requested CPU configuration is above your limit' },
          'quota',
          /^quota/,
        ],
        ['zone without Fargate', { reason: 'Internal error' }, 'capacity', /^no-capacity/],
        ['RESOURCE:ENI', { reason: 'RESOURCE:ENI' }, 'capacity', /^no-capacity/],
        ['AGENT', { reason: 'AGENT' }, 'invalid', /^misconfigured/],
        [
          'a new reason',
          { reason: 'Something new', detail: 'more' },
          'capacity',
          /not known here: Something new \(more\)/,
        ],
      ];
    test.each(rows)('%s', async (_, answer, kind, detail) => {
      if (answer instanceof Error) aws.on(RunTaskCommand).rejects(answer);
      else aws.on(RunTaskCommand).resolves({ tasks: [], failures: [answer] });
      const one = open();
      const { started, failures } = await start(one, spec(g1));
      expect([started, failures.map((failure) => failure.kind)]).toEqual([[], [kind]]);
      expect(failures[0]?.detail).toMatch(detail);
      const state = /^[a-z-]+(?=: )/.exec(failures[0]?.detail ?? '')?.[0];
      if (state !== undefined && !state.includes('Exception'))
        expect(one.trouble()).toMatch(new RegExp(`^${state}`));
    });

    test('neither a task nor a failure is an outcome that is not known', async () => {
      aws.on(RunTaskCommand).resolves({});
      expect((await start(open(), spec(g1))).failures).toMatchObject([{ kind: 'unknown' }]);
    });

    test('a good answer ends the trouble', async () => {
      const one = open();
      aws.on(RunTaskCommand).rejects(thrown('ThrottlingException', 'Rate exceeded', 400));
      await start(one, spec(g1));
      expect(one.trouble()).not.toBe('');
      aws.on(RunTaskCommand).resolves({ tasks: [task(g1)] });
      await start(one, spec(g1));
      expect(one.trouble()).toBe('');
    });
  });

  test('repeats with the same token, and asks for the same', async () => {
    aws.on(RunTaskCommand).rejects(thrown('TimeoutError', 'x', undefined));
    const one = open();
    await start(one, spec(g1));
    await start(one, spec(g1));
    const inputs = aws.commandCalls(RunTaskCommand).map(({ args }) => JSON.stringify(args[0].input));
    expect(inputs).toHaveLength(2);
    expect(inputs[0]).toBe(inputs[1]);
  });

  test('launches once what is launched already, and again under a new token when that has ended', async () => {
    aws.on(RunTaskCommand).resolves({ tasks: [task(g1)] });
    const one = open();
    await start(one, spec(g1));
    expect((await start(one, spec(g1))).started).toMatchObject([{ groupId: g1, nativeId: arnOf(g1) }]);
    expect(tokens()).toEqual([`m-${g1}-1`]);
    world([task(g1, { lastStatus: 'STOPPED', desiredStatus: 'STOPPED', version: 9 })]);
    await list(one);
    aws.on(RunTaskCommand).resolves({ tasks: [task(g1, { taskArn: arnOf(g1, 2) })] });
    const second = await start(one, spec(g1, `m-${g1}-2`));
    expect(second.started).toMatchObject([{ nativeId: arnOf(g1, 2) }]);
  });

  describe('with Spot preferred', () => {
    const spot = { profiles: [{ ...profile, spot: 'prefer' as const }] };
    const capacity = { reason: 'Capacity is unavailable at this time.' };
    test('goes on demand where Spot has no room, under a token of its own', async () => {
      aws
        .on(RunTaskCommand)
        .resolvesOnce({ failures: [capacity] })
        .resolvesOnce({ tasks: [task(g1)] });
      const { started } = await start(open(spot), spec(g1));
      expect(started).toHaveLength(1);
      expect(tokens()).toEqual([`m-${g1}-1`, `m-${g1}-1d0`]);
      const [first, second] = aws.commandCalls(RunTaskCommand).map(({ args }) => args[0].input);
      expect([first?.launchType, second?.launchType]).toEqual([undefined, 'FARGATE']);
    });
    test('does not, where Spot said nothing: that one may exist', async () => {
      aws.on(RunTaskCommand).rejects(thrown('TimeoutError', 'x', undefined));
      await start(open(spot), spec(g1));
      expect(tokens()).toEqual([`m-${g1}-1`]);
    });
    test('walks the same way again when the second way was not answered', async () => {
      aws
        .on(RunTaskCommand)
        .resolvesOnce({ failures: [capacity] })
        .rejectsOnce(thrown('TimeoutError', 'x', undefined))
        .resolvesOnce({ failures: [capacity] })
        .resolvesOnce({ tasks: [task(g1)] });
      const one = open(spot);
      expect((await start(one, spec(g1))).failures).toMatchObject([{ kind: 'unknown' }]);
      expect((await start(one, spec(g1))).started).toHaveLength(1);
      expect(tokens()).toEqual([`m-${g1}-1`, `m-${g1}-1d0`, `m-${g1}-1`, `m-${g1}-1d0`]);
    });
    test('says of Spot that it has no room, where only Spot is wanted', async () => {
      aws.on(RunTaskCommand).resolves({ failures: [capacity] });
      const { failures } = await start(open({ profiles: [{ ...profile, spot: 'only' }] }), spec(g1));
      expect(failures).toMatchObject([
        { kind: 'capacity', detail: expect.stringContaining('(Spot)') as string },
      ]);
    });
  });

  describe('when its token has been used for something else', () => {
    const conflict = (...resourceIds: string[]) =>
      modelled(ConflictException, 'The clientToken is in use', { resourceIds });
    test('adopts the task that came of it', async () => {
      aws.on(RunTaskCommand).rejects(conflict(arnOf(g1)));
      world([task(g1, { lastStatus: 'RUNNING' })]);
      const { started, failures } = await start(open(), spec(g1));
      expect([started, failures]).toEqual([[{ groupId: g1, nativeId: arnOf(g1), state: 'running' }], []]);
    });
    test('does not adopt what is another group', async () => {
      aws.on(RunTaskCommand).rejects(conflict(arnOf(g2)));
      world([task(g2)]);
      expect((await start(open(), spec(g1))).failures).toMatchObject([{ kind: 'unknown' }]);
    });
    test('closes the attempt where that task has ended', async () => {
      aws.on(RunTaskCommand).rejects(conflict(arnOf(g1)));
      world([task(g1, { lastStatus: 'STOPPED', desiredStatus: 'STOPPED', stoppedReason: 'over' })]);
      expect((await start(open(), spec(g1))).failures).toMatchObject([{ kind: 'capacity', detail: 'over' }]);
    });
    test('waits where ECS does not show it yet', async () => {
      aws.on(RunTaskCommand).rejects(conflict(arnOf(g1)));
      expect((await start(open(), spec(g1))).failures).toMatchObject([{ kind: 'unknown' }]);
    });
  });

  test('looks the definition up anew when its revision can no longer be started', async () => {
    aws.on(RunTaskCommand).rejects(modelled(ClientException, 'TaskDefinition is inactive'));
    const one = open();
    expect((await start(one, spec(g1))).failures).toMatchObject([{ kind: 'invalid' }]);
    await start(one, spec(g1, 'm-2'));
    expect(aws.commandCalls(DescribeTaskDefinitionCommand)).toHaveLength(2);
  });

  test('starts nothing for a group of a profile that is no more', async () => {
    const { failures } = await start(open(), { ...spec(g1), capabilities: new Map([['gpu', 'present']]) });
    expect(failures).toMatchObject([{ kind: 'invalid' }]);
    expect(tokens()).toEqual([]);
  });

  describe('lists', () => {
    test('2,000 tasks with 40 calls, each group once', async () => {
      const tasks = Array.from({ length: 2_000 }, (_, i) =>
        task(groupId(`g-e1-${i}`), { lastStatus: 'RUNNING' }),
      );
      world(tasks);
      aws.on(ListTasksCommand).callsFake((input: { nextToken?: string }) => {
        const from = Number(input.nextToken ?? 0);
        return {
          taskArns: tasks.slice(from, from + 100).map((one) => one.taskArn),
          ...(from + 100 < tasks.length ? { nextToken: String(from + 100) } : {}),
        };
      });
      const groups = await list(open());
      expect(new Set(groups.map((one) => one.groupId)).size).toBe(2_000);
      const calls = aws.calls().length;
      expect(calls).toBeGreaterThanOrEqual(40);
      expect(calls).toBeLessThanOrEqual(42);
      expect(aws.commandCalls(ListTasksCommand)[0]?.args[0].input).toEqual({
        cluster: 'muster',
        startedBy: 'muster/blue',
      });
    });

    test('what it has launched and ECS does not show, until three answers after five minutes agree', async () => {
      aws.on(RunTaskCommand).resolves({ tasks: [task(g1)] });
      const one = open();
      await start(one, spec(g1));
      for (let at = 0; at < 270; at += 30) {
        expect(await list(one)).toMatchObject([{ groupId: g1 }]);
        clock.advance(30_000);
      }
      for (let at = 0; at < 120; at += 30) {
        await list(one);
        clock.advance(30_000);
      }
      expect(await list(one)).toMatchObject([
        { groupId: g1, state: 'stopping', detail: 'ECS does not know the task any more' },
      ]);
      expect(notes.map((note) => note.event)).toContain('ecs.task.lost');
      await through(one.stop([g1], 'over', signal));
      expect(await list(one)).toEqual([]);
    });

    test('keeps to the newest version of a task, whatever order answers come in', async () => {
      aws.on(RunTaskCommand).resolves({ tasks: [task(g1)] });
      const one = open();
      await start(one, spec(g1));
      world([task(g1, { lastStatus: 'RUNNING', version: 4 })]);
      expect(await list(one)).toMatchObject([{ state: 'running' }]);
      world([task(g1, { lastStatus: 'PENDING', version: 2 })]);
      expect(await list(one)).toMatchObject([{ state: 'running' }]);
    });

    test('a task that died as stopping, with the reason, until somebody asks for its end', async () => {
      world([task(g1, { lastStatus: 'RUNNING' })]);
      const one = open();
      await list(one);
      world([
        task(g1, {
          lastStatus: 'STOPPED',
          desiredStatus: 'STOPPED',
          version: 5,
          stopCode: 'EssentialContainerExited',
          containers: [{ exitCode: 137, reason: 'OutOfMemoryError: killed' }],
        }),
      ]);
      for (let i = 0; i < 3; i++)
        expect(await list(one)).toMatchObject([
          { groupId: g1, state: 'stopping', detail: expect.stringContaining('out of memory') as string },
        ]);
      expect(await through(one.stop([g1], 'over', signal))).toEqual({ stopped: [g1], failures: [] });
      expect(aws.commandCalls(StopTaskCommand)).toEqual([]);
      expect(await list(one)).toEqual([]);
    });

    test('nothing of another adapter, even where ECS shows it', async () => {
      world([task(g1, { startedBy: 'muster/blue-2' }), task(g2, { overrides: {} })]);
      expect(await list(open())).toEqual([]);
    });

    test('survives answers with holes', async () => {
      aws.on(ListTasksCommand).resolves({ taskArns: ['arn:x'] });
      aws.on(DescribeTasksCommand).resolves({ tasks: [{}, { taskArn: 'arn:x', containers: [] }] });
      expect(await list(open())).toEqual([]);
      aws.on(ListTasksCommand).resolves({});
      expect(await list(open())).toEqual([]);
    });

    test('one task of two of a group, and stops the younger', async () => {
      const [old, young] = [new Date(1_000), new Date(2_000)];
      world([
        task(g1, { taskArn: arnOf(g1, 2), createdAt: young, lastStatus: 'RUNNING' }),
        task(g1, { taskArn: arnOf(g1, 1), createdAt: old, lastStatus: 'RUNNING' }),
      ]);
      aws.on(StopTaskCommand).resolves({});
      const one = open();
      expect(await list(one)).toMatchObject([{ groupId: g1, nativeId: arnOf(g1, 1) }]);
      await through(Promise.resolve());
      expect(aws.commandCalls(StopTaskCommand).map(({ args }) => args[0].input.task)).toEqual([arnOf(g1, 2)]);
    });

    test('repeats a page that failed, and gives up with a reason', async () => {
      aws
        .on(ListTasksCommand)
        .rejectsOnce(thrown('500', 'x', 500))
        .resolves({ taskArns: [] });
      expect(await list(open())).toEqual([]);
      aws
        .on(ListTasksCommand)
        .rejects(
          thrown(
            'AccessDeniedException',
            'x is not authorized to perform: ecs:ListTasks on resource: *',
            400,
          ),
        );
      await expect(list(open())).rejects.toThrow(/access-denied: ecs:ListTasks is not allowed/);
    });
  });

  describe('stops', () => {
    test('the tasks of a group, with a reason of its own', async () => {
      world([task(g1, { lastStatus: 'RUNNING' })]);
      aws
        .on(StopTaskCommand)
        .resolves({ task: task(g1, { lastStatus: 'RUNNING', desiredStatus: 'STOPPED', version: 3 }) });
      const one = open();
      await list(one);
      expect(await through(one.stop([g1], 'idle', signal))).toEqual({ stopped: [g1], failures: [] });
      expect(aws.commandCalls(StopTaskCommand)[0]?.args[0].input).toEqual({
        cluster: 'muster',
        task: arnOf(g1),
        reason: 'muster: idle',
      });
    });

    test('what a former process launched, without having listed it before', async () => {
      world([task(g1)]);
      aws.on(StopTaskCommand).resolves({});
      expect((await through(open().stop([g1], 'x', signal))).stopped).toEqual([g1]);
      expect(aws.commandCalls(StopTaskCommand)).toHaveLength(1);
    });

    test('holds the place of a launch without an answer, and stops it as soon as it is seen', async () => {
      const one = open();
      await list(one);
      aws.on(RunTaskCommand).rejects(thrown('TimeoutError', 'x', undefined));
      await start(one, spec(g1));
      await through(one.stop([g1], 'x', signal));
      expect(await list(one)).toMatchObject([{ groupId: g1, state: 'stopping' }]);
      world([task(g1)]);
      expect(await list(one)).toMatchObject([{ groupId: g1, state: 'starting', nativeId: arnOf(g1) }]);
      aws.on(StopTaskCommand).resolves({});
      await through(one.stop([g1], 'x', signal));
      expect(aws.commandCalls(StopTaskCommand)).toHaveLength(1);
    });

    test('lets go of a launch without an answer that has not turned up after five minutes', async () => {
      const one = open();
      aws.on(RunTaskCommand).rejects(thrown('TimeoutError', 'x', undefined));
      await start(one, spec(g1));
      await through(one.stop([g1], 'x', signal));
      clock.advance(301_000);
      expect(await list(one)).toEqual([]);
    });

    test('says why where AWS does not let it', async () => {
      world([task(g1)]);
      aws
        .on(StopTaskCommand)
        .rejects(thrown('AccessDeniedException', 'x is not authorized to perform: ecs:StopTask', 400));
      const { stopped, failures } = await through(open().stop([g1], 'x', signal));
      expect([stopped, failures]).toMatchObject([[], [{ groupId: g1, kind: 'unauthorized' }]]);
    });

    test('counts a task that ECS does not know as stopped, and asks again while it may turn up', async () => {
      world([task(g1)]);
      aws
        .on(StopTaskCommand)
        .rejects(modelled(InvalidParameterException, 'The referenced task was not found.'));
      const one = open();
      expect((await through(one.stop([g1], 'x', signal))).stopped).toEqual([g1]);
      expect(await list(one)).toMatchObject([{ groupId: g1 }]);
    });

    test('never behind launches: a full launch bucket holds up no stop', async () => {
      world([task(g1)]);
      aws.on(RunTaskCommand).resolves({ tasks: [task(g2)] });
      aws.on(StopTaskCommand).resolves({});
      const one = open({ buckets: { launch: { perSecond: 0.1, burst: 1 } } });
      await list(one);
      const many = Array.from({ length: 50 }, (_, i) => spec(groupId(`g-e2-${i}`)));
      const launches = one.start(many, signal);
      const stopped = await one.stop([g1], 'x', signal);
      expect(stopped.stopped).toEqual([g1]);
      expect(tokens().length).toBeLessThanOrEqual(1);
      await through(launches);
    });
  });

  test('leaves a definition alone that fails three times, and says so', async () => {
    const one = open();
    const gone = (group: GroupId): Task =>
      task(group, {
        lastStatus: 'STOPPED',
        desiredStatus: 'STOPPED',
        version: 9,
        stopCode: 'TaskFailedToStart',
        stoppedReason: 'CannotPullContainerError: manifest unknown',
      });
    const groups = [1, 2, 3].map((n) => groupId(`g-e1-${n}`));
    for (const group of groups) {
      aws.on(RunTaskCommand).resolves({ tasks: [task(group)] });
      await start(one, spec(group));
    }
    world(groups.map(gone));
    await list(one);
    const { failures } = await start(one, spec(groupId('g-e1-4')));
    expect(failures).toMatchObject([
      { kind: 'invalid', detail: expect.stringContaining('manifest unknown') as string },
    ]);
    expect(tokens()).toHaveLength(3);
  });

  describe('prepares', () => {
    const ready = (): void => {
      aws
        .on(StopTaskCommand)
        .rejects(modelled(InvalidParameterException, 'The referenced task was not found.'));
      aws
        .on(DescribeClustersCommand)
        .resolves({ clusters: [{ status: 'ACTIVE', capacityProviders: ['FARGATE'] }] });
    };
    const problems = async (one: EcsProvisioner): Promise<readonly string[]> => {
      const error: unknown = await through(one.prepare(signal)).catch((caught: unknown) => caught);
      return (error as { problems?: readonly string[] } | undefined)?.problems ?? [];
    };
    test('without a word where everything is there, and launches nothing', async () => {
      ready();
      expect(await problems(open())).toEqual([]);
      expect(tokens()).toEqual([]);
    });
    test('naming the right to stop that is missing, before anything is launched', async () => {
      ready();
      aws
        .on(StopTaskCommand)
        .rejects(
          thrown('AccessDeniedException', 'x is not authorized to perform: ecs:StopTask on resource: y', 400),
        );
      expect(await problems(open())).toEqual([expect.stringMatching(/ecs:StopTask is not allowed on y/)]);
    });
    test('naming every difference of the task definition, and what to do', async () => {
      ready();
      aws.on(DescribeTaskDefinitionCommand).resolves({
        taskDefinition: {
          taskDefinitionArn: DEFINITION,
          networkMode: 'bridge',
          compatibilities: ['EC2'],
          runtimePlatform: { cpuArchitecture: 'ARM64' },
          containerDefinitions: [{ name: 'a' }, { name: 'b' }],
        },
      });
      const found = await problems(open({ profiles: [{ ...profile, image: 'muster:2' }] }));
      expect(found).toHaveLength(5);
      for (const text of found)
        expect(text).toMatch(/task definition 'muster-worker' .*muster setup ecs apply/);
    });
    test('naming a definition that is not there', async () => {
      ready();
      aws
        .on(DescribeTaskDefinitionCommand)
        .rejects(modelled(ClientException, 'Unable to describe task definition.'));
      expect(await problems(open())).toEqual([expect.stringMatching(/'muster-worker'.*Unable to describe/)]);
    });
    test('naming the capacity provider that Spot needs, unless it may not look', async () => {
      ready();
      const spot = { profiles: [{ ...profile, spot: 'prefer' as const }] };
      expect(await problems(open(spot))).toEqual([expect.stringMatching(/FARGATE_SPOT/)]);
      aws
        .on(DescribeClustersCommand)
        .rejects(
          thrown('AccessDeniedException', 'x is not authorized to perform: ecs:DescribeClusters', 400),
        );
      expect(await problems(open(spot))).toEqual([]);
    });
    test('naming the credentials that are missing', async () => {
      aws
        .on(ListTasksCommand)
        .rejects(thrown('CredentialsProviderError', 'Could not load credentials', undefined));
      expect(await problems(open())).toEqual([expect.stringMatching(/^credentials-invalid/)]);
    });
  });

  test.each([
    ['a name with a dot', { ownerMark: adapterId('a.b') }],
    ['a name that is too long', { ownerMark: adapterId('a'.repeat(30)) }],
    ['no profile', { profiles: [] }],
  ])('refuses %s', (_, overrides) => expect(() => open(overrides)).toThrow(/ECS adapter|profile/));
});
