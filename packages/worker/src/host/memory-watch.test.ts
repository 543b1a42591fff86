import { describe, expect, it } from 'vitest';
import { createMemoryWatch } from './memory-watch.ts';

describe('the watch over memory', () => {
  it('tells of each look, but of one over the limit only when the next one confirms it', () => {
    const readings = [100, 900, 200, 901, 902, undefined];
    const told: number[] = [];
    const watch = createMemoryWatch({
      read: () => readings.shift(),
      isRunning: () => false,
      bytesMax: 500,
      onSample: (bytes) => told.push(bytes),
    });
    for (let i = 0; i < 6; i++) watch.look();
    expect(told).toEqual([100, 200, 902]);
    expect(watch.rssBytes).toBe(902);
  });
});
