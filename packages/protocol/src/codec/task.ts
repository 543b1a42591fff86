/** Task and TaskResult: whole on the two ends, only the head in between. */
import { ProtocolError } from '../errors.ts';
import type * as Wire from '../generated/message.ts';
import {
  memberOfMessage,
  MessageTag,
  peekTaskAt,
  peekTaskResultAt,
  readTaskAt,
  readTaskResultAt,
} from '../generated/message.ts';
import type { ClientId, ObjectId } from '../ids.ts';
import { clientId, objectId } from '../ids.ts';
import type { FrameSlice, Task, TaskArgument, TaskHead, TaskResult, TaskResultHead } from '../messages.ts';
import type { Reader } from '../wire/reader.ts';
import { latin1Of, NONE } from '../wire/reader.ts';
import { argumentKind, taskOutcome } from './enums.ts';
import {
  fromCapabilities,
  NO_BYTES,
  present,
  required,
  toCapabilities,
  toObjectId,
  toObjectIds,
  toTaskId,
} from './fields.ts';
import {
  decodeResultMetadata,
  decodeTaskMetadata,
  durationMsOf,
  encodeResultMetadata,
  encodeTaskMetadata,
  priorityOf,
} from './metadata.ts';

const toSource = (source: string | undefined): ClientId | undefined =>
  source === undefined || source === '' ? undefined : clientId(source);

/** Stock tasks may come without a function (empty id). */
const toFunctionId = (id: string | undefined): ObjectId =>
  present(id) === undefined ? objectId('') : toObjectId(id);

/** No id is longer; what is must not become a string first. */
const ID_BYTES_MAX = 32;

const idOf = (data: FrameSlice | undefined): string => {
  const length = data === undefined ? 0 : data.end - data.start;
  if (length > ID_BYTES_MAX) throw new ProtocolError('idLength', `an id of ${length} bytes`);
  return data === undefined ? '' : latin1Of(data);
};

const toArgument = (wire: Wire.TaskArgument): TaskArgument => {
  const kind = argumentKind.fromWire(wire.type);
  const { data } = wire;
  switch (kind) {
    case 'object':
      return { kind, id: toObjectId(idOf(data)) };
    case 'task':
      return { kind, id: toTaskId(idOf(data)) };
    case 'inline':
      return { kind, bytes: data === undefined ? NO_BYTES : data.bytes.subarray(data.start, data.end) };
  }
};

const fromArgument = (argument: TaskArgument): Wire.TaskArgument => {
  const bytes = argument.kind === 'inline' ? argument.bytes : Buffer.from(argument.id, 'latin1');
  return { type: argumentKind.toWire(argument.kind), data: { bytes, start: 0, end: bytes.length } };
};

export const toTask = (wire: Wire.Task): Task => ({
  taskId: toTaskId(wire.taskId),
  source: toSource(wire.source),
  metadata: decodeTaskMetadata(wire.metadata),
  functionId: toFunctionId(wire.funcObjectId),
  args: (wire.functionArgs ?? []).map(toArgument),
  needs: toCapabilities(wire.capabilities),
  timeoutMs: wire.timeoutMs,
  attemptsMax: wire.attemptsMax,
});

/** A task that names its source is written the way stock peers write it; ours leave out what is empty. */
export const fromTask = (task: Task): Wire.Task => {
  const isOwn = task.source === undefined;
  return {
    taskId: task.taskId,
    source: task.source,
    metadata: task.metadata !== undefined ? encodeTaskMetadata(task.metadata) : isOwn ? undefined : NO_BYTES,
    funcObjectId: task.functionId,
    functionArgs: isOwn && task.args.length === 0 ? undefined : task.args.map(fromArgument),
    capabilities: isOwn && task.needs.size === 0 ? undefined : fromCapabilities(task.needs),
    timeoutMs: task.timeoutMs,
    attemptsMax: task.attemptsMax,
  };
};

export const toResult = (wire: Wire.TaskResult): TaskResult => ({
  taskId: toTaskId(wire.taskId),
  outcome: taskOutcome.fromWire(wire.resultType),
  metadata: decodeResultMetadata(wire.metadata),
  objectIds: toObjectIds(wire.results),
  inline: wire.inline,
});

export const fromResult = (result: TaskResult): Wire.TaskResult => ({
  taskId: result.taskId,
  resultType: taskOutcome.toWire(result.outcome),
  metadata: result.metadata === undefined ? NO_BYTES : encodeResultMetadata(result.metadata),
  results: result.objectIds,
  inline: result.inline,
});

/** Position of the pointer to the member with this tag. */
const memberAt = (r: Reader, root: number, tag: number, what: string): number => {
  const member = memberOfMessage(r, root, tag);
  if (member === NONE) throw new ProtocolError('fieldMissing', `the frame holds no ${what}`);
  return member;
};

export const readTask = (r: Reader, root: number): Task =>
  toTask(required(readTaskAt(r, memberAt(r, root, MessageTag.task, 'task')), 'task'));

export const readResult = (r: Reader, root: number): TaskResult =>
  toResult(required(readTaskResultAt(r, memberAt(r, root, MessageTag.taskResult, 'result')), 'result'));

/** Head of the task frame that the reader is open on. */
export const readTaskHead = (r: Reader, root: number, start: number, end: number): TaskHead => {
  const { bytes } = r;
  const wire = required(peekTaskAt(r, memberAt(r, root, MessageTag.task, 'task')), 'task');
  return {
    bytes,
    start,
    end,
    taskId: toTaskId(wire.taskId),
    source: toSource(wire.source),
    functionId: toFunctionId(wire.funcObjectId),
    priority: priorityOf(wire.metadata),
    needs: toCapabilities(wire.capabilities),
    attemptsMax: wire.attemptsMax,
  };
};

/** Head of the result frame that the reader is open on. */
export const readResultHead = (r: Reader, root: number, start: number, end: number): TaskResultHead => {
  const { bytes } = r;
  const wire = required(peekTaskResultAt(r, memberAt(r, root, MessageTag.taskResult, 'result')), 'result');
  return {
    bytes,
    start,
    end,
    taskId: toTaskId(wire.taskId),
    outcome: taskOutcome.fromWire(wire.resultType),
    durationMs: durationMsOf(wire.metadata),
    objectIds: toObjectIds(wire.results),
  };
};
