// Generated from schema/object_storage.capnp by packages/protocol/generator. Do not edit: npm run generate.
import type { Builder } from '../wire/builder.ts';
import type { Reader } from '../wire/reader.ts';
import { NONE } from '../wire/reader.ts';

export const ObjectRequestHeaderType = {
  setObject: 0,
  getObject: 1,
  deleteObject: 2,
  duplicateObjectID: 3,
  infoGetTotal: 4,
} as const;
export type ObjectRequestHeaderType = (typeof ObjectRequestHeaderType)[keyof typeof ObjectRequestHeaderType];

export const ObjectResponseHeaderType = {
  setOK: 0,
  getOK: 1,
  delOK: 2,
  delNotExists: 3,
  duplicateOK: 4,
  infoGetTotalOK: 5,
} as const;
export type ObjectResponseHeaderType = (typeof ObjectResponseHeaderType)[keyof typeof ObjectResponseHeaderType];

export interface ObjectID {
  readonly field0: number | bigint;
  readonly field1: number | bigint;
  readonly field2: number | bigint;
  readonly field3: number | bigint;
}

export const readObjectID = (r: Reader, at: number, ptrs: number, _last: number): ObjectID => ({
  field0: at + 8 <= ptrs ? r.u64(at) : 0,
  field1: at + 16 <= ptrs ? r.u64(at + 8) : 0,
  field2: at + 24 <= ptrs ? r.u64(at + 16) : 0,
  field3: at + 32 <= ptrs ? r.u64(at + 24) : 0,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readObjectIDAt = (r: Reader, p: number): ObjectID | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readObjectID(r, at, r.ptrs, r.last);
};

export const readObjectIDList = (r: Reader, p: number): ObjectID[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<ObjectID>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readObjectID(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillObjectID = (b: Builder, at: number, _ptrs: number, v: ObjectID): void => {
  b.u64(at, v.field0);
  b.u64(at + 8, v.field1);
  b.u64(at + 16, v.field2);
  b.u64(at + 24, v.field3);
};

export const writeObjectID = (b: Builder, p: number, v: ObjectID): void => {
  const at = b.struct(p, 4, 0);
  fillObjectID(b, at, at + 32, v);
};

export const writeObjectIDList = (b: Builder, p: number, list: readonly ObjectID[]): void => {
  const dataWords = 4;
  const pointers = 0;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillObjectID(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface ObjectRequestHeader {
  readonly objectID: ObjectID | undefined;
  readonly payloadLength: number | bigint;
  readonly requestID: number | bigint;
  /** Number of a {@link ObjectRequestHeaderType}; not checked. */
  readonly requestType: number;
}

export const readObjectRequestHeader = (r: Reader, at: number, ptrs: number, last: number): ObjectRequestHeader => ({
  objectID: ptrs + 8 <= last ? readObjectIDAt(r, ptrs) : undefined,
  payloadLength: at + 8 <= ptrs ? r.u64(at) : 0,
  requestID: at + 16 <= ptrs ? r.u64(at + 8) : 0,
  requestType: at + 24 <= ptrs ? r.u16(at + 16) : 0,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readObjectRequestHeaderAt = (r: Reader, p: number): ObjectRequestHeader | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readObjectRequestHeader(r, at, r.ptrs, r.last);
};

export const readObjectRequestHeaderList = (r: Reader, p: number): ObjectRequestHeader[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<ObjectRequestHeader>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readObjectRequestHeader(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillObjectRequestHeader = (b: Builder, at: number, ptrs: number, v: ObjectRequestHeader): void => {
  if (v.objectID !== undefined) writeObjectID(b, ptrs, v.objectID);
  b.u64(at, v.payloadLength);
  b.u64(at + 8, v.requestID);
  b.u16(at + 16, v.requestType);
};

export const writeObjectRequestHeader = (b: Builder, p: number, v: ObjectRequestHeader): void => {
  const at = b.struct(p, 3, 1);
  fillObjectRequestHeader(b, at, at + 24, v);
};

export const writeObjectRequestHeaderList = (b: Builder, p: number, list: readonly ObjectRequestHeader[]): void => {
  const dataWords = 3;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillObjectRequestHeader(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};

export interface ObjectResponseHeader {
  readonly objectID: ObjectID | undefined;
  readonly payloadLength: number | bigint;
  readonly responseID: number | bigint;
  /** Number of a {@link ObjectResponseHeaderType}; not checked. */
  readonly responseType: number;
}

export const readObjectResponseHeader = (r: Reader, at: number, ptrs: number, last: number): ObjectResponseHeader => ({
  objectID: ptrs + 8 <= last ? readObjectIDAt(r, ptrs) : undefined,
  payloadLength: at + 8 <= ptrs ? r.u64(at) : 0,
  responseID: at + 16 <= ptrs ? r.u64(at + 8) : 0,
  responseType: at + 24 <= ptrs ? r.u16(at + 16) : 0,
});

/** What the pointer at `p` points to; undefined for a null pointer. */
export const readObjectResponseHeaderAt = (r: Reader, p: number): ObjectResponseHeader | undefined => {
  const at = r.struct(p);
  return at === NONE ? undefined : readObjectResponseHeader(r, at, r.ptrs, r.last);
};

export const readObjectResponseHeaderList = (r: Reader, p: number): ObjectResponseHeader[] | undefined => {
  let at = r.structs(p);
  if (at === NONE) return undefined;
  const { stride, dataBytes } = r;
  const list = new Array<ObjectResponseHeader>(r.count);
  for (let i = 0; i < list.length; i++) {
    list[i] = readObjectResponseHeader(r, at, at + dataBytes, at + stride);
    at += stride;
  }
  return list;
};

const fillObjectResponseHeader = (b: Builder, at: number, ptrs: number, v: ObjectResponseHeader): void => {
  if (v.objectID !== undefined) writeObjectID(b, ptrs, v.objectID);
  b.u64(at, v.payloadLength);
  b.u64(at + 8, v.responseID);
  b.u16(at + 16, v.responseType);
};

export const writeObjectResponseHeader = (b: Builder, p: number, v: ObjectResponseHeader): void => {
  const at = b.struct(p, 3, 1);
  fillObjectResponseHeader(b, at, at + 24, v);
};

export const writeObjectResponseHeaderList = (b: Builder, p: number, list: readonly ObjectResponseHeader[]): void => {
  const dataWords = 3;
  const pointers = 1;
  let at = b.structs(p, list.length, dataWords, pointers);
  for (const v of list) {
    fillObjectResponseHeader(b, at, at + dataWords * 8, v);
    at += (dataWords + pointers) * 8;
  }
};
