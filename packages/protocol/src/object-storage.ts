/**
 * Headers of the object store's stream protocol: what comes before the payload, in both directions. Framing
 * (a u64 length before each header and each payload) belongs to whoever owns the socket.
 *
 * Source: OpenGRIS Scaler 1.15.0. Type numbers from 16 on are Muster's and travel on its local socket only;
 * numbers that this file does not name pass through, so that both ends can add some.
 */
import { ProtocolError } from './errors.ts';
import type { ObjectId } from './ids.ts';
import { objectId } from './ids.ts';
import { Builder } from './wire/builder.ts';
import { NONE, Reader } from './wire/reader.ts';

/** Bytes of a request or response header, as every known sender writes it. */
export const OBJECT_HEADER_BYTES = 80;
/** Bytes of an object id that travels alone (payload of a duplicate). */
export const OBJECT_ID_MESSAGE_BYTES = 48;

export const OBJECT_REQUEST = {
  setObject: 0,
  getObject: 1,
  deleteObject: 2,
  duplicateObjectID: 3,
  infoGetTotal: 4,
  /** Own: answered at once with getOK or notExists. */
  getIfPresent: 16,
  /** Own: `payloadLength` carries the milliseconds to wait; answered with getOK or notExists. */
  getWithin: 17,
  /** Own: answered with hasOK or notExists. */
  has: 18,
  /** Own: as setObject, but bytes that are there stay; answered with setOK. */
  putIfAbsent: 19,
  /** Own: names the owner of the store's lifetime. */
  ownerMark: 20,
} as const;

export const OBJECT_RESPONSE = {
  setOK: 0,
  getOK: 1,
  delOK: 2,
  delNotExists: 3,
  duplicateOK: 4,
  infoGetTotalOK: 5,
  /** Own. */
  notExists: 16,
  /** Own. */
  hasOK: 18,
  /** Own. */
  ownerMarkOK: 20,
} as const;

export interface ObjectRequest {
  readonly id: ObjectId;
  /** Bytes that follow; in a get the most that are wanted. Infinity stands for 2^53 and more. */
  readonly payloadLength: number;
  /** Chosen by the client; echoed exactly. A bigint only where a number would not be exact. */
  readonly requestId: number | bigint;
  /** One of {@link OBJECT_REQUEST}, or a number unknown to this release. */
  readonly type: number;
}

export interface ObjectResponse {
  readonly id: ObjectId;
  /** Bytes that follow. */
  readonly payloadLength: number;
  readonly responseId: number | bigint;
  /** One of {@link OBJECT_RESPONSE}, or a number unknown to this release. */
  readonly type: number;
}

const UNLIMITED = 0xffffffffffffffffn;
const ID_BYTES = 32;

const reader = new Reader();
const builder = new Builder();

/** The id as four words, each eight bytes read big-endian: byte order within a word is turned round. */
const writeId = (at: number, id: ObjectId): void => {
  if (id.length !== ID_BYTES) throw new ProtocolError('idLength', `object id of ${id.length} bytes`);
  for (let i = 0; i < ID_BYTES; i++) builder.u8(at + (i ^ 7), id.charCodeAt(i));
};

const readId = (at: number, last: number): ObjectId => {
  if (at + ID_BYTES > last) throw new ProtocolError('idLength', `object id of ${last - at} bytes`);
  let id = '';
  for (let i = 0; i < ID_BYTES; i++) id += String.fromCharCode(reader.u8(at + (i ^ 7)));
  return objectId(id);
};

const encodeHeader = (
  id: ObjectId,
  payloadLength: number,
  number: number | bigint,
  type: number,
): Uint8Array => {
  const at = builder.struct(builder.open(), 3, 1);
  builder.u64(at, payloadLength === Infinity ? UNLIMITED : payloadLength);
  builder.u64(at + 8, number);
  builder.u16(at + 16, type);
  writeId(builder.struct(at + 24, 4, 0), id);
  return builder.finish();
};

interface Header {
  readonly id: ObjectId;
  readonly payloadLength: number;
  readonly number: number | bigint;
  readonly type: number;
}

const decodeHeader = (bytes: Uint8Array): Header => {
  try {
    const at = reader.struct(reader.open(bytes, 0, bytes.length));
    const { ptrs, last } = reader;
    if (at === NONE || at + 24 > ptrs || ptrs + 8 > last)
      throw new ProtocolError('fieldMissing', 'a header cut short');
    const length = reader.u64(at);
    const number = reader.u64(at + 8);
    const type = reader.u16(at + 16);
    const id = reader.struct(ptrs);
    if (id === NONE) throw new ProtocolError('fieldMissing', 'object id');
    const payloadLength = typeof length === 'bigint' ? Infinity : length;
    return { id: readId(id, reader.ptrs), payloadLength, number, type };
  } finally {
    reader.close();
  }
};

/** 80 bytes. Throws ProtocolError for a value that does not fit. */
export const encodeObjectRequest = (request: ObjectRequest): Uint8Array =>
  encodeHeader(request.id, request.payloadLength, request.requestId, request.type);

/** Throws ProtocolError when the bytes are no header. */
export const decodeObjectRequest = (bytes: Uint8Array): ObjectRequest => {
  const { id, payloadLength, number, type } = decodeHeader(bytes);
  return { id, payloadLength, requestId: number, type };
};

/** 80 bytes. Throws ProtocolError for a value that does not fit. */
export const encodeObjectResponse = (response: ObjectResponse): Uint8Array =>
  encodeHeader(response.id, response.payloadLength, response.responseId, response.type);

/** Throws ProtocolError when the bytes are no header. */
export const decodeObjectResponse = (bytes: Uint8Array): ObjectResponse => {
  const { id, payloadLength, number, type } = decodeHeader(bytes);
  return { id, payloadLength, responseId: number, type };
};

/** 48 bytes: an object id as a message of its own. */
export const encodeObjectId = (id: ObjectId): Uint8Array => {
  writeId(builder.struct(builder.open(), 4, 0), id);
  return builder.finish();
};

/** Throws ProtocolError when the bytes are no object id. */
export const decodeObjectId = (bytes: Uint8Array): ObjectId => {
  try {
    const at = reader.struct(reader.open(bytes, 0, bytes.length));
    if (at === NONE) throw new ProtocolError('fieldMissing', 'object id');
    return readId(at, reader.ptrs);
  } finally {
    reader.close();
  }
};
