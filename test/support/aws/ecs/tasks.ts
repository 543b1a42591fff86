/** What callers see of tasks, and how they end them. */
import type {
  DescribeTasksRequest,
  DescribeTasksResponse,
  Failure,
  ListTasksRequest,
  ListTasksResponse,
  StopTaskRequest,
  StopTaskResponse,
  Task,
} from '@aws-sdk/client-ecs';
import { operation } from '../service.ts';
import type { Operation } from '../service.ts';
import { stop } from './lifecycle.ts';
import { pageOf } from './paging.ts';
import type { ClusterRecord, Ecs, TaskRecord } from './state.ts';
import { clusterArn, clusterOf, invalid, lastPart, viewAt } from './state.ts';

const taskArn = (ecs: Ecs, cluster: string, idOrArn: string): string =>
  idOrArn.startsWith('arn:') ? idOrArn : ecs.account.arn('ecs', `task/${cluster}/${idOrArn}`);

/** Source: ECS API reference, DescribeTasks: up to 100; tags only when asked for. */
const describe = (ecs: Ecs, request: DescribeTasksRequest, staleMs: number): DescribeTasksResponse => {
  const cluster = clusterOf(ecs, request.cluster);
  const wanted = request.tasks ?? [];
  if (wanted.length === 0) throw invalid('Tasks cannot be empty.');
  if (wanted.length > 100) throw invalid('Tasks cannot be more than 100.');
  const at = ecs.account.now() - staleMs;
  const tasks: Task[] = [];
  const failures: Failure[] = [];
  for (const idOrArn of wanted) {
    const arn = taskArn(ecs, cluster.name, idOrArn);
    const record = ecs.tasks.get(arn);
    const view = record?.cluster === cluster ? viewAt(record, at) : undefined;
    // Unknown, expired and not yet visible look the same. Source: ECS developer guide, "API failures messages".
    if (view === undefined) {
      failures.push({ arn, reason: 'MISSING' });
    } else {
      tasks.push(request.include?.includes('TAGS') === true ? view : { ...view, tags: [] });
    }
  }
  return { tasks, failures };
};

/**
 * Source: ECS API reference, ListTasks: `startedBy` must be the only filter; without a desired status it is RUNNING;
 * PENDING never matches, since ECS never desires it.
 */
const matcherOf = (
  request: ListTasksRequest,
  cluster: ClusterRecord,
): ((record: TaskRecord, view: Task) => boolean) => {
  const { startedBy, family, serviceName, containerInstance, daemonName, launchType } = request;
  const others = [family, serviceName, containerInstance, daemonName, launchType, request.desiredStatus];
  if (startedBy !== undefined && others.some((filter) => filter !== undefined))
    throw invalid('startedBy cannot be combined with other filters.');
  const desiredStatus = request.desiredStatus ?? 'RUNNING';
  return (record, view) =>
    record.cluster === cluster &&
    view.desiredStatus === desiredStatus &&
    (startedBy === undefined || view.startedBy === startedBy) &&
    (family === undefined || record.definition.family === family) &&
    (launchType === undefined || view.launchType === launchType) &&
    serviceName === undefined &&
    containerInstance === undefined &&
    daemonName === undefined;
};

const list = (ecs: Ecs, request: ListTasksRequest, staleMs: number): ListTasksResponse => {
  const matches = matcherOf(request, clusterOf(ecs, request.cluster));
  const at = ecs.account.now() - staleMs;
  const arns: string[] = [];
  for (const record of ecs.tasks.values()) {
    const view = viewAt(record, at);
    if (view !== undefined && matches(record, view)) arns.push(record.arn);
  }
  const page = pageOf(arns, request.maxResults, request.nextToken);
  return { taskArns: [...page.items], nextToken: page.nextToken };
};

/** The text under which a person finds the stop later. Source: ECS API reference, StopTask; 255 characters are kept. */
const REASON_CHARACTERS_MAX = 255;

const end = (ecs: Ecs, request: StopTaskRequest): StopTaskResponse => {
  const cluster = clusterOf(ecs, request.cluster);
  const record = ecs.tasks.get(taskArn(ecs, cluster.name, request.task ?? ''));
  const isVisible =
    record !== undefined && record.cluster === cluster && record.visibleAt <= ecs.account.now();
  if (!isVisible) throw invalid('The referenced task was not found.');
  const reason = request.reason ?? 'Task stopped by user';
  if (reason.length > REASON_CHARACTERS_MAX)
    throw invalid(`reason must have at most ${REASON_CHARACTERS_MAX} characters.`);
  stop(ecs, record, 'UserInitiated', reason);
  return { task: record.task };
};

export const taskOperations = (ecs: Ecs): Readonly<Record<string, Operation>> => {
  const context = (cluster: string | undefined) => ({ 'ecs:cluster': clusterArn(ecs.account, cluster) });
  const arnOf = (cluster: string | undefined, task: string): string =>
    taskArn(ecs, lastPart(cluster ?? 'default'), task);
  return {
    DescribeTasks: operation<DescribeTasksRequest>({
      needs: ({ cluster, tasks }) =>
        (tasks ?? []).map((task) => ({
          action: 'ecs:DescribeTasks',
          resource: arnOf(cluster, task),
          context: context(cluster),
        })),
      handle: (request, { staleMs }): DescribeTasksResponse => describe(ecs, request, staleMs),
    }),
    ListTasks: operation<ListTasksRequest>({
      // Source: Service authorization reference, Amazon ECS: ListTasks is asked about container instances.
      needs: ({ cluster }) => [
        {
          action: 'ecs:ListTasks',
          resource: `${clusterArn(ecs.account, cluster).replace(':cluster/', ':container-instance/')}/*`,
          context: context(cluster),
        },
      ],
      handle: (request, { staleMs }): ListTasksResponse => list(ecs, request, staleMs),
    }),
    StopTask: operation<StopTaskRequest>({
      needs: ({ cluster, task }) => [
        { action: 'ecs:StopTask', resource: arnOf(cluster, task ?? ''), context: context(cluster) },
      ],
      handle: (request): StopTaskResponse => end(ecs, request),
    }),
  };
};
