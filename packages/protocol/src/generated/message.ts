// Generated from schema/message.capnp by packages/protocol/generator. Do not edit: npm run generate.
import { ProtocolError } from '../errors.ts';
import type { FrameSlice } from '../messages.ts';
import type { Builder } from '../wire/builder.ts';
import type { Reader } from '../wire/reader.ts';
import { NONE } from '../wire/reader.ts';
import type { EchoExtras, ObjectMetadata, ObjectStorageAddress, TaskAttempts, TaskCancelConfirmType, TaskCapability, TaskResultType, TaskState, WorkerState } from './common.ts';
import {
  readEchoExtrasAt,
  writeEchoExtras,
  readObjectMetadataAt,
  writeObjectMetadata,
  readObjectStorageAddressAt,
  writeObjectStorageAddress,
  readTaskAttemptsAt,
  writeTaskAttempts,
  readTaskCapabilityList,
  writeTaskCapabilityList,
} from './common.ts';
import type { BinderStatus, ClientManagerStatus, ObjectManagerStatus, ProcessorStatus, Resource, ScalingManagerStatus, TaskManagerStatus, WorkerManagerStatus } from './status.ts';
import {
  readBinderStatusAt,
  writeBinderStatus,
  readClientManagerStatusAt,
  writeClientManagerStatus,
  readObjectManagerStatusAt,
  writeObjectManagerStatus,
  readProcessorStatusList,
  writeProcessorStatusList,
  readResourceAt,
  writeResource,
  readScalingManagerStatusAt,
  writeScalingManagerStatus,
  readTaskManagerStatusAt,
  writeTaskManagerStatus,
  readWorkerManagerStatusAt,
  writeWorkerManagerStatus,
} from './status.ts';

export const TaskArgumentType = {
  task: 0,
  objectID: 1,
  inline: 2,
} as const;
export type TaskArgumentType = (typeof TaskArgumentType)[keyof typeof TaskArgumentType];

export const TaskLogStream = {
  stdout: 0,
  stderr: 1,
} as const;
export type TaskLogStream = (typeof TaskLogStream)[keyof typeof TaskLogStream];

export const WorkerAdapterHeartbeatGroupStatusState = {
  pending: 0,
  starting: 1,
  running: 2,
  stopping: 3,
} as const;
export type WorkerAdapterHeartbeatGroupStatusState = (typeof WorkerAdapterHeartbeatGroupStatusState)[keyof typeof WorkerAdapterHeartbeatGroupStatusState];

export const WorkerAdapterCommandType = {
  startWorkerGroup: 0,
  shutdownWorkerGroup: 1,
  none: 2,
} as const;
export type WorkerAdapterCommandType = (typeof WorkerAdapterCommandType)[keyof typeof WorkerAdapterCommandType];

export const WorkerAdapterCommandResponseStatus = {
  workerGroupIDNotSpecified: 0,
  workerGroupIDNotFound: 1,
  workerGroupShutdown: 2,
  unknownAction: 3,
  workerGroupTooMuch: 4,
  success: 5,
  pending: 6,
} as const;
export type WorkerAdapterCommandResponseStatus = (typeof WorkerAdapterCommandResponseStatus)[keyof typeof WorkerAdapterCommandResponseStatus];

export const WorkerAdapterCommandResponseFailureKind = {
  none: 0,
  capacity: 1,
  quota: 2,
  unauthorized: 3,
  invalid: 4,
  throttled: 5,
  unknown: 6,
} as const;
export type WorkerAdapterCommandResponseFailureKind = (typeof WorkerAdapterCommandResponseFailureKind)[keyof typeof WorkerAdapterCommandResponseFailureKind];

export const ObjectInstructionType = {
  create: 0,
  delete: 1,
  clear: 2,
} as const;
export type ObjectInstructionType = (typeof ObjectInstructionType)[keyof typeof ObjectInstructionType];

export const ClientDisconnectType = {
  disconnect: 0,
  shutdown: 1,
} as const;
export type ClientDisconnectType = (typeof ClientDisconnectType)[keyof typeof ClientDisconnectType];

export const StateGraphTaskNodeTaskType = {
  normal: 0,
  target: 1,
} as const;
export type StateGraphTaskNodeTaskType = (typeof StateGraphTaskNodeTaskType)[keyof typeof StateGraphTaskNodeTaskType];

export const DrainAction = {
  drain: 0,
  callOff: 1,
} as const;
export type DrainAction = (typeof DrainAction)[keyof typeof DrainAction];

export const DrainStatusPhase = {
  draining: 0,
  drained: 1,
} as const;
export type DrainStatusPhase = (typeof DrainStatusPhase)[keyof typeof DrainStatusPhase];

export interface Task {
  readonly taskId: string | undefined;
  readonly source: string | undefined;
  readonly metadata: Uint8Array | undefined;
  readonly funcObjectId: string | undefined;
  readonly functionArgs: readonly TaskArgument[] | undefined;
  readonly capabilities: readonly TaskCapability[] | undefined;
  readonly timeoutMs: number;
  readonly attemptsMax: number;
}

/** What a router reads of a {@link Task}. */
export interface TaskPeek {
  readonly taskId: string | undefined;
  readonly source: string | undefined;
  readonly metadata: Uint8Array | undefined;
  readonly funcObjectId: string | undefined;
  readonly capabilities: readonly TaskCapability[] | undefined;
  readonly attemptsMax: number;
}

export const readTask = (r: Reader, at: number, ptrs: number, last: number): Task => ({
  taskId: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
  source: ptrs + 16 <= last ? r.interned(ptrs + 8) : undefined,
  metadata: ptrs + 24 <= last ? r.view(ptrs + 16) : undefined,
  funcObjectId: ptrs + 32 <= last ? r.interned(ptrs + 24) : undefined,
  functionArgs: ptrs + 40 <= last ? readTaskArgumentList(r, ptrs + 32) : undefined,
  capabilities: ptrs + 48 <= last ? readTaskCapabilityList(r, ptrs + 40) : undefined,
  timeoutMs: at + 8 <= ptrs ? r.u32(at) : 0,
  attemptsMax: at + 8 <= ptrs ? r.u16(at + 4) : 0,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readTaskAt = (r: Reader, p: number): Task | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readTask(r, at, r.ptrs, r.last);
};

export const readTaskList = (r: Reader, p: number): Task[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<Task>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readTask(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

export const peekTask = (r: Reader, at: number, ptrs: number, last: number): TaskPeek => ({
  taskId: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
  source: ptrs + 16 <= last ? r.interned(ptrs + 8) : undefined,
  metadata: ptrs + 24 <= last ? r.view(ptrs + 16) : undefined,
  funcObjectId: ptrs + 32 <= last ? r.interned(ptrs + 24) : undefined,
  capabilities: ptrs + 48 <= last ? readTaskCapabilityList(r, ptrs + 40) : undefined,
  attemptsMax: at + 8 <= ptrs ? r.u16(at + 4) : 0,
});

export const peekTaskAt = (r: Reader, p: number): TaskPeek | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : peekTask(r, at, r.ptrs, r.last);
};

const fillTask = (b: Builder, at: number, ptrs: number, v: Task): void => {
  if (v.taskId !== undefined) b.latin1(ptrs, v.taskId);
  if (v.source !== undefined) b.latin1(ptrs + 8, v.source);
  if (v.metadata !== undefined) b.data(ptrs + 16, v.metadata);
  if (v.funcObjectId !== undefined) b.latin1(ptrs + 24, v.funcObjectId);
  if (v.functionArgs !== undefined) writeTaskArgumentList(b, ptrs + 32, v.functionArgs);
  if (v.capabilities !== undefined) writeTaskCapabilityList(b, ptrs + 40, v.capabilities);
  if (v.timeoutMs !== 0) b.u32(at, v.timeoutMs);
  if (v.attemptsMax !== 0) b.u16(at + 4, v.attemptsMax);
};

const dataWordsOfTask = (v: Task): number => v.attemptsMax !== 0 ? 1 : v.timeoutMs !== 0 ? 1 : 0;
const pointersOfTask = (_v: Task): number => 6;

export const writeTask = (b: Builder, p: number, v: Task): void => {
  const dataWords = dataWordsOfTask(v);
  const at = b.struct(p, dataWords, pointersOfTask(v));
  fillTask(b, at, at + dataWords * 8, v);
};

export const writeTaskList = (b: Builder, p: number, list: readonly Task[]): void => {
  let dataWords = 0;
  let pointers = 6;
  for (const v of list) {
    dataWords = Math.max(dataWords, dataWordsOfTask(v));
    pointers = Math.max(pointers, pointersOfTask(v));
  }
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillTask(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface TaskArgument {
  /** Number of a {@link TaskArgumentType}; not checked. */
  readonly type: number;
  readonly data: FrameSlice | undefined;
}

export const readTaskArgument = (r: Reader, at: number, ptrs: number, last: number): TaskArgument => ({
  type: at + 8 <= ptrs ? r.u16(at) : 0,
  data: ptrs + 8 <= last ? r.slice(ptrs) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readTaskArgumentAt = (r: Reader, p: number): TaskArgument | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readTaskArgument(r, at, r.ptrs, r.last);
};

export const readTaskArgumentList = (r: Reader, p: number): TaskArgument[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<TaskArgument>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readTaskArgument(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillTaskArgument = (b: Builder, at: number, ptrs: number, v: TaskArgument): void => {
  b.u16(at, v.type);
  if (v.data !== undefined) b.slice(ptrs, v.data);
};

export const writeTaskArgument = (b: Builder, p: number, v: TaskArgument): void => {
  const at = b.struct(p, 1, 1);
  fillTaskArgument(b, at, at + 8, v);
};

export const writeTaskArgumentList = (b: Builder, p: number, list: readonly TaskArgument[]): void => {
  const dataWords = 1;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillTaskArgument(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface TaskCancel {
  readonly taskId: string | undefined;
  readonly flags: TaskCancelFlags | undefined;
}

export const readTaskCancel = (r: Reader, _at: number, ptrs: number, last: number): TaskCancel => ({
  taskId: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
  flags: ptrs + 16 <= last ? readTaskCancelFlagsAt(r, ptrs + 8) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readTaskCancelAt = (r: Reader, p: number): TaskCancel | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readTaskCancel(r, at, r.ptrs, r.last);
};

export const readTaskCancelList = (r: Reader, p: number): TaskCancel[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<TaskCancel>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readTaskCancel(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillTaskCancel = (b: Builder, _at: number, ptrs: number, v: TaskCancel): void => {
  if (v.taskId !== undefined) b.latin1(ptrs, v.taskId);
  if (v.flags !== undefined) writeTaskCancelFlags(b, ptrs + 8, v.flags);
};

export const writeTaskCancel = (b: Builder, p: number, v: TaskCancel): void => {
  const at = b.struct(p, 0, 2);
  fillTaskCancel(b, at, at, v);
};

export const writeTaskCancelList = (b: Builder, p: number, list: readonly TaskCancel[]): void => {
  const dataWords = 0;
  const pointers = 2;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillTaskCancel(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface TaskCancelFlags {
  readonly force: boolean;
}

export const readTaskCancelFlags = (r: Reader, at: number, ptrs: number, _last: number): TaskCancelFlags => ({
  force: at + 8 <= ptrs && r.bool(at, 0),
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readTaskCancelFlagsAt = (r: Reader, p: number): TaskCancelFlags | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readTaskCancelFlags(r, at, r.ptrs, r.last);
};

export const readTaskCancelFlagsList = (r: Reader, p: number): TaskCancelFlags[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<TaskCancelFlags>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readTaskCancelFlags(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillTaskCancelFlags = (b: Builder, at: number, _ptrs: number, v: TaskCancelFlags): void => {
  b.bool(at, 0, v.force);
};

export const writeTaskCancelFlags = (b: Builder, p: number, v: TaskCancelFlags): void => {
  const at = b.struct(p, 1, 0);
  fillTaskCancelFlags(b, at, at + 8, v);
};

export const writeTaskCancelFlagsList = (b: Builder, p: number, list: readonly TaskCancelFlags[]): void => {
  const dataWords = 1;
  const pointers = 0;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillTaskCancelFlags(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface TaskLog {
  readonly taskId: string | undefined;
  /** Number of a {@link TaskLogStream}; not checked. */
  readonly logType: number;
  readonly content: string | undefined;
}

export const readTaskLog = (r: Reader, at: number, ptrs: number, last: number): TaskLog => ({
  taskId: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
  logType: at + 8 <= ptrs ? r.u16(at) : 0,
  content: ptrs + 16 <= last ? r.text(ptrs + 8) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readTaskLogAt = (r: Reader, p: number): TaskLog | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readTaskLog(r, at, r.ptrs, r.last);
};

export const readTaskLogList = (r: Reader, p: number): TaskLog[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<TaskLog>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readTaskLog(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillTaskLog = (b: Builder, at: number, ptrs: number, v: TaskLog): void => {
  if (v.taskId !== undefined) b.latin1(ptrs, v.taskId);
  b.u16(at, v.logType);
  if (v.content !== undefined) b.text(ptrs + 8, v.content);
};

export const writeTaskLog = (b: Builder, p: number, v: TaskLog): void => {
  const at = b.struct(p, 1, 2);
  fillTaskLog(b, at, at + 8, v);
};

export const writeTaskLogList = (b: Builder, p: number, list: readonly TaskLog[]): void => {
  const dataWords = 1;
  const pointers = 2;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillTaskLog(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface TaskResult {
  readonly taskId: string | undefined;
  /** Number of a {@link TaskResultType}; not checked. */
  readonly resultType: number;
  readonly metadata: Uint8Array | undefined;
  readonly results: readonly string[] | undefined;
  readonly inline: Uint8Array | undefined;
}

/** What a router reads of a {@link TaskResult}. */
export interface TaskResultPeek {
  readonly taskId: string | undefined;
  /** Number of a {@link TaskResultType}; not checked. */
  readonly resultType: number;
  readonly metadata: Uint8Array | undefined;
  readonly results: readonly string[] | undefined;
}

export const readTaskResult = (r: Reader, at: number, ptrs: number, last: number): TaskResult => ({
  taskId: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
  resultType: at + 8 <= ptrs ? r.u16(at) : 0,
  metadata: ptrs + 16 <= last ? r.view(ptrs + 8) : undefined,
  results: ptrs + 24 <= last ? r.latin1List(ptrs + 16) : undefined,
  inline: ptrs + 32 <= last ? r.view(ptrs + 24) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readTaskResultAt = (r: Reader, p: number): TaskResult | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readTaskResult(r, at, r.ptrs, r.last);
};

export const readTaskResultList = (r: Reader, p: number): TaskResult[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<TaskResult>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readTaskResult(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

export const peekTaskResult = (r: Reader, at: number, ptrs: number, last: number): TaskResultPeek => ({
  taskId: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
  resultType: at + 8 <= ptrs ? r.u16(at) : 0,
  metadata: ptrs + 16 <= last ? r.view(ptrs + 8) : undefined,
  results: ptrs + 24 <= last ? r.latin1List(ptrs + 16) : undefined,
});

export const peekTaskResultAt = (r: Reader, p: number): TaskResultPeek | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : peekTaskResult(r, at, r.ptrs, r.last);
};

const fillTaskResult = (b: Builder, at: number, ptrs: number, v: TaskResult): void => {
  if (v.taskId !== undefined) b.latin1(ptrs, v.taskId);
  b.u16(at, v.resultType);
  if (v.metadata !== undefined) b.data(ptrs + 8, v.metadata);
  if (v.results !== undefined) b.latin1List(ptrs + 16, v.results);
  if (v.inline !== undefined) b.data(ptrs + 24, v.inline);
};

const dataWordsOfTaskResult = (_v: TaskResult): number => 1;
const pointersOfTaskResult = (v: TaskResult): number => v.inline !== undefined ? 4 : 3;

export const writeTaskResult = (b: Builder, p: number, v: TaskResult): void => {
  const dataWords = dataWordsOfTaskResult(v);
  const at = b.struct(p, dataWords, pointersOfTaskResult(v));
  fillTaskResult(b, at, at + dataWords * 8, v);
};

export const writeTaskResultList = (b: Builder, p: number, list: readonly TaskResult[]): void => {
  let dataWords = 1;
  let pointers = 3;
  for (const v of list) {
    dataWords = Math.max(dataWords, dataWordsOfTaskResult(v));
    pointers = Math.max(pointers, pointersOfTaskResult(v));
  }
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillTaskResult(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface TaskCancelConfirm {
  readonly taskId: string | undefined;
  /** Number of a {@link TaskCancelConfirmType}; not checked. */
  readonly cancelConfirmType: number;
}

export const readTaskCancelConfirm = (r: Reader, at: number, ptrs: number, last: number): TaskCancelConfirm => ({
  taskId: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
  cancelConfirmType: at + 8 <= ptrs ? r.u16(at) : 0,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readTaskCancelConfirmAt = (r: Reader, p: number): TaskCancelConfirm | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readTaskCancelConfirm(r, at, r.ptrs, r.last);
};

export const readTaskCancelConfirmList = (r: Reader, p: number): TaskCancelConfirm[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<TaskCancelConfirm>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readTaskCancelConfirm(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillTaskCancelConfirm = (b: Builder, at: number, ptrs: number, v: TaskCancelConfirm): void => {
  if (v.taskId !== undefined) b.latin1(ptrs, v.taskId);
  b.u16(at, v.cancelConfirmType);
};

export const writeTaskCancelConfirm = (b: Builder, p: number, v: TaskCancelConfirm): void => {
  const at = b.struct(p, 1, 1);
  fillTaskCancelConfirm(b, at, at + 8, v);
};

export const writeTaskCancelConfirmList = (b: Builder, p: number, list: readonly TaskCancelConfirm[]): void => {
  const dataWords = 1;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillTaskCancelConfirm(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface GraphTask {
  readonly taskId: string | undefined;
  readonly source: string | undefined;
  readonly targets: readonly string[] | undefined;
  readonly graph: readonly Task[] | undefined;
}

export const readGraphTask = (r: Reader, _at: number, ptrs: number, last: number): GraphTask => ({
  taskId: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
  source: ptrs + 16 <= last ? r.latin1(ptrs + 8) : undefined,
  targets: ptrs + 24 <= last ? r.latin1List(ptrs + 16) : undefined,
  graph: ptrs + 32 <= last ? readTaskList(r, ptrs + 24) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readGraphTaskAt = (r: Reader, p: number): GraphTask | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readGraphTask(r, at, r.ptrs, r.last);
};

export const readGraphTaskList = (r: Reader, p: number): GraphTask[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<GraphTask>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readGraphTask(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillGraphTask = (b: Builder, _at: number, ptrs: number, v: GraphTask): void => {
  if (v.taskId !== undefined) b.latin1(ptrs, v.taskId);
  if (v.source !== undefined) b.latin1(ptrs + 8, v.source);
  if (v.targets !== undefined) b.latin1List(ptrs + 16, v.targets);
  if (v.graph !== undefined) writeTaskList(b, ptrs + 24, v.graph);
};

export const writeGraphTask = (b: Builder, p: number, v: GraphTask): void => {
  const at = b.struct(p, 0, 4);
  fillGraphTask(b, at, at, v);
};

export const writeGraphTaskList = (b: Builder, p: number, list: readonly GraphTask[]): void => {
  const dataWords = 0;
  const pointers = 4;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillGraphTask(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface ClientHeartbeat {
  readonly resource: Resource | undefined;
  readonly latencyUS: number;
  readonly features: number;
}

export const readClientHeartbeat = (r: Reader, at: number, ptrs: number, last: number): ClientHeartbeat => ({
  resource: ptrs + 8 <= last ? readResourceAt(r, ptrs) : undefined,
  latencyUS: at + 8 <= ptrs ? r.u32(at) : 0,
  features: at + 8 <= ptrs ? r.u32(at + 4) : 0,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readClientHeartbeatAt = (r: Reader, p: number): ClientHeartbeat | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readClientHeartbeat(r, at, r.ptrs, r.last);
};

export const readClientHeartbeatList = (r: Reader, p: number): ClientHeartbeat[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<ClientHeartbeat>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readClientHeartbeat(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillClientHeartbeat = (b: Builder, at: number, ptrs: number, v: ClientHeartbeat): void => {
  if (v.resource !== undefined) writeResource(b, ptrs, v.resource);
  b.u32(at, v.latencyUS);
  b.u32(at + 4, v.features);
};

export const writeClientHeartbeat = (b: Builder, p: number, v: ClientHeartbeat): void => {
  const at = b.struct(p, 1, 1);
  fillClientHeartbeat(b, at, at + 8, v);
};

export const writeClientHeartbeatList = (b: Builder, p: number, list: readonly ClientHeartbeat[]): void => {
  const dataWords = 1;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillClientHeartbeat(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface ClientHeartbeatEcho {
  readonly objectStorageAddress: ObjectStorageAddress | undefined;
  readonly extras: EchoExtras | undefined;
}

export const readClientHeartbeatEcho = (r: Reader, _at: number, ptrs: number, last: number): ClientHeartbeatEcho => ({
  objectStorageAddress: ptrs + 8 <= last ? readObjectStorageAddressAt(r, ptrs) : undefined,
  extras: ptrs + 16 <= last ? readEchoExtrasAt(r, ptrs + 8) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readClientHeartbeatEchoAt = (r: Reader, p: number): ClientHeartbeatEcho | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readClientHeartbeatEcho(r, at, r.ptrs, r.last);
};

export const readClientHeartbeatEchoList = (r: Reader, p: number): ClientHeartbeatEcho[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<ClientHeartbeatEcho>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readClientHeartbeatEcho(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillClientHeartbeatEcho = (b: Builder, _at: number, ptrs: number, v: ClientHeartbeatEcho): void => {
  if (v.objectStorageAddress !== undefined) writeObjectStorageAddress(b, ptrs, v.objectStorageAddress);
  if (v.extras !== undefined) writeEchoExtras(b, ptrs + 8, v.extras);
};

const dataWordsOfClientHeartbeatEcho = (_v: ClientHeartbeatEcho): number => 0;
const pointersOfClientHeartbeatEcho = (v: ClientHeartbeatEcho): number => v.extras !== undefined ? 2 : 1;

export const writeClientHeartbeatEcho = (b: Builder, p: number, v: ClientHeartbeatEcho): void => {
  const dataWords = dataWordsOfClientHeartbeatEcho(v);
  const at = b.struct(p, dataWords, pointersOfClientHeartbeatEcho(v));
  fillClientHeartbeatEcho(b, at, at + dataWords * 8, v);
};

export const writeClientHeartbeatEchoList = (b: Builder, p: number, list: readonly ClientHeartbeatEcho[]): void => {
  let dataWords = 0;
  let pointers = 1;
  for (const v of list) {
    dataWords = Math.max(dataWords, dataWordsOfClientHeartbeatEcho(v));
    pointers = Math.max(pointers, pointersOfClientHeartbeatEcho(v));
  }
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillClientHeartbeatEcho(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface WorkerHeartbeat {
  readonly agent: Resource | undefined;
  readonly rssFree: number | bigint;
  readonly queueSize: number;
  readonly queuedTasks: number;
  readonly latencyUS: number;
  readonly taskLock: boolean;
  readonly processors: readonly ProcessorStatus[] | undefined;
  readonly capabilities: readonly TaskCapability[] | undefined;
  readonly features: number;
}

export const readWorkerHeartbeat = (r: Reader, at: number, ptrs: number, last: number): WorkerHeartbeat => ({
  agent: ptrs + 8 <= last ? readResourceAt(r, ptrs) : undefined,
  rssFree: at + 8 <= ptrs ? r.u64(at) : 0,
  queueSize: at + 16 <= ptrs ? r.u32(at + 8) : 0,
  queuedTasks: at + 16 <= ptrs ? r.u32(at + 12) : 0,
  latencyUS: at + 24 <= ptrs ? r.u32(at + 16) : 0,
  taskLock: at + 24 <= ptrs && r.bool(at + 20, 0),
  processors: ptrs + 16 <= last ? readProcessorStatusList(r, ptrs + 8) : undefined,
  capabilities: ptrs + 24 <= last ? readTaskCapabilityList(r, ptrs + 16) : undefined,
  features: at + 32 <= ptrs ? r.u32(at + 24) : 0,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readWorkerHeartbeatAt = (r: Reader, p: number): WorkerHeartbeat | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readWorkerHeartbeat(r, at, r.ptrs, r.last);
};

export const readWorkerHeartbeatList = (r: Reader, p: number): WorkerHeartbeat[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<WorkerHeartbeat>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readWorkerHeartbeat(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillWorkerHeartbeat = (b: Builder, at: number, ptrs: number, v: WorkerHeartbeat): void => {
  if (v.agent !== undefined) writeResource(b, ptrs, v.agent);
  b.u64(at, v.rssFree);
  b.u32(at + 8, v.queueSize);
  b.u32(at + 12, v.queuedTasks);
  b.u32(at + 16, v.latencyUS);
  b.bool(at + 20, 0, v.taskLock);
  if (v.processors !== undefined) writeProcessorStatusList(b, ptrs + 8, v.processors);
  if (v.capabilities !== undefined) writeTaskCapabilityList(b, ptrs + 16, v.capabilities);
  if (v.features !== 0) b.u32(at + 24, v.features);
};

const dataWordsOfWorkerHeartbeat = (v: WorkerHeartbeat): number => v.features !== 0 ? 4 : 3;
const pointersOfWorkerHeartbeat = (_v: WorkerHeartbeat): number => 3;

export const writeWorkerHeartbeat = (b: Builder, p: number, v: WorkerHeartbeat): void => {
  const dataWords = dataWordsOfWorkerHeartbeat(v);
  const at = b.struct(p, dataWords, pointersOfWorkerHeartbeat(v));
  fillWorkerHeartbeat(b, at, at + dataWords * 8, v);
};

export const writeWorkerHeartbeatList = (b: Builder, p: number, list: readonly WorkerHeartbeat[]): void => {
  let dataWords = 3;
  let pointers = 3;
  for (const v of list) {
    dataWords = Math.max(dataWords, dataWordsOfWorkerHeartbeat(v));
    pointers = Math.max(pointers, pointersOfWorkerHeartbeat(v));
  }
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillWorkerHeartbeat(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface WorkerHeartbeatEcho {
  readonly objectStorageAddress: ObjectStorageAddress | undefined;
  readonly extras: EchoExtras | undefined;
}

export const readWorkerHeartbeatEcho = (r: Reader, _at: number, ptrs: number, last: number): WorkerHeartbeatEcho => ({
  objectStorageAddress: ptrs + 8 <= last ? readObjectStorageAddressAt(r, ptrs) : undefined,
  extras: ptrs + 16 <= last ? readEchoExtrasAt(r, ptrs + 8) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readWorkerHeartbeatEchoAt = (r: Reader, p: number): WorkerHeartbeatEcho | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readWorkerHeartbeatEcho(r, at, r.ptrs, r.last);
};

export const readWorkerHeartbeatEchoList = (r: Reader, p: number): WorkerHeartbeatEcho[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<WorkerHeartbeatEcho>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readWorkerHeartbeatEcho(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillWorkerHeartbeatEcho = (b: Builder, _at: number, ptrs: number, v: WorkerHeartbeatEcho): void => {
  if (v.objectStorageAddress !== undefined) writeObjectStorageAddress(b, ptrs, v.objectStorageAddress);
  if (v.extras !== undefined) writeEchoExtras(b, ptrs + 8, v.extras);
};

const dataWordsOfWorkerHeartbeatEcho = (_v: WorkerHeartbeatEcho): number => 0;
const pointersOfWorkerHeartbeatEcho = (v: WorkerHeartbeatEcho): number => v.extras !== undefined ? 2 : 1;

export const writeWorkerHeartbeatEcho = (b: Builder, p: number, v: WorkerHeartbeatEcho): void => {
  const dataWords = dataWordsOfWorkerHeartbeatEcho(v);
  const at = b.struct(p, dataWords, pointersOfWorkerHeartbeatEcho(v));
  fillWorkerHeartbeatEcho(b, at, at + dataWords * 8, v);
};

export const writeWorkerHeartbeatEchoList = (b: Builder, p: number, list: readonly WorkerHeartbeatEcho[]): void => {
  let dataWords = 0;
  let pointers = 1;
  for (const v of list) {
    dataWords = Math.max(dataWords, dataWordsOfWorkerHeartbeatEcho(v));
    pointers = Math.max(pointers, pointersOfWorkerHeartbeatEcho(v));
  }
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillWorkerHeartbeatEcho(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface WorkerAdapterHeartbeat {
  readonly maxWorkerGroups: number;
  readonly workersPerGroup: number;
  readonly capabilities: readonly TaskCapability[] | undefined;
  readonly adapterId: string | undefined;
  readonly groups: readonly WorkerAdapterHeartbeatGroupStatus[] | undefined;
  readonly features: number;
  readonly offers: readonly WorkerAdapterHeartbeatGroupOffer[] | undefined;
  readonly trouble: string | undefined;
  readonly count: number;
}

export const readWorkerAdapterHeartbeat = (r: Reader, at: number, ptrs: number, last: number): WorkerAdapterHeartbeat => ({
  maxWorkerGroups: at + 8 <= ptrs ? r.u32(at) : 0,
  workersPerGroup: at + 8 <= ptrs ? r.u32(at + 4) : 0,
  capabilities: ptrs + 8 <= last ? readTaskCapabilityList(r, ptrs) : undefined,
  adapterId: ptrs + 16 <= last ? r.latin1(ptrs + 8) : undefined,
  groups: ptrs + 24 <= last ? readWorkerAdapterHeartbeatGroupStatusList(r, ptrs + 16) : undefined,
  features: at + 16 <= ptrs ? r.u32(at + 8) : 0,
  offers: ptrs + 32 <= last ? readWorkerAdapterHeartbeatGroupOfferList(r, ptrs + 24) : undefined,
  trouble: ptrs + 40 <= last ? r.text(ptrs + 32) : undefined,
  count: at + 16 <= ptrs ? r.u32(at + 12) : 0,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readWorkerAdapterHeartbeatAt = (r: Reader, p: number): WorkerAdapterHeartbeat | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readWorkerAdapterHeartbeat(r, at, r.ptrs, r.last);
};

export const readWorkerAdapterHeartbeatList = (r: Reader, p: number): WorkerAdapterHeartbeat[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<WorkerAdapterHeartbeat>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readWorkerAdapterHeartbeat(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillWorkerAdapterHeartbeat = (b: Builder, at: number, ptrs: number, v: WorkerAdapterHeartbeat): void => {
  b.u32(at, v.maxWorkerGroups);
  b.u32(at + 4, v.workersPerGroup);
  if (v.capabilities !== undefined) writeTaskCapabilityList(b, ptrs, v.capabilities);
  if (v.adapterId !== undefined) b.latin1(ptrs + 8, v.adapterId);
  if (v.groups !== undefined) writeWorkerAdapterHeartbeatGroupStatusList(b, ptrs + 16, v.groups);
  if (v.features !== 0) b.u32(at + 8, v.features);
  if (v.offers !== undefined) writeWorkerAdapterHeartbeatGroupOfferList(b, ptrs + 24, v.offers);
  if (v.trouble !== undefined) b.text(ptrs + 32, v.trouble);
  if (v.count !== 0) b.u32(at + 12, v.count);
};

const dataWordsOfWorkerAdapterHeartbeat = (v: WorkerAdapterHeartbeat): number => v.count !== 0 ? 2 : v.features !== 0 ? 2 : 1;
const pointersOfWorkerAdapterHeartbeat = (v: WorkerAdapterHeartbeat): number => v.trouble !== undefined ? 5 : v.offers !== undefined ? 4 : v.groups !== undefined ? 3 : v.adapterId !== undefined ? 2 : 1;

export const writeWorkerAdapterHeartbeat = (b: Builder, p: number, v: WorkerAdapterHeartbeat): void => {
  const dataWords = dataWordsOfWorkerAdapterHeartbeat(v);
  const at = b.struct(p, dataWords, pointersOfWorkerAdapterHeartbeat(v));
  fillWorkerAdapterHeartbeat(b, at, at + dataWords * 8, v);
};

export const writeWorkerAdapterHeartbeatList = (b: Builder, p: number, list: readonly WorkerAdapterHeartbeat[]): void => {
  let dataWords = 1;
  let pointers = 1;
  for (const v of list) {
    dataWords = Math.max(dataWords, dataWordsOfWorkerAdapterHeartbeat(v));
    pointers = Math.max(pointers, pointersOfWorkerAdapterHeartbeat(v));
  }
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillWorkerAdapterHeartbeat(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface WorkerAdapterHeartbeatGroupOffer {
  readonly name: string | undefined;
  readonly capabilities: readonly TaskCapability[] | undefined;
  readonly microdollarsPerHour: number;
  readonly billedMinimumMs: number;
}

export const readWorkerAdapterHeartbeatGroupOffer = (r: Reader, at: number, ptrs: number, last: number): WorkerAdapterHeartbeatGroupOffer => ({
  name: ptrs + 8 <= last ? r.text(ptrs) : undefined,
  capabilities: ptrs + 16 <= last ? readTaskCapabilityList(r, ptrs + 8) : undefined,
  microdollarsPerHour: at + 8 <= ptrs ? r.u32(at) : 0,
  billedMinimumMs: at + 8 <= ptrs ? r.u32(at + 4) : 0,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readWorkerAdapterHeartbeatGroupOfferAt = (r: Reader, p: number): WorkerAdapterHeartbeatGroupOffer | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readWorkerAdapterHeartbeatGroupOffer(r, at, r.ptrs, r.last);
};

export const readWorkerAdapterHeartbeatGroupOfferList = (r: Reader, p: number): WorkerAdapterHeartbeatGroupOffer[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<WorkerAdapterHeartbeatGroupOffer>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readWorkerAdapterHeartbeatGroupOffer(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillWorkerAdapterHeartbeatGroupOffer = (b: Builder, at: number, ptrs: number, v: WorkerAdapterHeartbeatGroupOffer): void => {
  if (v.name !== undefined) b.text(ptrs, v.name);
  if (v.capabilities !== undefined) writeTaskCapabilityList(b, ptrs + 8, v.capabilities);
  b.u32(at, v.microdollarsPerHour);
  b.u32(at + 4, v.billedMinimumMs);
};

export const writeWorkerAdapterHeartbeatGroupOffer = (b: Builder, p: number, v: WorkerAdapterHeartbeatGroupOffer): void => {
  const at = b.struct(p, 1, 2);
  fillWorkerAdapterHeartbeatGroupOffer(b, at, at + 8, v);
};

export const writeWorkerAdapterHeartbeatGroupOfferList = (b: Builder, p: number, list: readonly WorkerAdapterHeartbeatGroupOffer[]): void => {
  const dataWords = 1;
  const pointers = 2;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillWorkerAdapterHeartbeatGroupOffer(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface WorkerAdapterHeartbeatGroupStatus {
  readonly groupId: string | undefined;
  /** Number of a {@link WorkerAdapterHeartbeatGroupStatusState}; not checked. */
  readonly state: number;
  readonly nativeId: string | undefined;
}

export const readWorkerAdapterHeartbeatGroupStatus = (r: Reader, at: number, ptrs: number, last: number): WorkerAdapterHeartbeatGroupStatus => ({
  groupId: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
  state: at + 8 <= ptrs ? r.u16(at) : 0,
  nativeId: ptrs + 16 <= last ? r.text(ptrs + 8) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readWorkerAdapterHeartbeatGroupStatusAt = (r: Reader, p: number): WorkerAdapterHeartbeatGroupStatus | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readWorkerAdapterHeartbeatGroupStatus(r, at, r.ptrs, r.last);
};

export const readWorkerAdapterHeartbeatGroupStatusList = (r: Reader, p: number): WorkerAdapterHeartbeatGroupStatus[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<WorkerAdapterHeartbeatGroupStatus>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readWorkerAdapterHeartbeatGroupStatus(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillWorkerAdapterHeartbeatGroupStatus = (b: Builder, at: number, ptrs: number, v: WorkerAdapterHeartbeatGroupStatus): void => {
  if (v.groupId !== undefined) b.latin1(ptrs, v.groupId);
  b.u16(at, v.state);
  if (v.nativeId !== undefined) b.text(ptrs + 8, v.nativeId);
};

export const writeWorkerAdapterHeartbeatGroupStatus = (b: Builder, p: number, v: WorkerAdapterHeartbeatGroupStatus): void => {
  const at = b.struct(p, 1, 2);
  fillWorkerAdapterHeartbeatGroupStatus(b, at, at + 8, v);
};

export const writeWorkerAdapterHeartbeatGroupStatusList = (b: Builder, p: number, list: readonly WorkerAdapterHeartbeatGroupStatus[]): void => {
  const dataWords = 1;
  const pointers = 2;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillWorkerAdapterHeartbeatGroupStatus(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface WorkerAdapterHeartbeatEcho {
  readonly extras: EchoExtras | undefined;
  readonly registered: readonly string[] | undefined;
}

export const readWorkerAdapterHeartbeatEcho = (r: Reader, _at: number, ptrs: number, last: number): WorkerAdapterHeartbeatEcho => ({
  extras: ptrs + 8 <= last ? readEchoExtrasAt(r, ptrs) : undefined,
  registered: ptrs + 16 <= last ? r.latin1List(ptrs + 8) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readWorkerAdapterHeartbeatEchoAt = (r: Reader, p: number): WorkerAdapterHeartbeatEcho | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readWorkerAdapterHeartbeatEcho(r, at, r.ptrs, r.last);
};

export const readWorkerAdapterHeartbeatEchoList = (r: Reader, p: number): WorkerAdapterHeartbeatEcho[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<WorkerAdapterHeartbeatEcho>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readWorkerAdapterHeartbeatEcho(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillWorkerAdapterHeartbeatEcho = (b: Builder, _at: number, ptrs: number, v: WorkerAdapterHeartbeatEcho): void => {
  if (v.extras !== undefined) writeEchoExtras(b, ptrs, v.extras);
  if (v.registered !== undefined) b.latin1List(ptrs + 8, v.registered);
};

const dataWordsOfWorkerAdapterHeartbeatEcho = (_v: WorkerAdapterHeartbeatEcho): number => 0;
const pointersOfWorkerAdapterHeartbeatEcho = (v: WorkerAdapterHeartbeatEcho): number => v.registered !== undefined ? 2 : v.extras !== undefined ? 1 : 0;

export const writeWorkerAdapterHeartbeatEcho = (b: Builder, p: number, v: WorkerAdapterHeartbeatEcho): void => {
  const dataWords = dataWordsOfWorkerAdapterHeartbeatEcho(v);
  const at = b.struct(p, dataWords, pointersOfWorkerAdapterHeartbeatEcho(v));
  fillWorkerAdapterHeartbeatEcho(b, at, at + dataWords * 8, v);
};

export const writeWorkerAdapterHeartbeatEchoList = (b: Builder, p: number, list: readonly WorkerAdapterHeartbeatEcho[]): void => {
  let dataWords = 0;
  let pointers = 0;
  for (const v of list) {
    dataWords = Math.max(dataWords, dataWordsOfWorkerAdapterHeartbeatEcho(v));
    pointers = Math.max(pointers, pointersOfWorkerAdapterHeartbeatEcho(v));
  }
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillWorkerAdapterHeartbeatEcho(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface WorkerAdapterCommand {
  readonly workerGroupID: string | undefined;
  /** Number of a {@link WorkerAdapterCommandType}; not checked. */
  readonly command: number;
  readonly capabilities: readonly TaskCapability[] | undefined;
  readonly epoch: string | undefined;
}

export const readWorkerAdapterCommand = (r: Reader, at: number, ptrs: number, last: number): WorkerAdapterCommand => ({
  workerGroupID: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
  command: at + 8 <= ptrs ? r.u16(at) : 0,
  capabilities: ptrs + 16 <= last ? readTaskCapabilityList(r, ptrs + 8) : undefined,
  epoch: ptrs + 24 <= last ? r.text(ptrs + 16) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readWorkerAdapterCommandAt = (r: Reader, p: number): WorkerAdapterCommand | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readWorkerAdapterCommand(r, at, r.ptrs, r.last);
};

export const readWorkerAdapterCommandList = (r: Reader, p: number): WorkerAdapterCommand[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<WorkerAdapterCommand>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readWorkerAdapterCommand(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillWorkerAdapterCommand = (b: Builder, at: number, ptrs: number, v: WorkerAdapterCommand): void => {
  if (v.workerGroupID !== undefined) b.latin1(ptrs, v.workerGroupID);
  b.u16(at, v.command);
  if (v.capabilities !== undefined) writeTaskCapabilityList(b, ptrs + 8, v.capabilities);
  if (v.epoch !== undefined) b.text(ptrs + 16, v.epoch);
};

const dataWordsOfWorkerAdapterCommand = (_v: WorkerAdapterCommand): number => 1;
const pointersOfWorkerAdapterCommand = (v: WorkerAdapterCommand): number => v.epoch !== undefined ? 3 : 2;

export const writeWorkerAdapterCommand = (b: Builder, p: number, v: WorkerAdapterCommand): void => {
  const dataWords = dataWordsOfWorkerAdapterCommand(v);
  const at = b.struct(p, dataWords, pointersOfWorkerAdapterCommand(v));
  fillWorkerAdapterCommand(b, at, at + dataWords * 8, v);
};

export const writeWorkerAdapterCommandList = (b: Builder, p: number, list: readonly WorkerAdapterCommand[]): void => {
  let dataWords = 1;
  let pointers = 2;
  for (const v of list) {
    dataWords = Math.max(dataWords, dataWordsOfWorkerAdapterCommand(v));
    pointers = Math.max(pointers, pointersOfWorkerAdapterCommand(v));
  }
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillWorkerAdapterCommand(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface WorkerAdapterCommandResponse {
  readonly workerGroupID: string | undefined;
  readonly workerIDs: readonly string[] | undefined;
  /** Number of a {@link WorkerAdapterCommandType}; not checked. */
  readonly command: number;
  /** Number of a {@link WorkerAdapterCommandResponseStatus}; not checked. */
  readonly status: number;
  readonly capabilities: readonly TaskCapability[] | undefined;
  readonly reason: string | undefined;
  /** Number of a {@link WorkerAdapterCommandResponseFailureKind}; not checked. */
  readonly failure: number;
}

export const readWorkerAdapterCommandResponse = (r: Reader, at: number, ptrs: number, last: number): WorkerAdapterCommandResponse => ({
  workerGroupID: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
  workerIDs: ptrs + 16 <= last ? r.latin1List(ptrs + 8) : undefined,
  command: at + 8 <= ptrs ? r.u16(at) : 0,
  status: at + 8 <= ptrs ? r.u16(at + 2) : 0,
  capabilities: ptrs + 24 <= last ? readTaskCapabilityList(r, ptrs + 16) : undefined,
  reason: ptrs + 32 <= last ? r.text(ptrs + 24) : undefined,
  failure: at + 8 <= ptrs ? r.u16(at + 4) : 0,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readWorkerAdapterCommandResponseAt = (r: Reader, p: number): WorkerAdapterCommandResponse | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readWorkerAdapterCommandResponse(r, at, r.ptrs, r.last);
};

export const readWorkerAdapterCommandResponseList = (r: Reader, p: number): WorkerAdapterCommandResponse[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<WorkerAdapterCommandResponse>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readWorkerAdapterCommandResponse(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillWorkerAdapterCommandResponse = (b: Builder, at: number, ptrs: number, v: WorkerAdapterCommandResponse): void => {
  if (v.workerGroupID !== undefined) b.latin1(ptrs, v.workerGroupID);
  if (v.workerIDs !== undefined) b.latin1List(ptrs + 8, v.workerIDs);
  b.u16(at, v.command);
  b.u16(at + 2, v.status);
  if (v.capabilities !== undefined) writeTaskCapabilityList(b, ptrs + 16, v.capabilities);
  if (v.reason !== undefined) b.text(ptrs + 24, v.reason);
  b.u16(at + 4, v.failure);
};

const dataWordsOfWorkerAdapterCommandResponse = (_v: WorkerAdapterCommandResponse): number => 1;
const pointersOfWorkerAdapterCommandResponse = (v: WorkerAdapterCommandResponse): number => v.reason !== undefined ? 4 : 3;

export const writeWorkerAdapterCommandResponse = (b: Builder, p: number, v: WorkerAdapterCommandResponse): void => {
  const dataWords = dataWordsOfWorkerAdapterCommandResponse(v);
  const at = b.struct(p, dataWords, pointersOfWorkerAdapterCommandResponse(v));
  fillWorkerAdapterCommandResponse(b, at, at + dataWords * 8, v);
};

export const writeWorkerAdapterCommandResponseList = (b: Builder, p: number, list: readonly WorkerAdapterCommandResponse[]): void => {
  let dataWords = 1;
  let pointers = 3;
  for (const v of list) {
    dataWords = Math.max(dataWords, dataWordsOfWorkerAdapterCommandResponse(v));
    pointers = Math.max(pointers, pointersOfWorkerAdapterCommandResponse(v));
  }
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillWorkerAdapterCommandResponse(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface ObjectInstruction {
  /** Number of a {@link ObjectInstructionType}; not checked. */
  readonly instructionType: number;
  readonly objectUser: string | undefined;
  readonly objectMetadata: ObjectMetadata | undefined;
}

export const readObjectInstruction = (r: Reader, at: number, ptrs: number, last: number): ObjectInstruction => ({
  instructionType: at + 8 <= ptrs ? r.u16(at) : 0,
  objectUser: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
  objectMetadata: ptrs + 16 <= last ? readObjectMetadataAt(r, ptrs + 8) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readObjectInstructionAt = (r: Reader, p: number): ObjectInstruction | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readObjectInstruction(r, at, r.ptrs, r.last);
};

export const readObjectInstructionList = (r: Reader, p: number): ObjectInstruction[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<ObjectInstruction>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readObjectInstruction(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillObjectInstruction = (b: Builder, at: number, ptrs: number, v: ObjectInstruction): void => {
  b.u16(at, v.instructionType);
  if (v.objectUser !== undefined) b.latin1(ptrs, v.objectUser);
  if (v.objectMetadata !== undefined) writeObjectMetadata(b, ptrs + 8, v.objectMetadata);
};

export const writeObjectInstruction = (b: Builder, p: number, v: ObjectInstruction): void => {
  const at = b.struct(p, 1, 2);
  fillObjectInstruction(b, at, at + 8, v);
};

export const writeObjectInstructionList = (b: Builder, p: number, list: readonly ObjectInstruction[]): void => {
  const dataWords = 1;
  const pointers = 2;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillObjectInstruction(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface DisconnectRequest {
  readonly worker: string | undefined;
}

export const readDisconnectRequest = (r: Reader, _at: number, ptrs: number, last: number): DisconnectRequest => ({
  worker: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readDisconnectRequestAt = (r: Reader, p: number): DisconnectRequest | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readDisconnectRequest(r, at, r.ptrs, r.last);
};

export const readDisconnectRequestList = (r: Reader, p: number): DisconnectRequest[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<DisconnectRequest>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readDisconnectRequest(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillDisconnectRequest = (b: Builder, _at: number, ptrs: number, v: DisconnectRequest): void => {
  if (v.worker !== undefined) b.latin1(ptrs, v.worker);
};

export const writeDisconnectRequest = (b: Builder, p: number, v: DisconnectRequest): void => {
  const at = b.struct(p, 0, 1);
  fillDisconnectRequest(b, at, at, v);
};

export const writeDisconnectRequestList = (b: Builder, p: number, list: readonly DisconnectRequest[]): void => {
  const dataWords = 0;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillDisconnectRequest(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface DisconnectResponse {
  readonly worker: string | undefined;
}

export const readDisconnectResponse = (r: Reader, _at: number, ptrs: number, last: number): DisconnectResponse => ({
  worker: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readDisconnectResponseAt = (r: Reader, p: number): DisconnectResponse | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readDisconnectResponse(r, at, r.ptrs, r.last);
};

export const readDisconnectResponseList = (r: Reader, p: number): DisconnectResponse[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<DisconnectResponse>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readDisconnectResponse(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillDisconnectResponse = (b: Builder, _at: number, ptrs: number, v: DisconnectResponse): void => {
  if (v.worker !== undefined) b.latin1(ptrs, v.worker);
};

export const writeDisconnectResponse = (b: Builder, p: number, v: DisconnectResponse): void => {
  const at = b.struct(p, 0, 1);
  fillDisconnectResponse(b, at, at, v);
};

export const writeDisconnectResponseList = (b: Builder, p: number, list: readonly DisconnectResponse[]): void => {
  const dataWords = 0;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillDisconnectResponse(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface ClientDisconnect {
  /** Number of a {@link ClientDisconnectType}; not checked. */
  readonly disconnectType: number;
}

export const readClientDisconnect = (r: Reader, at: number, ptrs: number, _last: number): ClientDisconnect => ({
  disconnectType: at + 8 <= ptrs ? r.u16(at) : 0,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readClientDisconnectAt = (r: Reader, p: number): ClientDisconnect | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readClientDisconnect(r, at, r.ptrs, r.last);
};

export const readClientDisconnectList = (r: Reader, p: number): ClientDisconnect[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<ClientDisconnect>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readClientDisconnect(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillClientDisconnect = (b: Builder, at: number, _ptrs: number, v: ClientDisconnect): void => {
  b.u16(at, v.disconnectType);
};

export const writeClientDisconnect = (b: Builder, p: number, v: ClientDisconnect): void => {
  const at = b.struct(p, 1, 0);
  fillClientDisconnect(b, at, at + 8, v);
};

export const writeClientDisconnectList = (b: Builder, p: number, list: readonly ClientDisconnect[]): void => {
  const dataWords = 1;
  const pointers = 0;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillClientDisconnect(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface ClientShutdownResponse {
  readonly accepted: boolean;
}

export const readClientShutdownResponse = (r: Reader, at: number, ptrs: number, _last: number): ClientShutdownResponse => ({
  accepted: at + 8 <= ptrs && r.bool(at, 0),
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readClientShutdownResponseAt = (r: Reader, p: number): ClientShutdownResponse | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readClientShutdownResponse(r, at, r.ptrs, r.last);
};

export const readClientShutdownResponseList = (r: Reader, p: number): ClientShutdownResponse[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<ClientShutdownResponse>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readClientShutdownResponse(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillClientShutdownResponse = (b: Builder, at: number, _ptrs: number, v: ClientShutdownResponse): void => {
  b.bool(at, 0, v.accepted);
};

export const writeClientShutdownResponse = (b: Builder, p: number, v: ClientShutdownResponse): void => {
  const at = b.struct(p, 1, 0);
  fillClientShutdownResponse(b, at, at + 8, v);
};

export const writeClientShutdownResponseList = (b: Builder, p: number, list: readonly ClientShutdownResponse[]): void => {
  const dataWords = 1;
  const pointers = 0;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillClientShutdownResponse(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface StateClient {
}

export const readStateClient = (_r: Reader, _at: number, _ptrs: number, _last: number): StateClient => ({
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readStateClientAt = (r: Reader, p: number): StateClient | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readStateClient(r, at, r.ptrs, r.last);
};

export const readStateClientList = (r: Reader, p: number): StateClient[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<StateClient>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readStateClient(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillStateClient = (_b: Builder, _at: number, _ptrs: number, _v: StateClient): void => {
};

export const writeStateClient = (b: Builder, p: number, v: StateClient): void => {
  const at = b.struct(p, 0, 0);
  fillStateClient(b, at, at, v);
};

export const writeStateClientList = (b: Builder, p: number, list: readonly StateClient[]): void => {
  const dataWords = 0;
  const pointers = 0;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillStateClient(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface StateObject {
}

export const readStateObject = (_r: Reader, _at: number, _ptrs: number, _last: number): StateObject => ({
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readStateObjectAt = (r: Reader, p: number): StateObject | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readStateObject(r, at, r.ptrs, r.last);
};

export const readStateObjectList = (r: Reader, p: number): StateObject[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<StateObject>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readStateObject(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillStateObject = (_b: Builder, _at: number, _ptrs: number, _v: StateObject): void => {
};

export const writeStateObject = (b: Builder, p: number, v: StateObject): void => {
  const at = b.struct(p, 0, 0);
  fillStateObject(b, at, at, v);
};

export const writeStateObjectList = (b: Builder, p: number, list: readonly StateObject[]): void => {
  const dataWords = 0;
  const pointers = 0;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillStateObject(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface StateBalanceAdvice {
  readonly workerId: string | undefined;
  readonly taskIds: readonly string[] | undefined;
}

export const readStateBalanceAdvice = (r: Reader, _at: number, ptrs: number, last: number): StateBalanceAdvice => ({
  workerId: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
  taskIds: ptrs + 16 <= last ? r.latin1List(ptrs + 8) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readStateBalanceAdviceAt = (r: Reader, p: number): StateBalanceAdvice | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readStateBalanceAdvice(r, at, r.ptrs, r.last);
};

export const readStateBalanceAdviceList = (r: Reader, p: number): StateBalanceAdvice[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<StateBalanceAdvice>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readStateBalanceAdvice(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillStateBalanceAdvice = (b: Builder, _at: number, ptrs: number, v: StateBalanceAdvice): void => {
  if (v.workerId !== undefined) b.latin1(ptrs, v.workerId);
  if (v.taskIds !== undefined) b.latin1List(ptrs + 8, v.taskIds);
};

export const writeStateBalanceAdvice = (b: Builder, p: number, v: StateBalanceAdvice): void => {
  const at = b.struct(p, 0, 2);
  fillStateBalanceAdvice(b, at, at, v);
};

export const writeStateBalanceAdviceList = (b: Builder, p: number, list: readonly StateBalanceAdvice[]): void => {
  const dataWords = 0;
  const pointers = 2;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillStateBalanceAdvice(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface StateScheduler {
  readonly binder: BinderStatus | undefined;
  readonly scheduler: Resource | undefined;
  readonly rssFree: number | bigint;
  readonly clientManager: ClientManagerStatus | undefined;
  readonly objectManager: ObjectManagerStatus | undefined;
  readonly taskManager: TaskManagerStatus | undefined;
  readonly workerManager: WorkerManagerStatus | undefined;
  readonly scalingManager: ScalingManagerStatus | undefined;
}

export const readStateScheduler = (r: Reader, at: number, ptrs: number, last: number): StateScheduler => ({
  binder: ptrs + 8 <= last ? readBinderStatusAt(r, ptrs) : undefined,
  scheduler: ptrs + 16 <= last ? readResourceAt(r, ptrs + 8) : undefined,
  rssFree: at + 8 <= ptrs ? r.u64(at) : 0,
  clientManager: ptrs + 24 <= last ? readClientManagerStatusAt(r, ptrs + 16) : undefined,
  objectManager: ptrs + 32 <= last ? readObjectManagerStatusAt(r, ptrs + 24) : undefined,
  taskManager: ptrs + 40 <= last ? readTaskManagerStatusAt(r, ptrs + 32) : undefined,
  workerManager: ptrs + 48 <= last ? readWorkerManagerStatusAt(r, ptrs + 40) : undefined,
  scalingManager: ptrs + 56 <= last ? readScalingManagerStatusAt(r, ptrs + 48) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readStateSchedulerAt = (r: Reader, p: number): StateScheduler | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readStateScheduler(r, at, r.ptrs, r.last);
};

export const readStateSchedulerList = (r: Reader, p: number): StateScheduler[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<StateScheduler>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readStateScheduler(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillStateScheduler = (b: Builder, at: number, ptrs: number, v: StateScheduler): void => {
  if (v.binder !== undefined) writeBinderStatus(b, ptrs, v.binder);
  if (v.scheduler !== undefined) writeResource(b, ptrs + 8, v.scheduler);
  b.u64(at, v.rssFree);
  if (v.clientManager !== undefined) writeClientManagerStatus(b, ptrs + 16, v.clientManager);
  if (v.objectManager !== undefined) writeObjectManagerStatus(b, ptrs + 24, v.objectManager);
  if (v.taskManager !== undefined) writeTaskManagerStatus(b, ptrs + 32, v.taskManager);
  if (v.workerManager !== undefined) writeWorkerManagerStatus(b, ptrs + 40, v.workerManager);
  if (v.scalingManager !== undefined) writeScalingManagerStatus(b, ptrs + 48, v.scalingManager);
};

export const writeStateScheduler = (b: Builder, p: number, v: StateScheduler): void => {
  const at = b.struct(p, 1, 7);
  fillStateScheduler(b, at, at + 8, v);
};

export const writeStateSchedulerList = (b: Builder, p: number, list: readonly StateScheduler[]): void => {
  const dataWords = 1;
  const pointers = 7;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillStateScheduler(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface StateWorker {
  readonly workerId: string | undefined;
  /** Number of a {@link WorkerState}; not checked. */
  readonly state: number;
  readonly capabilities: readonly TaskCapability[] | undefined;
}

export const readStateWorker = (r: Reader, at: number, ptrs: number, last: number): StateWorker => ({
  workerId: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
  state: at + 8 <= ptrs ? r.u16(at) : 0,
  capabilities: ptrs + 16 <= last ? readTaskCapabilityList(r, ptrs + 8) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readStateWorkerAt = (r: Reader, p: number): StateWorker | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readStateWorker(r, at, r.ptrs, r.last);
};

export const readStateWorkerList = (r: Reader, p: number): StateWorker[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<StateWorker>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readStateWorker(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillStateWorker = (b: Builder, at: number, ptrs: number, v: StateWorker): void => {
  if (v.workerId !== undefined) b.latin1(ptrs, v.workerId);
  b.u16(at, v.state);
  if (v.capabilities !== undefined) writeTaskCapabilityList(b, ptrs + 8, v.capabilities);
};

export const writeStateWorker = (b: Builder, p: number, v: StateWorker): void => {
  const at = b.struct(p, 1, 2);
  fillStateWorker(b, at, at + 8, v);
};

export const writeStateWorkerList = (b: Builder, p: number, list: readonly StateWorker[]): void => {
  const dataWords = 1;
  const pointers = 2;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillStateWorker(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface StateTask {
  readonly taskId: string | undefined;
  readonly functionName: string | undefined;
  /** Number of a {@link TaskState}; not checked. */
  readonly state: number;
  readonly worker: string | undefined;
  readonly capabilities: readonly TaskCapability[] | undefined;
  readonly metadata: Uint8Array | undefined;
}

export const readStateTask = (r: Reader, at: number, ptrs: number, last: number): StateTask => ({
  taskId: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
  functionName: ptrs + 16 <= last ? r.latin1(ptrs + 8) : undefined,
  state: at + 8 <= ptrs ? r.u16(at) : 0,
  worker: ptrs + 24 <= last ? r.latin1(ptrs + 16) : undefined,
  capabilities: ptrs + 32 <= last ? readTaskCapabilityList(r, ptrs + 24) : undefined,
  metadata: ptrs + 40 <= last ? r.view(ptrs + 32) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readStateTaskAt = (r: Reader, p: number): StateTask | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readStateTask(r, at, r.ptrs, r.last);
};

export const readStateTaskList = (r: Reader, p: number): StateTask[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<StateTask>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readStateTask(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillStateTask = (b: Builder, at: number, ptrs: number, v: StateTask): void => {
  if (v.taskId !== undefined) b.latin1(ptrs, v.taskId);
  if (v.functionName !== undefined) b.latin1(ptrs + 8, v.functionName);
  b.u16(at, v.state);
  if (v.worker !== undefined) b.latin1(ptrs + 16, v.worker);
  if (v.capabilities !== undefined) writeTaskCapabilityList(b, ptrs + 24, v.capabilities);
  if (v.metadata !== undefined) b.data(ptrs + 32, v.metadata);
};

export const writeStateTask = (b: Builder, p: number, v: StateTask): void => {
  const at = b.struct(p, 1, 5);
  fillStateTask(b, at, at + 8, v);
};

export const writeStateTaskList = (b: Builder, p: number, list: readonly StateTask[]): void => {
  const dataWords = 1;
  const pointers = 5;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillStateTask(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface StateGraphTask {
  readonly graphTaskId: string | undefined;
  readonly taskId: string | undefined;
  /** Number of a {@link StateGraphTaskNodeTaskType}; not checked. */
  readonly nodeTaskType: number;
  readonly parentTaskIds: readonly string[] | undefined;
}

export const readStateGraphTask = (r: Reader, at: number, ptrs: number, last: number): StateGraphTask => ({
  graphTaskId: ptrs + 8 <= last ? r.latin1(ptrs) : undefined,
  taskId: ptrs + 16 <= last ? r.latin1(ptrs + 8) : undefined,
  nodeTaskType: at + 8 <= ptrs ? r.u16(at) : 0,
  parentTaskIds: ptrs + 24 <= last ? r.latin1List(ptrs + 16) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readStateGraphTaskAt = (r: Reader, p: number): StateGraphTask | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readStateGraphTask(r, at, r.ptrs, r.last);
};

export const readStateGraphTaskList = (r: Reader, p: number): StateGraphTask[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<StateGraphTask>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readStateGraphTask(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillStateGraphTask = (b: Builder, at: number, ptrs: number, v: StateGraphTask): void => {
  if (v.graphTaskId !== undefined) b.latin1(ptrs, v.graphTaskId);
  if (v.taskId !== undefined) b.latin1(ptrs + 8, v.taskId);
  b.u16(at, v.nodeTaskType);
  if (v.parentTaskIds !== undefined) b.latin1List(ptrs + 16, v.parentTaskIds);
};

export const writeStateGraphTask = (b: Builder, p: number, v: StateGraphTask): void => {
  const at = b.struct(p, 1, 3);
  fillStateGraphTask(b, at, at + 8, v);
};

export const writeStateGraphTaskList = (b: Builder, p: number, list: readonly StateGraphTask[]): void => {
  const dataWords = 1;
  const pointers = 3;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillStateGraphTask(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface ProcessorInitialized {
}

export const readProcessorInitialized = (_r: Reader, _at: number, _ptrs: number, _last: number): ProcessorInitialized => ({
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readProcessorInitializedAt = (r: Reader, p: number): ProcessorInitialized | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readProcessorInitialized(r, at, r.ptrs, r.last);
};

export const readProcessorInitializedList = (r: Reader, p: number): ProcessorInitialized[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<ProcessorInitialized>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readProcessorInitialized(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillProcessorInitialized = (_b: Builder, _at: number, _ptrs: number, _v: ProcessorInitialized): void => {
};

export const writeProcessorInitialized = (b: Builder, p: number, v: ProcessorInitialized): void => {
  const at = b.struct(p, 0, 0);
  fillProcessorInitialized(b, at, at, v);
};

export const writeProcessorInitializedList = (b: Builder, p: number, list: readonly ProcessorInitialized[]): void => {
  const dataWords = 0;
  const pointers = 0;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillProcessorInitialized(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface InformationRequest {
  readonly request: Uint8Array | undefined;
}

export const readInformationRequest = (r: Reader, _at: number, ptrs: number, last: number): InformationRequest => ({
  request: ptrs + 8 <= last ? r.view(ptrs) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readInformationRequestAt = (r: Reader, p: number): InformationRequest | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readInformationRequest(r, at, r.ptrs, r.last);
};

export const readInformationRequestList = (r: Reader, p: number): InformationRequest[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<InformationRequest>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readInformationRequest(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillInformationRequest = (b: Builder, _at: number, ptrs: number, v: InformationRequest): void => {
  if (v.request !== undefined) b.data(ptrs, v.request);
};

export const writeInformationRequest = (b: Builder, p: number, v: InformationRequest): void => {
  const at = b.struct(p, 0, 1);
  fillInformationRequest(b, at, at, v);
};

export const writeInformationRequestList = (b: Builder, p: number, list: readonly InformationRequest[]): void => {
  const dataWords = 0;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillInformationRequest(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface InformationResponse {
  readonly response: Uint8Array | undefined;
}

export const readInformationResponse = (r: Reader, _at: number, ptrs: number, last: number): InformationResponse => ({
  response: ptrs + 8 <= last ? r.view(ptrs) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readInformationResponseAt = (r: Reader, p: number): InformationResponse | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readInformationResponse(r, at, r.ptrs, r.last);
};

export const readInformationResponseList = (r: Reader, p: number): InformationResponse[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<InformationResponse>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readInformationResponse(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillInformationResponse = (b: Builder, _at: number, ptrs: number, v: InformationResponse): void => {
  if (v.response !== undefined) b.data(ptrs, v.response);
};

export const writeInformationResponse = (b: Builder, p: number, v: InformationResponse): void => {
  const at = b.struct(p, 0, 1);
  fillInformationResponse(b, at, at, v);
};

export const writeInformationResponseList = (b: Builder, p: number, list: readonly InformationResponse[]): void => {
  const dataWords = 0;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillInformationResponse(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface TaskBatch {
  readonly tasks: readonly FrameSlice[] | undefined;
  readonly attempts: readonly number[] | undefined;
  readonly sources: readonly string[] | undefined;
  readonly sourceOf: readonly number[] | undefined;
}

export const readTaskBatch = (r: Reader, _at: number, ptrs: number, last: number): TaskBatch => ({
  tasks: ptrs + 8 <= last ? r.slices(ptrs) : undefined,
  attempts: ptrs + 16 <= last ? r.u32List(ptrs + 8) : undefined,
  sources: ptrs + 24 <= last ? r.latin1List(ptrs + 16) : undefined,
  sourceOf: ptrs + 32 <= last ? r.u16List(ptrs + 24) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readTaskBatchAt = (r: Reader, p: number): TaskBatch | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readTaskBatch(r, at, r.ptrs, r.last);
};

export const readTaskBatchList = (r: Reader, p: number): TaskBatch[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<TaskBatch>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readTaskBatch(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillTaskBatch = (b: Builder, _at: number, ptrs: number, v: TaskBatch): void => {
  if (v.tasks !== undefined) b.slices(ptrs, v.tasks);
  if (v.attempts !== undefined) b.u32List(ptrs + 8, v.attempts);
  if (v.sources !== undefined) b.latin1List(ptrs + 16, v.sources);
  if (v.sourceOf !== undefined) b.u16List(ptrs + 24, v.sourceOf);
};

export const writeTaskBatch = (b: Builder, p: number, v: TaskBatch): void => {
  const at = b.struct(p, 0, 4);
  fillTaskBatch(b, at, at, v);
};

export const writeTaskBatchList = (b: Builder, p: number, list: readonly TaskBatch[]): void => {
  const dataWords = 0;
  const pointers = 4;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillTaskBatch(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface TaskResultBatch {
  readonly results: readonly FrameSlice[] | undefined;
  readonly attempts: readonly number[] | undefined;
}

export const readTaskResultBatch = (r: Reader, _at: number, ptrs: number, last: number): TaskResultBatch => ({
  results: ptrs + 8 <= last ? r.slices(ptrs) : undefined,
  attempts: ptrs + 16 <= last ? r.u32List(ptrs + 8) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readTaskResultBatchAt = (r: Reader, p: number): TaskResultBatch | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readTaskResultBatch(r, at, r.ptrs, r.last);
};

export const readTaskResultBatchList = (r: Reader, p: number): TaskResultBatch[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<TaskResultBatch>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readTaskResultBatch(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillTaskResultBatch = (b: Builder, _at: number, ptrs: number, v: TaskResultBatch): void => {
  if (v.results !== undefined) b.slices(ptrs, v.results);
  if (v.attempts !== undefined) b.u32List(ptrs + 8, v.attempts);
};

export const writeTaskResultBatch = (b: Builder, p: number, v: TaskResultBatch): void => {
  const at = b.struct(p, 0, 2);
  fillTaskResultBatch(b, at, at, v);
};

export const writeTaskResultBatchList = (b: Builder, p: number, list: readonly TaskResultBatch[]): void => {
  const dataWords = 0;
  const pointers = 2;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillTaskResultBatch(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface ResultAck {
  readonly tasks: TaskAttempts | undefined;
}

export const readResultAck = (r: Reader, _at: number, ptrs: number, last: number): ResultAck => ({
  tasks: ptrs + 8 <= last ? readTaskAttemptsAt(r, ptrs) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readResultAckAt = (r: Reader, p: number): ResultAck | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readResultAck(r, at, r.ptrs, r.last);
};

export const readResultAckList = (r: Reader, p: number): ResultAck[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<ResultAck>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readResultAck(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillResultAck = (b: Builder, _at: number, ptrs: number, v: ResultAck): void => {
  if (v.tasks !== undefined) writeTaskAttempts(b, ptrs, v.tasks);
};

export const writeResultAck = (b: Builder, p: number, v: ResultAck): void => {
  const at = b.struct(p, 0, 1);
  fillResultAck(b, at, at, v);
};

export const writeResultAckList = (b: Builder, p: number, list: readonly ResultAck[]): void => {
  const dataWords = 0;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillResultAck(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface TakeBack {
  readonly tasks: TaskAttempts | undefined;
}

export const readTakeBack = (r: Reader, _at: number, ptrs: number, last: number): TakeBack => ({
  tasks: ptrs + 8 <= last ? readTaskAttemptsAt(r, ptrs) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readTakeBackAt = (r: Reader, p: number): TakeBack | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readTakeBack(r, at, r.ptrs, r.last);
};

export const readTakeBackList = (r: Reader, p: number): TakeBack[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<TakeBack>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readTakeBack(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillTakeBack = (b: Builder, _at: number, ptrs: number, v: TakeBack): void => {
  if (v.tasks !== undefined) writeTaskAttempts(b, ptrs, v.tasks);
};

export const writeTakeBack = (b: Builder, p: number, v: TakeBack): void => {
  const at = b.struct(p, 0, 1);
  fillTakeBack(b, at, at, v);
};

export const writeTakeBackList = (b: Builder, p: number, list: readonly TakeBack[]): void => {
  const dataWords = 0;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillTakeBack(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface TasksReturned {
  readonly returned: TaskAttempts | undefined;
  readonly kept: TaskAttempts | undefined;
}

export const readTasksReturned = (r: Reader, _at: number, ptrs: number, last: number): TasksReturned => ({
  returned: ptrs + 8 <= last ? readTaskAttemptsAt(r, ptrs) : undefined,
  kept: ptrs + 16 <= last ? readTaskAttemptsAt(r, ptrs + 8) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readTasksReturnedAt = (r: Reader, p: number): TasksReturned | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readTasksReturned(r, at, r.ptrs, r.last);
};

export const readTasksReturnedList = (r: Reader, p: number): TasksReturned[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<TasksReturned>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readTasksReturned(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillTasksReturned = (b: Builder, _at: number, ptrs: number, v: TasksReturned): void => {
  if (v.returned !== undefined) writeTaskAttempts(b, ptrs, v.returned);
  if (v.kept !== undefined) writeTaskAttempts(b, ptrs + 8, v.kept);
};

export const writeTasksReturned = (b: Builder, p: number, v: TasksReturned): void => {
  const at = b.struct(p, 0, 2);
  fillTasksReturned(b, at, at, v);
};

export const writeTasksReturnedList = (b: Builder, p: number, list: readonly TasksReturned[]): void => {
  const dataWords = 0;
  const pointers = 2;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillTasksReturned(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface TasksHeld {
  readonly tasks: TaskAttempts | undefined;
}

export const readTasksHeld = (r: Reader, _at: number, ptrs: number, last: number): TasksHeld => ({
  tasks: ptrs + 8 <= last ? readTaskAttemptsAt(r, ptrs) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readTasksHeldAt = (r: Reader, p: number): TasksHeld | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readTasksHeld(r, at, r.ptrs, r.last);
};

export const readTasksHeldList = (r: Reader, p: number): TasksHeld[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<TasksHeld>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readTasksHeld(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillTasksHeld = (b: Builder, _at: number, ptrs: number, v: TasksHeld): void => {
  if (v.tasks !== undefined) writeTaskAttempts(b, ptrs, v.tasks);
};

export const writeTasksHeld = (b: Builder, p: number, v: TasksHeld): void => {
  const at = b.struct(p, 0, 1);
  fillTasksHeld(b, at, at, v);
};

export const writeTasksHeldList = (b: Builder, p: number, list: readonly TasksHeld[]): void => {
  const dataWords = 0;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillTasksHeld(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface Drain {
  /** Number of a {@link DrainAction}; not checked. */
  readonly action: number;
}

export const readDrain = (r: Reader, at: number, ptrs: number, _last: number): Drain => ({
  action: at + 8 <= ptrs ? r.u16(at) : 0,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readDrainAt = (r: Reader, p: number): Drain | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readDrain(r, at, r.ptrs, r.last);
};

export const readDrainList = (r: Reader, p: number): Drain[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<Drain>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readDrain(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillDrain = (b: Builder, at: number, _ptrs: number, v: Drain): void => {
  b.u16(at, v.action);
};

export const writeDrain = (b: Builder, p: number, v: Drain): void => {
  const at = b.struct(p, 1, 0);
  fillDrain(b, at, at + 8, v);
};

export const writeDrainList = (b: Builder, p: number, list: readonly Drain[]): void => {
  const dataWords = 1;
  const pointers = 0;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillDrain(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface DrainStatus {
  /** Number of a {@link DrainStatusPhase}; not checked. */
  readonly status: number;
  readonly reason: string | undefined;
}

export const readDrainStatus = (r: Reader, at: number, ptrs: number, last: number): DrainStatus => ({
  status: at + 8 <= ptrs ? r.u16(at) : 0,
  reason: ptrs + 8 <= last ? r.text(ptrs) : undefined,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readDrainStatusAt = (r: Reader, p: number): DrainStatus | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readDrainStatus(r, at, r.ptrs, r.last);
};

export const readDrainStatusList = (r: Reader, p: number): DrainStatus[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<DrainStatus>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readDrainStatus(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillDrainStatus = (b: Builder, at: number, ptrs: number, v: DrainStatus): void => {
  b.u16(at, v.status);
  if (v.reason !== undefined) b.text(ptrs, v.reason);
};

export const writeDrainStatus = (b: Builder, p: number, v: DrainStatus): void => {
  const at = b.struct(p, 1, 1);
  fillDrainStatus(b, at, at + 8, v);
};

export const writeDrainStatusList = (b: Builder, p: number, list: readonly DrainStatus[]): void => {
  const dataWords = 1;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillDrainStatus(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export type Message =
  | { readonly which: 'task'; readonly value: Task | undefined }
  | { readonly which: 'taskCancel'; readonly value: TaskCancel | undefined }
  | { readonly which: 'taskCancelConfirm'; readonly value: TaskCancelConfirm | undefined }
  | { readonly which: 'taskResult'; readonly value: TaskResult | undefined }
  | { readonly which: 'taskLog'; readonly value: TaskLog | undefined }
  | { readonly which: 'graphTask'; readonly value: GraphTask | undefined }
  | { readonly which: 'objectInstruction'; readonly value: ObjectInstruction | undefined }
  | { readonly which: 'clientHeartbeat'; readonly value: ClientHeartbeat | undefined }
  | { readonly which: 'clientHeartbeatEcho'; readonly value: ClientHeartbeatEcho | undefined }
  | { readonly which: 'workerHeartbeat'; readonly value: WorkerHeartbeat | undefined }
  | { readonly which: 'workerHeartbeatEcho'; readonly value: WorkerHeartbeatEcho | undefined }
  | { readonly which: 'disconnectRequest'; readonly value: DisconnectRequest | undefined }
  | { readonly which: 'disconnectResponse'; readonly value: DisconnectResponse | undefined }
  | { readonly which: 'stateClient'; readonly value: StateClient | undefined }
  | { readonly which: 'stateObject'; readonly value: StateObject | undefined }
  | { readonly which: 'stateBalanceAdvice'; readonly value: StateBalanceAdvice | undefined }
  | { readonly which: 'stateScheduler'; readonly value: StateScheduler | undefined }
  | { readonly which: 'stateWorker'; readonly value: StateWorker | undefined }
  | { readonly which: 'stateTask'; readonly value: StateTask | undefined }
  | { readonly which: 'stateGraphTask'; readonly value: StateGraphTask | undefined }
  | { readonly which: 'clientDisconnect'; readonly value: ClientDisconnect | undefined }
  | { readonly which: 'clientShutdownResponse'; readonly value: ClientShutdownResponse | undefined }
  | { readonly which: 'processorInitialized'; readonly value: ProcessorInitialized | undefined }
  | { readonly which: 'informationRequest'; readonly value: InformationRequest | undefined }
  | { readonly which: 'informationResponse'; readonly value: InformationResponse | undefined }
  | { readonly which: 'workerAdapterHeartbeat'; readonly value: WorkerAdapterHeartbeat | undefined }
  | { readonly which: 'workerAdapterHeartbeatEcho'; readonly value: WorkerAdapterHeartbeatEcho | undefined }
  | { readonly which: 'workerAdapterCommand'; readonly value: WorkerAdapterCommand | undefined }
  | { readonly which: 'workerAdapterCommandResponse'; readonly value: WorkerAdapterCommandResponse | undefined }
  | { readonly which: 'taskBatch'; readonly value: TaskBatch | undefined }
  | { readonly which: 'taskResultBatch'; readonly value: TaskResultBatch | undefined }
  | { readonly which: 'resultAck'; readonly value: ResultAck | undefined }
  | { readonly which: 'takeBack'; readonly value: TakeBack | undefined }
  | { readonly which: 'tasksReturned'; readonly value: TasksReturned | undefined }
  | { readonly which: 'tasksHeld'; readonly value: TasksHeld | undefined }
  | { readonly which: 'drain'; readonly value: Drain | undefined }
  | { readonly which: 'drainStatus'; readonly value: DrainStatus | undefined };

/** Tags of {@link Message}. */
export const MessageTag = {
  task: 0,
  taskCancel: 1,
  taskCancelConfirm: 2,
  taskResult: 3,
  taskLog: 4,
  graphTask: 5,
  objectInstruction: 6,
  clientHeartbeat: 7,
  clientHeartbeatEcho: 8,
  workerHeartbeat: 9,
  workerHeartbeatEcho: 10,
  disconnectRequest: 11,
  disconnectResponse: 12,
  stateClient: 13,
  stateObject: 14,
  stateBalanceAdvice: 15,
  stateScheduler: 16,
  stateWorker: 17,
  stateTask: 18,
  stateGraphTask: 19,
  clientDisconnect: 20,
  clientShutdownResponse: 21,
  processorInitialized: 22,
  informationRequest: 23,
  informationResponse: 24,
  workerAdapterHeartbeat: 25,
  workerAdapterHeartbeatEcho: 26,
  workerAdapterCommand: 27,
  workerAdapterCommandResponse: 28,
  taskBatch: 29,
  taskResultBatch: 30,
  resultAck: 31,
  takeBack: 32,
  tasksReturned: 33,
  tasksHeld: 34,
  drain: 35,
  drainStatus: 36,
} as const;

/** Tag of the union, read alone. */
export const peekMessage = (r: Reader, p: number): number => {
  const at = r.struct(p);
  return at === NONE ? 0 : at + 8 <= r.ptrs ? r.u16(at) : 0;
};

/** Where the pointer to the member is; NONE when the message has another tag or no member at all. */
export const memberOfMessage = (r: Reader, p: number, tag: number): number => {
  const at = r.struct(p);
  if (at === NONE || (at + 8 <= r.ptrs ? r.u16(at) : 0) !== tag) return NONE;
  return r.ptrs + 8 <= r.last ? r.ptrs : NONE;
};

export const readMessageAt = (r: Reader, p: number): Message => {
  const tag = peekMessage(r, p);
  const member = memberOfMessage(r, p, tag);
  switch (tag) {
    case 0:
      return { which: 'task', value: member === NONE ? undefined : readTaskAt(r, member) };
    case 1:
      return { which: 'taskCancel', value: member === NONE ? undefined : readTaskCancelAt(r, member) };
    case 2:
      return { which: 'taskCancelConfirm', value: member === NONE ? undefined : readTaskCancelConfirmAt(r, member) };
    case 3:
      return { which: 'taskResult', value: member === NONE ? undefined : readTaskResultAt(r, member) };
    case 4:
      return { which: 'taskLog', value: member === NONE ? undefined : readTaskLogAt(r, member) };
    case 5:
      return { which: 'graphTask', value: member === NONE ? undefined : readGraphTaskAt(r, member) };
    case 6:
      return { which: 'objectInstruction', value: member === NONE ? undefined : readObjectInstructionAt(r, member) };
    case 7:
      return { which: 'clientHeartbeat', value: member === NONE ? undefined : readClientHeartbeatAt(r, member) };
    case 8:
      return { which: 'clientHeartbeatEcho', value: member === NONE ? undefined : readClientHeartbeatEchoAt(r, member) };
    case 9:
      return { which: 'workerHeartbeat', value: member === NONE ? undefined : readWorkerHeartbeatAt(r, member) };
    case 10:
      return { which: 'workerHeartbeatEcho', value: member === NONE ? undefined : readWorkerHeartbeatEchoAt(r, member) };
    case 11:
      return { which: 'disconnectRequest', value: member === NONE ? undefined : readDisconnectRequestAt(r, member) };
    case 12:
      return { which: 'disconnectResponse', value: member === NONE ? undefined : readDisconnectResponseAt(r, member) };
    case 13:
      return { which: 'stateClient', value: member === NONE ? undefined : readStateClientAt(r, member) };
    case 14:
      return { which: 'stateObject', value: member === NONE ? undefined : readStateObjectAt(r, member) };
    case 15:
      return { which: 'stateBalanceAdvice', value: member === NONE ? undefined : readStateBalanceAdviceAt(r, member) };
    case 16:
      return { which: 'stateScheduler', value: member === NONE ? undefined : readStateSchedulerAt(r, member) };
    case 17:
      return { which: 'stateWorker', value: member === NONE ? undefined : readStateWorkerAt(r, member) };
    case 18:
      return { which: 'stateTask', value: member === NONE ? undefined : readStateTaskAt(r, member) };
    case 19:
      return { which: 'stateGraphTask', value: member === NONE ? undefined : readStateGraphTaskAt(r, member) };
    case 20:
      return { which: 'clientDisconnect', value: member === NONE ? undefined : readClientDisconnectAt(r, member) };
    case 21:
      return { which: 'clientShutdownResponse', value: member === NONE ? undefined : readClientShutdownResponseAt(r, member) };
    case 22:
      return { which: 'processorInitialized', value: member === NONE ? undefined : readProcessorInitializedAt(r, member) };
    case 23:
      return { which: 'informationRequest', value: member === NONE ? undefined : readInformationRequestAt(r, member) };
    case 24:
      return { which: 'informationResponse', value: member === NONE ? undefined : readInformationResponseAt(r, member) };
    case 25:
      return { which: 'workerAdapterHeartbeat', value: member === NONE ? undefined : readWorkerAdapterHeartbeatAt(r, member) };
    case 26:
      return { which: 'workerAdapterHeartbeatEcho', value: member === NONE ? undefined : readWorkerAdapterHeartbeatEchoAt(r, member) };
    case 27:
      return { which: 'workerAdapterCommand', value: member === NONE ? undefined : readWorkerAdapterCommandAt(r, member) };
    case 28:
      return { which: 'workerAdapterCommandResponse', value: member === NONE ? undefined : readWorkerAdapterCommandResponseAt(r, member) };
    case 29:
      return { which: 'taskBatch', value: member === NONE ? undefined : readTaskBatchAt(r, member) };
    case 30:
      return { which: 'taskResultBatch', value: member === NONE ? undefined : readTaskResultBatchAt(r, member) };
    case 31:
      return { which: 'resultAck', value: member === NONE ? undefined : readResultAckAt(r, member) };
    case 32:
      return { which: 'takeBack', value: member === NONE ? undefined : readTakeBackAt(r, member) };
    case 33:
      return { which: 'tasksReturned', value: member === NONE ? undefined : readTasksReturnedAt(r, member) };
    case 34:
      return { which: 'tasksHeld', value: member === NONE ? undefined : readTasksHeldAt(r, member) };
    case 35:
      return { which: 'drain', value: member === NONE ? undefined : readDrainAt(r, member) };
    case 36:
      return { which: 'drainStatus', value: member === NONE ? undefined : readDrainStatusAt(r, member) };
    default:
      throw new ProtocolError('unknownTag', `Message ${tag}`);
  }
};

export const writeMessage = (b: Builder, p: number, v: Message): void => {
  const at = b.struct(p, 1, 1);
  const ptrs = at + 8;
  b.u16(at, MessageTag[v.which]);
  if (v.value === undefined) return;
  switch (v.which) {
    case 'task':
      return writeTask(b, ptrs, v.value);
    case 'taskCancel':
      return writeTaskCancel(b, ptrs, v.value);
    case 'taskCancelConfirm':
      return writeTaskCancelConfirm(b, ptrs, v.value);
    case 'taskResult':
      return writeTaskResult(b, ptrs, v.value);
    case 'taskLog':
      return writeTaskLog(b, ptrs, v.value);
    case 'graphTask':
      return writeGraphTask(b, ptrs, v.value);
    case 'objectInstruction':
      return writeObjectInstruction(b, ptrs, v.value);
    case 'clientHeartbeat':
      return writeClientHeartbeat(b, ptrs, v.value);
    case 'clientHeartbeatEcho':
      return writeClientHeartbeatEcho(b, ptrs, v.value);
    case 'workerHeartbeat':
      return writeWorkerHeartbeat(b, ptrs, v.value);
    case 'workerHeartbeatEcho':
      return writeWorkerHeartbeatEcho(b, ptrs, v.value);
    case 'disconnectRequest':
      return writeDisconnectRequest(b, ptrs, v.value);
    case 'disconnectResponse':
      return writeDisconnectResponse(b, ptrs, v.value);
    case 'stateClient':
      return writeStateClient(b, ptrs, v.value);
    case 'stateObject':
      return writeStateObject(b, ptrs, v.value);
    case 'stateBalanceAdvice':
      return writeStateBalanceAdvice(b, ptrs, v.value);
    case 'stateScheduler':
      return writeStateScheduler(b, ptrs, v.value);
    case 'stateWorker':
      return writeStateWorker(b, ptrs, v.value);
    case 'stateTask':
      return writeStateTask(b, ptrs, v.value);
    case 'stateGraphTask':
      return writeStateGraphTask(b, ptrs, v.value);
    case 'clientDisconnect':
      return writeClientDisconnect(b, ptrs, v.value);
    case 'clientShutdownResponse':
      return writeClientShutdownResponse(b, ptrs, v.value);
    case 'processorInitialized':
      return writeProcessorInitialized(b, ptrs, v.value);
    case 'informationRequest':
      return writeInformationRequest(b, ptrs, v.value);
    case 'informationResponse':
      return writeInformationResponse(b, ptrs, v.value);
    case 'workerAdapterHeartbeat':
      return writeWorkerAdapterHeartbeat(b, ptrs, v.value);
    case 'workerAdapterHeartbeatEcho':
      return writeWorkerAdapterHeartbeatEcho(b, ptrs, v.value);
    case 'workerAdapterCommand':
      return writeWorkerAdapterCommand(b, ptrs, v.value);
    case 'workerAdapterCommandResponse':
      return writeWorkerAdapterCommandResponse(b, ptrs, v.value);
    case 'taskBatch':
      return writeTaskBatch(b, ptrs, v.value);
    case 'taskResultBatch':
      return writeTaskResultBatch(b, ptrs, v.value);
    case 'resultAck':
      return writeResultAck(b, ptrs, v.value);
    case 'takeBack':
      return writeTakeBack(b, ptrs, v.value);
    case 'tasksReturned':
      return writeTasksReturned(b, ptrs, v.value);
    case 'tasksHeld':
      return writeTasksHeld(b, ptrs, v.value);
    case 'drain':
      return writeDrain(b, ptrs, v.value);
    case 'drainStatus':
      return writeDrainStatus(b, ptrs, v.value);
  }
};
