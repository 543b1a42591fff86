// Generated from schema/common.capnp by packages/protocol/generator. Do not edit: npm run generate.
import type { Builder } from '../wire/builder.ts';
import type { Reader } from '../wire/reader.ts';
import { NONE } from '../wire/reader.ts';

export const TaskResultType = {
  success: 0,
  failed: 1,
  failedWorkerDied: 2,
} as const;
export type TaskResultType = (typeof TaskResultType)[keyof typeof TaskResultType];

export const TaskCancelConfirmType = {
  canceled: 0,
  cancelFailed: 1,
  cancelNotFound: 2,
} as const;
export type TaskCancelConfirmType = (typeof TaskCancelConfirmType)[keyof typeof TaskCancelConfirmType];

export const TaskState = {
  inactive: 0,
  running: 1,
  canceling: 2,
  balanceCanceling: 3,
  success: 4,
  failed: 5,
  failedWorkerDied: 6,
  canceled: 7,
  canceledNotFound: 8,
  balanceCanceled: 9,
  workerDisconnecting: 10,
} as const;
export type TaskState = (typeof TaskState)[keyof typeof TaskState];

export const WorkerState = {
  connected: 0,
  disconnected: 1,
} as const;
export type WorkerState = (typeof WorkerState)[keyof typeof WorkerState];

export const ObjectMetadataContentType = {
  serializer: 0,
  object: 1,
} as const;
export type ObjectMetadataContentType = (typeof ObjectMetadataContentType)[keyof typeof ObjectMetadataContentType];

export interface TaskCapability {
  readonly name: string | undefined;
  readonly value: number | bigint;
}

export const readTaskCapability = (r: Reader, at: number, ptrs: number, last: number): TaskCapability => ({
  name: ptrs + 8 <= last ? r.text(ptrs) : undefined,
  value: at + 8 <= ptrs ? r.i64(at) : 0,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readTaskCapabilityAt = (r: Reader, p: number): TaskCapability | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readTaskCapability(r, at, r.ptrs, r.last);
};

export const readTaskCapabilityList = (r: Reader, p: number): TaskCapability[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<TaskCapability>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readTaskCapability(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillTaskCapability = (b: Builder, at: number, ptrs: number, v: TaskCapability): void => {
  if (v.name !== undefined) b.text(ptrs, v.name);
  b.i64(at, v.value);
};

export const writeTaskCapability = (b: Builder, p: number, v: TaskCapability): void => {
  const at = b.struct(p, 1, 1);
  fillTaskCapability(b, at, at + 8, v);
};

export const writeTaskCapabilityList = (b: Builder, p: number, list: readonly TaskCapability[]): void => {
  const dataWords = 1;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillTaskCapability(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface ObjectMetadata {
  readonly objectIds: readonly string[] | undefined;
  /** Number of a {@link ObjectMetadataContentType}; not checked. */
  readonly objectTypes: readonly number[] | undefined;
  readonly objectNames: readonly string[] | undefined;
}

export const readObjectMetadata = (r: Reader, _at: number, ptrs: number, last: number): ObjectMetadata => ({
  objectIds: ptrs + 8 <= last ? r.latin1List(ptrs) : undefined,
  objectTypes: ptrs + 16 <= last ? r.u16List(ptrs + 8) : undefined,
  objectNames: ptrs + 24 <= last ? r.latin1List(ptrs + 16) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readObjectMetadataAt = (r: Reader, p: number): ObjectMetadata | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readObjectMetadata(r, at, r.ptrs, r.last);
};

export const readObjectMetadataList = (r: Reader, p: number): ObjectMetadata[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<ObjectMetadata>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readObjectMetadata(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillObjectMetadata = (b: Builder, _at: number, ptrs: number, v: ObjectMetadata): void => {
  if (v.objectIds !== undefined) b.latin1List(ptrs, v.objectIds);
  if (v.objectTypes !== undefined) b.u16List(ptrs + 8, v.objectTypes);
  if (v.objectNames !== undefined) b.latin1List(ptrs + 16, v.objectNames);
};

export const writeObjectMetadata = (b: Builder, p: number, v: ObjectMetadata): void => {
  const at = b.struct(p, 0, 3);
  fillObjectMetadata(b, at, at, v);
};

export const writeObjectMetadataList = (b: Builder, p: number, list: readonly ObjectMetadata[]): void => {
  const dataWords = 0;
  const pointers = 3;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillObjectMetadata(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface ObjectStorageAddress {
  readonly host: string | undefined;
  readonly port: number;
}

export const readObjectStorageAddress = (r: Reader, at: number, ptrs: number, last: number): ObjectStorageAddress => ({
  host: ptrs + 8 <= last ? r.text(ptrs) : undefined,
  port: at + 8 <= ptrs ? r.u16(at) : 0,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readObjectStorageAddressAt = (r: Reader, p: number): ObjectStorageAddress | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readObjectStorageAddress(r, at, r.ptrs, r.last);
};

export const readObjectStorageAddressList = (r: Reader, p: number): ObjectStorageAddress[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<ObjectStorageAddress>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readObjectStorageAddress(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillObjectStorageAddress = (b: Builder, at: number, ptrs: number, v: ObjectStorageAddress): void => {
  if (v.host !== undefined) b.text(ptrs, v.host);
  b.u16(at, v.port);
};

export const writeObjectStorageAddress = (b: Builder, p: number, v: ObjectStorageAddress): void => {
  const at = b.struct(p, 1, 1);
  fillObjectStorageAddress(b, at, at + 8, v);
};

export const writeObjectStorageAddressList = (b: Builder, p: number, list: readonly ObjectStorageAddress[]): void => {
  const dataWords = 1;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillObjectStorageAddress(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface EchoExtras {
  readonly features: number;
  readonly epoch: string | undefined;
  readonly storePath: string | undefined;
  readonly storeEpoch: string | undefined;
}

export const readEchoExtras = (r: Reader, at: number, ptrs: number, last: number): EchoExtras => ({
  features: at + 8 <= ptrs ? r.u32(at) : 0,
  epoch: ptrs + 8 <= last ? r.text(ptrs) : undefined,
  storePath: ptrs + 16 <= last ? r.text(ptrs + 8) : undefined,
  storeEpoch: ptrs + 24 <= last ? r.text(ptrs + 16) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readEchoExtrasAt = (r: Reader, p: number): EchoExtras | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readEchoExtras(r, at, r.ptrs, r.last);
};

export const readEchoExtrasList = (r: Reader, p: number): EchoExtras[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<EchoExtras>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readEchoExtras(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillEchoExtras = (b: Builder, at: number, ptrs: number, v: EchoExtras): void => {
  b.u32(at, v.features);
  if (v.epoch !== undefined) b.text(ptrs, v.epoch);
  if (v.storePath !== undefined) b.text(ptrs + 8, v.storePath);
  if (v.storeEpoch !== undefined) b.text(ptrs + 16, v.storeEpoch);
};

export const writeEchoExtras = (b: Builder, p: number, v: EchoExtras): void => {
  const at = b.struct(p, 1, 3);
  fillEchoExtras(b, at, at + 8, v);
};

export const writeEchoExtrasList = (b: Builder, p: number, list: readonly EchoExtras[]): void => {
  const dataWords = 1;
  const pointers = 3;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillEchoExtras(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface TaskAttempts {
  readonly taskIds: readonly string[] | undefined;
  readonly attempts: readonly number[] | undefined;
}

export const readTaskAttempts = (r: Reader, _at: number, ptrs: number, last: number): TaskAttempts => ({
  taskIds: ptrs + 8 <= last ? r.latin1List(ptrs) : undefined,
  attempts: ptrs + 16 <= last ? r.u32List(ptrs + 8) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readTaskAttemptsAt = (r: Reader, p: number): TaskAttempts | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readTaskAttempts(r, at, r.ptrs, r.last);
};

export const readTaskAttemptsList = (r: Reader, p: number): TaskAttempts[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<TaskAttempts>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readTaskAttempts(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillTaskAttempts = (b: Builder, _at: number, ptrs: number, v: TaskAttempts): void => {
  if (v.taskIds !== undefined) b.latin1List(ptrs, v.taskIds);
  if (v.attempts !== undefined) b.u32List(ptrs + 8, v.attempts);
};

export const writeTaskAttempts = (b: Builder, p: number, v: TaskAttempts): void => {
  const at = b.struct(p, 0, 2);
  fillTaskAttempts(b, at, at, v);
};

export const writeTaskAttemptsList = (b: Builder, p: number, list: readonly TaskAttempts[]): void => {
  const dataWords = 0;
  const pointers = 2;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillTaskAttempts(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};
