/** One story told to any account that speaks ECS and CloudWatch Logs, and what each step of it answered. */
import {
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
  PutRetentionPolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateClusterCommand,
  DeleteClusterCommand,
  DeregisterTaskDefinitionCommand,
  DescribeClustersCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ListTaskDefinitionsCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
  TagResourceCommand,
} from '@aws-sdk/client-ecs';
import type { ECSClient, RunTaskRequest, Task } from '@aws-sdk/client-ecs';

export interface Stage {
  readonly ecs: ECSClient;
  readonly logs: CloudWatchLogsClient;
  readonly subnet: string;
  readonly securityGroup: string;
  /** Until tasks have become what they were asked to be. */
  settle(): Promise<void>;
}

/** What a step answered: facts, or the name of the error. */
export type Outcome = unknown;

interface Cast extends Stage {
  first: string;
}

const request = (
  { subnet, securityGroup }: Stage,
  changes: Partial<RunTaskRequest> = {},
): RunTaskRequest => ({
  cluster: 'story',
  taskDefinition: 'story',
  launchType: 'FARGATE',
  startedBy: 'teller',
  networkConfiguration: {
    awsvpcConfiguration: { subnets: [subnet], securityGroups: [securityGroup], assignPublicIp: 'ENABLED' },
  },
  ...changes,
});

const run = (cast: Cast, changes: Partial<RunTaskRequest> = {}) =>
  cast.ecs.send(new RunTaskCommand(request(cast, changes)));

const describe = async (cast: Cast, task: string): Promise<Task | undefined> =>
  (await cast.ecs.send(new DescribeTasksCommand({ cluster: 'story', tasks: [task] }))).tasks?.[0];

const register = ({ ecs }: Stage, memory = '2048') =>
  ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'story',
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '1024',
      memory,
      containerDefinitions: [{ name: 'worker', image: 'example.test/story:1', memory: 2_048 }],
    }),
  );

const listed = async ({ ecs }: Stage): Promise<number> =>
  (await ecs.send(new ListTasksCommand({ cluster: 'story', startedBy: 'teller' }))).taskArns?.length ?? 0;

const tail = (arn: string | undefined): string => (arn ?? '').slice((arn ?? '').lastIndexOf('/') + 1);

const SETUP: Readonly<Record<string, (cast: Cast) => Promise<Outcome>>> = {
  'a cluster is made': async ({ ecs }) => {
    const { cluster } = await ecs.send(
      new CreateClusterCommand({ clusterName: 'story', capacityProviders: ['FARGATE', 'FARGATE_SPOT'] }),
    );
    return [cluster?.status, cluster?.clusterName, cluster?.capacityProviders];
  },
  'clusters are described, one of which is not there': async ({ ecs }) => {
    const answer = await ecs.send(new DescribeClustersCommand({ clusters: ['story', 'other'] }));
    return [
      answer.clusters?.map(({ clusterName }) => clusterName),
      answer.failures?.map(({ reason }) => reason),
    ];
  },
  'a definition is registered': async (cast) => {
    const { taskDefinition } = await register(cast);
    return [
      taskDefinition?.revision,
      taskDefinition?.status,
      taskDefinition?.cpu,
      tail(taskDefinition?.taskDefinitionArn),
    ];
  },
  'and again': async (cast) => (await register(cast)).taskDefinition?.revision,
  'a size that is not sold': async (cast) => (await register(cast, '1000')).taskDefinition?.status,
  'the family means the newest': async ({ ecs }) =>
    (await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'story:2' }))).taskDefinition
      ?.revision,
  'definitions are listed': async ({ ecs }) =>
    (await ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: 'story' }))).taskDefinitionArns
      ?.slice(0, 2)
      .map(tail),
  'a log group is made once': async ({ logs }) => {
    await logs.send(new CreateLogGroupCommand({ logGroupName: '/story' }));
    await logs.send(new PutRetentionPolicyCommand({ logGroupName: '/story', retentionInDays: 7 }));
    const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/story' }));
    return logGroups?.map(({ logGroupName, retentionInDays, arn }) => [
      logGroupName,
      retentionInDays,
      arn?.endsWith(':*'),
    ]);
  },
  'and not twice': ({ logs }) => logs.send(new CreateLogGroupCommand({ logGroupName: '/story' })),
};

const TASKS: Readonly<Record<string, (cast: Cast) => Promise<Outcome>>> = {
  'a task is run': async (cast) => {
    const { tasks, failures } = await run(cast, { clientToken: 'one', tags: [{ key: 'a', value: 'b' }] });
    cast.first = tasks?.[0]?.taskArn ?? '';
    const [task] = tasks ?? [];
    return [
      tasks?.length,
      failures,
      task?.launchType,
      task?.startedBy,
      task?.desiredStatus,
      tail(task?.clusterArn),
    ];
  },
  'with the same token once more': async (cast) => {
    const { tasks } = await run(cast, { clientToken: 'one', tags: [{ key: 'a', value: 'b' }] });
    return tasks?.[0]?.taskArn === cast.first;
  },
  'with the same token and other words': async (cast) =>
    (await run(cast, { clientToken: 'one', count: 2 })).tasks?.length,
  'on Spot': async (cast) =>
    (
      await run(cast, {
        launchType: undefined,
        capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
        startedBy: 'spot',
      })
    ).tasks?.map(({ capacityProviderName }) => capacityProviderName),
  'eleven at once': async (cast) => (await run(cast, { count: 11, startedBy: 'eleven' })).tasks?.length,
  'in a cluster that is not there': async (cast) => (await run(cast, { cluster: 'other' })).tasks?.length,
  'of a definition that is not there': async (cast) =>
    (await run(cast, { taskDefinition: 'other' })).tasks?.length,
  'it runs': async (cast) => {
    await cast.settle();
    const task = await describe(cast, cast.first);
    return [
      task?.lastStatus,
      task?.desiredStatus,
      task?.startedBy,
      tail(task?.taskDefinitionArn),
      task?.containers?.length,
    ];
  },
  'it is listed by who started it': async (cast) => (await listed(cast)) > 0,
  'a task that is not there': async ({ ecs }) => {
    const answer = await ecs.send(new DescribeTasksCommand({ cluster: 'story', tasks: ['0'.repeat(32)] }));
    return [answer.tasks?.length, answer.failures?.map(({ reason }) => reason)];
  },
  'it is tagged': async ({ ecs, first }) =>
    Object.keys(
      await ecs.send(new TagResourceCommand({ resourceArn: first, tags: [{ key: 'c', value: 'd' }] })),
    ),
  'it is stopped': async ({ ecs, first }) =>
    (await ecs.send(new StopTaskCommand({ cluster: 'story', task: first, reason: 'the end' }))).task
      ?.desiredStatus,
  'it has stopped': async (cast) => {
    await cast.settle();
    const task = await describe(cast, cast.first);
    return [task?.lastStatus, task?.desiredStatus, task?.stoppedReason, task?.stopCode];
  },
  'it is no longer listed': async (cast) => {
    const { taskArns } = await cast.ecs.send(new ListTasksCommand({ cluster: 'story', startedBy: 'teller' }));
    return taskArns?.includes(cast.first) === true;
  },
  'a task that is not there is stopped': ({ ecs }) =>
    ecs.send(new StopTaskCommand({ cluster: 'story', task: '0'.repeat(32) })),
  'a definition is deregistered': async ({ ecs }) =>
    (await ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'story:1' }))).taskDefinition
      ?.status,
  'a cluster that is not there is deleted': ({ ecs }) =>
    ecs.send(new DeleteClusterCommand({ cluster: 'other' })),
};

const outcomeOf = async (step: Promise<Outcome>): Promise<Outcome> => {
  try {
    return await step;
  } catch (error) {
    return error instanceof Error ? `error ${error.name}` : 'no error';
  }
};

/** @returns what each step answered, in order. */
export const tell = async (stage: Stage): Promise<ReadonlyMap<string, Outcome>> => {
  const cast: Cast = { ...stage, first: '' };
  const told = new Map<string, Outcome>();
  for (const [name, step] of Object.entries({ ...SETUP, ...TASKS }))
    told.set(name, await outcomeOf(step(cast)));
  return told;
};
