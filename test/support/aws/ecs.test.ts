/** The rules of ECS on Fargate, met by the real SDK only. */
import {
  ConflictException,
  CreateClusterCommand,
  DescribeClustersCommand,
  DescribeTasksCommand,
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
  TagResourceCommand,
  paginateListTasks,
} from '@aws-sdk/client-ecs';
import type { ContainerDefinition, RunTaskResponse, Task } from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import { NEW_ACCOUNT_QUOTAS } from './ecs/settings.ts';
import type { TestAccount } from './fixtures.ts';
import { definition, runRequest, testAccount } from './fixtures.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

const failure = async (promise: Promise<unknown>): Promise<{ name: string; message: string }> => {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw new Error('the call did not fail');
  return error;
};

const run = (
  { peer, ecs }: TestAccount,
  changes: Parameters<typeof runRequest>[1] = {},
): Promise<RunTaskResponse> => ecs.send(new RunTaskCommand(runRequest(peer, changes)));

const arnOf = (answer: RunTaskResponse): string => answer.tasks?.[0]?.taskArn ?? '';

const look = async ({ ecs }: TestAccount, taskArn: string, withTags = false): Promise<Task | undefined> => {
  const answer = await ecs.send(
    new DescribeTasksCommand({
      cluster: 'main',
      tasks: [taskArn],
      ...(withTags ? { include: ['TAGS'] } : {}),
    }),
  );
  return answer.tasks?.[0];
};

describe('client tokens', () => {
  test('the same token and request start one task and give the same answer', async () => {
    await using account = await testAccount();
    const first = await run(account, { clientToken: 'a' });
    const second = await run(account, { clientToken: 'a' });
    expect(arnOf(second)).toBe(arnOf(first));
    expect(account.peer.tasks()).toHaveLength(1);
  });

  test('a token whose answer was a failure keeps failing when there is room again', async () => {
    await using account = await testAccount();
    account.peer.setCapacity(() => 'Capacity is unavailable at this time.');
    const first = await run(account, { clientToken: 'a' });
    account.peer.setCapacity(() => undefined);
    const again = await run(account, { clientToken: 'a' });
    const fresh = await run(account, { clientToken: 'b' });
    expect(first).toMatchObject({
      tasks: [],
      failures: [{ reason: 'Capacity is unavailable at this time.' }],
    });
    expect(again.failures).toEqual(first.failures);
    expect(fresh.tasks).toHaveLength(1);
  });

  test('other parameters under a used token are a conflict that names the tasks of the first call', async () => {
    await using account = await testAccount();
    const first = await run(account, { clientToken: 'a' });
    const error = await failure(run(account, { clientToken: 'a', count: 2 }));
    expect(error).toBeInstanceOf(ConflictException);
    expect(error).toMatchObject({ resourceIds: [arnOf(first)] });
    expect(account.peer.tasks()).toHaveLength(1);
  });

  test('without a token the SDK makes a new one at each send, and a second task starts', async () => {
    await using account = await testAccount();
    const command = new RunTaskCommand(runRequest(account.peer));
    await account.ecs.send(command);
    await account.ecs.send(command);
    expect(account.peer.tasks()).toHaveLength(2);
    expect(account.peer.log.of('ecs', 'RunTask').map(({ params }) => typeof params['clientToken'])).toEqual([
      'string',
      'string',
    ]);
  });

  test('a stopped task comes back shortened, and an hour later the token is forgotten', async () => {
    await using account = await testAccount();
    const first = await run(account, { clientToken: 'a' });
    account.clock.advance(5 * MINUTE_MS);
    await account.ecs.send(new StopTaskCommand({ cluster: 'main', task: arnOf(first) }));
    account.clock.advance(5 * MINUTE_MS);
    const again = await run(account, { clientToken: 'a' });
    expect(again.tasks).toEqual([{ taskArn: arnOf(first), lastStatus: 'STOPPED', desiredStatus: 'STOPPED' }]);
    account.clock.advance(HOUR_MS);
    const later = await run(account, { clientToken: 'a' });
    expect(arnOf(later)).not.toBe(arnOf(first));
  });

  test('a token is forgotten after 24 hours even when its task still runs', async () => {
    await using account = await testAccount();
    const first = await run(account, { clientToken: 'a' });
    account.clock.advance(24 * HOUR_MS);
    expect(arnOf(await run(account, { clientToken: 'a' }))).not.toBe(arnOf(first));
  });

  test('the token belongs to the cluster', async () => {
    await using account = await testAccount();
    await account.ecs.send(new CreateClusterCommand({ clusterName: 'second' }));
    const answers = [
      await run(account, { clientToken: 'a' }),
      await run(account, { clientToken: 'a', cluster: 'second' }),
    ];
    expect(new Set(answers.map(arnOf)).size).toBe(2);
  });

  test('it has up to 64 printable characters', async () => {
    await using account = await testAccount();
    await run(account, { clientToken: 'x'.repeat(64) });
    for (const clientToken of ['x'.repeat(65), 'with space', 'é'])
      expect(await failure(run(account, { clientToken }))).toMatchObject({
        name: 'InvalidParameterException',
      });
  });
});

describe('the life of a task', () => {
  test('goes through every status, with times in order and a version that rises', async () => {
    await using account = await testAccount();
    const { peer, clock } = account;
    const seen: { status: string | undefined; version: number | undefined }[] = [];
    peer.ecs.watchers.add(({ task }) => {
      if (seen.at(-1)?.status !== task.lastStatus)
        seen.push({ status: task.lastStatus, version: task.version });
    });
    const arn = arnOf(await run(account));
    clock.advance(5 * MINUTE_MS);
    expect(await look(account, arn)).toMatchObject({ lastStatus: 'RUNNING', desiredStatus: 'RUNNING' });
    await account.ecs.send(new StopTaskCommand({ cluster: 'main', task: arn, reason: 'enough' }));
    clock.advance(5 * MINUTE_MS);
    const task = await look(account, arn);
    expect(seen.map(({ status }) => status)).toEqual([
      'PENDING',
      'ACTIVATING',
      'RUNNING',
      'DEACTIVATING',
      'STOPPING',
      'DEPROVISIONING',
      'STOPPED',
    ]);
    expect(task).toMatchObject({
      stopCode: 'UserInitiated',
      stoppedReason: 'enough',
      containers: [{ exitCode: 0 }],
    });
    const times = [
      task?.createdAt,
      task?.pullStartedAt,
      task?.pullStoppedAt,
      task?.startedAt,
      task?.stoppingAt,
      task?.executionStoppedAt,
      task?.stoppedAt,
    ].map((date) => date?.getTime() ?? NaN);
    expect(times).toEqual([...times].sort((left, right) => left - right));
    expect(seen.map(({ version }) => version ?? 0)).toEqual(
      seen.map(({ version }) => version ?? 0).sort((left, right) => left - right),
    );
  });

  test('a new task is MISSING, in no list and not to be stopped until it is visible', async () => {
    await using account = await testAccount({ timings: { missingMs: [30_000, 30_000] } });
    const arn = arnOf(await run(account, { startedBy: 'me' }));
    const listed = () => account.ecs.send(new ListTasksCommand({ cluster: 'main', startedBy: 'me' }));
    const described = () => account.ecs.send(new DescribeTasksCommand({ cluster: 'main', tasks: [arn] }));
    expect(await described()).toMatchObject({ tasks: [], failures: [{ arn, reason: 'MISSING' }] });
    expect((await listed()).taskArns).toEqual([]);
    expect(
      await failure(account.ecs.send(new StopTaskCommand({ cluster: 'main', task: arn }))),
    ).toMatchObject({
      name: 'InvalidParameterException',
      message: 'The referenced task was not found.',
    });
    account.clock.advance(30_000);
    expect((await described()).tasks).toHaveLength(1);
    expect((await listed()).taskArns).toEqual([arn]);
  });

  test('a stopped task stays an hour, without its tags, and then is MISSING', async () => {
    await using account = await testAccount();
    const arn = arnOf(await run(account, { startedBy: 'me', tags: [{ key: 'muster:group', value: 'g1' }] }));
    account.clock.advance(5 * MINUTE_MS);
    expect((await look(account, arn, true))?.tags).toEqual([{ key: 'muster:group', value: 'g1' }]);
    expect((await look(account, arn))?.tags).toEqual([]);
    await account.ecs.send(new StopTaskCommand({ cluster: 'main', task: arn }));
    account.clock.advance(5 * MINUTE_MS);
    expect(await look(account, arn, true)).toMatchObject({
      lastStatus: 'STOPPED',
      tags: [],
      startedBy: 'me',
    });
    account.clock.advance(HOUR_MS);
    expect(await look(account, arn)).toBeUndefined();
  });

  test('an essential container that ends takes the task with it, and its exit is told', async () => {
    await using account = await testAccount({
      behave: () => ({
        lifeMs: 10_000,
        exit: { code: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' },
      }),
    });
    const arn = arnOf(await run(account));
    account.clock.advance(10 * MINUTE_MS);
    expect(await look(account, arn)).toMatchObject({
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
      containers: [{ exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' }],
    });
  });

  test('an image that cannot be pulled is TaskFailedToStart without an exit code', async () => {
    await using account = await testAccount();
    account.peer.setBehaviour(() => ({ startFailure: 'CannotPullContainerError: manifest unknown' }));
    const arn = arnOf(await run(account));
    account.clock.advance(10 * MINUTE_MS);
    const task = await look(account, arn);
    expect(task).toMatchObject({
      lastStatus: 'STOPPED',
      stopCode: 'TaskFailedToStart',
      stoppedReason: 'CannotPullContainerError: manifest unknown',
    });
    expect(task?.containers?.[0]?.exitCode).toBeUndefined();
    expect(task?.startedAt).toBeUndefined();
  });

  test('a container that ignores SIGTERM is killed after its stop time-out', async () => {
    await using account = await testAccount({ behave: () => ({ drainMs: HOUR_MS }) });
    const arn = arnOf(await run(account));
    account.clock.advance(5 * MINUTE_MS);
    await account.ecs.send(new StopTaskCommand({ cluster: 'main', task: arn }));
    account.clock.advance(59_000);
    expect((await look(account, arn))?.lastStatus).toBe('STOPPING');
    account.clock.advance(2 * MINUTE_MS);
    expect(await look(account, arn)).toMatchObject({
      lastStatus: 'STOPPED',
      containers: [{ exitCode: 137 }],
    });
  });

  test('a task that is stuck stays PROVISIONING, costs nothing, and can be stopped', async () => {
    await using account = await testAccount();
    account.peer.setStartTrouble(() => 'stuck');
    const arn = arnOf(await run(account));
    account.clock.advance(HOUR_MS);
    expect((await look(account, arn))?.lastStatus).toBe('PROVISIONING');
    await account.ecs.send(new StopTaskCommand({ cluster: 'main', task: arn }));
    account.clock.advance(MINUTE_MS);
    expect(await look(account, arn)).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'UserInitiated' });
    expect(account.peer.meter.dollars()).toBe(0);
  });

  test('Spot is taken back with its own stop code, while tasks on demand stay', async () => {
    await using account = await testAccount();
    const { launchType: _, ...rest } = runRequest(account.peer);
    const spot = arnOf(
      await account.ecs.send(
        new RunTaskCommand({
          ...rest,
          capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
        }),
      ),
    );
    const steady = arnOf(await run(account));
    account.clock.advance(5 * MINUTE_MS);
    expect(account.peer.reclaimSpot()).toBe(1);
    account.clock.advance(5 * MINUTE_MS);
    expect(await look(account, spot)).toMatchObject({
      lastStatus: 'STOPPED',
      capacityProviderName: 'FARGATE_SPOT',
      stopCode: 'SpotInterruption',
      stoppedReason: 'Your Spot Task was interrupted.',
    });
    expect((await look(account, steady))?.lastStatus).toBe('RUNNING');
  });

  test('a log group or a secret that is missing stops the start with ResourceInitializationError', async () => {
    await using account = await testAccount();
    const { peer, ecs } = account;
    const secret = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:key-abcdef';
    const logConfiguration = {
      logDriver: 'awslogs' as const,
      options: { 'awslogs-group': '/muster', 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'w' },
    };
    const register = (family: string, changes: Partial<ContainerDefinition>) =>
      ecs.send(
        new RegisterTaskDefinitionCommand(
          definition(peer, { family, containerDefinitions: [{ name: 'worker', image: 'i', ...changes }] }),
        ),
      );
    await register('logs', { logConfiguration });
    await register('secret', { secrets: [{ name: 'KEY', valueFrom: secret }] });
    const arns = [
      arnOf(await run(account, { taskDefinition: 'logs' })),
      arnOf(await run(account, { taskDefinition: 'secret' })),
    ];
    account.clock.advance(10 * MINUTE_MS);
    const [logs, secrets] = await Promise.all(arns.map((arn) => look(account, arn)));
    expect(logs?.stoppedReason).toMatch(/^ResourceInitializationError.*log group does not exist/);
    expect(secrets?.stoppedReason).toMatch(/^ResourceInitializationError.*can't find the specified secret/);
  });
});

describe('RunTask refuses', () => {
  const refusals: readonly (readonly [string, Parameters<typeof runRequest>[1] & object, string, RegExp])[] =
    [
      ['a cluster that is not there', { cluster: 'other' }, 'ClusterNotFoundException', /Cluster not found/],
      [
        'a definition that is not there',
        { taskDefinition: 'other' },
        'ClientException',
        /TaskDefinition not found/,
      ],
      ['more than ten at once', { count: 11 }, 'InvalidParameterException', /count/],
      [
        'a launch type and a strategy',
        { capacityProviderStrategy: [{ capacityProvider: 'FARGATE', weight: 1 }] },
        'InvalidParameterException',
        /both a launch type and capacity provider/,
      ],
      [
        'no network',
        { networkConfiguration: undefined },
        'InvalidParameterException',
        /Network Configuration must be provided/,
      ],
      [
        'a subnet that is not there',
        { networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-0'] } } },
        'InvalidParameterException',
        /InvalidSubnetID.NotFound/,
      ],
      [
        'sizes that are not sold',
        { overrides: { cpu: '1024', memory: '1024' } },
        'ClientException',
        /No Fargate configuration exists/,
      ],
      [
        'an override of another container',
        { overrides: { containerOverrides: [{ name: 'x' }] } },
        'InvalidParameterException',
        /not a container in the TaskDefinition/,
      ],
      [
        'overrides of more than 8192 characters',
        {
          overrides: {
            containerOverrides: [{ name: 'worker', environment: [{ name: 'A', value: 'x'.repeat(8_192) }] }],
          },
        },
        'InvalidParameterException',
        /at most 8192/,
      ],
      ['a mark with a dot', { startedBy: 'a.b' }, 'InvalidParameterException', /startedBy/],
      [
        'a tag that AWS keeps for itself',
        { tags: [{ key: 'aws:x', value: '' }] },
        'InvalidParameterException',
        /aws:/,
      ],
      ['an unknown platform', { platformVersion: '9.9.9' }, 'PlatformUnknownException', /does not exist/],
      [
        'a big task on an old platform',
        { platformVersion: '1.3.0', overrides: { cpu: '8192', memory: '16384' } },
        'PlatformTaskDefinitionIncompatibilityException',
        /platform version/,
      ],
      ['propagated tags of a service', { propagateTags: 'SERVICE' }, 'InvalidParameterException', /SERVICE/],
    ];
  test.each(refusals)('%s', async (_, changes, name, message) => {
    await using account = await testAccount();
    const error = await failure(run(account, changes));
    expect(error.name).toBe(name);
    expect(error.message).toMatch(message);
    expect(account.peer.tasks()).toEqual([]);
  });

  test('a definition that was deregistered', async () => {
    await using account = await testAccount();
    await account.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'muster-worker:1' }));
    expect(await failure(run(account, { taskDefinition: 'muster-worker:1' }))).toMatchObject({
      name: 'ClientException',
      message: 'TaskDefinition is inactive',
    });
  });

  test('strategies without weight, with two bases, or of providers that the cluster has not', async () => {
    await using account = await testAccount();
    const { launchType: _, ...rest } = runRequest(account.peer);
    const strategy = (
      ...capacityProviderStrategy: { capacityProvider: string; weight?: number; base?: number }[]
    ) => failure(account.ecs.send(new RunTaskCommand({ ...rest, capacityProviderStrategy })));
    expect((await strategy({ capacityProvider: 'FARGATE' })).message).toMatch(/weight greater than 0/);
    expect(
      (
        await strategy(
          { capacityProvider: 'FARGATE', weight: 1, base: 1 },
          { capacityProvider: 'FARGATE_SPOT', weight: 1, base: 1 },
        )
      ).message,
    ).toMatch(/base/);
    expect((await strategy({ capacityProvider: 'MINE', weight: 1 })).message).toMatch(
      /not associated with the cluster/,
    );
  });
});

describe('limits', () => {
  test('a new account runs six vCPU, and says so in the failures', async () => {
    await using account = await testAccount({ quotas: NEW_ACCOUNT_QUOTAS });
    const answer = await run(account, { count: 10 });
    expect(answer.tasks).toHaveLength(6);
    expect(answer.failures).toHaveLength(4);
    expect(answer.failures?.[0]?.reason).toMatch(/limit on the number of vCPUs/);
  });

  test('RunTask: twenty at once, then twenty a second', async () => {
    await using account = await testAccount();
    const burst = async (calls: number): Promise<number> => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: calls }, (_, index) =>
          run(account, { clientToken: `${account.clock.now()}-${index}` }),
        ),
      );
      return outcomes.filter(({ status }) => status === 'fulfilled').length;
    };
    expect(await burst(25)).toBe(20);
    account.clock.advance(500);
    expect(await burst(25)).toBe(10);
    expect(
      account.peer.log.of('ecs', 'RunTask').filter(({ error }) => error === 'ThrottlingException'),
    ).toHaveLength(20);
  });

  test('Fargate launches a hundred tasks at once, then twenty a second, whatever the number of calls', async () => {
    await using account = await testAccount();
    for (let call = 0; call < 10; call += 1) await run(account, { count: 10 });
    expect(await failure(run(account, { count: 10 }))).toMatchObject({ name: 'ThrottlingException' });
    account.clock.advance(500);
    expect((await run(account, { count: 10 })).tasks).toHaveLength(10);
  });

  test('the strategy splits tasks by base, then by weight', async () => {
    await using account = await testAccount();
    const { launchType: _, ...rest } = runRequest(account.peer);
    const answer = await account.ecs.send(
      new RunTaskCommand({
        ...rest,
        count: 10,
        capacityProviderStrategy: [
          { capacityProvider: 'FARGATE', weight: 1, base: 2 },
          { capacityProvider: 'FARGATE_SPOT', weight: 3 },
        ],
      }),
    );
    const spot = answer.tasks?.filter(({ capacityProviderName }) => capacityProviderName === 'FARGATE_SPOT');
    expect(spot).toHaveLength(6);
  });
});

describe('reads', () => {
  test('ListTasks pages through everything, once each, and DescribeTasks takes a hundred', async () => {
    await using account = await testAccount({
      quotas: { launches: { burst: 1_000, perSecond: 20 }, runTask: { burst: 100, perSecond: 20 } },
    });
    for (let call = 0; call < 25; call += 1) await run(account, { count: 10, startedBy: 'me' });
    await run(account, { startedBy: 'other' });
    account.clock.advance(MINUTE_MS);
    const pages: number[] = [];
    const found: string[] = [];
    for await (const page of paginateListTasks(
      { client: account.ecs },
      { cluster: 'main', startedBy: 'me' },
    )) {
      pages.push(page.taskArns?.length ?? 0);
      found.push(...(page.taskArns ?? []));
    }
    expect(pages).toEqual([100, 100, 50]);
    expect(new Set(found).size).toBe(250);
    const described = await account.ecs.send(
      new DescribeTasksCommand({ cluster: 'main', tasks: found.slice(0, 100) }),
    );
    expect(described.tasks).toHaveLength(100);
    expect(
      await failure(
        account.ecs.send(new DescribeTasksCommand({ cluster: 'main', tasks: found.slice(0, 101) })),
      ),
    ).toMatchObject({ name: 'InvalidParameterException' });
  });

  test('startedBy goes with no other filter; PENDING never matches; STOPPED lists what is to stop', async () => {
    await using account = await testAccount();
    const arn = arnOf(await run(account, { startedBy: 'me' }));
    account.clock.advance(5_000);
    const list = async (filters: object) =>
      (await account.ecs.send(new ListTasksCommand({ cluster: 'main', ...filters }))).taskArns;
    expect(await failure(list({ startedBy: 'me', desiredStatus: 'STOPPED' }))).toMatchObject({
      name: 'InvalidParameterException',
    });
    expect(await list({ desiredStatus: 'PENDING' })).toEqual([]);
    expect(await list({ family: 'muster-worker' })).toEqual([arn]);
    expect(await list({ family: 'muster' })).toEqual([]);
    await account.ecs.send(new StopTaskCommand({ cluster: 'main', task: arn }));
    expect(await list({ startedBy: 'me' })).toEqual([]);
    expect(await list({ family: 'muster-worker', desiredStatus: 'STOPPED' })).toEqual([arn]);
  });

  test('clusters that are not there are failures, not errors', async () => {
    await using account = await testAccount();
    const answer = await account.ecs.send(new DescribeClustersCommand({ clusters: ['main', 'other'] }));
    expect(answer.clusters).toMatchObject([{ clusterName: 'main', status: 'ACTIVE' }]);
    expect(answer.failures).toMatchObject([{ reason: 'MISSING' }]);
  });

  test('a family means its newest active revision', async () => {
    await using account = await testAccount();
    await account.ecs.send(new RegisterTaskDefinitionCommand(definition(account.peer)));
    const revision = async () =>
      (await account.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'muster-worker' })))
        .taskDefinition?.revision;
    expect(await revision()).toBe(2);
    await account.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'muster-worker:2' }));
    expect(await revision()).toBe(1);
    await account.ecs.send(new RegisterTaskDefinitionCommand(definition(account.peer)));
    expect(await revision()).toBe(3);
  });

  test('a stopped task cannot be tagged', async () => {
    await using account = await testAccount();
    const arn = arnOf(await run(account));
    const tag = () =>
      account.ecs.send(new TagResourceCommand({ resourceArn: arn, tags: [{ key: 'a', value: 'b' }] }));
    await tag();
    account.clock.advance(MINUTE_MS);
    await account.ecs.send(new StopTaskCommand({ cluster: 'main', task: arn }));
    account.clock.advance(5 * MINUTE_MS);
    expect(await failure(tag())).toMatchObject({ name: 'ResourceNotFoundException' });
  });
});
