/**
 * The 80-byte headers of requests and responses, and the 48-byte object id that follows a duplicate request: Cap'n
 * Proto messages of one segment. Written in the one shape that every known sender uses; read by their pointers, within
 * bounds. Source: OpenGRIS Scaler 1.15.0, object_storage.capnp.
 */
import { objectId, type ObjectId } from '@muster/protocol/ids';

export const HEADER_BYTES = 80;
export const ID_MESSAGE_BYTES = 48;
export const ID_BYTES = 32;

/** `payloadLength` of a get that wants everything. Larger than any number that arrives exactly. */
export const WANT_ALL: number = 2 ** 64;

export interface Header {
  /** Exact up to 2^53; beyond that only good for comparing with a limit. */
  readonly payloadLength: number;
  /** u64 in two halves, echoed as it came. */
  readonly requestLow: number;
  readonly requestHigh: number;
  readonly type: number;
  readonly id: ObjectId;
}

const scratch = Buffer.allocUnsafeSlow(ID_BYTES);

/** Four big-endian u64 in the id are four little-endian ones on the wire. */
const swapId = (from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number): void => {
  for (let group = 0; group < ID_BYTES; group += 8) {
    for (let i = 0; i < 8; i++) to[toAt + group + 7 - i] = from[fromAt + group + i] ?? 0;
  }
};

const readId = (frame: Buffer, at: number): ObjectId => {
  swapId(frame, at, scratch, 0);
  return objectId(scratch.toString('latin1'));
};

const writeId = (id: ObjectId, into: Buffer, at: number): void => {
  scratch.write(id, 'latin1');
  swapId(scratch, 0, into, at);
};

interface StructAt {
  readonly data: number;
  readonly dataWords: number;
  readonly pointers: number;
  readonly pointerWords: number;
}

/** Follows a struct pointer; undefined for a null pointer, another kind of pointer or one that leaves the frame. */
const structAt = (frame: Buffer, at: number): StructAt | undefined => {
  const low = frame.readInt32LE(at);
  const dataWords = frame.readUInt16LE(at + 4);
  const pointerWords = frame.readUInt16LE(at + 6);
  if ((low & 3) !== 0 || (low === 0 && dataWords + pointerWords === 0)) return undefined;
  const data = at + 8 + (low >> 2) * 8;
  const pointers = data + dataWords * 8;
  if (data < 8 || pointers + pointerWords * 8 > frame.length) return undefined;
  return { data, dataWords, pointers, pointerWords };
};

const isSingleSegment = (frame: Buffer): boolean =>
  frame.length >= 16 && frame.readUInt32LE(0) === 0 && 8 + frame.readUInt32LE(4) * 8 === frame.length;

const readU64 = (frame: Buffer, at: number): number =>
  frame.readUInt32LE(at + 4) * 2 ** 32 + frame.readUInt32LE(at);

/** Undefined when the frame is not such a header. */
export const decodeHeader = (frame: Buffer): Header | undefined => {
  if (frame.length !== HEADER_BYTES || !isSingleSegment(frame)) return undefined;
  const root = structAt(frame, 8);
  if (root === undefined || root.dataWords < 3 || root.pointerWords < 1) return undefined;
  const id = structAt(frame, root.pointers);
  if (id === undefined || id.dataWords < 4) return undefined;
  return {
    payloadLength: readU64(frame, root.data),
    requestLow: frame.readUInt32LE(root.data + 8),
    requestHigh: frame.readUInt32LE(root.data + 12),
    type: frame.readUInt16LE(root.data + 16),
    id: readId(frame, id.data),
  };
};

/** Undefined when the frame is not such an id. */
export const decodeIdMessage = (frame: Buffer): ObjectId | undefined => {
  if (!isSingleSegment(frame)) return undefined;
  const root = structAt(frame, 8);
  return root === undefined || root.dataWords < 4 ? undefined : readId(frame, root.data);
};

const writeU64 = (into: Buffer, value: number, at: number): void => {
  if (value >= WANT_ALL) {
    into.fill(0xff, at, at + 8);
    return;
  }
  into.writeUInt32LE(value % 2 ** 32, at);
  into.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
};

const TEMPLATE = Buffer.from(
  `${'0000000009000000'}${'0000000003000100'}${'00'.repeat(24)}${'0000000004000000'}`,
  'hex',
);

/** Writes the 8-byte length and the header behind it: 88 bytes at `at`. */
export const writeHeaderFrame = (header: Header, into: Buffer, at: number): void => {
  writeFrameLength(HEADER_BYTES, into, at);
  const start = at + 8;
  into.set(TEMPLATE, start);
  writeU64(into, header.payloadLength, start + 16);
  into.writeUInt32LE(header.requestLow, start + 24);
  into.writeUInt32LE(header.requestHigh, start + 28);
  into.writeUInt16LE(header.type, start + 32);
  writeId(header.id, into, start + 48);
};

export const writeFrameLength = (bytes: number, into: Buffer, at: number): void => writeU64(into, bytes, at);

export const encodeIdMessage = (id: ObjectId): Buffer => {
  const message = Buffer.alloc(ID_MESSAGE_BYTES);
  message.writeUInt32LE(5, 4);
  message.writeUInt16LE(4, 12);
  writeId(id, message, 16);
  return message;
};
