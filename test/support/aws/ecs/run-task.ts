/** RunTask: from a request to tasks that begin their life. */
import type { Container, Failure, RunTaskRequest, RunTaskResponse, Tag, Task } from '@aws-sdk/client-ecs';
import { operation, tagContext } from '../service.ts';
import type { Operation, Permission } from '../service.ts';
import { frontDoorError } from '../wire/errors.ts';
import { definitionOf, passRoles } from './definitions.ts';
import { begin } from './lifecycle.ts';
import type { Provider } from './placement.ts';
import { place, spread } from './placement.ts';
import type { RunPlan } from './run-rules.ts';
import { planRun } from './run-rules.ts';
import { drawn } from './settings.ts';
import type { ClusterRecord, Ecs, TaskRecord } from './state.ts';
import { clusterArn, clusterOf } from './state.ts';
import { remember, remembered } from './tokens.ts';

const uuid = (hex: string): string =>
  [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');

const containersOf = (ecs: Ecs, plan: RunPlan, taskArn: string, id: string): Container[] =>
  plan.containers.map(({ name, image, cpu, memory }) => ({
    containerArn: ecs.account.arn(
      'ecs',
      `container/${plan.cluster.name}/${id}/${uuid(ecs.chance.ids.hex(32))}`,
    ),
    taskArn,
    name,
    image,
    lastStatus: 'PENDING',
    networkInterfaces: [],
    cpu: String(cpu ?? 0),
    ...(memory === undefined ? {} : { memory: String(memory) }),
  }));

/** Tags given twice keep the last value, which is the caller's. */
const unique = (tags: readonly Tag[]): Tag[] => [...new Map(tags.map((tag) => [tag.key, tag])).values()];

const firstView = (
  ecs: Ecs,
  plan: RunPlan,
  request: RunTaskRequest,
  taskArn: string,
  id: string,
  provider: Provider,
  subnet: { readonly id: string; readonly availabilityZone: string },
): Task => ({
  taskArn,
  clusterArn: plan.cluster.arn,
  taskDefinitionArn: plan.definition.arn,
  lastStatus: 'PROVISIONING',
  desiredStatus: 'RUNNING',
  launchType: 'FARGATE',
  ...(plan.isByLaunchType ? {} : { capacityProviderName: provider }),
  platformVersion: plan.platformVersion,
  platformFamily: 'Linux',
  cpu: String(plan.size.cpu),
  memory: String(plan.size.memoryMib),
  ephemeralStorage: { sizeInGiB: plan.storageGb },
  availabilityZone: subnet.availabilityZone,
  createdAt: ecs.account.wall(),
  group: request.group ?? `family:${plan.definition.family}`,
  ...(request.startedBy === undefined ? {} : { startedBy: request.startedBy }),
  enableExecuteCommand: request.enableExecuteCommand ?? false,
  attributes: [
    {
      name: 'ecs.cpu-architecture',
      value: plan.definition.view.runtimePlatform?.cpuArchitecture === 'ARM64' ? 'arm64' : 'x86_64',
    },
  ],
  attachments: [
    {
      id: uuid(ecs.chance.ids.hex(32)),
      type: 'ElasticNetworkInterface',
      status: 'PRECREATED',
      details: [{ name: 'subnetId', value: subnet.id }],
    },
  ],
  containers: containersOf(ecs, plan, taskArn, id),
  overrides: {
    ...request.overrides,
    containerOverrides:
      request.overrides?.containerOverrides ?? plan.containers.map(({ name }) => ({ name })),
    inferenceAcceleratorOverrides: [],
  },
  tags: unique(plan.tags),
  version: 1,
});

const environmentsOf = (plan: RunPlan): ReadonlyMap<string, Readonly<Record<string, string>>> =>
  new Map(
    plan.containers.map(({ name = '', environment = [] }) => [
      name,
      Object.fromEntries(environment.map((pair) => [pair.name ?? '', pair.value ?? ''])),
    ]),
  );

const launch = (
  ecs: Ecs,
  plan: RunPlan,
  request: RunTaskRequest,
  provider: Provider,
  subnet: { readonly id: string; readonly availabilityZone: string },
): TaskRecord => {
  const id = ecs.chance.ids.hex(32);
  const arn = ecs.account.arn('ecs', `task/${plan.cluster.name}/${id}`);
  const now = ecs.account.now();
  const task = firstView(ecs, plan, request, arn, id, provider, subnet);
  const record: TaskRecord = {
    arn,
    id,
    cluster: plan.cluster,
    definition: plan.definition,
    isSpot: provider === 'FARGATE_SPOT',
    cpu: plan.size.cpu,
    memoryMib: plan.size.memoryMib,
    subnetId: subnet.id,
    createdAt: now,
    visibleAt: now + drawn(ecs.timings.missingMs, ecs.chance.times),
    environments: environmentsOf(plan),
    containers: plan.containers,
    task,
    history: [{ at: now, task }],
    handles: [],
    stoppedAt: undefined,
  };
  ecs.tasks.set(arn, record);
  begin(ecs, record);
  return record;
};

/** Source: ECS developer guide, "AWS Fargate throttling limits": tasks a second, apart for on demand and Spot. */
const takeLaunches = (ecs: Ecs, providers: readonly Provider[]): void => {
  const { launches } = ecs.quotas;
  for (const provider of new Set(providers)) {
    const amount = providers.filter((one) => one === provider).length;
    if (!ecs.buckets.take({ name: `fargate.launches.${provider}`, ...launches }, amount))
      throw frontDoorError(undefined, 'throttled', 'Rate exceeded');
  }
};

const run = (ecs: Ecs, cluster: ClusterRecord, request: RunTaskRequest): RunTaskResponse => {
  const plan = planRun(ecs, cluster, request);
  const providers = spread(plan.strategy, plan.count);
  takeLaunches(ecs, providers);
  const tasks: Task[] = [];
  const failures: Failure[] = [];
  for (const provider of providers) {
    const placement = place(ecs, plan.subnets, provider, plan.size);
    if (placement.kind === 'failed') failures.push({ reason: placement.reason });
    else tasks.push(launch(ecs, plan, request, provider, placement.subnet).task);
  }
  return { tasks, failures };
};

/** The revision is resolved before IAM is asked. Source: ECS API reference, RunTask, note of 21 March 2024. */
const runNeeds = (ecs: Ecs, request: RunTaskRequest): readonly Permission[] => {
  const cluster = clusterArn(ecs.account, request.cluster);
  const name = request.taskDefinition ?? '';
  const definition = definitionOf(ecs, name);
  const named = name.startsWith('arn:') ? name : ecs.account.arn('ecs', `task-definition/${name}`);
  // One that does not exist is asked about by its family.
  const resource = definition?.arn ?? (/:\d+$/.test(named) ? named : `${named}:*`);
  const { overrides } = request;
  const tagging: Permission = {
    action: 'ecs:TagResource',
    resource: `${cluster.replace(':cluster/', ':task/')}/*`,
    context: { 'ecs:createaction': 'RunTask', ...tagContext(request.tags) },
  };
  return [
    { action: 'ecs:RunTask', resource, context: { 'ecs:cluster': cluster, ...tagContext(request.tags) } },
    ...passRoles([
      overrides?.executionRoleArn ?? definition?.view.executionRoleArn,
      overrides?.taskRoleArn ?? definition?.view.taskRoleArn,
    ]),
    ...((request.tags ?? []).length === 0 ? [] : [tagging]),
  ];
};

export const runOperations = (ecs: Ecs): Readonly<Record<string, Operation>> => ({
  RunTask: operation<RunTaskRequest>({
    needs: (request) => runNeeds(ecs, request),
    handle: (request): RunTaskResponse => {
      const cluster = clusterOf(ecs, request.cluster);
      const known = remembered(ecs, cluster, request);
      if (known !== undefined) return known;
      const answer = run(ecs, cluster, request);
      remember(ecs, cluster, request, answer);
      return answer;
    },
  }),
});
