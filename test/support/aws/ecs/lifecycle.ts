/**
 * The life of a task: PROVISIONING → PENDING → ACTIVATING → RUNNING → DEACTIVATING → STOPPING → DEPROVISIONING →
 * STOPPED, and an hour later gone.
 * Source: ECS developer guide, "Amazon ECS task lifecycle", "Stopped tasks error codes", "Fargate Spot termination".
 *
 * L1. `desiredStatus` only ever goes from RUNNING to STOPPED.
 * L2. A task that is not RUNNING as desired never starts another container.
 * L3. STOPPED comes once: usage, addresses and meter are given back there and nowhere else.
 */
import type { Task, TaskStopCode } from '@aws-sdk/client-ecs';
import { startContainers, stopContainers } from './containers.ts';
import { failureToInitialise } from './initialise.ts';
import { drawn } from './settings.ts';
import type { Ecs, TaskRecord } from './state.ts';
import { change } from './state.ts';

const vcpusOf = (record: TaskRecord): number => record.cpu / 1_024;

const count = (ecs: Ecs, record: TaskRecord, sign: 1 | -1): void => {
  ecs.usage.tasks += sign;
  if (record.isSpot) ecs.usage.spotVcpus += sign * vcpusOf(record);
  else ecs.usage.onDemandVcpus += sign * vcpusOf(record);
  ecs.network.use(record.subnetId, sign);
  ecs.peak.tasks = Math.max(ecs.peak.tasks, ecs.usage.tasks);
  ecs.peak.vcpus = Math.max(ecs.peak.vcpus, ecs.usage.spotVcpus + ecs.usage.onDemandVcpus);
};

const isWanted = (record: TaskRecord): boolean => record.task.desiredStatus === 'RUNNING';

/** The interface is there, with its address. */
const attached = (ecs: Ecs, record: TaskRecord): Task => {
  const address = ecs.network.privateAddress(ecs.chance.places);
  return {
    attachments: (record.task.attachments ?? []).map((attachment) => ({
      ...attachment,
      status: 'ATTACHED',
      details: [
        ...(attachment.details ?? []),
        { name: 'networkInterfaceId', value: `eni-0${record.id.slice(0, 16)}` },
        { name: 'privateIPv4Address', value: address },
      ],
    })),
    connectivity: 'CONNECTED',
    connectivityAt: ecs.account.wall(),
  };
};

const stopped = (ecs: Ecs, record: TaskRecord): void => {
  if (record.stoppedAt !== undefined) return;
  record.stoppedAt = ecs.account.now();
  count(ecs, record, -1);
  ecs.meter.end(record.arn);
  change(ecs, record, {
    lastStatus: 'STOPPED',
    stoppedAt: ecs.account.wall(),
    // Source: ECS developer guide, "Tagging Amazon ECS resources": tags are removed from a task when it stops.
    tags: [],
    attachments: (record.task.attachments ?? []).map((attachment) => ({ ...attachment, status: 'DELETED' })),
    containers: (record.task.containers ?? []).map((container) => ({ ...container, lastStatus: 'STOPPED' })),
  });
  ecs.account.agenda.in(ecs.timings.stoppedVisibleMs, () => void ecs.tasks.delete(record.arn));
};

const deprovision = (ecs: Ecs, record: TaskRecord): void => {
  change(ecs, record, { lastStatus: 'DEPROVISIONING', executionStoppedAt: ecs.account.wall() });
  ecs.account.agenda.in(drawn(ecs.timings.deprovisioningMs, ecs.chance.times), () => stopped(ecs, record));
};

/**
 * Asks for the end of a task; a second ask changes nothing.
 * @param isAtOnce skips DEACTIVATING: containers are told now.
 */
export const stop = (
  ecs: Ecs,
  record: TaskRecord,
  code: TaskStopCode,
  reason: string,
  isAtOnce = false,
): void => {
  if (!isWanted(record)) return;
  const wasStarted = record.handles.length > 0;
  change(ecs, record, {
    desiredStatus: 'STOPPED',
    stopCode: code,
    stoppedReason: reason,
    stoppingAt: ecs.account.wall(),
    ...(wasStarted ? { lastStatus: 'DEACTIVATING' } : {}),
  });
  if (!wasStarted) {
    deprovision(ecs, record);
    return;
  }
  const tell = (): void => {
    change(ecs, record, { lastStatus: 'STOPPING' });
    stopContainers(ecs, record, () => deprovision(ecs, record));
  };
  if (isAtOnce) tell();
  else ecs.account.agenda.in(drawn(ecs.timings.deactivatingMs, ecs.chance.times), tell);
};

/** A start that went wrong before any container ran. */
const failToStart = (ecs: Ecs, record: TaskRecord, reason: string): void =>
  stop(ecs, record, 'TaskFailedToStart', reason);

const activate = (ecs: Ecs, record: TaskRecord): void => {
  if (!isWanted(record)) return;
  change(ecs, record, { lastStatus: 'ACTIVATING' });
  ecs.account.agenda.in(drawn(ecs.timings.activatingMs, ecs.chance.times), () => {
    if (!isWanted(record)) return;
    startContainers(ecs, record, {
      running: () => change(ecs, record, { lastStatus: 'RUNNING', startedAt: ecs.account.wall() }),
      failed: (reason) => failToStart(ecs, record, reason),
      essentialExited: () =>
        stop(ecs, record, 'EssentialContainerExited', 'Essential container in task exited', true),
    });
  });
};

const pull = (ecs: Ecs, record: TaskRecord): void => {
  if (!isWanted(record)) return;
  const { view } = record.definition;
  change(ecs, record, { lastStatus: 'PENDING', pullStartedAt: ecs.account.wall(), ...attached(ecs, record) });
  ecs.meter.start({
    taskArn: record.arn,
    vcpus: vcpusOf(record),
    gb: record.memoryMib / 1_024,
    storageGb: record.task.ephemeralStorage?.sizeInGiB ?? 20,
    isArm: view.runtimePlatform?.cpuArchitecture === 'ARM64',
    isSpot: record.isSpot,
  });
  ecs.account.agenda.in(drawn(ecs.timings.pullMs, ecs.chance.times), () => {
    if (!isWanted(record)) return;
    const failure = failureToInitialise(ecs, record);
    if (failure !== undefined) {
      failToStart(ecs, record, failure);
      return;
    }
    change(ecs, record, { pullStoppedAt: ecs.account.wall() });
    activate(ecs, record);
  });
};

/** A task was accepted. */
export const begin = (ecs: Ecs, record: TaskRecord): void => {
  const hasAddress = ecs.network.freeAddresses(record.subnetId) > 0;
  count(ecs, record, 1);
  ecs.account.agenda.in(drawn(ecs.timings.provisioningMs, ecs.chance.times), () => {
    if (!isWanted(record)) return;
    const trouble = hasAddress
      ? ecs.startTrouble(record)
      : `Unexpected EC2 error while attempting to Create Network Interface in subnet '${record.subnetId}': InsufficientFreeAddressesInSubnet`;
    if (trouble === 'stuck') return;
    if (trouble === undefined) pull(ecs, record);
    else failToStart(ecs, record, trouble);
  });
};

/** Fargate takes a Spot task back: SIGTERM now, SIGKILL after its stop time-out. */
export const reclaim = (
  ecs: Ecs,
  record: TaskRecord,
  code: 'SpotInterruption' | 'TerminationNotice' = 'SpotInterruption',
): void => {
  if (!record.isSpot) throw new Error(`${record.arn} is not a Spot task`);
  stop(ecs, record, code, 'Your Spot Task was interrupted.', true);
};
