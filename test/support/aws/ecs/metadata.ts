/** What a container reads about itself. Source: ECS developer guide, "Task metadata endpoint version 4 for Fargate". */
import type { Ecs, TaskRecord } from './state.ts';

const containerOf = (record: TaskRecord, name: string): Readonly<Record<string, unknown>> => {
  const container = (record.task.containers ?? []).find((one) => one.name === name);
  return {
    DockerId: `${record.id}-${name}`,
    Name: name,
    DockerName: name,
    Image: container?.image,
    Labels: {
      'com.amazonaws.ecs.cluster': record.cluster.arn,
      'com.amazonaws.ecs.container-name': name,
      'com.amazonaws.ecs.task-arn': record.arn,
      'com.amazonaws.ecs.task-definition-family': record.definition.family,
      'com.amazonaws.ecs.task-definition-version': String(record.definition.revision),
    },
    DesiredStatus: record.task.desiredStatus,
    KnownStatus: container?.lastStatus,
    Limits: { CPU: Number(container?.cpu ?? 0) },
    ContainerARN: container?.containerArn,
  };
};

const taskOf = (record: TaskRecord): Readonly<Record<string, unknown>> => ({
  Cluster: record.cluster.arn,
  TaskARN: record.arn,
  Family: record.definition.family,
  Revision: String(record.definition.revision),
  DesiredStatus: record.task.desiredStatus,
  KnownStatus: record.task.lastStatus,
  Limits: { CPU: record.cpu / 1_024, Memory: record.memoryMib },
  PullStartedAt: record.task.pullStartedAt,
  PullStoppedAt: record.task.pullStoppedAt,
  AvailabilityZone: record.task.availabilityZone,
  LaunchType: 'FARGATE',
  Containers: (record.task.containers ?? []).map(({ name }) => containerOf(record, name ?? '')),
});

/** @param path such as `/v4/ID` or `/v4/ID/task`; undefined for a task that is not there. */
export const taskMetadata = (ecs: Ecs, path: string): object | undefined => {
  const parts = /^\/v4\/([0-9a-f]{32})-([^/]+)(\/task)?$/.exec(path);
  if (parts === null) return undefined;
  const [, id, name = '', isTask] = parts;
  const record = [...ecs.tasks.values()].find((one) => one.id === id);
  if (record === undefined || record.stoppedAt !== undefined) return undefined;
  return isTask === undefined ? containerOf(record, name) : taskOf(record);
};
