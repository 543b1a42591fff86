/** What a setup meets: clusters, capacity providers, task definitions, roles, networks. */
import {
  CreateClusterCommand,
  DeleteClusterCommand,
  DeleteTaskDefinitionsCommand,
  DeregisterTaskDefinitionCommand,
  DescribeClustersCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ListTaskDefinitionsCommand,
  PutClusterCapacityProvidersCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import type { ContainerDefinition, RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import { defaultNetwork } from './ec2/network.ts';
import { FARGATE_SIZES } from './ecs/sizes.ts';
import { EXECUTION_ROLE, definition, runRequest, testAccount } from './fixtures.ts';
import type { TestAccount } from './fixtures.ts';

const MINUTE_MS = 60_000;

const register = ({ peer, ecs }: TestAccount, changes: Partial<RegisterTaskDefinitionRequest> = {}) =>
  ecs.send(new RegisterTaskDefinitionCommand(definition(peer, changes)));
const run = ({ peer, ecs }: TestAccount, changes: Parameters<typeof runRequest>[1] = {}) =>
  ecs.send(new RunTaskCommand(runRequest(peer, changes)));

describe('clusters', () => {
  test('made twice is made once; other providers are a contradiction', async () => {
    await using account = await testAccount();
    const create = (...capacityProviders: string[]) =>
      account.ecs.send(new CreateClusterCommand({ clusterName: 'main', capacityProviders }));
    expect((await create('FARGATE', 'FARGATE_SPOT')).cluster?.status).toBe('ACTIVE');
    await expect(create('FARGATE')).rejects.toThrow(/inconsistent with arguments/);
    await expect(create('MINE')).rejects.toThrow(/'MINE' was not found/);
  });

  test('putting providers replaces the list, refuses one that is used, and one update is made at a time', async () => {
    await using account = await testAccount({ timings: { clusterUpdateMs: MINUTE_MS } });
    const put = (...capacityProviders: string[]) =>
      account.ecs.send(
        new PutClusterCapacityProvidersCommand({
          cluster: 'main',
          capacityProviders,
          defaultCapacityProviderStrategy: [],
        }),
      );
    await run(account, {
      launchType: undefined,
      capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
    });
    await expect(put('FARGATE')).rejects.toMatchObject({ name: 'ResourceInUseException' });
    expect((await put('FARGATE_SPOT')).cluster?.capacityProviders).toEqual(['FARGATE_SPOT']);
    await expect(put('FARGATE_SPOT')).rejects.toMatchObject({ name: 'UpdateInProgressException' });
    account.clock.advance(MINUTE_MS);
    await put('FARGATE_SPOT', 'FARGATE');
  });

  test('cannot be deleted while tasks run; deleted, it is INACTIVE and holds nothing', async () => {
    await using account = await testAccount();
    const { ecs, clock } = account;
    const taskArn = (await run(account)).tasks?.[0]?.taskArn ?? '';
    clock.advance(MINUTE_MS);
    const remove = () => ecs.send(new DeleteClusterCommand({ cluster: 'main' }));
    await expect(remove()).rejects.toMatchObject({ name: 'ClusterContainsTasksException' });
    await ecs.send(new StopTaskCommand({ cluster: 'main', task: taskArn }));
    clock.advance(5 * MINUTE_MS);
    expect((await remove()).cluster?.status).toBe('INACTIVE');
    const described = await ecs.send(new DescribeClustersCommand({ clusters: ['main'] }));
    expect(described.clusters).toMatchObject([{ status: 'INACTIVE' }]);
    await expect(run(account)).rejects.toMatchObject({ name: 'ClusterNotFoundException' });
    await ecs.send(new CreateClusterCommand({ clusterName: 'main' }));
    await run(account);
  });

  test('without a strategy the cluster’s own counts, and without that it means EC2', async () => {
    await using account = await testAccount();
    const bare = { launchType: undefined };
    await expect(run(account, bare)).rejects.toThrow(/No Container Instances/);
    await account.ecs.send(
      new PutClusterCapacityProvidersCommand({
        cluster: 'main',
        capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
        defaultCapacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
      }),
    );
    expect((await run(account, bare)).tasks).toMatchObject([{ capacityProviderName: 'FARGATE_SPOT' }]);
  });
});

describe('task definitions', () => {
  test('all 74 sizes that Fargate sells are taken, and what lies beside them is not', async () => {
    await using account = await testAccount({ quotas: { definitionModify: { burst: 1_000, perSecond: 1 } } });
    const sizes = [...FARGATE_SIZES].flatMap(([cpu, memories]) =>
      memories.map((memory) => [cpu, memory] as const),
    );
    expect(sizes).toHaveLength(74);
    for (const [cpu, memory] of sizes) await register(account, { cpu: String(cpu), memory: String(memory) });
    for (const [cpu, memory] of [
      ['256', '3072'],
      ['8192', '18432'],
      ['32768', '65536'],
      ['1024', '2000'],
    ])
      await expect(register(account, { cpu, memory })).rejects.toMatchObject({ name: 'ClientException' });
    const named = await register(account, { cpu: '1 vCPU', memory: '3GB' });
    expect(named.taskDefinition).toMatchObject({ cpu: '1024', memory: '3072' });
  });

  const container = (changes: Partial<ContainerDefinition>): Partial<RegisterTaskDefinitionRequest> => ({
    containerDefinitions: [{ name: 'worker', image: 'i', ...changes }],
  });
  const awslogs = { 'awslogs-group': 'g', 'awslogs-region': 'us-east-1' };
  const refusals: readonly (readonly [string, Partial<RegisterTaskDefinitionRequest>, RegExp])[] = [
    ['bridge networks', { networkMode: 'bridge' }, /awsvpc/],
    ['no size', { cpu: undefined }, /'cpu' be defined/],
    ['privileged containers', container({ privileged: true }), /privileged/],
    ['a GPU', container({ resourceRequirements: [{ type: 'GPU', value: '1' }] }), /GPU/],
    ['shared memory', container({ linuxParameters: { sharedMemorySize: 64 } }), /sharedMemorySize/],
    ['capabilities', container({ linuxParameters: { capabilities: { add: ['SYS_ADMIN'] } } }), /SYS_PTRACE/],
    ['three minutes of grace', container({ stopTimeout: 180 }), /120/],
    [
      'logs without a prefix',
      container({ logConfiguration: { logDriver: 'awslogs', options: awslogs } }),
      /awslogs-stream-prefix/,
    ],
    [
      'ECR without a role',
      { ...container({ image: '1.dkr.ecr.us-east-1.amazonaws.com/muster' }), executionRoleArn: undefined },
      /execution role ARN/,
    ],
    [
      'a role that is not there',
      { executionRoleArn: 'arn:aws:iam::123456789012:role/none' },
      /Role is not valid/,
    ],
    ['too little storage', { ephemeralStorage: { sizeInGiB: 20 } }, /between 21 and 200/],
    ['no container', { containerDefinitions: [] }, /cannot be empty/],
    ['placement', { placementConstraints: [{ type: 'memberOf', expression: 'a' }] }, /placement/],
  ];
  test.each(refusals)('refuse %s', async (_, changes, message) => {
    await using account = await testAccount();
    await expect(register(account, changes)).rejects.toThrow(message);
  });

  test('two registrations of one family at once collide; other families do not', async () => {
    await using account = await testAccount({ timings: { registeringMs: 200 } });
    await register(account);
    await expect(register(account)).rejects.toThrow(/Too many concurrent attempts to create a new revision/);
    await register(account, { family: 'other' });
    account.clock.advance(200);
    expect((await register(account)).taskDefinition?.revision).toBe(3);
  });

  test('come back with what the API adds, and with tags only when asked', async () => {
    await using account = await testAccount();
    await register(account, { family: 'tagged', tags: [{ key: 'muster:hash', value: 'abc' }] });
    const read = (include: 'TAGS'[]) =>
      account.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'tagged', include }));
    expect((await read([])).tags).toBeUndefined();
    expect(await read(['TAGS'])).toMatchObject({
      tags: [{ key: 'muster:hash', value: 'abc' }],
      taskDefinition: {
        status: 'ACTIVE',
        compatibilities: ['EC2', 'FARGATE'],
        registeredBy: 'arn:aws:iam::123456789012:user/administrator',
        containerDefinitions: [
          { cpu: 0, essential: true, environment: [], mountPoints: [], volumesFrom: [] },
        ],
      },
    });
  });

  test('are listed by status, deregistered by revision, and deleted only when inactive', async () => {
    await using account = await testAccount();
    const { ecs } = account;
    for (let revision = 2; revision <= 11; revision += 1) await register(account);
    const list = async (input: object) =>
      (
        (await ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: 'muster-worker', ...input })))
          .taskDefinitionArns ?? []
      ).map((arn) => Number(arn.split(':').at(-1)));
    // As numbers, not as text: 10 and 11 come last.
    expect((await list({})).slice(-3)).toEqual([9, 10, 11]);
    expect((await list({ sort: 'DESC', maxResults: 2 })).slice(0, 2)).toEqual([11, 10]);
    await expect(
      ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'muster-worker' })),
    ).rejects.toThrow(/Revision is missing/);
    await ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'muster-worker:3' }));
    expect(await list({ status: 'INACTIVE' })).toEqual([3]);
    const deleted = await ecs.send(
      new DeleteTaskDefinitionsCommand({ taskDefinitions: ['muster-worker:3', 'muster-worker:4'] }),
    );
    expect(deleted.taskDefinitions).toMatchObject([{ revision: 3, status: 'DELETE_IN_PROGRESS' }]);
    expect(deleted.failures).toMatchObject([{ reason: expect.stringMatching(/still in ACTIVE status/) }]);
  });
});

describe('roles and networks', () => {
  test('a role that was just made cannot be taken on yet; one that trusts others never', async () => {
    await using account = await testAccount();
    const { peer, clock } = account;
    peer.roles.create({ ...EXECUTION_ROLE, name: 'new' }, 8_000);
    peer.roles.create(
      { ...EXECUTION_ROLE, name: 'other', trust: EXECUTION_ROLE.trust.replace('ecs-tasks', 'lambda') },
      0,
    );
    const as = (name: string) =>
      run(account, { overrides: { taskRoleArn: peer.account.arn('iam', `role/${name}`) } });
    await expect(as('new')).rejects.toMatchObject({
      name: 'ClientException',
      message: expect.stringMatching(/unable to assume the role/),
    });
    await expect(as('other')).rejects.toThrow(/unable to assume the role/);
    clock.advance(8_000);
    expect((await as('new')).tasks).toHaveLength(1);
  });

  test.each([
    ['aws:SourceAccount', 'StringEquals', '123456789012', true],
    ['aws:SourceAccount', 'StringEquals', '999999999999', false],
    ['aws:SourceArn', 'ArnLike', 'arn:aws:ecs:us-east-1:123456789012:*', true],
    ['aws:SourceArn', 'ArnLike', 'arn:aws:ecs:eu-west-1:123456789012:*', false],
  ])('a trust policy with %s %s %s is held: %s', async (key, operator, value, isTrusted) => {
    await using account = await testAccount();
    const { peer } = account;
    const statement = {
      Effect: 'Allow',
      Principal: { Service: ['ecs-tasks.amazonaws.com'] },
      Action: 'sts:AssumeRole',
      Condition: { [operator]: { [key]: value } },
    };
    const role = peer.roles.create(
      { name: 'guarded', trust: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }) },
      0,
    );
    const outcome = await run(account, { overrides: { taskRoleArn: role.arn } }).then(
      () => true,
      () => false,
    );
    expect(outcome).toBe(isTrusted);
  });

  test('without ECS’s own role nothing runs until a cluster is made', async () => {
    await using account = await testAccount({ hasServiceLinkedRole: false });
    account.peer.roles.byName.delete('AWSServiceRoleForECS');
    await expect(run(account)).rejects.toThrow(/Unable to assume the service linked role/);
    await account.ecs.send(new CreateClusterCommand({ clusterName: 'other' }));
    await run(account);
  });

  test('an execution role that may not write logs stops the start, and says which action it lacks', async () => {
    const bare = { ...EXECUTION_ROLE, attached: [] };
    await using account = await testAccount({ roles: [bare] });
    account.peer.logs.groups.set('/muster', {
      name: '/muster',
      createdAt: 0,
      retentionDays: undefined,
      tags: {},
      streams: new Map(),
    });
    const options = {
      'awslogs-group': '/muster',
      'awslogs-region': 'us-east-1',
      'awslogs-stream-prefix': 'w',
    };
    await register(account, {
      containerDefinitions: [
        { name: 'worker', image: 'i', logConfiguration: { logDriver: 'awslogs', options } },
      ],
    });
    const taskArn = (await run(account)).tasks?.[0]?.taskArn ?? '';
    account.clock.advance(5 * MINUTE_MS);
    const [task] =
      (await account.ecs.send(new DescribeTasksCommand({ cluster: 'main', tasks: [taskArn] }))).tasks ?? [];
    expect(task?.stoppedReason).toMatch(
      /^ResourceInitializationError.*AccessDeniedException.*logs:CreateLogStream/,
    );
  });

  test('a full subnet, and one whose zone has no Fargate', async () => {
    const usual = defaultNetwork('us-east-1');
    const [first, second] = usual.subnets;
    if (first === undefined || second === undefined) throw new Error('no subnets');
    const subnets = [
      { ...first, addresses: 1 },
      { ...second, hasFargate: false },
    ];
    await using account = await testAccount({ network: { ...usual, subnets } });
    const within = (id: string) =>
      run(account, { networkConfiguration: { awsvpcConfiguration: { subnets: [id] } } });
    await within(first.id);
    const late = (await within(first.id)).tasks?.[0]?.taskArn ?? '';
    expect((await within(second.id)).failures).toEqual([{ reason: 'Internal error' }]);
    account.clock.advance(5 * MINUTE_MS);
    const [task] =
      (await account.ecs.send(new DescribeTasksCommand({ cluster: 'main', tasks: [late] }))).tasks ?? [];
    expect(task).toMatchObject({
      lastStatus: 'STOPPED',
      stopCode: 'TaskFailedToStart',
      stoppedReason: expect.stringMatching(/InsufficientFreeAddressesInSubnet/),
    });
  });

  test.each([
    ['cn-north-1', 'arn:aws-cn:ecs:cn-north-1:'],
    ['us-gov-west-1', 'arn:aws-us-gov:ecs:us-gov-west-1:'],
  ])('in %s every name is of its partition', async (region, prefix) => {
    await using account = await testAccount({ region });
    const { tasks } = await run(account);
    expect(tasks?.[0]?.taskArn?.startsWith(prefix)).toBe(true);
    expect(tasks?.[0]?.availabilityZone?.startsWith(region)).toBe(true);
  });
});
