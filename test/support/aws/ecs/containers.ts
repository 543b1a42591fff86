/** The containers of one task, by whatever runs them. */
import type { Container, ContainerDefinition } from '@aws-sdk/client-ecs';
import type { ContainerExit } from '../tasks/runner.ts';
import type { Ecs, TaskRecord } from './state.ts';
import { change } from './state.ts';

export interface ContainersEvents {
  running(): void;
  failed(reason: string): void;
  /** Never before `running`; also for a container that ends because it was told to. */
  essentialExited(): void;
}

/** Source: ECS API reference, ContainerDefinition, `stopTimeout`: 30 s by default, 120 s at most on Fargate. */
const STOP_TIMEOUT_S = 30;

const patchContainer = (ecs: Ecs, record: TaskRecord, name: string, patch: Container): void =>
  change(ecs, record, {
    containers: (record.task.containers ?? []).map((container) =>
      container.name === name ? { ...container, ...patch } : container,
    ),
  });

const logStream = (
  record: TaskRecord,
  container: ContainerDefinition,
): readonly [string, string] | undefined => {
  const options = container.logConfiguration?.options;
  const group = options?.['awslogs-group'];
  if (container.logConfiguration?.logDriver !== 'awslogs' || group === undefined) return undefined;
  // Source: ECS developer guide, "Using the awslogs log driver": prefix-name/container-name/ecs-task-id.
  return [group, `${options?.['awslogs-stream-prefix'] ?? 'ecs'}/${container.name ?? ''}/${record.id}`];
};

const environmentOf = (
  ecs: Ecs,
  record: TaskRecord,
  container: ContainerDefinition,
): Record<string, string> => {
  const name = container.name ?? '';
  const secrets = (container.secrets ?? []).map((secret) => [
    secret.name ?? '',
    ecs.neighbours.secret(secret.valueFrom ?? '')?.value ?? '',
  ]);
  const taskRole = record.task.overrides?.taskRoleArn ?? record.definition.view.taskRoleArn ?? '';
  return {
    ...record.environments.get(name),
    ...(Object.fromEntries(secrets) as Record<string, string>),
    // Fargate gives a relative URI for its own address; a full one is what works from loopback.
    ...(taskRole === ''
      ? {}
      : { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${ecs.metadataUrl}/v2/credentials/task/${record.id}` }),
    AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE',
    AWS_REGION: ecs.account.region,
    AWS_DEFAULT_REGION: ecs.account.region,
    ECS_CONTAINER_METADATA_URI_V4: `${ecs.metadataUrl}/v4/${record.id}-${name}`,
  };
};

const exited = (ecs: Ecs, record: TaskRecord, container: ContainerDefinition, exit: ContainerExit): void => {
  const name = container.name ?? '';
  const handle = record.handles.find((one) => one.name === name);
  if (handle !== undefined) handle.isRunning = false;
  patchContainer(ecs, record, name, {
    lastStatus: 'STOPPED',
    exitCode: exit.code,
    ...(exit.reason === undefined ? {} : { reason: exit.reason }),
  });
};

/** Starts all of them; `running` once all have started. */
export const startContainers = (ecs: Ecs, record: TaskRecord, events: ContainersEvents): void => {
  let starting = record.containers.length;
  let isEssentialOver = false;
  for (const container of record.containers) {
    const name = container.name ?? '';
    const stream = logStream(record, container);
    const slot: TaskRecord['handles'][number] = {
      name,
      isRunning: true,
      handle: { terminate: () => undefined, kill: () => undefined },
    };
    record.handles.push(slot);
    const handle = ecs.runner.start(
      {
        taskArn: record.arn,
        containerName: name,
        image: container.image ?? '',
        entryPoint: container.entryPoint ?? [],
        command: container.command ?? [],
        environment: environmentOf(ecs, record, container),
        cpu: record.cpu,
        memoryMib: record.memoryMib,
        isSpot: record.isSpot,
      },
      {
        started: () => {
          patchContainer(ecs, record, name, { lastStatus: 'RUNNING', runtimeId: `${record.id}-${name}` });
          starting -= 1;
          if (starting > 0 || record.task.desiredStatus !== 'RUNNING') return;
          events.running();
          if (isEssentialOver) events.essentialExited();
        },
        failed: (reason) => {
          slot.isRunning = false;
          patchContainer(ecs, record, name, { reason });
          record.handles = record.handles.filter((one) => one !== slot);
          events.failed(reason);
        },
        exited: (exit) => {
          exited(ecs, record, container, exit);
          if (container.essential === false) return;
          isEssentialOver = true;
          if (starting === 0) events.essentialExited();
        },
        line: (text) => {
          if (stream !== undefined) ecs.neighbours.putLog(stream[0], stream[1], text);
        },
      },
    );
    slot.handle = handle;
  }
};

/** SIGTERM to all, SIGKILL to what is left after its stop time-out, then `done`. */
export const stopContainers = (ecs: Ecs, record: TaskRecord, done: () => void): void => {
  const { agenda } = ecs.account;
  let isDone = false;
  const watcher = (changed: TaskRecord): void => {
    if (changed !== record || isDone || record.handles.some(({ isRunning }) => isRunning)) return;
    isDone = true;
    ecs.watchers.delete(watcher);
    kills.forEach((kill) => kill.cancel());
    // Not inside the change that told us.
    agenda.in(0, done);
  };
  const kills = record.handles
    .filter(({ isRunning }) => isRunning)
    .map((slot) => {
      const definition = record.containers.find(({ name }) => name === slot.name);
      slot.handle.terminate();
      return agenda.in((definition?.stopTimeout ?? STOP_TIMEOUT_S) * 1_000 * ecs.stopTimeoutFactor, () => {
        if (slot.isRunning) slot.handle.kill();
      });
    });
  ecs.watchers.add(watcher);
  watcher(record);
};
