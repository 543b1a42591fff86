/**
 * The two packed blobs inside Task and TaskResult, in network byte order. Source: OpenGRIS Scaler 1.15.0
 * (`struct` formats `!?i?` and `!fQf`).
 */
import { ProtocolError } from '../errors.ts';
import type { ResultMetadata, TaskMetadata } from '../messages.ts';

const TASK_METADATA_BYTES = 6;
const RESULT_METADATA_BYTES = 16;

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const encodeTaskMetadata = (metadata: TaskMetadata): Uint8Array => {
  const { priority } = metadata;
  if ((priority | 0) !== priority) throw new ProtocolError('valueRange', `priority ${priority} is no Int32`);
  const bytes = new Uint8Array(TASK_METADATA_BYTES);
  const view = viewOf(bytes);
  view.setUint8(0, metadata.profiling ? 1 : 0);
  view.setInt32(1, priority);
  view.setUint8(5, metadata.streamOutput ? 1 : 0);
  return bytes;
};

/** Throws ProtocolError 'fieldInvalid' for another length than 6; empty means absent. */
export const decodeTaskMetadata = (bytes: Uint8Array | undefined): TaskMetadata | undefined => {
  if (bytes === undefined || bytes.length === 0) return undefined;
  if (bytes.length !== TASK_METADATA_BYTES)
    throw new ProtocolError('fieldInvalid', `task metadata of ${bytes.length} bytes`);
  const view = viewOf(bytes);
  return {
    profiling: view.getUint8(0) !== 0,
    priority: view.getInt32(1),
    streamOutput: view.getUint8(5) !== 0,
  };
};

/** 0 where the metadata is absent or malformed: the worker answers for it, not the scheduler. */
export const priorityOf = (bytes: Uint8Array | undefined): number =>
  bytes?.length === TASK_METADATA_BYTES ? viewOf(bytes).getInt32(1) : 0;

export const encodeResultMetadata = (metadata: ResultMetadata): Uint8Array => {
  const bytes = new Uint8Array(RESULT_METADATA_BYTES);
  const view = viewOf(bytes);
  view.setFloat32(0, metadata.durationS);
  view.setBigUint64(4, BigInt(Math.max(0, Math.round(metadata.memoryPeakBytes) || 0)));
  view.setFloat32(12, metadata.cpuS);
  return bytes;
};

/** Throws ProtocolError 'fieldInvalid' for another length than 16; empty means absent. */
export const decodeResultMetadata = (bytes: Uint8Array | undefined): ResultMetadata | undefined => {
  if (bytes === undefined || bytes.length === 0) return undefined;
  if (bytes.length !== RESULT_METADATA_BYTES)
    throw new ProtocolError('fieldInvalid', `result metadata of ${bytes.length} bytes`);
  const view = viewOf(bytes);
  return {
    durationS: view.getFloat32(0),
    memoryPeakBytes: Number(view.getBigUint64(4)),
    cpuS: view.getFloat32(12),
  };
};

/** Milliseconds; undefined where the metadata is absent or malformed. */
export const durationMsOf = (bytes: Uint8Array | undefined): number | undefined => {
  if (bytes?.length !== RESULT_METADATA_BYTES) return undefined;
  const durationMs = viewOf(bytes).getFloat32(0) * 1000;
  return durationMs >= 0 && durationMs < Infinity ? durationMs : undefined;
};
