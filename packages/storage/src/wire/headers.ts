/** Headers as frames: the codec is the protocol's, the length in front of it is this package's. */
import { ProtocolError } from '@muster/protocol/errors';
import type { ObjectId } from '@muster/protocol/ids';
import {
  decodeObjectId,
  decodeObjectRequest,
  encodeObjectRequest,
  OBJECT_HEADER_BYTES,
  OBJECT_ID_MESSAGE_BYTES,
  type ObjectRequest,
} from '@muster/protocol/object-storage';

export const HEADER_BYTES: number = OBJECT_HEADER_BYTES;
export const ID_MESSAGE_BYTES: number = OBJECT_ID_MESSAGE_BYTES;
export const ID_BYTES = 32;

/** `payloadLength` of a get that wants everything. */
export const WANT_ALL: number = Infinity;

/** Of a request or an answer: both have the same layout. `requestId` is echoed as it came. */
export type Header = ObjectRequest;

const undefinedWhenMalformed = <T>(decode: (bytes: Uint8Array) => T, frame: Uint8Array): T | undefined => {
  try {
    return decode(frame);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
};

/** Undefined when the frame is not such a header. */
export const decodeHeader = (frame: Uint8Array): Header | undefined =>
  frame.length === HEADER_BYTES ? undefinedWhenMalformed(decodeObjectRequest, frame) : undefined;

/** Undefined when the frame is not such an id. */
export const decodeIdMessage = (frame: Uint8Array): ObjectId | undefined =>
  undefinedWhenMalformed(decodeObjectId, frame);

/** u64, little-endian, exact up to 2^53. */
export const writeFrameLength = (bytes: number, into: Buffer, at: number): void => {
  into.writeUInt32LE(bytes % 2 ** 32, at);
  into.writeUInt32LE(Math.floor(bytes / 2 ** 32), at + 4);
};

/** Writes the 8-byte length and the header behind it: 88 bytes at `at`. */
export const writeHeaderFrame = (header: Header, into: Buffer, at: number): void => {
  writeFrameLength(HEADER_BYTES, into, at);
  into.set(encodeObjectRequest(header), at + 8);
};
