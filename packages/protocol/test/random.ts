/** Random values for any struct of the schema, as the generated writers take them, and their JSON form. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Field, FieldType, SchemaFile, Struct } from '../generator/model.ts';
import { isPointer } from '../generator/model.ts';
import { readRequest } from '../generator/request.ts';
import type { FrameSlice } from '../src/messages.ts';

/** What the compiler said about schema/, committed so that no compiler is needed. */
export const schemaFiles: readonly SchemaFile[] = readRequest(
  gunzipSync(readFileSync(new URL('../generator/fixtures/schema.request.gz', import.meta.url))),
);
export const structs: ReadonlyMap<string, Struct> = new Map(
  schemaFiles.flatMap((file) => file.structs.map((struct) => [struct.name, struct] as const)),
);
const enumSizes = new Map(
  schemaFiles.flatMap((file) => file.enums.map((one) => [one.name, one.values.length] as const)),
);

/** A value of the generated interface of a struct. */
export type Value = Readonly<Record<string, unknown>>;

/** Numbers in [0, 1) from a seed (mulberry32). */
export const randomFrom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
};

const BITS: Readonly<Record<string, number>> = { uint8: 8, uint16: 16, uint32: 32 };
const CHARS = ['a', 'Z', '0', ' ', '"', '\\', 'é', 'ß', '€', '漢', '😀', '\n', '\u007f'];

export class Chooser {
  readonly #random: () => number;
  /** How far lists and strings go. */
  readonly #lengthMax: number;

  constructor(seed: number, lengthMax = 4) {
    this.#random = randomFrom(seed);
    this.#lengthMax = lengthMax;
  }

  below(max: number): number {
    return Math.floor(this.#random() * max);
  }

  pick<T>(of: readonly T[]): T {
    const one = of[this.below(of.length)];
    if (one === undefined) throw new Error('nothing to pick from');
    return one;
  }

  #bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.pick([0, 1, 127, 128, 255, this.below(256)])));
  }

  #length(): number {
    return this.pick([0, 1, 2, 7, 8, 9, 16, 32, this.below(10 * this.#lengthMax)]);
  }

  #text(): string {
    return Array.from({ length: this.#length() }, () => this.pick(CHARS)).join('');
  }

  #unsigned(bits: number): number {
    const max = 2 ** bits - 1;
    return this.pick([0, 0, 1, max, 2 ** (bits - 1), this.below(max)]);
  }

  #wide(signed: boolean): number | bigint {
    const word = this.#bytes(8).readBigUInt64LE();
    const big = this.pick([0n, 0n, 1n, 5000n, 2n ** 53n, 2n ** 53n - 1n, 2n ** 63n - 1n, word]);
    const value = signed ? BigInt.asIntN(64, this.pick([big, -big])) : big;
    return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER ? Number(value) : value;
  }

  #list<T>(make: () => T): T[] {
    return Array.from({ length: this.pick([0, 1, 2, this.below(this.#lengthMax)]) }, make);
  }

  #element(field: Field, type: FieldType): unknown {
    switch (type.kind) {
      case 'bool':
        return this.below(2) === 1;
      case 'uint64':
      case 'int64':
        return this.#wide(type.kind === 'int64');
      case 'enum':
        return this.below(enumSizes.get(type.name) ?? 1);
      case 'text':
        return this.#text();
      case 'data':
        if (field.latin1) return this.#bytes(this.#length()).toString('latin1');
        return field.slice ? this.#slice() : new Uint8Array(this.#bytes(this.#length()));
      case 'struct':
        return this.value(type.name);
      case 'list':
        return this.#list(() => this.#element(field, type.element));
      default:
        return this.#unsigned(BITS[type.kind] ?? 0);
    }
  }

  #slice(): FrameSlice {
    const bytes = new Uint8Array(this.#bytes(this.#length()));
    const start = this.below(bytes.length + 1);
    return { bytes, start, end: start + this.below(bytes.length - start + 1) };
  }

  /** A random value of the struct with this name. */
  value(name: string): Value {
    const struct = structs.get(name);
    if (struct === undefined) throw new Error(`no struct ${name}`);
    if (struct.tagOffset !== undefined) {
      const member = this.pick(struct.fields);
      return { which: member.name, value: this.#element(member, member.type) };
    }
    return Object.fromEntries(
      struct.fields.map((field) => [
        field.name,
        isPointer(field.type) && this.below(4) === 0 ? undefined : this.#element(field, field.type),
      ]),
    );
  }
}

const sliceOf = (slice: FrameSlice): Uint8Array => slice.bytes.subarray(slice.start, slice.end);

/** A field's value with slices and views as plain strings of bytes, so that two values can be compared. */
const plainField = (field: Field, type: FieldType, value: unknown): unknown => {
  if (value === undefined) return undefined;
  if (type.kind === 'struct') return plain(type.name, value as Value);
  if (type.kind === 'list') return (value as unknown[]).map((item) => plainField(field, type.element, item));
  if (type.kind !== 'data' || field.latin1) return value;
  return Buffer.from(field.slice ? sliceOf(value as FrameSlice) : (value as Uint8Array)).toString('latin1');
};

export const plain = (name: string, value: Value): Value => {
  const struct = structs.get(name);
  if (struct?.tagOffset !== undefined) {
    const member = struct.fields.find((field) => field.name === value['which']);
    return member === undefined
      ? value
      : { which: member.name, value: plainField(member, member.type, value['value']) };
  }
  return Object.fromEntries(
    (struct?.fields ?? []).map((field) => [field.name, plainField(field, field.type, value[field.name])]),
  );
};

const jsonField = (field: Field, type: FieldType, value: unknown): unknown => {
  switch (type.kind) {
    case 'struct':
      return toJson(type.name, value as Value);
    case 'list':
      return (value as unknown[]).map((item) => jsonField(field, type.element, item));
    case 'data': {
      const bytes = field.slice ? sliceOf(value as FrameSlice) : value;
      return [...(field.latin1 ? Buffer.from(bytes as string, 'latin1') : (bytes as Uint8Array))];
    }
    case 'uint64':
    case 'int64':
      return String(value);
    case 'enum':
      return schemaFiles.flatMap((file) => file.enums).find((one) => one.name === type.name)?.values[
        value as number
      ]?.name;
    default:
      return value;
  }
};

/** As the `capnp` tool writes the struct in JSON: null pointers left out, 64-bit numbers as strings. */
export const toJson = (name: string, value: Value): Value => {
  const struct = structs.get(name);
  const given: readonly (readonly [Field, unknown])[] = (struct?.fields ?? []).map((field) =>
    struct?.tagOffset === undefined
      ? [field, value[field.name]]
      : [field, field.name === value['which'] ? value['value'] : undefined],
  );
  return Object.fromEntries(
    given
      .filter(([, one]) => one !== undefined)
      .map(([field, one]) => [field.name, jsonField(field, field.type, one)]),
  );
};
