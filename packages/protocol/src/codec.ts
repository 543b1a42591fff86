/**
 * Frames ↔ messages. One frame is one message, in stream framing, unpacked. Slices and byte fields of a
 * decoded message refer into the frame they came from: keep what outlives it (arena.ts).
 */
import { readMessage } from './codec/decode.ts';
import { toWire } from './codec/encode.ts';
import { readFrame, writeFrame } from './codec/frame.ts';
import { fromResult, fromTask, readResult, readResultHead, readTask, readTaskHead } from './codec/task.ts';
import { ProtocolError } from './errors.ts';
import { MessageTag, peekMessage } from './generated/message.ts';
import type {
  FrameSlice,
  Message,
  MessageKind,
  Task,
  TaskHead,
  TaskResult,
  TaskResultHead,
} from './messages.ts';

export type { ProtocolErrorCode } from './errors.ts';
export { ProtocolError };

const copyOf = ({ bytes, start, end }: FrameSlice): Uint8Array => {
  const frame = Buffer.allocUnsafe(end - start);
  frame.set(bytes.subarray(start, end));
  return frame;
};

/**
 * A fresh frame, never used again by this module. A message that holds one task or result is its frame,
 * unchanged; batches copy their frames unchanged. Throws ProtocolError 'valueRange' or 'listLength' for
 * values that do not fit the wire.
 */
export const encodeMessage = (message: Message): Uint8Array => {
  switch (message.kind) {
    case 'task':
      return copyOf(message.task);
    case 'taskResult':
      return copyOf(message.result);
    default:
      return writeFrame(toWire(message));
  }
};

/**
 * The message between two positions of a buffer, by default the whole of it. Of tasks and results only the
 * head is read. Throws ProtocolError, and nothing else, whatever the bytes.
 */
export const decodeMessage = (frame: Uint8Array, start = 0, end: number = frame.length): Message =>
  readFrame(frame, start, end, (r, root) => readMessage(r, root, start, end));

/** Every kind has a tag; the monitor's and internal messages have no kind. */
const TAGS: Readonly<Record<MessageKind, number>> = {
  task: MessageTag.task,
  taskCancel: MessageTag.taskCancel,
  taskCancelConfirm: MessageTag.taskCancelConfirm,
  taskResult: MessageTag.taskResult,
  taskLog: MessageTag.taskLog,
  graphTask: MessageTag.graphTask,
  objectInstruction: MessageTag.objectInstruction,
  clientHeartbeat: MessageTag.clientHeartbeat,
  clientHeartbeatEcho: MessageTag.clientHeartbeatEcho,
  workerHeartbeat: MessageTag.workerHeartbeat,
  workerHeartbeatEcho: MessageTag.workerHeartbeatEcho,
  disconnectRequest: MessageTag.disconnectRequest,
  disconnectResponse: MessageTag.disconnectResponse,
  clientDisconnect: MessageTag.clientDisconnect,
  clientShutdownResponse: MessageTag.clientShutdownResponse,
  informationRequest: MessageTag.informationRequest,
  informationResponse: MessageTag.informationResponse,
  adapterHeartbeat: MessageTag.workerAdapterHeartbeat,
  adapterHeartbeatEcho: MessageTag.workerAdapterHeartbeatEcho,
  adapterCommand: MessageTag.workerAdapterCommand,
  adapterCommandResponse: MessageTag.workerAdapterCommandResponse,
  taskBatch: MessageTag.taskBatch,
  taskResultBatch: MessageTag.taskResultBatch,
  resultAck: MessageTag.resultAck,
  takeBack: MessageTag.takeBack,
  tasksReturned: MessageTag.tasksReturned,
  tasksHeld: MessageTag.tasksHeld,
  drain: MessageTag.drain,
  drainStatus: MessageTag.drainStatus,
};
const KINDS: ReadonlyMap<number, MessageKind> = new Map(
  (Object.entries(TAGS) as [MessageKind, number][]).map(([kind, tag]) => [tag, kind]),
);

/** The kind of a frame without decoding it; undefined for unknown tags and for bytes that are no frame. */
export const peekKind = (frame: Uint8Array): MessageKind | undefined => {
  try {
    return KINDS.get(readFrame(frame, 0, frame.length, peekMessage));
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
};

/** A whole frame. Without a source it is written as ours: what is empty takes no bytes. */
export const encodeTask = (task: Task): Uint8Array => writeFrame({ which: 'task', value: fromTask(task) });

/** All of a task, from its frame; inline arguments refer into `bytes`. Throws ProtocolError. */
export const decodeTask = (bytes: Uint8Array, start = 0, end: number = bytes.length): Task =>
  readFrame(bytes, start, end, readTask);

/** What a scheduler reads of a task frame. Throws ProtocolError. */
export const taskHead = (frame: Uint8Array, start = 0, end: number = frame.length): TaskHead =>
  readFrame(frame, start, end, (r, root) => readTaskHead(r, root, start, end));

/** A whole frame. */
export const encodeTaskResult = (result: TaskResult): Uint8Array =>
  writeFrame({ which: 'taskResult', value: fromResult(result) });

/** All of a result, from its frame; an inline value refers into `bytes`. Throws ProtocolError. */
export const decodeTaskResult = (bytes: Uint8Array, start = 0, end: number = bytes.length): TaskResult =>
  readFrame(bytes, start, end, readResult);

/** What a scheduler reads of a result frame. Throws ProtocolError. */
export const resultHead = (frame: Uint8Array, start = 0, end: number = frame.length): TaskResultHead =>
  readFrame(frame, start, end, (r, root) => readResultHead(r, root, start, end));
