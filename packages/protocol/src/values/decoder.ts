import type { ObjectId } from '../ids.ts';
import { readError } from './error-fields.ts';
import {
  BIGINT_BYTES_MAX,
  DEPTH_MAX,
  OBJECT_ID_BYTES,
  SHORT_STRING,
  SHORT_STRING_MAX,
  SMALL_INT,
  TAG,
} from './format.ts';
import { VERSION_PLAIN, VERSION_REFERENCES, VIEWS } from './format.ts';
import { ObjectRef } from './object-ref.ts';
import { ValueError } from './value-error.ts';

const U32_MAX = 2 ** 32 - 1;

export interface DecodeContext {
  readonly adopt: boolean;
  readonly referenceIds: readonly ObjectId[];
  readonly references: ReadonlyMap<ObjectId, unknown> | undefined;
}

const fail = (what: string): never => {
  throw new ValueError('malformed', `not a value: ${what}`, '');
};

/** Object ids at the head of a value that refers to any, and where the plain value starts. */
export const readReferences = (
  bytes: Uint8Array,
): { readonly ids: readonly ObjectId[]; readonly start: number } => {
  const version = bytes[0];
  if (version === VERSION_PLAIN) return NO_REFERENCES;
  if (version !== VERSION_REFERENCES) {
    const what =
      version === undefined
        ? 'no bytes'
        : `unknown version ${version}; this release reads ${VERSION_PLAIN} and ${VERSION_REFERENCES}`;
    throw new ValueError('unknownVersion', `not a value: ${what}`, '');
  }
  if (bytes.length < 9) fail('truncated');
  const count = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(4, true);
  const start = 8 + count * OBJECT_ID_BYTES;
  if (start >= bytes.length) fail('more references than bytes');
  if (bytes[start] !== VERSION_PLAIN) fail('references inside references');
  const ids: ObjectId[] = [];
  for (let at = 8; at < start; at += OBJECT_ID_BYTES) {
    let id = '';
    for (let index = 0; index < OBJECT_ID_BYTES; index++) id += String.fromCharCode(bytes[at + index] ?? 0);
    ids.push(id as ObjectId);
  }
  return { ids, start };
};

const NO_REFERENCES = { ids: [], start: 0 } as const;

export class Decoder {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #context: DecodeContext;
  #position: number;
  #seen: object[] | undefined;

  /** `start` is where the plain value begins, version byte included. */
  constructor(bytes: Uint8Array, start: number, context: DecodeContext) {
    this.#bytes = bytes;
    this.#start = start;
    this.#position = start + 1;
    this.#context = context;
  }

  decode(): unknown {
    const value = this.read(0);
    if (this.#position !== this.#bytes.length) this.malformed('trailing bytes');
    return value;
  }

  read(depth: number): unknown {
    const tag = this.byte();
    if (tag >= SMALL_INT) return tag - SMALL_INT;
    if (tag >= SHORT_STRING) return this.#ascii(tag - SHORT_STRING);
    switch (tag) {
      case TAG.undefined:
        return undefined;
      case TAG.null:
        return null;
      case TAG.true:
        return true;
      case TAG.false:
        return false;
      case TAG.intPositive:
        return this.count();
      case TAG.intNegative:
        return -this.count();
      case TAG.float:
        return this.#float();
      case TAG.bigintPositive:
        return this.#bigint();
      case TAG.bigintNegative:
        return -this.#bigint();
      case TAG.ascii:
      case TAG.utf8:
      case TAG.utf16:
        return this.#longString(tag);
      default:
        return this.#object(tag, depth);
    }
  }

  byte(): number {
    const value = this.#bytes[this.#position++];
    return value ?? this.malformed('truncated');
  }

  count(): number {
    let value = 0;
    let scale = 1;
    for (let index = 0; index < 5; index++) {
      const next = this.byte();
      value += (next & 0x7f) * scale;
      if (next < 0x80) return value <= U32_MAX ? value : this.malformed('a count beyond 32 bits');
      scale *= 0x80;
    }
    return this.malformed('a count beyond 32 bits');
  }

  string(): string {
    const tag = this.byte();
    if (tag >= SHORT_STRING && tag <= SHORT_STRING + SHORT_STRING_MAX) return this.#ascii(tag - SHORT_STRING);
    return this.#longString(tag);
  }

  remember(value: object): void {
    (this.#seen ??= []).push(value);
  }

  malformed(what: string): never {
    return fail(`${what} at byte ${Math.min(this.#position, this.#bytes.length)}`);
  }

  /** A count of things of at least `bytesEach` bytes: never more than the bytes that are left can hold. */
  #countOf(bytesEach: number): number {
    const count = this.count();
    if (count * bytesEach > this.#bytes.length - this.#position)
      this.malformed('a count beyond the bytes that follow');
    return count;
  }

  #float(): number {
    const at = this.#take(8);
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, 8).getFloat64(0, true);
  }

  #bigint(): bigint {
    const length = this.#countOf(1);
    if (length === 0 || length > BIGINT_BYTES_MAX) this.malformed('a bigint of impossible size');
    return BigInt(`0x${this.#text(this.#take(length), length).toString('hex')}`);
  }

  #ascii(length: number): string {
    const at = this.#take(length);
    if (length > 24) return this.#text(at, length).toString('latin1');
    let text = '';
    for (let index = at; index < at + length; index++) text += String.fromCharCode(this.#bytes[index] ?? 0);
    return text;
  }

  #longString(tag: number): string {
    switch (tag) {
      case TAG.ascii:
        return this.#decodeText(this.#countOf(1), 'latin1');
      case TAG.utf8:
        return this.#decodeText(this.#countOf(1), 'utf8');
      case TAG.utf16:
        return this.#decodeText(this.#countOf(2) * 2, 'utf16le');
      default:
        return this.malformed('no string where one must be');
    }
  }

  #decodeText(length: number, encoding: 'latin1' | 'utf8' | 'utf16le'): string {
    const text = this.#text(this.#take(length), length);
    try {
      return text.toString(encoding);
    } catch {
      return this.malformed('a string longer than this runtime can hold');
    }
  }

  #text(at: number, length: number): Buffer {
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + at, length);
  }

  #take(length: number): number {
    const at = this.#position;
    if (length > this.#bytes.length - at) this.malformed('truncated');
    this.#position = at + length;
    return at;
  }

  #object(tag: number, depth: number): unknown {
    if (depth >= DEPTH_MAX)
      throw new ValueError('tooDeep', `not a value: nested more than ${DEPTH_MAX} deep`, '');
    switch (tag) {
      case TAG.array:
        return this.#array(depth);
      case TAG.object:
        return this.#properties({}, depth);
      case TAG.nullPrototypeObject:
        return this.#properties(Object.create(null) as Record<string, unknown>, depth);
      case TAG.back:
        return this.#back();
      case TAG.map:
        return this.#map(depth);
      case TAG.set:
        return this.#set(depth);
      case TAG.date:
        return this.#leaf(new Date(this.#float()));
      case TAG.regexp:
        return this.#leaf(this.#regexp());
      case TAG.error:
        return readError(this, depth);
      case TAG.arrayBuffer:
        return this.#leaf(this.#copy(this.#countOf(1)));
      case TAG.view:
        return this.#leaf(this.#arrayView());
      case TAG.reference:
        return this.#reference();
      default:
        return this.malformed(`unknown tag ${tag}`);
    }
  }

  #leaf<T extends object>(value: T): T {
    this.remember(value);
    return value;
  }

  #back(): unknown {
    const value = this.#seen?.[this.count()];
    return value ?? this.malformed('a reference to nothing');
  }

  #array(depth: number): unknown[] {
    const length = this.#countOf(1);
    const array: unknown[] = this.#leaf([]);
    for (let index = 0; index < length; index++) {
      if (this.#bytes[this.#position] === TAG.hole) {
        this.#position++;
        array.length = index + 1;
      } else {
        array.push(this.read(depth + 1));
      }
    }
    return array;
  }

  #properties(target: Record<string, unknown>, depth: number): Record<string, unknown> {
    const count = this.#countOf(2);
    this.remember(target);
    for (let index = 0; index < count; index++) {
      const key = this.string();
      const value = this.read(depth + 1);
      if (key !== '__proto__') target[key] = value;
      else
        Object.defineProperty(target, key, { value, writable: true, configurable: true, enumerable: true });
    }
    return target;
  }

  #map(depth: number): Map<unknown, unknown> {
    const count = this.#countOf(2);
    const map = this.#leaf(new Map<unknown, unknown>());
    for (let index = 0; index < count; index++) {
      const key = this.read(depth + 1);
      map.set(key, this.read(depth + 1));
    }
    return map;
  }

  #set(depth: number): Set<unknown> {
    const count = this.#countOf(1);
    const set = this.#leaf(new Set<unknown>());
    for (let index = 0; index < count; index++) set.add(this.read(depth + 1));
    return set;
  }

  #regexp(): RegExp {
    const source = this.string();
    const flags = this.string();
    try {
      return new RegExp(source, flags);
    } catch {
      return this.malformed('not a regular expression');
    }
  }

  #arrayView(): ArrayBufferView {
    const kind = this.byte();
    const view = VIEWS[kind] ?? this.malformed(`unknown array kind ${kind}`);
    const size = view.bytesPerElement;
    const length = this.#countOf(1);
    if (length % size !== 0) this.malformed('half an element');
    this.#take((size - ((this.#position - this.#start) % size)) % size);
    const { buffer, byteOffset } = this.#bytes;
    const aligned = (byteOffset + this.#position) % size === 0;
    if (this.#context.adopt && aligned && buffer instanceof ArrayBuffer) {
      return view.make(buffer, byteOffset + this.#take(length), length / size);
    }
    return view.make(this.#copy(length), 0, length / size);
  }

  #copy(length: number): ArrayBuffer {
    const at = this.#take(length);
    const copy = new Uint8Array(length);
    copy.set(this.#bytes.subarray(at, at + length));
    return copy.buffer;
  }

  #reference(): unknown {
    const id = this.#context.referenceIds[this.count()] ?? this.malformed('a reference to nothing');
    const { references } = this.#context;
    if (references === undefined) return new ObjectRef(id);
    if (!references.has(id))
      throw new ValueError('referenceMissing', 'an object that the value refers to is not there', '');
    return references.get(id);
  }
}
