/** messages.ts → wire. Fields that only our own peers read are left out while they hold their defaults. */
import type * as Wire from '../generated/message.ts';
import type {
  AdapterCommandResponse,
  AdapterHeartbeat,
  EchoExtras,
  GroupOffer,
  Message,
  WorkerHeartbeat,
} from '../messages.ts';
import {
  adapterCommand,
  cancelConfirm,
  commandStatus,
  disconnectType,
  drainAction,
  drainPhase,
  failureKind,
  groupState,
  instruction,
  logStream,
  objectType,
} from './enums.ts';
import {
  fromAttempts,
  fromCapabilities,
  fromProcessor,
  fromResource,
  measured32,
  measured64,
  sameLength,
} from './fields.ts';
import { fromTask } from './task.ts';

/** Messages that are built from their parts; frames that hold a task or a result are copied as they came. */
export type BuiltMessage = Exclude<Message, { kind: 'task' | 'taskResult' }>;

const fromEcho = (message: {
  readonly storage: { readonly host: string; readonly port: number };
  readonly extras: EchoExtras | undefined;
}): Wire.ClientHeartbeatEcho => ({ objectStorageAddress: message.storage, extras: message.extras });

const fromWorkerHeartbeat = (message: WorkerHeartbeat): Wire.WorkerHeartbeat => ({
  agent: fromResource(message.agent),
  rssFree: measured64(message.rssFreeBytes),
  queueSize: message.queueSize,
  queuedTasks: message.queuedTasks,
  latencyUS: measured32(message.latencyUs),
  taskLock: message.taskLock,
  processors: message.processors.map(fromProcessor),
  capabilities: fromCapabilities(message.capabilities),
  features: message.features,
});

const fromOffer = (offer: GroupOffer): Wire.WorkerAdapterHeartbeatGroupOffer => ({
  name: offer.name,
  capabilities: fromCapabilities(offer.capabilities),
  microdollarsPerHour: measured32(offer.dollarsPerHour * 1e6),
  billedMinimumMs: measured32(offer.billedMinimumMs),
});

const fromAdapterHeartbeat = (message: AdapterHeartbeat): Wire.WorkerAdapterHeartbeat => ({
  maxWorkerGroups: message.groupsMax,
  workersPerGroup: message.workersPerGroup,
  capabilities: fromCapabilities(message.capabilities),
  adapterId: message.adapterId,
  groups: message.groups?.map(({ groupId, state, nativeId }) => ({
    groupId,
    state: groupState.toWire(state),
    nativeId,
  })),
  features: message.features,
  offers: message.offers.length === 0 ? undefined : message.offers.map(fromOffer),
  trouble: message.trouble === '' ? undefined : message.trouble,
  count: message.count ?? 0,
});

const fromCommandResponse = (message: AdapterCommandResponse): Wire.WorkerAdapterCommandResponse => ({
  workerGroupID: message.groupId ?? '',
  workerIDs: message.workerIds,
  command: adapterCommand.toWire(message.command),
  status: commandStatus.toWire(message.status),
  capabilities: fromCapabilities(message.capabilities),
  reason: message.reason === '' ? undefined : message.reason,
  failure: failureKind.toWire(message.failure),
});

const fromInstruction = (
  message: Extract<Message, { kind: 'objectInstruction' }>,
): Wire.ObjectInstruction => ({
  instructionType: instruction.toWire(message.instruction),
  objectUser: message.user,
  objectMetadata: {
    objectIds: message.objects.ids,
    objectTypes: message.objects.types.map((type) => objectType.toWire(type)),
    objectNames: message.objects.names,
  },
});

const attemptsOf = (
  attempts: readonly number[],
  frames: readonly unknown[],
): readonly number[] | undefined => {
  sameLength(attempts, frames);
  return attempts.every((attempt) => attempt === 0) ? undefined : attempts;
};

const fromTaskBatch = (message: Extract<Message, { kind: 'taskBatch' }>): Wire.TaskBatch => {
  if (message.sourceOf.length > 0 || message.sources.length > 0) sameLength(message.sourceOf, message.tasks);
  return {
    tasks: message.tasks,
    attempts: attemptsOf(message.attempts, message.tasks),
    sources: message.sources.length === 0 ? undefined : message.sources,
    sourceOf: message.sourceOf.length === 0 ? undefined : message.sourceOf,
  };
};

const fromOwn = (
  message: Extract<
    Message,
    {
      kind:
        | 'taskBatch'
        | 'taskResultBatch'
        | 'resultAck'
        | 'takeBack'
        | 'tasksReturned'
        | 'tasksHeld'
        | 'drain'
        | 'drainStatus';
    }
  >,
): Wire.Message => {
  switch (message.kind) {
    case 'taskBatch':
      return { which: message.kind, value: fromTaskBatch(message) };
    case 'taskResultBatch': {
      const { results } = message;
      return { which: message.kind, value: { results, attempts: attemptsOf(message.attempts, results) } };
    }
    case 'resultAck':
    case 'takeBack':
    case 'tasksHeld':
      return { which: message.kind, value: { tasks: fromAttempts(message.tasks) } };
    case 'tasksReturned': {
      const value = { returned: fromAttempts(message.returned), kept: fromAttempts(message.kept) };
      return { which: message.kind, value };
    }
    case 'drain':
      return { which: message.kind, value: { action: drainAction.toWire(message.action) } };
    case 'drainStatus': {
      const reason = message.reason === '' ? undefined : message.reason;
      return { which: message.kind, value: { status: drainPhase.toWire(message.status), reason } };
    }
  }
};

const fromAdapterMessage = (
  message: Extract<
    Message,
    { kind: 'adapterHeartbeat' | 'adapterHeartbeatEcho' | 'adapterCommand' | 'adapterCommandResponse' }
  >,
): Wire.Message => {
  switch (message.kind) {
    case 'adapterHeartbeat':
      return { which: 'workerAdapterHeartbeat', value: fromAdapterHeartbeat(message) };
    case 'adapterHeartbeatEcho': {
      const registered = message.registered.length === 0 ? undefined : message.registered;
      return { which: 'workerAdapterHeartbeatEcho', value: { extras: message.extras, registered } };
    }
    case 'adapterCommand': {
      const value = {
        workerGroupID: message.groupId ?? '',
        command: adapterCommand.toWire(message.command),
        capabilities: fromCapabilities(message.capabilities),
        epoch: message.epoch === '' ? undefined : message.epoch,
      };
      return { which: 'workerAdapterCommand', value };
    }
    case 'adapterCommandResponse':
      return { which: 'workerAdapterCommandResponse', value: fromCommandResponse(message) };
  }
};

/** The wire form of a message. Throws ProtocolError 'valueRange' or 'listLength' for values that do not fit. */
export const toWire = (message: BuiltMessage): Wire.Message => {
  switch (message.kind) {
    case 'taskCancel':
      return { which: message.kind, value: { taskId: message.taskId, flags: { force: message.force } } };
    case 'taskCancelConfirm': {
      const cancelConfirmType = cancelConfirm.toWire(message.confirm);
      return { which: message.kind, value: { taskId: message.taskId, cancelConfirmType } };
    }
    case 'taskLog': {
      const { taskId, stream, content } = message;
      return { which: message.kind, value: { taskId, logType: logStream.toWire(stream), content } };
    }
    case 'graphTask': {
      const { taskId, source, targets, graph } = message.graph;
      return {
        which: message.kind,
        value: { taskId, source: source ?? '', targets, graph: graph.map(fromTask) },
      };
    }
    case 'objectInstruction':
      return { which: message.kind, value: fromInstruction(message) };
    case 'clientHeartbeat': {
      const { resource, latencyUs, features } = message;
      const value = { resource: fromResource(resource), latencyUS: measured32(latencyUs), features };
      return { which: message.kind, value };
    }
    case 'clientHeartbeatEcho':
    case 'workerHeartbeatEcho':
      return { which: message.kind, value: fromEcho(message) };
    case 'workerHeartbeat':
      return { which: message.kind, value: fromWorkerHeartbeat(message) };
    case 'disconnectRequest':
    case 'disconnectResponse':
      return { which: message.kind, value: { worker: message.worker } };
    case 'clientDisconnect':
      return { which: message.kind, value: { disconnectType: disconnectType.toWire(message.type) } };
    case 'clientShutdownResponse':
      return { which: message.kind, value: { accepted: message.accepted } };
    case 'informationRequest':
      return { which: message.kind, value: { request: message.request } };
    case 'informationResponse':
      return { which: message.kind, value: { response: message.response } };
    case 'adapterHeartbeat':
    case 'adapterHeartbeatEcho':
    case 'adapterCommand':
    case 'adapterCommandResponse':
      return fromAdapterMessage(message);
    default:
      return fromOwn(message);
  }
};
