/** Parts that several messages share: ids, capabilities, resources, echo extras, statements about tasks. */
import { ProtocolError } from '../errors.ts';
import type * as Common from '../generated/common.ts';
import type * as Status from '../generated/status.ts';
import type { Capabilities, ObjectId, TaskId } from '../ids.ts';
import { NO_CAPABILITIES, objectId, taskId } from '../ids.ts';
import type {
  EchoExtras,
  ObjectStorageAddress,
  ProcessorStatus,
  Resource,
  TaskAttempt,
} from '../messages.ts';

const TASK_ID_BYTES = 16;
const OBJECT_ID_BYTES = 32;
/** Quantity of a capability that has none. Source: OpenGRIS Scaler 1.15.0. */
const WITHOUT_QUANTITY = -1;
const U16_MAX = 0xffff;
const U32_MAX = 0xffffffff;

export const NO_BYTES: Uint8Array = new Uint8Array(0);
const NO_OBJECTS: readonly ObjectId[] = [];
const NO_RESOURCE: Resource = { cpu: 0, rssBytes: 0 };

/** A field or member without which the message says nothing. */
export const required = <T>(value: T | undefined, what: string): T => {
  if (value === undefined) throw new ProtocolError('fieldMissing', what);
  return value;
};

/** Empty and absent are the same for optional identifiers. */
export const present = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

export const toTaskId = (bytes: string | undefined): TaskId => {
  if (bytes?.length !== TASK_ID_BYTES)
    throw new ProtocolError('idLength', `task id of ${bytes?.length ?? 0} bytes`);
  return taskId(bytes);
};

export const toObjectId = (bytes: string | undefined): ObjectId => {
  if (bytes?.length !== OBJECT_ID_BYTES)
    throw new ProtocolError('idLength', `object id of ${bytes?.length ?? 0} bytes`);
  return objectId(bytes);
};

/** Checks in place: the list was made by the reader and is nobody else's. */
export const toObjectIds = (ids: readonly string[] | undefined): readonly ObjectId[] => {
  if (ids === undefined || ids.length === 0) return NO_OBJECTS;
  return ids.map(toObjectId);
};

/** A measurement as the whole number that the wire carries: rounded and kept in range, never refused. */
export const measured = (value: number, max: number): number =>
  Math.min(Math.max(Math.round(value), 0), max) || 0;

/** A measurement in a 32-bit field. */
export const measured32 = (value: number): number => measured(value, U32_MAX);

/** A measurement in a 64-bit field. */
export const measured64 = (value: number): number => measured(value, Number.MAX_SAFE_INTEGER);

/* The same few sets come with every task: one Map for each. Cleared when full, so peers cannot fill it for good. */
const KNOWN_SETS_MAX = 256;
const KNOWN_NAMES_MAX = 16;
const KNOWN_KEY_CHARS_MAX = 1024;
const known = new Map<string, Capabilities>();

const keyOf = (list: readonly Common.TaskCapability[]): string => {
  let key = '';
  for (const { name, value } of list) key += `${name ?? ''}\u0000${value}\u0000`;
  return key;
};

export const toCapabilities = (list: readonly Common.TaskCapability[] | undefined): Capabilities => {
  if (list === undefined || list.length === 0) return NO_CAPABILITIES;
  const key = list.length <= KNOWN_NAMES_MAX ? keyOf(list) : undefined;
  const found = key === undefined ? undefined : known.get(key);
  if (found !== undefined) return found;
  const capabilities = new Map<string, number | 'present'>();
  for (const { name, value } of list)
    capabilities.set(name ?? '', value === WITHOUT_QUANTITY ? 'present' : Number(value));
  if (key !== undefined && key.length <= KNOWN_KEY_CHARS_MAX) {
    if (known.size >= KNOWN_SETS_MAX) known.clear();
    known.set(key, capabilities);
  }
  return capabilities;
};

export const fromCapabilities = (capabilities: Capabilities): Common.TaskCapability[] => {
  const list: Common.TaskCapability[] = [];
  for (const [name, quantity] of capabilities)
    list.push({ name, value: quantity === 'present' ? WITHOUT_QUANTITY : quantity });
  return list;
};

export const toResource = (wire: Status.Resource | undefined): Resource =>
  wire === undefined ? NO_RESOURCE : { cpu: wire.cpu, rssBytes: Number(wire.rss) };

export const fromResource = (resource: Resource): Status.Resource => ({
  cpu: measured(resource.cpu, U16_MAX),
  rss: measured64(resource.rssBytes),
});

export const toProcessor = (wire: Status.ProcessorStatus): ProcessorStatus => ({
  pid: wire.pid,
  initialized: wire.initialized,
  hasTask: wire.hasTask,
  suspended: wire.suspended,
  resource: toResource(wire.resource),
});

export const fromProcessor = (status: ProcessorStatus): Status.ProcessorStatus => ({
  pid: status.pid,
  initialized: status.initialized,
  hasTask: status.hasTask,
  suspended: status.suspended,
  resource: fromResource(status.resource),
});

/** A scheduler that does not know its object store yet sends no address. */
export const toAddress = (wire: Common.ObjectStorageAddress | undefined): ObjectStorageAddress => ({
  host: wire?.host ?? '',
  port: wire?.port ?? 0,
});

export const toExtras = (wire: Common.EchoExtras | undefined): EchoExtras | undefined =>
  wire && {
    features: wire.features,
    epoch: wire.epoch ?? '',
    storePath: wire.storePath ?? '',
    storeEpoch: wire.storeEpoch ?? '',
  };

export const toAttempts = (wire: Common.TaskAttempts | undefined): readonly TaskAttempt[] => {
  const ids = wire?.taskIds ?? [];
  const attempts = wire?.attempts ?? [];
  sameLength(attempts, ids);
  return ids.map((id, i) => ({ taskId: toTaskId(id), attempt: attempts[i] ?? 0 }));
};

export const fromAttempts = (tasks: readonly TaskAttempt[]): Common.TaskAttempts => ({
  taskIds: tasks.map((task) => task.taskId),
  attempts: tasks.map((task) => task.attempt),
});

export const sameLength = (list: readonly unknown[], as: readonly unknown[]): void => {
  if (list.length !== as.length)
    throw new ProtocolError('listLength', `${list.length} elements beside ${as.length}`);
};
