/**
 * The words that name things on the wire. An id is a string that holds one byte per character (latin1), so
 * that it can key a Map and be compared in one step; {@link showId} makes it readable for people.
 */
declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** A ZeroMQ identity, one byte per character. Clients, workers and adapters are all peers of the scheduler. */
export type PeerId = Brand<string, 'PeerId'>;
export type ClientId = PeerId & Brand<string, 'ClientId'>;
/** `Worker|<group id or name>|<32 hex>`; the middle part names the worker group (see {@link groupOfWorker}). */
export type WorkerId = PeerId & Brand<string, 'WorkerId'>;
/** Stable name of an adapter instance: survives its restarts, unlike its ZeroMQ identity. */
export type AdapterId = Brand<string, 'AdapterId'>;
/** 16 bytes. */
export type TaskId = Brand<string, 'TaskId'>;
/** 32 bytes. */
export type ObjectId = Brand<string, 'ObjectId'>;
/** Minted by our scheduler (`g-<epoch>-<number>`) or by a stock adapter (`native-<32 hex>`). */
export type GroupId = Brand<string, 'GroupId'>;
/** Milliseconds on a monotonic clock of this process. Never compare across processes. */
export type Instant = Brand<number, 'Instant'>;

/** Name → quantity, or 'present' for a capability without quantity (wire value -1). */
export type Capabilities = ReadonlyMap<string, number | 'present'>;

export const NO_CAPABILITIES: Capabilities = new Map();

export const peerId = (text: string): PeerId => text as PeerId;
export const clientId = (text: string): ClientId => text as ClientId;
export const workerId = (text: string): WorkerId => text as WorkerId;
export const adapterId = (text: string): AdapterId => text as AdapterId;
export const taskId = (bytes16: string): TaskId => bytes16 as TaskId;
export const objectId = (bytes32: string): ObjectId => bytes32 as ObjectId;
export const groupId = (text: string): GroupId => text as GroupId;
export const instant = (ms: number): Instant => ms as Instant;

/** Function object id of every command task: no object is stored under it; the first argument is the command. */
export const COMMAND_FUNCTION: ObjectId = objectId('muster:command'.padEnd(32, '\0'));

/** The middle part of a worker id, which is the group id for workers of ours; undefined for other shapes. */
export const groupOfWorker = (worker: string): GroupId | undefined => {
  const first = worker.indexOf('|');
  const last = worker.lastIndexOf('|');
  return first >= 0 && last > first + 1 ? groupId(worker.slice(first + 1, last)) : undefined;
};

/** The epoch inside a group id that a scheduler of ours minted; undefined for a foreign id. */
export const epochOfGroup = (group: GroupId): string | undefined => /^g-([0-9a-z]+)-\d+$/.exec(group)?.[1];

/** Readable form for logs and tables: printable ids as they are, binary ids in hex. */
export const showId = (id: string): string => {
  if (/^[\x20-\x7e]*$/.test(id)) return id;
  let hex = '';
  for (let i = 0; i < id.length; i++) hex += id.charCodeAt(i).toString(16).padStart(2, '0');
  return hex;
};

/** Order-free key of a set of capability names: tasks and workers with the same key are interchangeable. */
export const capabilityKey = (capabilities: Capabilities): string =>
  capabilities.size === 0 ? '' : [...capabilities.keys()].sort().join('\u0000');
