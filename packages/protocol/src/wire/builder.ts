/**
 * Writes one Cap'n Proto message as a single segment into an arena that is used again for the next one; what
 * leaves is always a fresh copy, because a transport may still hold what was sent (ZeroMQ sends without
 * copying). Targets are laid out depth first in field order, as the C++ implementation does.
 */
import { ProtocolError } from '../errors.ts';
import type { FrameSlice } from '../messages.ts';

/** An arena that has grown beyond this is given back after the message. */
const ARENA_KEPT_BYTES = 1024 * 1024;
const ARENA_BYTES = 16 * 1024;
/** Below this many bytes a loop beats a call into the runtime. */
const SHORT_BYTES = 48;
/** Source: 29 bits of a list pointer. */
const BYTES_MAX = 0x1fffffff;

if (new Uint8Array(new Uint32Array([1]).buffer)[0] !== 1)
  throw new Error('Muster runs on little-endian machines only');

const outOfRange = (value: unknown, type: string): never => {
  throw new ProtocolError('valueRange', `${String(value)} is no ${type}`);
};

export class Builder {
  #buffer: Buffer = Buffer.allocUnsafeSlow(ARENA_BYTES);
  #words: Uint32Array = new Uint32Array(this.#buffer.buffer);
  /** End of what is written, in bytes; always on a word. */
  #size = 0;

  /** Starts a message; returns the position of its root pointer. */
  open(): number {
    this.#size = 0;
    this.#allocate(16);
    return 8;
  }

  /** The message as a fresh buffer. */
  finish(): Uint8Array {
    const size = this.#size;
    this.#words[1] = (size - 8) >>> 3;
    const frame = Buffer.allocUnsafe(size);
    this.#buffer.copy(frame, 0, 0, size);
    if (this.#buffer.length > ARENA_KEPT_BYTES) this.#grow(ARENA_BYTES, 0);
    return frame;
  }

  #grow(bytes: number, kept: number): void {
    const buffer = Buffer.allocUnsafeSlow(bytes);
    this.#buffer.copy(buffer, 0, 0, kept);
    this.#buffer = buffer;
    this.#words = new Uint32Array(buffer.buffer);
  }

  /** Room for so many bytes, rounded up to words and zeroed. */
  #allocate(bytes: number): number {
    const at = this.#size;
    const size = (this.#size = at + ((bytes + 7) & ~7));
    if (size > this.#buffer.length) this.#grow(Math.max(size, this.#buffer.length * 2), at);
    const words = this.#words;
    const end = size >>> 2;
    if (end - (at >>> 2) > 64) words.fill(0, at >>> 2, end);
    else for (let i = at >>> 2; i < end; i++) words[i] = 0;
    return at;
  }

  /** Room for content that is written over entirely: only the last word is zeroed. */
  #allocateBytes(bytes: number): number {
    const at = this.#size;
    const size = (this.#size = at + ((bytes + 7) & ~7));
    if (size > this.#buffer.length) this.#grow(Math.max(size, this.#buffer.length * 2), at);
    if (size > at) {
      this.#words[(size >>> 2) - 1] = 0;
      this.#words[(size >>> 2) - 2] = 0;
    }
    return at;
  }

  #point(p: number, at: number, kind: number, high: number): void {
    this.#words[p >>> 2] = (((at - p - 8) >> 1) & ~3) | kind;
    this.#words[(p >>> 2) + 1] = high;
  }

  /** Allocates a struct and points to it from `p`; returns its data section. */
  struct(p: number, dataWords: number, pointers: number): number {
    if (dataWords + pointers === 0) {
      // The only way to tell an empty struct from a null pointer: it is its own target.
      this.#point(p, p, 0, 0);
      return p;
    }
    const at = this.#allocate((dataWords + pointers) * 8);
    this.#point(p, at, 0, dataWords | (pointers << 16));
    return at;
  }

  /** Allocates a list of structs and points to it from `p`; returns the data section of the first. */
  structs(p: number, count: number, dataWords: number, pointers: number): number {
    const words = count * (dataWords + pointers);
    const at = this.#allocate(8 + words * 8);
    this.#point(p, at, 1, (words << 3) | 7);
    this.#words[at >>> 2] = count << 2;
    this.#words[(at >>> 2) + 1] = dataWords | (pointers << 16);
    return at + 8;
  }

  #pointers(p: number, count: number): number {
    const at = this.#allocate(count * 8);
    this.#point(p, at, 1, (count << 3) | 6);
    return at;
  }

  #bytes(p: number, count: number): number {
    if (count > BYTES_MAX) outOfRange(count, 'number of bytes');
    const at = this.#allocateBytes(count);
    this.#point(p, at, 1, (count << 3) | 2);
    return at;
  }

  data(p: number, value: Uint8Array): void {
    this.#copy(this.#bytes(p, value.length), value, 0, value.length);
  }

  #copy(to: number, from: Uint8Array, start: number, end: number): void {
    const buffer = this.#buffer;
    if (end - start <= SHORT_BYTES) for (let i = start; i < end; i++) buffer[to + i - start] = from[i] ?? 0;
    else buffer.set(start === 0 && end === from.length ? from : from.subarray(start, end), to);
  }

  /** A string with one character per byte as Data. */
  latin1(p: number, value: string): void {
    const length = value.length;
    const at = this.#bytes(p, length);
    const buffer = this.#buffer;
    let seen = 0;
    for (let i = 0; i < length; i++) {
      const char = value.charCodeAt(i);
      seen |= char;
      buffer[at + i] = char;
    }
    if (seen > 255) outOfRange(JSON.stringify(value), 'string of bytes');
  }

  text(p: number, value: string): void {
    const length = value.length;
    if (length <= SHORT_BYTES) {
      const at = this.#bytes(p, length + 1);
      const buffer = this.#buffer;
      let i = 0;
      for (let char = 0; i < length && (char = value.charCodeAt(i)) < 128; i++) buffer[at + i] = char;
      if (i === length) {
        buffer[at + length] = 0;
        return;
      }
      this.#size = at;
    }
    const bytes = Buffer.byteLength(value, 'utf8');
    const at = this.#bytes(p, bytes + 1);
    this.#buffer.write(value, at, bytes, 'utf8');
    this.#buffer[at + bytes] = 0;
  }

  latin1List(p: number, values: readonly string[]): void {
    let at = this.#pointers(p, values.length);
    for (const value of values) {
      this.latin1(at, value);
      at += 8;
    }
  }

  slice(p: number, { bytes, start, end }: FrameSlice): void {
    if (start < 0 || end < start || end > bytes.length) outOfRange(`${start}–${end}`, 'slice');
    this.#copy(this.#bytes(p, end - start), bytes, start, end);
  }

  /** Frames as a list of Data, each copied unchanged. */
  slices(p: number, values: readonly FrameSlice[]): void {
    let at = this.#pointers(p, values.length);
    for (const value of values) {
      this.slice(at, value);
      at += 8;
    }
  }

  u16List(p: number, values: readonly number[]): void {
    const list = this.#allocate(values.length * 2);
    this.#point(p, list, 1, (values.length << 3) | 3);
    let at = list;
    for (const value of values) {
      this.u16(at, value);
      at += 2;
    }
  }

  u32List(p: number, values: readonly number[]): void {
    const list = this.#allocate(values.length * 4);
    this.#point(p, list, 1, (values.length << 3) | 4);
    let at = list;
    for (const value of values) {
      this.u32(at, value);
      at += 4;
    }
  }

  bool(at: number, bit: number, value: boolean): void {
    if (value) this.#buffer[at] = (this.#buffer[at] ?? 0) | (1 << bit);
  }

  u8(at: number, value: number): void {
    if ((value & 0xff) !== value) outOfRange(value, 'UInt8');
    this.#buffer[at] = value;
  }

  u16(at: number, value: number): void {
    if ((value & 0xffff) !== value) outOfRange(value, 'UInt16');
    this.#buffer[at] = value;
    this.#buffer[at + 1] = value >>> 8;
  }

  u32(at: number, value: number): void {
    if (value >>> 0 !== value) outOfRange(value, 'UInt32');
    this.#words[at >>> 2] = value;
  }

  u64(at: number, value: number | bigint): void {
    if (typeof value === 'bigint') {
      if (BigInt.asUintN(64, value) !== value) outOfRange(value, 'UInt64');
      this.#big(at, value);
      return;
    }
    if (!Number.isSafeInteger(value) || value < 0) outOfRange(value, 'UInt64');
    this.#words[at >>> 2] = value >>> 0;
    this.#words[(at >>> 2) + 1] = Math.floor(value / 0x100000000);
  }

  i64(at: number, value: number | bigint): void {
    if (typeof value === 'bigint') {
      if (BigInt.asIntN(64, value) !== value) outOfRange(value, 'Int64');
      this.#big(at, value);
      return;
    }
    if (!Number.isSafeInteger(value)) outOfRange(value, 'Int64');
    this.#words[at >>> 2] = value >>> 0;
    this.#words[(at >>> 2) + 1] = Math.floor(value / 0x100000000) >>> 0;
  }

  #big(at: number, value: bigint): void {
    this.#words[at >>> 2] = Number(value & 0xffffffffn);
    this.#words[(at >>> 2) + 1] = Number((value >> 32n) & 0xffffffffn);
  }
}
