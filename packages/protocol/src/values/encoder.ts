import { types } from 'node:util';
import type { ObjectId } from '../ids.ts';
import { DEPTH_MAX, HOLES_MAX, SMALL_INT, SMALL_INT_MAX, TAG, VERSION_PLAIN, VIEWS } from './format.ts';
import { writeError } from './error-fields.ts';
import { ObjectRef } from './object-ref.ts';
import { type PathStep, advice, formatPath } from './path.ts';
import { ValueError, type ValueErrorCode } from './value-error.ts';
import { Writer } from './writer.ts';

/** Up to here a linear search beats a hash table. */
const SEEN_LIST_MAX = 12;
const U32 = 2 ** 32;

/** One encoding at a time; reused, because setting one up costs more than a small value. */
export class Encoder extends Writer {
  #seen: object[] = [];
  #seenIndex: Map<object, number> | undefined;
  #references: Map<ObjectId, number> | undefined;
  #holes = 0;
  /** Where the encoder is: one step per depth, read only when something is refused. */
  readonly #pathKeys: (string | number)[] = [];
  readonly #pathKinds: PathStep[] = [];
  #root = 'value';

  encode(value: unknown, root: string): Uint8Array {
    this.#root = root;
    try {
      this.start();
      this.byte(VERSION_PLAIN);
      this.write(value, 0);
      return this.join(this.#references === undefined ? [] : [...this.#references.keys()]);
    } catch (error) {
      if (error instanceof ValueError) throw error;
      throw new ValueError(
        'unreadable',
        `${root} cannot travel to another process: reading it threw an error`,
        root,
        error,
      );
    } finally {
      if (this.#seen.length > 0) this.#seen = [];
      this.#seenIndex = undefined;
      this.#references = undefined;
      this.#holes = 0;
      this.start();
    }
  }

  write(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'number':
        return this.#number(value);
      case 'string':
        return this.string(value);
      case 'boolean':
        return this.byte(value ? TAG.true : TAG.false);
      case 'undefined':
        return this.byte(TAG.undefined);
      case 'bigint':
        return this.bigint(value);
      case 'object':
        return value === null ? this.byte(TAG.null) : this.#object(value, depth);
      default:
        return this.refuse(value, depth);
    }
  }

  /** Names the place inside the container at `depth`, for the path of a refusal. */
  at(depth: number, kind: PathStep, key: string | number): void {
    this.#pathKinds[depth] = kind;
    this.#pathKeys[depth] = key;
  }

  /** Writes an item, or nothing when it cannot travel. */
  attempt(write: () => void): boolean {
    const start = this.checkpoint();
    const seen = this.#seen.length;
    try {
      write();
      return true;
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      this.rollBack(start);
      for (const value of this.#seen.splice(seen)) this.#seenIndex?.delete(value);
      return false;
    }
  }

  refuse(value: unknown, depth: number): never {
    return this.#fail('notTransferable', depth, advice(value));
  }

  #fail(code: ValueErrorCode, depth: number, what: string, cause?: unknown): never {
    const path = formatPath(this.#root, this.#pathKinds, this.#pathKeys, depth);
    throw new ValueError(code, `${path} cannot travel to another process: ${what}`, path, cause);
  }

  #number(value: number): void {
    if (Number.isInteger(value) && value < U32 && value > -U32 && !Object.is(value, -0)) {
      if (value >= 0 && value <= SMALL_INT_MAX) return this.byte(SMALL_INT + value);
      this.byte(value >= 0 ? TAG.intPositive : TAG.intNegative);
      return this.count(Math.abs(value));
    }
    this.float(TAG.float, value);
  }

  #object(value: object, depth: number): void {
    const known =
      this.#seenIndex?.get(value) ??
      this.#seen.indexOf(value, this.#seenIndex === undefined ? 0 : this.#seen.length);
    if (known >= 0) {
      this.byte(TAG.back);
      return this.count(known);
    }
    if (depth >= DEPTH_MAX) this.#fail('tooDeep', depth, `it is nested more than ${DEPTH_MAX} deep`);
    if (value instanceof ObjectRef) return this.#reference(value.id);
    this.#remember(value);
    if (Array.isArray(value)) return this.#array(value, depth);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype) return this.#properties(TAG.object, value, depth);
    if (prototype === null) return this.#properties(TAG.nullPrototypeObject, value, depth);
    return this.#builtIn(value, prototype, depth);
  }

  #remember(value: object): void {
    const index = this.#seen.push(value) - 1;
    if (this.#seenIndex !== undefined) this.#seenIndex.set(value, index);
    else if (index >= SEEN_LIST_MAX) this.#seenIndex = new Map(this.#seen.map((one, at) => [one, at]));
  }

  #array(value: readonly unknown[], depth: number): void {
    this.byte(TAG.array);
    this.count(value.length);
    for (let index = 0; index < value.length; index++) {
      const item = value[index];
      this.at(depth, 'index', index);
      if (item !== undefined || index in value) this.write(item, depth + 1);
      else if (++this.#holes <= HOLES_MAX) this.byte(TAG.hole);
      else this.#fail('tooLarge', depth, `sparse arrays may have ${HOLES_MAX} holes in all`);
    }
  }

  #properties(tag: number, value: object, depth: number): void {
    const keys = Object.keys(value);
    this.byte(tag);
    this.count(keys.length);
    for (const key of keys) {
      this.string(key);
      this.at(depth, 'property', key);
      this.write(this.read(value, key, depth + 1), depth + 1);
    }
  }

  /** A property of user data: its getter may throw anything. */
  read(value: object, key: string, depth: number): unknown {
    try {
      return (value as Readonly<Record<string, unknown>>)[key];
    } catch (cause) {
      return this.#fail('unreadable', depth, 'reading it threw an error', cause);
    }
  }

  #builtIn(value: object, prototype: unknown, depth: number): void {
    if (ArrayBuffer.isView(value)) return this.#arrayView(value, depth);
    if (types.isNativeError(value) || value instanceof Error) return writeError(this, value, depth);
    const className = classNameOf(prototype);
    if (types.isMap(value) && className === 'Map') return this.#map(value, depth);
    if (types.isSet(value) && className === 'Set') return this.#set(value, depth);
    if (types.isDate(value) && className === 'Date') return this.float(TAG.date, value.getTime());
    if (types.isArrayBuffer(value) && className === 'ArrayBuffer') {
      this.byte(TAG.arrayBuffer);
      return this.binary(new Uint8Array(value), 1);
    }
    if (types.isRegExp(value) && className === 'RegExp') {
      this.byte(TAG.regexp);
      this.string(value.source);
      return this.string(value.flags);
    }
    // A plain object of another realm (node:vm): its prototype is that realm's Object.prototype.
    const plain =
      className === 'Object' && typeof prototype === 'object' && Object.getPrototypeOf(prototype) === null;
    if (plain && !types.isExternal(value)) return this.#properties(TAG.object, value, depth);
    return this.refuse(value, depth);
  }

  #map(value: ReadonlyMap<unknown, unknown>, depth: number): void {
    this.byte(TAG.map);
    this.count(value.size);
    let index = 0;
    for (const [key, item] of value) {
      this.at(depth, 'mapKey', index);
      this.write(key, depth + 1);
      this.at(depth, 'mapValue', index++);
      this.write(item, depth + 1);
    }
  }

  #set(value: ReadonlySet<unknown>, depth: number): void {
    this.byte(TAG.set);
    this.count(value.size);
    let index = 0;
    for (const item of value) {
      this.at(depth, 'setItem', index++);
      this.write(item, depth + 1);
    }
  }

  #arrayView(value: ArrayBufferView, depth: number): void {
    const name = types.isDataView(value) ? 'DataView' : TYPED_ARRAY_NAME.call(value);
    const kind = VIEWS.findIndex((view) => view.name === name);
    const view = VIEWS[kind];
    if (view === undefined) return this.refuse(value, depth);
    this.byte(TAG.view);
    this.byte(kind);
    this.binary(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), view.bytesPerElement);
  }

  #reference(id: ObjectId): void {
    this.#references ??= new Map();
    const known = this.#references.get(id);
    const index = known ?? this.#references.size;
    if (known === undefined) this.#references.set(id, index);
    this.byte(TAG.reference);
    this.count(index);
  }
}

const TYPED_ARRAY_NAME: (this: unknown) => string = (() => {
  const prototype: unknown = Object.getPrototypeOf(Uint8Array.prototype);
  const getter = Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)?.get;
  return getter ?? ((): string => '');
})();

const classNameOf = (prototype: unknown): string => {
  const own = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value as unknown;
  return typeof own === 'function' ? own.name : '';
};
