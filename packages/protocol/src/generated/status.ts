// Generated from schema/status.capnp by packages/protocol/generator. Do not edit: npm run generate.
import type { Builder } from '../wire/builder.ts';
import type { Reader } from '../wire/reader.ts';
import { NONE } from '../wire/reader.ts';

export interface Resource {
  readonly cpu: number;
  readonly rss: number | bigint;
}

export const readResource = (r: Reader, at: number, ptrs: number, _last: number): Resource => ({
  cpu: at + 8 <= ptrs ? r.u16(at) : 0,
  rss: at + 16 <= ptrs ? r.u64(at + 8) : 0,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readResourceAt = (r: Reader, p: number): Resource | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readResource(r, at, r.ptrs, r.last);
};

export const readResourceList = (r: Reader, p: number): Resource[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<Resource>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readResource(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillResource = (b: Builder, at: number, _ptrs: number, v: Resource): void => {
  b.u16(at, v.cpu);
  b.u64(at + 8, v.rss);
};

export const writeResource = (b: Builder, p: number, v: Resource): void => {
  const at = b.struct(p, 2, 0);
  fillResource(b, at, at + 16, v);
};

export const writeResourceList = (b: Builder, p: number, list: readonly Resource[]): void => {
  const dataWords = 2;
  const pointers = 0;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillResource(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface ObjectManagerStatus {
  readonly numberOfObjects: number;
}

export const readObjectManagerStatus = (r: Reader, at: number, ptrs: number, _last: number): ObjectManagerStatus => ({
  numberOfObjects: at + 8 <= ptrs ? r.u32(at) : 0,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readObjectManagerStatusAt = (r: Reader, p: number): ObjectManagerStatus | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readObjectManagerStatus(r, at, r.ptrs, r.last);
};

export const readObjectManagerStatusList = (r: Reader, p: number): ObjectManagerStatus[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<ObjectManagerStatus>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readObjectManagerStatus(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillObjectManagerStatus = (b: Builder, at: number, _ptrs: number, v: ObjectManagerStatus): void => {
  b.u32(at, v.numberOfObjects);
};

export const writeObjectManagerStatus = (b: Builder, p: number, v: ObjectManagerStatus): void => {
  const at = b.struct(p, 1, 0);
  fillObjectManagerStatus(b, at, at + 8, v);
};

export const writeObjectManagerStatusList = (b: Builder, p: number, list: readonly ObjectManagerStatus[]): void => {
  const dataWords = 1;
  const pointers = 0;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillObjectManagerStatus(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface ClientManagerStatus {
  readonly clientToNumOfTask: readonly ClientManagerStatusPair[] | undefined;
}

export const readClientManagerStatus = (r: Reader, _at: number, ptrs: number, last: number): ClientManagerStatus => ({
  clientToNumOfTask: ptrs + 8 <= last ? readClientManagerStatusPairList(r, ptrs) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readClientManagerStatusAt = (r: Reader, p: number): ClientManagerStatus | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readClientManagerStatus(r, at, r.ptrs, r.last);
};

export const readClientManagerStatusList = (r: Reader, p: number): ClientManagerStatus[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<ClientManagerStatus>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readClientManagerStatus(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillClientManagerStatus = (b: Builder, _at: number, ptrs: number, v: ClientManagerStatus): void => {
  if (v.clientToNumOfTask !== undefined) writeClientManagerStatusPairList(b, ptrs, v.clientToNumOfTask);
};

export const writeClientManagerStatus = (b: Builder, p: number, v: ClientManagerStatus): void => {
  const at = b.struct(p, 0, 1);
  fillClientManagerStatus(b, at, at, v);
};

export const writeClientManagerStatusList = (b: Builder, p: number, list: readonly ClientManagerStatus[]): void => {
  const dataWords = 0;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillClientManagerStatus(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface ClientManagerStatusPair {
  readonly client: string | undefined;
  readonly numTask: number;
}

export const readClientManagerStatusPair = (r: Reader, at: number, ptrs: number, last: number): ClientManagerStatusPair => ({
  client: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
  numTask: at + 8 <= ptrs ? r.u32(at) : 0,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readClientManagerStatusPairAt = (r: Reader, p: number): ClientManagerStatusPair | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readClientManagerStatusPair(r, at, r.ptrs, r.last);
};

export const readClientManagerStatusPairList = (r: Reader, p: number): ClientManagerStatusPair[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<ClientManagerStatusPair>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readClientManagerStatusPair(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillClientManagerStatusPair = (b: Builder, at: number, ptrs: number, v: ClientManagerStatusPair): void => {
  if (v.client !== undefined) b.latin1(ptrs, v.client);
  b.u32(at, v.numTask);
};

export const writeClientManagerStatusPair = (b: Builder, p: number, v: ClientManagerStatusPair): void => {
  const at = b.struct(p, 1, 1);
  fillClientManagerStatusPair(b, at, at + 8, v);
};

export const writeClientManagerStatusPairList = (b: Builder, p: number, list: readonly ClientManagerStatusPair[]): void => {
  const dataWords = 1;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillClientManagerStatusPair(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface TaskManagerStatus {
  readonly stateToCount: readonly TaskManagerStatusPair[] | undefined;
}

export const readTaskManagerStatus = (r: Reader, _at: number, ptrs: number, last: number): TaskManagerStatus => ({
  stateToCount: ptrs + 8 <= last ? readTaskManagerStatusPairList(r, ptrs) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readTaskManagerStatusAt = (r: Reader, p: number): TaskManagerStatus | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readTaskManagerStatus(r, at, r.ptrs, r.last);
};

export const readTaskManagerStatusList = (r: Reader, p: number): TaskManagerStatus[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<TaskManagerStatus>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readTaskManagerStatus(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillTaskManagerStatus = (b: Builder, _at: number, ptrs: number, v: TaskManagerStatus): void => {
  if (v.stateToCount !== undefined) writeTaskManagerStatusPairList(b, ptrs, v.stateToCount);
};

export const writeTaskManagerStatus = (b: Builder, p: number, v: TaskManagerStatus): void => {
  const at = b.struct(p, 0, 1);
  fillTaskManagerStatus(b, at, at, v);
};

export const writeTaskManagerStatusList = (b: Builder, p: number, list: readonly TaskManagerStatus[]): void => {
  const dataWords = 0;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillTaskManagerStatus(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface TaskManagerStatusPair {
  readonly state: number;
  readonly count: number;
}

export const readTaskManagerStatusPair = (r: Reader, at: number, ptrs: number, _last: number): TaskManagerStatusPair => ({
  state: at + 8 <= ptrs ? r.u8(at) : 0,
  count: at + 8 <= ptrs ? r.u32(at + 4) : 0,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readTaskManagerStatusPairAt = (r: Reader, p: number): TaskManagerStatusPair | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readTaskManagerStatusPair(r, at, r.ptrs, r.last);
};

export const readTaskManagerStatusPairList = (r: Reader, p: number): TaskManagerStatusPair[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<TaskManagerStatusPair>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readTaskManagerStatusPair(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillTaskManagerStatusPair = (b: Builder, at: number, _ptrs: number, v: TaskManagerStatusPair): void => {
  b.u8(at, v.state);
  b.u32(at + 4, v.count);
};

export const writeTaskManagerStatusPair = (b: Builder, p: number, v: TaskManagerStatusPair): void => {
  const at = b.struct(p, 1, 0);
  fillTaskManagerStatusPair(b, at, at + 8, v);
};

export const writeTaskManagerStatusPairList = (b: Builder, p: number, list: readonly TaskManagerStatusPair[]): void => {
  const dataWords = 1;
  const pointers = 0;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillTaskManagerStatusPair(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface ProcessorStatus {
  readonly pid: number;
  readonly initialized: boolean;
  readonly hasTask: boolean;
  readonly suspended: boolean;
  readonly resource: Resource | undefined;
}

export const readProcessorStatus = (r: Reader, at: number, ptrs: number, last: number): ProcessorStatus => ({
  pid: at + 8 <= ptrs ? r.u32(at) : 0,
  initialized: at + 8 <= ptrs && r.bool(at + 4, 0),
  hasTask: at + 8 <= ptrs && r.bool(at + 4, 1),
  suspended: at + 8 <= ptrs && r.bool(at + 4, 2),
  resource: ptrs + 8 <= last ? readResourceAt(r, ptrs) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readProcessorStatusAt = (r: Reader, p: number): ProcessorStatus | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readProcessorStatus(r, at, r.ptrs, r.last);
};

export const readProcessorStatusList = (r: Reader, p: number): ProcessorStatus[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<ProcessorStatus>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readProcessorStatus(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillProcessorStatus = (b: Builder, at: number, ptrs: number, v: ProcessorStatus): void => {
  b.u32(at, v.pid);
  b.bool(at + 4, 0, v.initialized);
  b.bool(at + 4, 1, v.hasTask);
  b.bool(at + 4, 2, v.suspended);
  if (v.resource !== undefined) writeResource(b, ptrs, v.resource);
};

export const writeProcessorStatus = (b: Builder, p: number, v: ProcessorStatus): void => {
  const at = b.struct(p, 1, 1);
  fillProcessorStatus(b, at, at + 8, v);
};

export const writeProcessorStatusList = (b: Builder, p: number, list: readonly ProcessorStatus[]): void => {
  const dataWords = 1;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillProcessorStatus(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface WorkerStatus {
  readonly workerId: string | undefined;
  readonly agent: Resource | undefined;
  readonly rssFree: number | bigint;
  readonly free: number;
  readonly sent: number;
  readonly queued: number;
  readonly suspended: number;
  readonly lagUS: number | bigint;
  readonly lastS: number;
  readonly itl: string | undefined;
  readonly processorStatuses: readonly ProcessorStatus[] | undefined;
}

export const readWorkerStatus = (r: Reader, at: number, ptrs: number, last: number): WorkerStatus => ({
  workerId: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
  agent: ptrs + 16 <= last ? readResourceAt(r, ptrs + 8) : undefined,
  rssFree: at + 8 <= ptrs ? r.u64(at) : 0,
  free: at + 16 <= ptrs ? r.u32(at + 8) : 0,
  sent: at + 16 <= ptrs ? r.u32(at + 12) : 0,
  queued: at + 24 <= ptrs ? r.u32(at + 16) : 0,
  suspended: at + 24 <= ptrs ? r.u8(at + 20) : 0,
  lagUS: at + 32 <= ptrs ? r.u64(at + 24) : 0,
  lastS: at + 24 <= ptrs ? r.u8(at + 21) : 0,
  itl: ptrs + 24 <= last ? r.text(ptrs + 16) : undefined,
  processorStatuses: ptrs + 32 <= last ? readProcessorStatusList(r, ptrs + 24) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readWorkerStatusAt = (r: Reader, p: number): WorkerStatus | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readWorkerStatus(r, at, r.ptrs, r.last);
};

export const readWorkerStatusList = (r: Reader, p: number): WorkerStatus[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<WorkerStatus>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readWorkerStatus(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillWorkerStatus = (b: Builder, at: number, ptrs: number, v: WorkerStatus): void => {
  if (v.workerId !== undefined) b.latin1(ptrs, v.workerId);
  if (v.agent !== undefined) writeResource(b, ptrs + 8, v.agent);
  b.u64(at, v.rssFree);
  b.u32(at + 8, v.free);
  b.u32(at + 12, v.sent);
  b.u32(at + 16, v.queued);
  b.u8(at + 20, v.suspended);
  b.u64(at + 24, v.lagUS);
  b.u8(at + 21, v.lastS);
  if (v.itl !== undefined) b.text(ptrs + 16, v.itl);
  if (v.processorStatuses !== undefined) writeProcessorStatusList(b, ptrs + 24, v.processorStatuses);
};

export const writeWorkerStatus = (b: Builder, p: number, v: WorkerStatus): void => {
  const at = b.struct(p, 4, 4);
  fillWorkerStatus(b, at, at + 32, v);
};

export const writeWorkerStatusList = (b: Builder, p: number, list: readonly WorkerStatus[]): void => {
  const dataWords = 4;
  const pointers = 4;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillWorkerStatus(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface WorkerManagerStatus {
  readonly workers: readonly WorkerStatus[] | undefined;
}

export const readWorkerManagerStatus = (r: Reader, _at: number, ptrs: number, last: number): WorkerManagerStatus => ({
  workers: ptrs + 8 <= last ? readWorkerStatusList(r, ptrs) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readWorkerManagerStatusAt = (r: Reader, p: number): WorkerManagerStatus | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readWorkerManagerStatus(r, at, r.ptrs, r.last);
};

export const readWorkerManagerStatusList = (r: Reader, p: number): WorkerManagerStatus[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<WorkerManagerStatus>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readWorkerManagerStatus(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillWorkerManagerStatus = (b: Builder, _at: number, ptrs: number, v: WorkerManagerStatus): void => {
  if (v.workers !== undefined) writeWorkerStatusList(b, ptrs, v.workers);
};

export const writeWorkerManagerStatus = (b: Builder, p: number, v: WorkerManagerStatus): void => {
  const at = b.struct(p, 0, 1);
  fillWorkerManagerStatus(b, at, at, v);
};

export const writeWorkerManagerStatusList = (b: Builder, p: number, list: readonly WorkerManagerStatus[]): void => {
  const dataWords = 0;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillWorkerManagerStatus(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface ScalingManagerStatus {
  readonly workerGroups: readonly ScalingManagerStatusPair[] | undefined;
}

export const readScalingManagerStatus = (r: Reader, _at: number, ptrs: number, last: number): ScalingManagerStatus => ({
  workerGroups: ptrs + 8 <= last ? readScalingManagerStatusPairList(r, ptrs) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readScalingManagerStatusAt = (r: Reader, p: number): ScalingManagerStatus | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readScalingManagerStatus(r, at, r.ptrs, r.last);
};

export const readScalingManagerStatusList = (r: Reader, p: number): ScalingManagerStatus[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<ScalingManagerStatus>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readScalingManagerStatus(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillScalingManagerStatus = (b: Builder, _at: number, ptrs: number, v: ScalingManagerStatus): void => {
  if (v.workerGroups !== undefined) writeScalingManagerStatusPairList(b, ptrs, v.workerGroups);
};

export const writeScalingManagerStatus = (b: Builder, p: number, v: ScalingManagerStatus): void => {
  const at = b.struct(p, 0, 1);
  fillScalingManagerStatus(b, at, at, v);
};

export const writeScalingManagerStatusList = (b: Builder, p: number, list: readonly ScalingManagerStatus[]): void => {
  const dataWords = 0;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillScalingManagerStatus(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface ScalingManagerStatusPair {
  readonly workerGroupID: string | undefined;
  readonly workerIDs: readonly string[] | undefined;
}

export const readScalingManagerStatusPair = (r: Reader, _at: number, ptrs: number, last: number): ScalingManagerStatusPair => ({
  workerGroupID: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
  workerIDs: ptrs + 16 <= last ? r.latin1List(ptrs + 8) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readScalingManagerStatusPairAt = (r: Reader, p: number): ScalingManagerStatusPair | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readScalingManagerStatusPair(r, at, r.ptrs, r.last);
};

export const readScalingManagerStatusPairList = (r: Reader, p: number): ScalingManagerStatusPair[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<ScalingManagerStatusPair>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readScalingManagerStatusPair(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillScalingManagerStatusPair = (b: Builder, _at: number, ptrs: number, v: ScalingManagerStatusPair): void => {
  if (v.workerGroupID !== undefined) b.latin1(ptrs, v.workerGroupID);
  if (v.workerIDs !== undefined) b.latin1List(ptrs + 8, v.workerIDs);
};

export const writeScalingManagerStatusPair = (b: Builder, p: number, v: ScalingManagerStatusPair): void => {
  const at = b.struct(p, 0, 2);
  fillScalingManagerStatusPair(b, at, at, v);
};

export const writeScalingManagerStatusPairList = (b: Builder, p: number, list: readonly ScalingManagerStatusPair[]): void => {
  const dataWords = 0;
  const pointers = 2;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillScalingManagerStatusPair(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface BinderStatus {
  readonly received: readonly BinderStatusPair[] | undefined;
  readonly sent: readonly BinderStatusPair[] | undefined;
}

export const readBinderStatus = (r: Reader, _at: number, ptrs: number, last: number): BinderStatus => ({
  received: ptrs + 8 <= last ? readBinderStatusPairList(r, ptrs) : undefined,
  sent: ptrs + 16 <= last ? readBinderStatusPairList(r, ptrs + 8) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readBinderStatusAt = (r: Reader, p: number): BinderStatus | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readBinderStatus(r, at, r.ptrs, r.last);
};

export const readBinderStatusList = (r: Reader, p: number): BinderStatus[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<BinderStatus>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readBinderStatus(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillBinderStatus = (b: Builder, _at: number, ptrs: number, v: BinderStatus): void => {
  if (v.received !== undefined) writeBinderStatusPairList(b, ptrs, v.received);
  if (v.sent !== undefined) writeBinderStatusPairList(b, ptrs + 8, v.sent);
};

export const writeBinderStatus = (b: Builder, p: number, v: BinderStatus): void => {
  const at = b.struct(p, 0, 2);
  fillBinderStatus(b, at, at, v);
};

export const writeBinderStatusList = (b: Builder, p: number, list: readonly BinderStatus[]): void => {
  const dataWords = 0;
  const pointers = 2;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillBinderStatus(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface BinderStatusPair {
  readonly client: string | undefined;
  readonly number: number;
}

export const readBinderStatusPair = (r: Reader, at: number, ptrs: number, last: number): BinderStatusPair => ({
  client: ptrs + 8 <= last ? r.text(ptrs) : undefined,
  number: at + 8 <= ptrs ? r.u32(at) : 0,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readBinderStatusPairAt = (r: Reader, p: number): BinderStatusPair | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readBinderStatusPair(r, at, r.ptrs, r.last);
};

export const readBinderStatusPairList = (r: Reader, p: number): BinderStatusPair[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<BinderStatusPair>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readBinderStatusPair(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillBinderStatusPair = (b: Builder, at: number, ptrs: number, v: BinderStatusPair): void => {
  if (v.client !== undefined) b.text(ptrs, v.client);
  b.u32(at, v.number);
};

export const writeBinderStatusPair = (b: Builder, p: number, v: BinderStatusPair): void => {
  const at = b.struct(p, 1, 1);
  fillBinderStatusPair(b, at, at + 8, v);
};

export const writeBinderStatusPairList = (b: Builder, p: number, list: readonly BinderStatusPair[]): void => {
  const dataWords = 1;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillBinderStatusPair(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};
