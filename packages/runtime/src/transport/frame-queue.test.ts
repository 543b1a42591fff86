import { expect, test } from 'vitest';
import { frameQueue } from './frame-queue.ts';

test('keeps order and length over many pushes and shifts', () => {
  const queue = frameQueue(Number.POSITIVE_INFINITY);
  const model: number[] = [];
  let next = 0;
  for (let round = 0; round < 20_000; round++) {
    if (round % 7 < 4) {
      queue.push(Uint8Array.of(next % 256, next >> 8));
      model.push(next);
      next += 1;
    } else {
      const frame = queue.shift();
      const expected = model.shift();
      expect(frame === undefined ? undefined : (frame[0] ?? 0) + ((frame[1] ?? 0) << 8)).toBe(expected);
    }
    expect(queue.length).toBe(model.length);
  }
});

test('is full at its bytes, counts what a frame costs beside them, and has room again after a shift', () => {
  const queue = frameQueue(1000);
  let pushed = 0;
  while (queue.push(new Uint8Array(10))) pushed += 1;
  expect(pushed).toBe(7);
  queue.shift();
  expect(queue.push(new Uint8Array(10))).toBe(true);
  expect(queue.push(new Uint8Array(0))).toBe(false);
});

test('takes one frame of any size when it is empty', () => {
  const queue = frameQueue(10);
  expect(queue.push(new Uint8Array(1000))).toBe(true);
  expect(queue.push(new Uint8Array(0))).toBe(false);
  queue.shift();
  expect(queue.push(new Uint8Array(1000))).toBe(true);
});
