/**
 * Reads one Cap'n Proto message in place: stream framing, unpacked. One segment is the fast path; several
 * segments, far and double-far pointers are followed for peers that write them (stock Python does above
 * 8 KiB). Nothing is trusted: every target is checked against its segment, every element count against the
 * words that are there before anything is allocated, and all that is read is charged to a budget of the
 * frame's own size, so that shared or empty targets cannot multiply.
 *
 * Nesting needs no counter: the generator refuses recursive schemas and more than 64 levels.
 *
 * No register ever takes a number that has not been checked: one that is no small integer would make the
 * engine box every later one, in good frames too.
 *
 * Methods that resolve a pointer return a byte position (or NONE for a null pointer) and leave the rest of
 * the answer in the registers `ptrs`, `last`, `count`, `stride`, valid until the next call.
 *
 * Source: Cap'n Proto encoding specification (capnproto.org/encoding.html).
 */
import { ProtocolError } from '../errors.ts';
import type { FrameSlice } from '../messages.ts';

/** What resolving a null pointer returns. */
export const NONE = -1;
/** Words that a frame may be charged beyond its own size: an honest list may have elements without size. */
const BUDGET_SLACK_WORDS = 512;
/** Least charge for one struct of a list: bounds what is allocated for elements without size. */
const ELEMENT_WORDS_MIN = 2;
/** Source: the limit of the C++ implementation's stream reader. */
const SEGMENTS_MAX = 512;
/** Far below the longest string that the runtime can make. */
const STRING_BYTES_MAX = 2 ** 28;
const NO_BYTES = new Uint8Array(0);
const NO_SEGMENTS: readonly number[] = [];

const STRUCT = 0;
const FAR = 2;
const BYTE_LIST = 2;
const U16_LIST = 3;
const U32_LIST = 4;
const POINTER_LIST = 6;
const COMPOSITE_LIST = 7;

declare global {
  interface Buffer {
    /** Part of Node's runtime but not of its type declarations; works on any Uint8Array. */
    latin1Slice(start: number, end: number): string;
    utf8Slice(start: number, end: number): string;
  }
}
const { latin1Slice, utf8Slice } = Buffer.alloc(0);

/** Bytes as a string with one character each; the caller bounds their number. */
export const latin1Of = ({ bytes, start, end }: FrameSlice): string => latin1Slice.call(bytes, start, end);

/** Signed 32 bits. Callers have checked the position; bytes outside of the buffer would read as 0. */
const i32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) |
  ((bytes[at + 1] ?? 0) << 8) |
  ((bytes[at + 2] ?? 0) << 16) |
  ((bytes[at + 3] ?? 0) << 24);

const refuse = (code: ConstructorParameters<typeof ProtocolError>[0], message: string): never => {
  throw new ProtocolError(code, message);
};

export class Reader {
  /** The buffer that all positions refer to. */
  bytes: Uint8Array = NO_BYTES;
  /** After `struct`: where the pointer section starts, which is where the data section ends. */
  ptrs = 0;
  /** After `struct`: end of the pointer section. */
  last = 0;
  /** After `list…` and `data`: number of elements. */
  count = 0;
  /** After `structs`: bytes from one element to the next. */
  stride = 0;
  /** After `structs`: bytes of the data section of one element. */
  dataBytes = 0;
  /** Words that may still be read. */
  budget = 0;

  /** Current segment. */
  #start = 0;
  #end = 0;
  /** Where each segment starts, and last where the last one ends; empty for one segment. */
  #segments: readonly number[] = NO_SEGMENTS;
  readonly #known: string[] = new Array<string>(64).fill('');

  /** Starts on a frame; what was charged before is forgotten. */
  open(bytes: Uint8Array, start: number, end: number): number {
    this.bytes = bytes;
    this.budget = BUDGET_SLACK_WORDS;
    return this.openInner(start, end);
  }

  /** Starts on a frame inside the same buffer, on the budget that is left plus the inner frame's size. */
  openInner(start: number, end: number): number {
    const length = end - start;
    if (start < 0 || end > this.bytes.length || length < 16)
      return refuse('frameMalformed', `${length} bytes are no frame`);
    this.budget += length >>> 3;
    if (i32(this.bytes, start) === 0) {
      this.#segments = NO_SEGMENTS;
      this.#start = start + 8;
      this.#end = end;
      if ((i32(this.bytes, start + 4) >>> 0) * 8 + 8 !== length)
        refuse('frameMalformed', `the segment table does not describe ${length} bytes`);
    } else this.#openSegments(start, end);
    return this.#start;
  }

  /** Forgets the buffer, so that a reader kept for the next frame does not keep this one alive. */
  close(): void {
    this.bytes = NO_BYTES;
    this.#segments = NO_SEGMENTS;
    this.#start = this.#end = 0;
  }

  #openSegments(start: number, end: number): void {
    const count = (i32(this.bytes, start) >>> 0) + 1;
    const table = (4 + 4 * count + 7) & ~7;
    if (count > SEGMENTS_MAX || table > end - start) refuse('frameMalformed', `${count} segments`);
    const segments = [start + table];
    let at = start + table;
    for (let i = 0; i < count; i++) {
      const words = i32(this.bytes, start + 4 + 4 * i) >>> 0;
      if (words > (end - at) >>> 3) refuse('frameMalformed', `a segment of ${words} words`);
      at += words * 8;
      segments.push(at);
    }
    if (at !== end) refuse('frameMalformed', `${end - at} bytes beyond the message`);
    this.#segments = segments;
    this.#start = start + table;
    this.#end = segments[1] ?? end;
    if (this.#end - this.#start < 8) refuse('frameMalformed', 'no root pointer');
  }

  /** Makes the segment that holds a pointer the current one. */
  #seek(at: number): void {
    // The last segment that starts at or before the pointer; empty ones share their start with the next.
    let i = 0;
    for (let beyond = this.#segments.length - 1; beyond - i > 1;) {
      const middle = (i + beyond) >> 1;
      if ((this.#segments[middle] ?? 0) <= at) i = middle;
      else beyond = middle;
    }
    this.#start = this.#segments[i] ?? 0;
    this.#end = this.#segments[i + 1] ?? 0;
  }

  #charge(words: number): void {
    if (words > this.budget) refuse('budgetExceeded', 'more is read than the frame holds');
    this.budget -= words;
  }

  /** Checks that a target lies in the current segment, and charges it. */
  #claim(at: number, last: number): void {
    if (at < this.#start || last > this.#end) refuse('outOfBounds', 'a pointer leads outside of its segment');
    this.#charge((last - at + 7) >>> 3);
  }

  /* Registers of #resolve: the two halves of the pointer that describes the target. */
  #low = 0;
  #high = 0;

  /** Where the target of the pointer at `p` starts; its description is left in #low and #high. */
  #resolve(p: number): number {
    const low = (this.#low = i32(this.bytes, p));
    const high = (this.#high = i32(this.bytes, p + 4));
    if (low === 0 && high === 0) return NONE;
    if (this.#segments !== NO_SEGMENTS) this.#seek(p);
    if ((low & 3) === FAR) return this.#follow(low, high);
    return p + 8 + (low >> 2) * 8;
  }

  #follow(low: number, high: number): number {
    const segment = high >>> 0;
    const isDouble = (low & 4) !== 0;
    if (this.#segments === NO_SEGMENTS || segment > this.#segments.length - 2)
      return refuse('outOfBounds', `no segment ${segment}`);
    this.#start = this.#segments[segment] ?? 0;
    this.#end = this.#segments[segment + 1] ?? 0;
    const pad = this.#start + (low >>> 3) * 8;
    this.#claim(pad, pad + (isDouble ? 16 : 8));
    const padLow = i32(this.bytes, pad);
    const padHigh = i32(this.bytes, pad + 4);
    if (!isDouble) {
      this.#low = padLow;
      this.#high = padHigh;
      if ((padLow & 3) === FAR) refuse('pointerKind', 'a landing pad that points on');
      return pad + 8 + (padLow >> 2) * 8;
    }
    if ((padLow & 7) !== FAR || padHigh >>> 0 > this.#segments.length - 2)
      refuse('pointerKind', 'a landing pad without a far pointer');
    this.#low = i32(this.bytes, pad + 8);
    this.#high = i32(this.bytes, pad + 12);
    this.#start = this.#segments[padHigh >>> 0] ?? 0;
    this.#end = this.#segments[(padHigh >>> 0) + 1] ?? 0;
    return this.#start + (padLow >>> 3) * 8;
  }

  /** Start of the data section of a struct, or NONE; `ptrs` and `last` are set. */
  struct(p: number): number {
    const at = this.#resolve(p);
    if (at === NONE) return NONE;
    if ((this.#low & 3) !== STRUCT) refuse('pointerKind', 'a struct was expected');
    const ptrs = at + (this.#high & 0xffff) * 8;
    const last = ptrs + (this.#high >>> 16) * 8;
    this.#claim(at, last);
    this.ptrs = ptrs;
    this.last = last;
    return at;
  }

  /** First element of a list of structs, or NONE; `count`, `stride` and `dataBytes` are set. */
  structs(p: number): number {
    const at = this.#resolve(p);
    if (at === NONE) return NONE;
    if ((this.#low & 3) !== 1) refuse('pointerKind', 'a list was expected');
    if ((this.#high & 7) !== COMPOSITE_LIST) refuse('listKind', 'a list of structs was expected');
    const words = this.#high >>> 3;
    this.#claim(at, at + 8 + words * 8);
    const tagLow = i32(this.bytes, at);
    const tagHigh = i32(this.bytes, at + 4);
    if ((tagLow & 3) !== STRUCT) refuse('listKind', 'a list whose tag is not of structs');
    const count = tagLow >>> 2;
    const elementWords = (tagHigh & 0xffff) + (tagHigh >>> 16);
    if (count * elementWords > words) refuse('outOfBounds', `${count} elements in ${words} words`);
    if (elementWords < ELEMENT_WORDS_MIN) this.#charge(count * (ELEMENT_WORDS_MIN - elementWords));
    this.count = count;
    this.stride = elementWords * 8;
    this.dataBytes = (tagHigh & 0xffff) * 8;
    return at + 8;
  }

  /** First element of a list of plain elements, or NONE; `count` is set. */
  #list(p: number, elementSize: number, elementBytes: number): number {
    const at = this.#resolve(p);
    if (at === NONE) return NONE;
    if ((this.#low & 3) !== 1) refuse('pointerKind', 'a list was expected');
    if ((this.#high & 7) !== elementSize)
      refuse('listKind', `a list of ${elementBytes} bytes an element was expected`);
    this.count = this.#high >>> 3;
    this.#claim(at, at + this.count * elementBytes);
    return at;
  }

  /** First byte of Data, or NONE; `count` is its length. */
  data(p: number): number {
    return this.#list(p, BYTE_LIST, 1);
  }

  /** Data as a view into the frame. */
  view(p: number): Uint8Array | undefined {
    const at = this.data(p);
    if (at === NONE) return undefined;
    return this.count === 0 ? NO_BYTES : this.bytes.subarray(at, at + this.count);
  }

  /** As `data`, for bytes that become a string. */
  #string(p: number): number {
    const at = this.data(p);
    if (this.count > STRING_BYTES_MAX && at !== NONE)
      refuse('fieldInvalid', `a string of ${this.count} bytes`);
    return at;
  }

  /** Data as a string with one character per byte. */
  latin1(p: number): string | undefined {
    const at = this.#string(p);
    if (at === NONE) return undefined;
    return this.count === 0 ? '' : latin1Slice.call(this.bytes, at, at + this.count);
  }

  /** As `latin1`; the same value read again is the same string, which saves its memory. */
  interned(p: number): string | undefined {
    const at = this.#string(p);
    if (at === NONE) return undefined;
    const length = this.count;
    if (length === 0) return '';
    if (length > 64) return latin1Slice.call(this.bytes, at, at + length);
    const end = at + length;
    // The last bytes tell ids apart: the first ones are the same for all objects of a stock client.
    const slot = (i32(this.bytes, end - 4) ^ (this.bytes[end - 5] ?? 0) ^ length) & 63;
    const known = this.#known[slot] ?? '';
    if (known.length === length && this.#same(known, at)) return known;
    return (this.#known[slot] = latin1Slice.call(this.bytes, at, end));
  }

  #same(known: string, at: number): boolean {
    for (let i = 0; i < known.length; i++) if (known.charCodeAt(i) !== this.bytes[at + i]) return false;
    return true;
  }

  text(p: number): string | undefined {
    const at = this.#string(p);
    if (at === NONE) return undefined;
    const end = at + this.count - 1;
    if (end < at || this.bytes[end] !== 0) refuse('textMalformed', 'text without its closing NUL');
    return end === at ? '' : utf8Slice.call(this.bytes, at, end);
  }

  latin1List(p: number): string[] | undefined {
    const at = this.#list(p, POINTER_LIST, 8);
    if (at === NONE) return undefined;
    const list = new Array<string>(this.count);
    for (let i = 0; i < list.length; i++) list[i] = this.latin1(at + 8 * i) ?? '';
    return list;
  }

  /** Data as a place in the buffer. */
  slice(p: number): FrameSlice | undefined {
    const start = this.data(p);
    return start === NONE ? undefined : { bytes: this.bytes, start, end: start + this.count };
  }

  /** List of Data as slices of the buffer. */
  slices(p: number): FrameSlice[] | undefined {
    const at = this.#list(p, POINTER_LIST, 8);
    if (at === NONE) return undefined;
    const bytes = this.bytes;
    const list = new Array<FrameSlice>(this.count);
    for (let i = 0; i < list.length; i++) {
      const start = this.data(at + 8 * i);
      list[i] = start === NONE ? { bytes, start: 0, end: 0 } : { bytes, start, end: start + this.count };
    }
    return list;
  }

  u16List(p: number): number[] | undefined {
    const at = this.#list(p, U16_LIST, 2);
    if (at === NONE) return undefined;
    const list = new Array<number>(this.count);
    for (let i = 0; i < list.length; i++) list[i] = this.u16(at + 2 * i);
    return list;
  }

  u32List(p: number): number[] | undefined {
    const at = this.#list(p, U32_LIST, 4);
    if (at === NONE) return undefined;
    const list = new Array<number>(this.count);
    for (let i = 0; i < list.length; i++) list[i] = this.u32(at + 4 * i);
    return list;
  }

  bool(at: number, bit: number): boolean {
    return (this.u8(at) & (1 << bit)) !== 0;
  }

  u8(at: number): number {
    return this.bytes[at] ?? 0;
  }

  u16(at: number): number {
    return (this.bytes[at] ?? 0) | ((this.bytes[at + 1] ?? 0) << 8);
  }

  u32(at: number): number {
    return i32(this.bytes, at) >>> 0;
  }

  /** A number where it is exact, else a bigint. */
  u64(at: number): number | bigint {
    const high = i32(this.bytes, at + 4) >>> 0;
    const low = i32(this.bytes, at) >>> 0;
    return high < 0x200000 ? high * 0x100000000 + low : (BigInt(high) << 32n) | BigInt(low);
  }

  /** A number where it is exact, else a bigint. */
  i64(at: number): number | bigint {
    const high = i32(this.bytes, at + 4);
    const low = i32(this.bytes, at) >>> 0;
    const value = high * 0x100000000 + low;
    return Number.isSafeInteger(value) ? value : BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
  }
}
