/** An account that is set up for tests: cluster, role, task definition; and the SDK's client for it. */
import { CreateClusterCommand, ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import type { RegisterTaskDefinitionRequest, RunTaskRequest } from '@aws-sdk/client-ecs';
import { manualClock } from '@muster/runtime/manual-clock';
import type { ManualClock } from '@muster/runtime/manual-clock';
import type { RoleSpec } from './iam/roles.ts';
import type { AwsPeer, AwsPeerOptions, Credentials } from './peer.ts';
import { startAwsPeer } from './peer.ts';

export const EXECUTION_ROLE: RoleSpec = {
  name: 'muster-ecs-execution',
  trust: JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' },
    ],
  }),
  attached: ['arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy'],
};

/** One attempt a call, unless a test is about the SDK's own retries. */
export const ecsClient = (
  peer: AwsPeer,
  options: { readonly credentials?: Credentials; readonly maxAttempts?: number } = {},
): ECSClient =>
  new ECSClient({
    endpoint: peer.url,
    region: peer.account.region,
    credentials: options.credentials ?? peer.credentials,
    maxAttempts: options.maxAttempts ?? 1,
  });

/** A role that anybody in the account and any instance may take on, with these inline permissions. */
export const roleFor = (name: string, ...actions: readonly string[]): RoleSpec => ({
  name,
  trust: JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: {
          AWS: 'arn:aws:iam::123456789012:root',
          Service: ['ec2.amazonaws.com', 'ecs-tasks.amazonaws.com'],
        },
        Action: 'sts:AssumeRole',
      },
    ],
  }),
  inline: {
    all: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
    }),
  },
});

export const definition = (
  peer: AwsPeer,
  changes: Partial<RegisterTaskDefinitionRequest> = {},
): RegisterTaskDefinitionRequest => ({
  family: 'muster-worker',
  networkMode: 'awsvpc',
  requiresCompatibilities: ['FARGATE'],
  cpu: '1024',
  memory: '2048',
  executionRoleArn: peer.account.arn('iam', `role/${EXECUTION_ROLE.name}`),
  containerDefinitions: [{ name: 'worker', image: 'example.test/muster:1', stopTimeout: 60 }],
  ...changes,
});

export const runRequest = (peer: AwsPeer, changes: Partial<RunTaskRequest> = {}): RunTaskRequest => ({
  cluster: 'main',
  taskDefinition: 'muster-worker',
  launchType: 'FARGATE',
  networkConfiguration: {
    awsvpcConfiguration: { subnets: [peer.network.subnets[0]?.id ?? ''], assignPublicIp: 'ENABLED' },
  },
  ...changes,
});

export interface TestAccount extends AsyncDisposable {
  readonly peer: AwsPeer;
  readonly clock: ManualClock;
  readonly ecs: ECSClient;
}

/** Cluster `main` with both Fargate providers, definition `muster-worker`; the log is empty and the buckets are full. */
export const testAccount = async (options: Partial<AwsPeerOptions> = {}): Promise<TestAccount> => {
  const clock = manualClock();
  const peer = await startAwsPeer({ clock, roles: [EXECUTION_ROLE], ...options });
  const ecs = ecsClient(peer);
  await ecs.send(
    new CreateClusterCommand({ clusterName: 'main', capacityProviders: ['FARGATE', 'FARGATE_SPOT'] }),
  );
  await ecs.send(new RegisterTaskDefinitionCommand(definition(peer)));
  clock.advance(10_000);
  peer.log.clear();
  return {
    peer,
    clock,
    ecs,
    [Symbol.asyncDispose]: async () => {
      ecs.destroy();
      await peer.close();
    },
  };
};
