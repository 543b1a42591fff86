/** The services around ECS. Clients that are not installed here are skipped by name. */
import {
  CreateLogGroupCommand,
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  PutRetentionPolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from '@aws-sdk/client-ecs';
import { fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { describe, expect, test } from 'vitest';
import { EXECUTION_ROLE, definition, ecsClient, roleFor, runRequest, testAccount } from './fixtures.ts';
import type { AwsPeer } from './peer.ts';
import type { TaskRunner } from './tasks/runner.ts';

const MINUTE_MS = 60_000;

/** An SDK client that may not be there: none of our packages needs it yet. */
const optional = (name: string) => import(/* @vite-ignore */ name).catch(() => undefined);

const config = (peer: AwsPeer) => ({
  endpoint: peer.url,
  region: peer.account.region,
  credentials: peer.credentials,
  maxAttempts: 1,
});

const trust = (service: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
  });

const iam = await optional('@aws-sdk/client-iam');
const sts = await optional('@aws-sdk/client-sts');
const ec2 = await optional('@aws-sdk/client-ec2');
const quotas = await optional('@aws-sdk/client-service-quotas');

describe('logs', () => {
  test('a group is made once, keeps its retention, and pages', async () => {
    await using account = await testAccount();
    const logs = new CloudWatchLogsClient(config(account.peer));
    for (const logGroupName of ['/muster/a', '/muster/b', '/other'])
      await logs.send(new CreateLogGroupCommand({ logGroupName }));
    await expect(logs.send(new CreateLogGroupCommand({ logGroupName: '/other' }))).rejects.toMatchObject({
      name: 'ResourceAlreadyExistsException',
    });
    await logs.send(new PutRetentionPolicyCommand({ logGroupName: '/muster/a', retentionInDays: 7 }));
    await expect(
      logs.send(new PutRetentionPolicyCommand({ logGroupName: '/muster/a', retentionInDays: 8 })),
    ).rejects.toMatchObject({ name: 'InvalidParameterException' });
    const first = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/muster', limit: 1 }));
    expect(first.logGroups).toMatchObject([{ logGroupName: '/muster/a', retentionInDays: 7 }]);
    const second = await logs.send(
      new DescribeLogGroupsCommand({ logGroupNamePrefix: '/muster', limit: 1, nextToken: first.nextToken }),
    );
    expect(second.logGroups?.map(({ logGroupName }) => logGroupName)).toEqual(['/muster/b']);
    expect(second.nextToken).toBeUndefined();
  });

  test('what a container writes is found under prefix/container/task', async () => {
    let write: ((line: string) => void) | undefined;
    const tasks: TaskRunner = {
      start: (_, events) => {
        write = events.line;
        events.started();
        return { terminate: () => events.exited({ code: 0 }), kill: () => undefined };
      },
    };
    await using account = await testAccount({ tasks });
    const { peer, ecs, clock } = account;
    const logs = new CloudWatchLogsClient(config(peer));
    await logs.send(new CreateLogGroupCommand({ logGroupName: '/muster' }));
    const logConfiguration = {
      logDriver: 'awslogs' as const,
      options: { 'awslogs-group': '/muster', 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'g' },
    };
    await ecs.send(
      new RegisterTaskDefinitionCommand(
        definition(peer, { containerDefinitions: [{ name: 'worker', image: 'i', logConfiguration }] }),
      ),
    );
    const task = (await ecs.send(new RunTaskCommand(runRequest(peer)))).tasks?.[0]?.taskArn ?? '';
    clock.advance(5 * MINUTE_MS);
    for (const line of ['one', 'two', 'three']) write?.(line);
    const logStreamName = `g/worker/${task.slice(task.lastIndexOf('/') + 1)}`;
    const last = await logs.send(
      new GetLogEventsCommand({ logGroupName: '/muster', logStreamName, limit: 2 }),
    );
    expect(last.events?.map(({ message }) => message)).toEqual(['two', 'three']);
    const end = await logs.send(
      new GetLogEventsCommand({ logGroupName: '/muster', logStreamName, nextToken: last.nextForwardToken }),
    );
    expect(end).toMatchObject({ events: [], nextForwardToken: last.nextForwardToken });
    const found = await logs.send(
      new FilterLogEventsCommand({ logGroupName: '/muster', filterPattern: 'three' }),
    );
    expect(found.events).toMatchObject([{ logStreamName, message: 'three' }]);
  });
});

describe('roles', () => {
  const adapterRole = roleFor('adapter', 'ecs:ListTasks');

  test('AssumeRole gives keys that may do what the role may, for as long as was asked', async () => {
    await using account = await testAccount({ roles: [EXECUTION_ROLE, adapterRole] });
    const { peer, clock } = account;
    const credentials = await fromTemporaryCredentials({
      params: {
        RoleArn: 'arn:aws:iam::123456789012:role/adapter',
        RoleSessionName: 'one',
        DurationSeconds: 900,
      },
      masterCredentials: peer.credentials,
      clientConfig: { endpoint: peer.url, region: peer.account.region },
    })();
    const ecs = ecsClient(peer, { credentials });
    await ecs.send(new ListTasksCommand({ cluster: 'main' }));
    await expect(ecs.send(new DescribeTasksCommand({ cluster: 'main', tasks: ['a'] }))).rejects.toMatchObject(
      {
        name: 'AccessDeniedException',
        message: expect.stringContaining(
          'User: arn:aws:sts::123456789012:assumed-role/adapter/one is not authorized',
        ),
      },
    );
    clock.advance(15 * MINUTE_MS);
    await expect(ecs.send(new ListTasksCommand({ cluster: 'main' }))).rejects.toMatchObject({
      name: 'ExpiredTokenException',
    });
  });

  test.each(['instance', 'container'] as const)(
    'the SDK finds the role of its %s by itself',
    async (kind) => {
      await using account = await testAccount({ roles: [EXECUTION_ROLE, adapterRole] });
      const { peer } = account;
      const before = { ...process.env };
      for (const name of Object.keys(before)) if (name.startsWith('AWS_')) delete process.env[name];
      Object.assign(process.env, peer.hostEnv(kind, 'adapter'));
      try {
        const ecs = new ECSClient({ maxAttempts: 1, credentials: fromNodeProviderChain() });
        await ecs.send(new ListTasksCommand({ cluster: 'main' }));
        await expect(ecs.send(new DescribeTasksCommand({ cluster: 'main', tasks: ['a'] }))).rejects.toThrow(
          /assumed-role\/adapter\/(i-0123456789abcdef0|container) is not authorized/,
        );
      } finally {
        process.env = before;
      }
    },
  );

  test('a role that trusts somebody else is not given', async () => {
    await using account = await testAccount();
    const { peer } = account;
    const provider = fromTemporaryCredentials({
      params: { RoleArn: peer.account.arn('iam', `role/${EXECUTION_ROLE.name}`), RoleSessionName: 'one' },
      masterCredentials: peer.credentials,
      clientConfig: { endpoint: peer.url, region: peer.account.region, maxAttempts: 1 },
    });
    await expect(provider()).rejects.toMatchObject({ name: expect.stringMatching(/^AccessDenied/) });
  });

  test.skipIf(iam === undefined)('a new role is seen by IAM at once and by ECS later', async () => {
    await using account = await testAccount({ iamPropagationMs: [8_000, 8_000] });
    const { peer, ecs, clock } = account;
    const client = new iam['IAMClient'](config(peer));
    await client.send(
      new iam['CreateRoleCommand']({
        RoleName: 'late',
        AssumeRolePolicyDocument: trust('ecs-tasks.amazonaws.com'),
      }),
    );
    const role = (await client.send(new iam['GetRoleCommand']({ RoleName: 'late' }))).Role;
    expect(JSON.parse(decodeURIComponent(role.AssumeRolePolicyDocument))).toEqual(
      JSON.parse(trust('ecs-tasks.amazonaws.com')),
    );
    const run = () =>
      ecs.send(new RunTaskCommand(runRequest(peer, { overrides: { taskRoleArn: role.Arn } })));
    await expect(run()).rejects.toMatchObject({
      name: 'ClientException',
      message: expect.stringMatching(/unable to assume the role/),
    });
    clock.advance(8_000);
    expect((await run()).tasks).toHaveLength(1);
  });

  test.skipIf(iam === undefined)(
    'roles: made once, tagged, and deleted only when nothing hangs on them',
    async () => {
      await using account = await testAccount();
      const client = new iam['IAMClient'](config(account.peer));
      const send = (command: string, input: object) => client.send(new iam[`${command}Command`](input));
      const RoleName = 'mine';
      const PolicyArn = 'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy';
      const PolicyDocument = JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }],
      });
      const create = () =>
        send('CreateRole', {
          RoleName,
          Path: '/muster/',
          AssumeRolePolicyDocument: trust('ecs-tasks.amazonaws.com'),
          Tags: [{ Key: 'muster:managed-by', Value: 'setup' }],
        });
      expect((await create()).Role).toMatchObject({
        Arn: 'arn:aws:iam::123456789012:role/muster/mine',
        Path: '/muster/',
      });
      await expect(create()).rejects.toMatchObject({ name: 'EntityAlreadyExistsException' });
      await expect(
        send('CreateRole', { RoleName: 'bad', AssumeRolePolicyDocument: '{' }),
      ).rejects.toMatchObject({
        name: 'MalformedPolicyDocumentException',
      });
      await send('AttachRolePolicy', { RoleName, PolicyArn });
      await send('PutRolePolicy', { RoleName, PolicyName: 'inline', PolicyDocument });
      expect((await send('ListAttachedRolePolicies', { RoleName })).AttachedPolicies).toEqual([
        { PolicyName: 'AmazonECSTaskExecutionRolePolicy', PolicyArn },
      ]);
      expect(
        decodeURIComponent((await send('GetRolePolicy', { RoleName, PolicyName: 'inline' })).PolicyDocument),
      ).toBe(PolicyDocument);
      await expect(send('DeleteRole', { RoleName })).rejects.toMatchObject({
        name: 'DeleteConflictException',
      });
      await send('DetachRolePolicy', { RoleName, PolicyArn });
      await send('DeleteRolePolicy', { RoleName, PolicyName: 'inline' });
      await send('DeleteRole', { RoleName });
      await expect(send('GetRole', { RoleName })).rejects.toMatchObject({
        name: 'NoSuchEntityException',
        message: 'The role with name mine cannot be found.',
      });
      await expect(
        send('CreateServiceLinkedRole', { AWSServiceName: 'ecs.amazonaws.com' }),
      ).rejects.toMatchObject({
        name: 'InvalidInputException',
      });
    },
  );

  test.skipIf(sts === undefined)('GetCallerIdentity needs no permission', async () => {
    await using account = await testAccount();
    const credentials = account.peer.addUser('nobody', []);
    const client = new sts['STSClient']({ ...config(account.peer), credentials });
    expect(await client.send(new sts['GetCallerIdentityCommand']({}))).toMatchObject({
      Account: '123456789012',
      Arn: 'arn:aws:iam::123456789012:user/nobody',
    });
  });
});

describe('network and quotas', () => {
  test.skipIf(ec2 === undefined)('subnets, groups, routes: by id, by filter, by page', async () => {
    await using account = await testAccount();
    const client = new ec2['EC2Client'](config(account.peer));
    const send = (command: string, input: object) => client.send(new ec2[`${command}Command`](input));
    const [vpc] = (await send('DescribeVpcs', { Filters: [{ Name: 'is-default', Values: ['true'] }] })).Vpcs;
    const subnets = await send('DescribeSubnets', { Filters: [{ Name: 'vpc-id', Values: [vpc.VpcId] }] });
    expect(subnets.Subnets).toHaveLength(3);
    expect(subnets.Subnets[0]).toMatchObject({
      AvailableIpAddressCount: 4_091,
      MapPublicIpOnLaunch: true,
      State: 'available',
    });
    // Source: EC2's service model: pages hold at least five.
    await expect(send('DescribeSubnets', { MaxResults: 2 })).rejects.toMatchObject({
      name: 'InvalidParameterValue',
    });
    const routes = await send('DescribeRouteTables', {
      Filters: [{ Name: 'association.subnet-id', Values: [subnets.Subnets[0].SubnetId] }],
    });
    expect(routes.RouteTables).toMatchObject([
      { Routes: [{ DestinationCidrBlock: '0.0.0.0/0', GatewayId: expect.stringMatching(/^igw-/) }] },
    ]);
    await expect(
      send('DescribeSubnets', { Filters: [{ Name: 'odd', Values: ['x'] }] }),
    ).rejects.toMatchObject({
      message: "The filter 'odd' is invalid",
    });
  });

  test.skipIf(ec2 === undefined)('ids that are not there are errors that name them', async () => {
    await using account = await testAccount();
    const client = new ec2['EC2Client'](config(account.peer));
    await expect(
      client.send(new ec2['DescribeSubnetsCommand']({ SubnetIds: ['subnet-0'] })),
    ).rejects.toMatchObject({
      name: 'InvalidSubnetID.NotFound',
    });
    const groups = await client.send(
      new ec2['DescribeSecurityGroupsCommand']({ GroupIds: ['sg-0123456789abcdef0'] }),
    );
    expect(groups.SecurityGroups).toMatchObject([
      { GroupName: 'default', IpPermissionsEgress: [{ IpProtocol: '-1' }] },
    ]);
  });

  test.skipIf(quotas === undefined)('the quota of vCPU is the one that RunTask goes by', async () => {
    await using account = await testAccount({ quotas: { onDemandVcpus: 6 } });
    const client = new quotas['ServiceQuotasClient'](config(account.peer));
    const answer = await client.send(
      new quotas['GetServiceQuotaCommand']({ ServiceCode: 'fargate', QuotaCode: 'L-3032A538' }),
    );
    expect(answer.Quota.Value).toBe(6);
  });
});
