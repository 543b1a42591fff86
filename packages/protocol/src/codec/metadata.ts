/**
 * The two packed blobs inside Task and TaskResult, in network byte order. Source: OpenGRIS Scaler 1.15.0
 * (`struct` formats `!?i?` and `!fQf`).
 */
import { ProtocolError } from '../errors.ts';
import type { ResultMetadata, TaskMetadata } from '../messages.ts';
import { measured64 } from './fields.ts';

const TASK_METADATA_BYTES = 6;
const RESULT_METADATA_BYTES = 16;

/* Read by hand: a DataView or Buffer over the few bytes would cost more than all the rest of a head. */
const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);

const readInt32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 24) |
  ((bytes[at + 1] ?? 0) << 16) |
  ((bytes[at + 2] ?? 0) << 8) |
  (bytes[at + 3] ?? 0);

const readUint32 = (bytes: Uint8Array, at: number): number => readInt32(bytes, at) >>> 0;

const readFloat32 = (bytes: Uint8Array, at: number): number => {
  floatBits[0] = readInt32(bytes, at);
  return float[0] ?? 0;
};

export const encodeTaskMetadata = (metadata: TaskMetadata): Uint8Array => {
  const { priority } = metadata;
  if ((priority | 0) !== priority) throw new ProtocolError('valueRange', `priority ${priority} is no Int32`);
  const bytes = Buffer.allocUnsafe(TASK_METADATA_BYTES);
  bytes[0] = metadata.profiling ? 1 : 0;
  bytes.writeInt32BE(priority, 1);
  bytes[5] = metadata.streamOutput ? 1 : 0;
  return bytes;
};

/** Throws ProtocolError 'fieldInvalid' for another length than 6; empty means absent. */
export const decodeTaskMetadata = (bytes: Uint8Array | undefined): TaskMetadata | undefined => {
  if (bytes === undefined || bytes.length === 0) return undefined;
  if (bytes.length !== TASK_METADATA_BYTES)
    throw new ProtocolError('fieldInvalid', `task metadata of ${bytes.length} bytes`);
  return {
    profiling: bytes[0] !== 0,
    priority: readInt32(bytes, 1),
    streamOutput: bytes[5] !== 0,
  };
};

/** 0 where the metadata is absent or malformed: the worker answers for it, not the scheduler. */
export const priorityOf = (bytes: Uint8Array | undefined): number =>
  bytes?.length === TASK_METADATA_BYTES ? readInt32(bytes, 1) : 0;

export const encodeResultMetadata = (metadata: ResultMetadata): Uint8Array => {
  const memory = measured64(metadata.memoryPeakBytes);
  const bytes = Buffer.allocUnsafe(RESULT_METADATA_BYTES);
  bytes.writeFloatBE(metadata.durationS, 0);
  bytes.writeUInt32BE(Math.floor(memory / 0x100000000), 4);
  bytes.writeUInt32BE(memory >>> 0, 8);
  bytes.writeFloatBE(metadata.cpuS, 12);
  return bytes;
};

/** Throws ProtocolError 'fieldInvalid' for another length than 16; empty means absent. */
export const decodeResultMetadata = (bytes: Uint8Array | undefined): ResultMetadata | undefined => {
  if (bytes === undefined || bytes.length === 0) return undefined;
  if (bytes.length !== RESULT_METADATA_BYTES)
    throw new ProtocolError('fieldInvalid', `result metadata of ${bytes.length} bytes`);
  return {
    durationS: readFloat32(bytes, 0),
    memoryPeakBytes: readUint32(bytes, 4) * 0x100000000 + readUint32(bytes, 8),
    cpuS: readFloat32(bytes, 12),
  };
};

/** Milliseconds; undefined where the metadata is absent or malformed. */
export const durationMsOf = (bytes: Uint8Array | undefined): number | undefined => {
  if (bytes?.length !== RESULT_METADATA_BYTES) return undefined;
  const durationMs = readFloat32(bytes, 0) * 1000;
  return durationMs >= 0 && durationMs < Infinity ? durationMs : undefined;
};
