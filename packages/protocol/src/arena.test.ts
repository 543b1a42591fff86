import { describe, expect, it } from 'vitest';
import { FrameArena } from './arena.ts';

const frameOf = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

describe('FrameArena', () => {
  it('keeps a copy, on a word, beside the frames before it', () => {
    const arena = new FrameArena();
    const frame = frameOf(20, 7);
    const first = arena.keep(frame);
    const second = arena.keep(frameOf(8, 9));
    frame.fill(0);
    expect([...first.bytes.subarray(first.start, first.end)]).toEqual([...frameOf(20, 7)]);
    expect(second).toMatchObject({ start: 24, end: 32 });
    expect(second.bytes).toBe(first.bytes);
  });

  it('keeps a part of a buffer', () => {
    const { bytes, start, end } = new FrameArena().keep(Uint8Array.of(1, 2, 3, 4), 1, 3);
    expect([...bytes.subarray(start, end)]).toEqual([2, 3]);
  });

  it('starts a new slab when one is full, and never splits a frame', () => {
    const arena = new FrameArena();
    const kept = Array.from({ length: 10 }, (_, i) => arena.keep(frameOf(10_000, i)));
    expect(new Set(kept.map(({ bytes }) => bytes)).size).toBe(2);
    kept.forEach(({ bytes, start, end }, i) =>
      expect([...bytes.subarray(start, end)]).toEqual([...frameOf(10_000, i)]),
    );
    expect(kept[0]?.bytes.length).toBe(64 * 1024);
  });

  it('gives a large frame a buffer of its own and goes on with the slab', () => {
    const arena = new FrameArena();
    const before = arena.keep(frameOf(8, 1));
    const large = arena.keep(frameOf(100_000, 2));
    const after = arena.keep(frameOf(8, 3));
    expect(large.bytes).toHaveLength(100_000);
    expect(after.bytes).toBe(before.bytes);
  });

  it('takes no memory from the pool that Node shares between buffers', () => {
    const { bytes } = new FrameArena().keep(Buffer.from('x'));
    expect(bytes.buffer.byteLength).toBe(64 * 1024);
    expect(new FrameArena().keep(Buffer.alloc(30_000)).bytes.buffer.byteLength).toBe(30_000);
  });

  it('keeps an empty frame', () => {
    expect(new FrameArena().keep(new Uint8Array(0))).toMatchObject({ start: 0, end: 0 });
  });
});
