/**
 * capnp-ts driven by the schema's offsets, as a second reader and writer. Its known defects are kept out of
 * the way: every pointer is set once, absent pointers are never read (it would allocate for them), structs
 * are never widened while reading, and messages are never packed.
 */
import * as capnp from 'capnp-ts';
import { getSize } from 'capnp-ts/src/serialization/pointers/struct.js';
import type { Field, Struct } from '../generator/model.ts';
import { isPointer } from '../generator/model.ts';
import type { FrameSlice } from '../src/messages.ts';
import type { Value } from './random.ts';
import { structs } from './random.ts';

const classOf = (dataWords: number, pointers: number): capnp.StructCtor<capnp.Struct> =>
  class extends capnp.Struct {
    static override readonly _capnp = {
      displayName: 'Any',
      id: 'ffffffffffffffff',
      size: new capnp.ObjectSize(dataWords * 8, pointers),
    };
  };

/** Size 0: what is there is taken as it is, and never widened. */
const AsFound = classOf(0, 0);
const known = new Map<string, capnp.StructCtor<capnp.Struct>>();

const writable = (struct: Struct): capnp.StructCtor<capnp.Struct> => {
  const found = known.get(struct.name) ?? classOf(struct.dataWords, struct.pointers);
  known.set(struct.name, found);
  return found;
};

const structNamed = (name: string): Struct => {
  const struct = structs.get(name);
  if (struct === undefined) throw new Error(`no struct ${name}`);
  return struct;
};

const bytesOf = (field: Field, value: unknown): Uint8Array => {
  if (typeof value === 'string') return Buffer.from(value, 'latin1');
  const slice = value as FrameSlice;
  return field.slice ? slice.bytes.subarray(slice.start, slice.end) : (value as Uint8Array);
};

const writeNumber = (field: Field, value: unknown, s: capnp.Struct): void => {
  const { offset } = field;
  switch (field.type.kind) {
    case 'bool':
      return capnp.Struct.setBit(offset, value as boolean, s);
    case 'uint8':
      return capnp.Struct.setUint8(offset, value as number, s);
    case 'uint16':
    case 'enum':
      return capnp.Struct.setUint16(offset * 2, value as number, s);
    case 'uint32':
      return capnp.Struct.setUint32(offset * 4, value as number, s);
    case 'uint64':
      return capnp.Struct.setUint64(offset * 8, BigInt(value as number | bigint), s);
    default:
      return capnp.Struct.setInt64(offset * 8, BigInt(value as number | bigint), s);
  }
};

const writeList = (field: Field, values: readonly unknown[], s: capnp.Struct): void => {
  const element = field.type.kind === 'list' ? field.type.element : field.type;
  if (element.kind === 'struct') {
    const inner = structNamed(element.name);
    const list = capnp.Struct.initList(field.offset, capnp.CompositeList(writable(inner)), values.length, s);
    values.forEach((value, i) => fill(inner, value as Value, list.get(i)));
  } else if (element.kind === 'data') {
    const list = capnp.Struct.initList(field.offset, capnp.DataList, values.length, s);
    values.forEach((value, i) => {
      const bytes = bytesOf(field, value);
      const data = list.get(i);
      capnp.List.initList(capnp.ListElementSize.BYTE, bytes.length, data);
      data.copyBuffer(bytes);
    });
  } else {
    const ListClass = element.kind === 'uint32' ? capnp.Uint32List : capnp.Uint16List;
    const list = capnp.Struct.initList(field.offset, ListClass, values.length, s);
    values.forEach((value, i) => list.set(i, value as number));
  }
};

const writeField = (field: Field, value: unknown, s: capnp.Struct): void => {
  if (!isPointer(field.type)) return writeNumber(field, value, s);
  if (value === undefined) return;
  switch (field.type.kind) {
    case 'text':
      return capnp.Struct.setText(field.offset, value as string, s);
    case 'data': {
      const bytes = bytesOf(field, value);
      return capnp.Struct.initData(field.offset, bytes.length, s).copyBuffer(bytes);
    }
    case 'struct': {
      const inner = structNamed(field.type.name);
      return fill(inner, value as Value, capnp.Struct.initStructAt(field.offset, writable(inner), s));
    }
    default:
      return writeList(field, value as unknown[], s);
  }
};

const fill = (struct: Struct, value: Value, s: capnp.Struct): void => {
  if (struct.tagOffset === undefined) {
    for (const field of struct.fields) writeField(field, value[field.name], s);
    return;
  }
  const member = struct.fields.find((field) => field.name === value['which']);
  if (member === undefined) return;
  capnp.Struct.setUint16(struct.tagOffset, member.tag ?? 0, s);
  writeField(member, value['value'], s);
};

/** A frame written by capnp-ts. */
export const writeSecond = (name: string, value: Value): Buffer => {
  const struct = structNamed(name);
  const message = new capnp.Message();
  fill(struct, value, message.initRoot(writable(struct)));
  return Buffer.from(message.toArrayBuffer());
};

const toNumber = (value: bigint): number | bigint =>
  value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER ? Number(value) : value;

const readNumber = (field: Field, s: capnp.Struct): unknown => {
  const { offset } = field;
  switch (field.type.kind) {
    case 'bool':
      return capnp.Struct.getBit(offset, s);
    case 'uint8':
      return capnp.Struct.getUint8(offset, s);
    case 'uint16':
    case 'enum':
      return capnp.Struct.getUint16(offset * 2, s);
    case 'uint32':
      return capnp.Struct.getUint32(offset * 4, s);
    case 'uint64':
      return toNumber(capnp.Struct.getUint64(offset * 8, s));
    default:
      return toNumber(capnp.Struct.getInt64(offset * 8, s));
  }
};

const latin1 = (data: capnp.Data): string => Buffer.from(data.toUint8Array()).toString('latin1');

const readList = (field: Field, s: capnp.Struct): unknown => {
  const element = field.type.kind === 'list' ? field.type.element : field.type;
  if (element.kind === 'struct') {
    const inner = structNamed(element.name);
    return capnp.Struct.getList(field.offset, capnp.CompositeList(AsFound), s).map((one) => read(inner, one));
  }
  if (element.kind === 'data')
    return capnp.Struct.getList(field.offset, capnp.DataList, s).map((one) => latin1(one));
  const ListClass = element.kind === 'uint32' ? capnp.Uint32List : capnp.Uint16List;
  return capnp.Struct.getList(field.offset, ListClass, s).map((one) => one);
};

const BITS: Readonly<Record<string, number>> = {
  bool: 1,
  uint8: 8,
  uint16: 16,
  enum: 16,
  uint32: 32,
  uint64: 64,
  int64: 64,
};

const readField = (field: Field, s: capnp.Struct): unknown => {
  const { dataByteLength, pointerLength } = getSize(s);
  if (!isPointer(field.type)) {
    if ((field.offset + 1) * (BITS[field.type.kind] ?? 0) > dataByteLength * 8)
      return field.type.kind === 'bool' ? false : 0;
    return readNumber(field, s);
  }
  if (field.offset >= pointerLength || capnp.Pointer.isNull(capnp.Struct.getPointer(field.offset, s)))
    return undefined;
  switch (field.type.kind) {
    case 'text':
      return capnp.Struct.getText(field.offset, s);
    case 'data':
      return latin1(capnp.Struct.getData(field.offset, s));
    case 'struct':
      return read(structNamed(field.type.name), capnp.Struct.getStruct(field.offset, AsFound, s));
    default:
      return readList(field, s);
  }
};

const read = (struct: Struct, s: capnp.Struct): Value => {
  if (struct.tagOffset === undefined)
    return Object.fromEntries(struct.fields.map((field) => [field.name, readField(field, s)]));
  const tag = capnp.Struct.getUint16(struct.tagOffset, s);
  const member = struct.fields.find((field) => field.tag === tag);
  return member === undefined ? {} : { which: member.name, value: readField(member, s) };
};

/** What capnp-ts reads, with Data as strings of bytes (see `plain`). */
export const readSecond = (name: string, frame: Uint8Array): Value => {
  const message = new capnp.Message(new Uint8Array(frame).buffer, false);
  return read(structNamed(name), message.getRoot(AsFound));
};
