/** Wire → messages.ts. Everything a stock peer leaves out is a default here, and nowhere else. */
import { ProtocolError } from '../errors.ts';
import type * as Wire from '../generated/message.ts';
import {
  memberOfMessage,
  MessageTag,
  peekMessage,
  readMessageAt,
  readTaskBatchAt,
  readTaskResultBatchAt,
} from '../generated/message.ts';
import type { Capabilities, ClientId } from '../ids.ts';
import { adapterId, clientId, groupId, peerId, workerId } from '../ids.ts';
import type {
  AdapterCommand,
  AdapterCommandResponse,
  AdapterHeartbeat,
  FrameSlice,
  GraphTask,
  GroupOffer,
  GroupStatus,
  Message,
  ObjectMetadata,
  WorkerHeartbeat,
} from '../messages.ts';
import type { Reader } from '../wire/reader.ts';
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
  NO_BYTES,
  present,
  required,
  sameLength,
  toAddress,
  toAttempts,
  toCapabilities,
  toExtras,
  toObjectIds,
  toProcessor,
  toResource,
  toTaskId,
} from './fields.ts';
import { readResultHead, readTaskHead, toTask } from './task.ts';

const NOTHING: readonly never[] = [];

const toGroupId = (id: string | undefined): ReturnType<typeof groupId> | undefined =>
  present(id) === undefined ? undefined : groupId(id ?? '');

const toGraph = (wire: Wire.GraphTask): GraphTask => ({
  taskId: toTaskId(wire.taskId),
  source: present(wire.source) === undefined ? undefined : clientId(wire.source ?? ''),
  targets: (wire.targets ?? []).map(toTaskId),
  graph: (wire.graph ?? []).map(toTask),
});

const toObjects = (wire: Wire.ObjectInstruction['objectMetadata']): ObjectMetadata => ({
  ids: toObjectIds(wire?.objectIds),
  types: (wire?.objectTypes ?? []).map((type) => objectType.fromWire(type)),
  names: wire?.objectNames ?? NOTHING,
});

const toWorkerHeartbeat = (wire: Wire.WorkerHeartbeat): WorkerHeartbeat => ({
  kind: 'workerHeartbeat',
  agent: toResource(wire.agent),
  rssFreeBytes: Number(wire.rssFree),
  queueSize: wire.queueSize,
  queuedTasks: wire.queuedTasks,
  latencyUs: wire.latencyUS,
  taskLock: wire.taskLock,
  processors: (wire.processors ?? []).map(toProcessor),
  capabilities: toCapabilities(wire.capabilities),
  features: wire.features,
});

const toGroup = (wire: Wire.WorkerAdapterHeartbeatGroupStatus): GroupStatus => ({
  groupId: groupId(required(present(wire.groupId), 'group id')),
  state: groupState.fromWire(wire.state),
  nativeId: wire.nativeId ?? '',
});

const NO_OFFERS: readonly GroupOffer[] = [];

const toOffer = (wire: Wire.WorkerAdapterHeartbeatGroupOffer): GroupOffer => ({
  name: wire.name ?? '',
  capabilities: toCapabilities(wire.capabilities),
  dollarsPerHour: wire.microdollarsPerHour / 1e6,
  billedMinimumMs: wire.billedMinimumMs,
});

const toAdapterHeartbeat = (wire: Wire.WorkerAdapterHeartbeat): AdapterHeartbeat => ({
  kind: 'adapterHeartbeat',
  groupsMax: wire.maxWorkerGroups,
  workersPerGroup: wire.workersPerGroup,
  capabilities: toCapabilities(wire.capabilities),
  adapterId: present(wire.adapterId) === undefined ? undefined : adapterId(wire.adapterId ?? ''),
  groups: wire.groups?.map(toGroup),
  features: wire.features,
  offers: wire.offers?.map(toOffer) ?? NO_OFFERS,
  trouble: wire.trouble ?? '',
  ...(wire.count === 0 ? {} : { count: wire.count }),
});

const toCommand = (
  wire: Wire.WorkerAdapterCommand,
): {
  kind: 'adapterCommand';
  command: AdapterCommand;
  groupId: ReturnType<typeof toGroupId>;
  capabilities: Capabilities;
  epoch: string;
} => {
  const command = adapterCommand.fromWire(wire.command);
  if (command === 'none') throw new ProtocolError('unknownEnum', 'a command that is none');
  return {
    kind: 'adapterCommand',
    command,
    groupId: toGroupId(wire.workerGroupID),
    capabilities: toCapabilities(wire.capabilities),
    epoch: wire.epoch ?? '',
  };
};

const toCommandResponse = (wire: Wire.WorkerAdapterCommandResponse): AdapterCommandResponse => ({
  kind: 'adapterCommandResponse',
  command: adapterCommand.fromWire(wire.command),
  groupId: toGroupId(wire.workerGroupID),
  status: commandStatus.fromWire(wire.status),
  workerIds: (wire.workerIDs ?? []).map(workerId),
  capabilities: toCapabilities(wire.capabilities),
  failure: failureKind.fromWire(wire.failure),
  reason: wire.reason ?? '',
});

const toOwn = (wire: Wire.Message): Message => {
  switch (wire.which) {
    case 'resultAck':
      return { kind: wire.which, tasks: toAttempts(wire.value?.tasks) };
    case 'takeBack':
      return { kind: wire.which, tasks: toAttempts(wire.value?.tasks) };
    case 'tasksReturned':
      return {
        kind: wire.which,
        returned: toAttempts(wire.value?.returned),
        kept: toAttempts(wire.value?.kept),
      };
    case 'tasksHeld':
      return { kind: wire.which, tasks: toAttempts(wire.value?.tasks) };
    case 'drain':
      return { kind: wire.which, action: drainAction.fromWire(required(wire.value, wire.which).action) };
    case 'drainStatus': {
      const value = required(wire.value, wire.which);
      return { kind: wire.which, status: drainPhase.fromWire(value.status), reason: value.reason ?? '' };
    }
    default:
      throw new ProtocolError('unhandledTag', wire.which);
  }
};

const toAdapterMessage = (wire: Wire.Message): Message => {
  switch (wire.which) {
    case 'workerAdapterHeartbeat':
      return toAdapterHeartbeat(required(wire.value, wire.which));
    case 'workerAdapterHeartbeatEcho': {
      const registered = (wire.value?.registered ?? []).map(groupId);
      return { kind: 'adapterHeartbeatEcho', extras: toExtras(wire.value?.extras), registered };
    }
    case 'workerAdapterCommand':
      return toCommand(required(wire.value, wire.which));
    case 'workerAdapterCommandResponse':
      return toCommandResponse(required(wire.value, wire.which));
    default:
      return toOwn(wire);
  }
};

const toTaskMessage = (wire: Wire.Message): Message => {
  switch (wire.which) {
    case 'taskCancel': {
      const value = required(wire.value, wire.which);
      return { kind: wire.which, taskId: toTaskId(value.taskId), force: value.flags?.force ?? false };
    }
    case 'taskCancelConfirm': {
      const value = required(wire.value, wire.which);
      const confirm = cancelConfirm.fromWire(value.cancelConfirmType);
      return { kind: wire.which, taskId: toTaskId(value.taskId), confirm };
    }
    case 'taskLog': {
      const value = required(wire.value, wire.which);
      const stream = logStream.fromWire(value.logType);
      return { kind: wire.which, taskId: toTaskId(value.taskId), stream, content: value.content ?? '' };
    }
    case 'graphTask':
      return { kind: wire.which, graph: toGraph(required(wire.value, wire.which)) };
    case 'objectInstruction': {
      const value = required(wire.value, wire.which);
      const user = peerId(value.objectUser ?? '');
      const objects = toObjects(value.objectMetadata);
      return { kind: wire.which, instruction: instruction.fromWire(value.instructionType), user, objects };
    }
    default:
      return toAdapterMessage(wire);
  }
};

const toMessage = (wire: Wire.Message): Message => {
  switch (wire.which) {
    case 'clientHeartbeat': {
      const { resource, latencyUS, features } = required(wire.value, wire.which);
      return { kind: wire.which, resource: toResource(resource), latencyUs: latencyUS, features };
    }
    case 'clientHeartbeatEcho':
    case 'workerHeartbeatEcho': {
      const storage = toAddress(wire.value?.objectStorageAddress);
      return { kind: wire.which, storage, extras: toExtras(wire.value?.extras) };
    }
    case 'workerHeartbeat':
      return toWorkerHeartbeat(required(wire.value, wire.which));
    case 'disconnectRequest':
    case 'disconnectResponse':
      return { kind: wire.which, worker: workerId(wire.value?.worker ?? '') };
    case 'clientDisconnect':
      return {
        kind: wire.which,
        type: disconnectType.fromWire(required(wire.value, wire.which).disconnectType),
      };
    case 'clientShutdownResponse':
      return { kind: wire.which, accepted: required(wire.value, wire.which).accepted };
    case 'informationRequest':
      return { kind: wire.which, request: wire.value?.request ?? NO_BYTES };
    case 'informationResponse':
      return { kind: wire.which, response: wire.value?.response ?? NO_BYTES };
    default:
      return toTaskMessage(wire);
  }
};

/** Attempts beside the frames of a batch; left out where all are 0. */
const toBatchAttempts = (
  attempts: readonly number[] | undefined,
  frames: readonly FrameSlice[],
): readonly number[] => {
  if (attempts === undefined || attempts.length === 0) return new Array<number>(frames.length).fill(0);
  sameLength(attempts, frames);
  return attempts;
};

const readTaskBatch = (r: Reader, root: number): Message => {
  const wire = readTaskBatchAt(r, memberOfMessage(r, root, MessageTag.taskBatch));
  const frames = wire?.tasks ?? NOTHING;
  const attempts = toBatchAttempts(wire?.attempts, frames);
  const sources: readonly ClientId[] = (wire?.sources ?? []).map(clientId);
  const sourceOf = wire?.sourceOf ?? NOTHING;
  if (sourceOf.length > 0 || sources.length > 0) sameLength(sourceOf, frames);
  for (const source of sourceOf)
    if (source >= sources.length) throw new ProtocolError('fieldInvalid', `no source ${source} in the batch`);
  const tasks = frames.map(({ start, end }) => readTaskHead(r, r.openInner(start, end), start, end));
  return { kind: 'taskBatch', tasks, attempts, sources, sourceOf };
};

const readResultBatch = (r: Reader, root: number): Message => {
  const wire = readTaskResultBatchAt(r, memberOfMessage(r, root, MessageTag.taskResultBatch));
  const frames = wire?.results ?? NOTHING;
  const attempts = toBatchAttempts(wire?.attempts, frames);
  const results = frames.map(({ start, end }) => readResultHead(r, r.openInner(start, end), start, end));
  return { kind: 'taskResultBatch', results, attempts };
};

/** The message that the reader is open on. */
export const readMessage = (r: Reader, root: number, start: number, end: number): Message => {
  switch (peekMessage(r, root)) {
    case MessageTag.task:
      return { kind: 'task', task: readTaskHead(r, root, start, end) };
    case MessageTag.taskResult:
      return { kind: 'taskResult', result: readResultHead(r, root, start, end) };
    case MessageTag.taskBatch:
      return readTaskBatch(r, root);
    case MessageTag.taskResultBatch:
      return readResultBatch(r, root);
    default:
      return toMessage(readMessageAt(r, root));
  }
};
