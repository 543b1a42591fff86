/** The runtime below the generated code: segments, far pointers, budgets, and what the builder lays out. */
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../errors.ts';
import { Builder } from './builder.ts';
import { NONE, Reader } from './reader.ts';

const STRUCT = 0;
const LIST = 1;
const BYTES = 2;
const POINTERS = 6;
const COMPOSITE = 7;

type Word = readonly [low: number, high: number];

/** Pointer words. Offsets are in words from the end of the pointer. */
const structTo = (offset: number, dataWords: number, pointers: number): Word => [
  (offset << 2) | STRUCT,
  dataWords | (pointers << 16),
];
const listTo = (offset: number, size: number, count: number): Word => [
  (offset << 2) | LIST,
  (count << 3) | size,
];
const farTo = (segment: number, word: number): Word => [(word << 3) | 2, segment];
const doubleFarTo = (segment: number, word: number): Word => [(word << 3) | 6, segment];
const number = (low: number): Word => [low, 0];
const text = (value: string): Word => {
  const bytes = Buffer.alloc(8);
  bytes.write(value, 'latin1');
  return [bytes.readInt32LE(0), bytes.readInt32LE(4)];
};

/** A frame of hand-made segments. */
const frameOf = (...segments: readonly (readonly Word[])[]): Buffer => {
  const table = Buffer.alloc((4 + 4 * segments.length + 7) & ~7);
  table.writeUInt32LE(segments.length - 1, 0);
  segments.forEach((segment, i) => table.writeUInt32LE(segment.length, 4 + 4 * i));
  const body = Buffer.from(Int32Array.from(segments.flat(2)).buffer);
  return Buffer.concat([table, body]);
};

const open = (frame: Uint8Array): { r: Reader; root: number } => {
  const r = new Reader();
  return { r, root: r.open(frame, 0, frame.length) };
};

const codeOf = (act: () => unknown): string | undefined => {
  try {
    act();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return undefined;
};

describe('Reader on several segments', () => {
  it('follows a far pointer to a struct in another segment, and pointers within that', () => {
    const { r, root } = open(
      frameOf([farTo(1, 1)], [number(0), structTo(0, 1, 1), number(42), listTo(0, BYTES, 3), text('abc')]),
    );
    const at = r.struct(root);
    expect(r.u32(at)).toBe(42);
    expect(r.latin1(r.ptrs)).toBe('abc');
  });

  it('follows a double-far pointer: the landing pad in a third segment names content and kind', () => {
    const { r, root } = open(
      frameOf([doubleFarTo(2, 1)], [number(0), text('abc')], [number(0), farTo(1, 1), listTo(0, BYTES, 3)]),
    );
    expect(r.latin1(root)).toBe('abc');
  });

  it('follows a far pointer to a list of structs', () => {
    const { r, root } = open(
      frameOf([farTo(1, 0)], [listTo(0, COMPOSITE, 2), [2 << 2, 1], number(7), number(8)]),
    );
    const at = r.structs(root);
    expect([r.count, r.stride, r.u32(at), r.u32(at + r.stride)]).toEqual([2, 8, 7, 8]);
  });

  it('reads segments of no words', () => {
    const { r, root } = open(frameOf([farTo(2, 0)], [], [listTo(0, BYTES, 1), text('x')], []));
    expect(r.latin1(root)).toBe('x');
  });

  it.each<[string, string, Buffer]>([
    ['outOfBounds', 'a segment that is not there', frameOf([farTo(2, 0)], [structTo(0, 0, 0)])],
    ['outOfBounds', 'a far pointer in a message of one segment', frameOf([farTo(0, 0)])],
    ['outOfBounds', 'a landing pad beyond its segment', frameOf([farTo(1, 1)], [structTo(0, 0, 0)])],
    [
      'outOfBounds',
      'a landing pad of two words where one is left',
      frameOf([doubleFarTo(1, 0)], [farTo(0, 0)]),
    ],
    ['outOfBounds', 'a target that reaches into the next segment', frameOf([structTo(0, 1, 0)], [number(1)])],
    ['outOfBounds', 'a target before its segment', frameOf([farTo(1, 0)], [structTo(-3, 1, 0)])],
    [
      'outOfBounds',
      'content of a double-far pointer beyond its segment',
      frameOf([doubleFarTo(1, 0)], [farTo(0, 5), structTo(0, 1, 0)]),
    ],
    ['pointerKind', 'a landing pad that is a far pointer', frameOf([farTo(1, 0)], [farTo(1, 0)])],
    [
      'pointerKind',
      'a double-far landing pad without a far pointer',
      frameOf([doubleFarTo(1, 0)], [structTo(0, 0, 0), structTo(0, 0, 0)]),
    ],
    [
      'pointerKind',
      'a double-far landing pad that is double-far',
      frameOf([doubleFarTo(1, 0)], [doubleFarTo(1, 0), structTo(0, 0, 0)]),
    ],
    [
      'pointerKind',
      'a double-far landing pad that names a missing segment',
      frameOf([doubleFarTo(1, 0)], [farTo(9, 0), structTo(0, 0, 0)]),
    ],
  ])('%s: %s', (code, _what, frame) => {
    const { r, root } = open(frame);
    expect(codeOf(() => r.struct(root))).toBe(code);
  });
});

describe('Reader on hostile frames', () => {
  it.each<[string, Buffer]>([
    ['no bytes', Buffer.alloc(0)],
    ['no root pointer', Buffer.alloc(8)],
    ['a length that is no number of words', Buffer.concat([frameOf([number(0)]), Buffer.alloc(3)])],
    ['more segments than bytes', Buffer.from([0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
    ['4,294,967,296 segments', Buffer.from([0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
    [
      'a segment larger than the frame',
      Buffer.from([0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]),
    ],
    ['an empty first segment', frameOf([], [structTo(0, 0, 0)])],
  ])('frameMalformed: %s', (_what, frame) => {
    expect(codeOf(() => open(frame))).toBe('frameMalformed');
  });

  it('takes a null pointer for nothing', () => {
    const { r, root } = open(frameOf([number(0)]));
    expect([r.struct(root), r.structs(root), r.data(root)]).toEqual([NONE, NONE, NONE]);
    expect([r.latin1(root), r.text(root), r.view(root), r.slices(root), r.u16List(root)]).toEqual(
      new Array(5).fill(undefined),
    );
  });

  it('tells an empty struct from a null pointer', () => {
    const { r, root } = open(frameOf([structTo(-1, 0, 0)]));
    expect(r.struct(root)).toBe(root);
  });

  it.each<[string, string, Word, (r: Reader, p: number) => unknown]>([
    ['pointerKind', 'a list where a struct is meant', listTo(0, BYTES, 1), (r, p) => r.struct(p)],
    ['pointerKind', 'a struct where a list is meant', structTo(0, 1, 0), (r, p) => r.data(p)],
    ['pointerKind', 'a capability', [3, 0], (r, p) => r.struct(p)],
    ['listKind', 'bytes where pointers are meant', listTo(0, BYTES, 1), (r, p) => r.latin1List(p)],
    ['listKind', 'pointers where bytes are meant', listTo(0, POINTERS, 1), (r, p) => r.view(p)],
    ['listKind', 'numbers where structs are meant', listTo(0, 4, 1), (r, p) => r.structs(p)],
    ['outOfBounds', 'bytes beyond the segment', listTo(0, BYTES, 9), (r, p) => r.view(p)],
    ['outOfBounds', '2^29 - 1 bytes', listTo(0, BYTES, 0x1fffffff), (r, p) => r.view(p)],
    ['outOfBounds', '2^29 - 1 pointers', listTo(0, POINTERS, 0x1fffffff), (r, p) => r.latin1List(p)],
    ['outOfBounds', 'a struct of 65,535 words', structTo(0, 65535, 0), (r, p) => r.struct(p)],
    ['outOfBounds', 'a target before the frame', structTo(-9, 1, 0), (r, p) => r.struct(p)],
    ['textMalformed', 'text of no bytes', listTo(0, BYTES, 0), (r, p) => r.text(p)],
    ['textMalformed', 'text without NUL', listTo(0, BYTES, 3), (r, p) => r.text(p)],
  ])('%s: %s', (code, _what, pointer, read) => {
    const { r, root } = open(frameOf([pointer, text('abc')]));
    expect(codeOf(() => read(r, root))).toBe(code);
  });

  it('checks the tag of a list of structs against the words that are there', () => {
    const list = (tag: Word): (() => unknown) => {
      const { r, root } = open(frameOf([listTo(0, COMPOSITE, 1), tag, number(0)]));
      return () => r.structs(root);
    };
    expect(codeOf(list([1 << 2, 1]))).toBe(undefined);
    expect(codeOf(list([2 << 2, 1]))).toBe('outOfBounds');
    expect(codeOf(list([0x3fffffff << 2, 1 | (1 << 16)]))).toBe('outOfBounds');
    expect(codeOf(list([(1 << 2) | LIST, 1]))).toBe('listKind');
    // A billion elements of no size would cost nothing on the wire.
    expect(codeOf(list([0x3fffffff << 2, 0]))).toBe('budgetExceeded');
  });

  it('does not read the same words again and again', () => {
    // 1,000 pointers to one text of 8 words.
    const pointers = Array.from({ length: 1000 }, (_, i) => listTo(999 - i, BYTES, 64));
    const { r, root } = open(
      frameOf([listTo(0, POINTERS, 1000), ...pointers, ...new Array<Word>(8).fill(text('abc'))]),
    );
    expect(codeOf(() => r.latin1List(root))).toBe('budgetExceeded');
  });

  it('forgets a frame when it is closed', () => {
    const { r, root } = open(frameOf([structTo(0, 1, 0), number(1)]));
    r.close();
    expect(r.bytes).toHaveLength(0);
    expect(codeOf(() => r.struct(root))).toBe(undefined);
    expect(r.struct(root)).toBe(NONE);
  });
});

describe('Reader on numbers', () => {
  const sixtyFour = (value: bigint): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
    return bytes;
  };

  it.each([0n, 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n])(
    'reads UInt64 %s exactly',
    (value) => {
      const r = new Reader();
      r.bytes = sixtyFour(value);
      expect(r.u64(0)).toBe(value < 2n ** 53n ? Number(value) : value);
    },
  );

  it.each([0n, -1n, 2n ** 53n - 1n, -(2n ** 53n) + 1n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)])(
    'reads Int64 %s exactly',
    (value) => {
      const r = new Reader();
      r.bytes = sixtyFour(value);
      expect(r.i64(0)).toBe(Number.isSafeInteger(Number(value)) ? Number(value) : value);
    },
  );
});

describe('Builder', () => {
  it('writes what the reader reads, for every kind of field', () => {
    const b = new Builder();
    const at = b.struct(b.open(), 4, 3);
    b.bool(at, 3, true);
    b.u8(at + 1, 255);
    b.u16(at + 2, 65535);
    b.u32(at + 4, 4294967295);
    b.u64(at + 8, 2n ** 64n - 1n);
    b.i64(at + 16, -(2n ** 63n));
    b.i64(at + 24, -5);
    b.text(at + 32, 'naïve 😀'.repeat(20));
    b.u16List(at + 40, [1, 65535, 3]);
    b.u32List(at + 48, [1, 4294967295, 3]);
    const { r, root } = open(b.finish());
    const read = r.struct(root);
    const { ptrs } = r;
    expect([r.bool(read, 3), r.bool(read, 2), r.u8(read + 1), r.u16(read + 2), r.u32(read + 4)]).toEqual([
      true,
      false,
      255,
      65535,
      4294967295,
    ]);
    expect([r.u64(read + 8), r.i64(read + 16), r.i64(read + 24)]).toEqual([2n ** 64n - 1n, -(2n ** 63n), -5]);
    expect(r.text(ptrs)).toBe('naïve 😀'.repeat(20));
    expect([r.u16List(ptrs + 8), r.u32List(ptrs + 16)]).toEqual([
      [1, 65535, 3],
      [1, 4294967295, 3],
    ]);
  });

  it.each<[string, (b: Builder, p: number) => void]>([
    ['UInt8 256', (b, p) => b.u8(p, 256)],
    ['UInt16 -1', (b, p) => b.u16(p, -1)],
    ['UInt32 2^32', (b, p) => b.u32(p, 2 ** 32)],
    ['UInt32 NaN', (b, p) => b.u32(p, NaN)],
    ['UInt64 -1', (b, p) => b.u64(p, -1)],
    ['UInt64 2^64', (b, p) => b.u64(p, 2n ** 64n)],
    ['UInt64 beyond exact numbers', (b, p) => b.u64(p, 2 ** 60)],
    ['Int64 2^63', (b, p) => b.i64(p, 2n ** 63n)],
    ['Int64 0.5', (b, p) => b.i64(p, 0.5)],
    [
      'a slice outside of its buffer',
      (b, p) => b.slices(p, [{ bytes: new Uint8Array(8), start: 0, end: 16 }]),
    ],
    ['characters beyond bytes', (b, p) => b.latin1(p, 'Ā')],
  ])('valueRange: %s', (_what, write) => {
    const b = new Builder();
    const at = b.struct(b.open(), 1, 0);
    expect(codeOf(() => write(b, at))).toBe('valueRange');
  });

  it('grows, gives a large arena back, and never leaves old bytes in a new message', () => {
    const b = new Builder();
    const write = (length: number): Uint8Array => {
      b.data(b.open(), new Uint8Array(length).fill(255));
      return b.finish();
    };
    expect(write(3_000_000)).toHaveLength(16 + 3_000_000);
    const small = write(1);
    expect([...small.subarray(16)]).toEqual([255, 0, 0, 0, 0, 0, 0, 0]);
    const at = b.struct(b.open(), 100, 0);
    expect([...b.finish().subarray(at)].every((byte) => byte === 0)).toBe(true);
  });
});
