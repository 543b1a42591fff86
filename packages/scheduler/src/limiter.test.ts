import { manualClock } from '@muster/runtime/manual-clock';
import { expect, it } from 'vitest';
import { createLimiter } from './limiter.ts';

const bench = () => {
  const clock = manualClock();
  const limiter = createLimiter(clock);
  const lines: string[] = [];
  const hit = (key: string, count = 1): void => {
    for (let i = 0; i < count; i++)
      limiter.admit(key, (times) => lines.push(`${clock.now()} ${key} ${times}`));
  };
  return { clock, limiter, lines, hit };
};

it('writes the first of a kind at once, and the sum of what follows a second later, without being asked again', () => {
  const { clock, lines, hit } = bench();
  hit('a', 2_000);
  clock.advance(999);
  hit('b');
  expect(lines).toEqual(['0 a 1', '999 b 1']);
  clock.advance(1);
  expect(lines).toEqual(['0 a 1', '999 b 1', '1000 a 1999']);
  clock.advance(10_000);
  expect(lines).toHaveLength(3);
  expect(clock.nextWakeAt()).toBeUndefined();
});

it('writes at most once a second of a kind that goes on', () => {
  const { clock, lines, hit } = bench();
  for (let i = 0; i < 30; i++) {
    hit('a');
    clock.advance(100);
  }
  expect(lines).toEqual(['0 a 1', '1000 a 9', '2000 a 10', '3000 a 10']);
});

it('starts anew after a quiet second', () => {
  const { clock, lines, hit } = bench();
  hit('a');
  clock.advance(5_000);
  hit('a');
  expect(lines).toEqual(['0 a 1', '5000 a 1']);
});

it('keeps a bounded number of kinds, and tells the sum of one that it forgets', () => {
  const { lines, hit } = bench();
  hit('first', 5);
  for (let i = 0; i < 1_000; i++) hit(`kind ${i}`);
  expect(lines).toHaveLength(1_002);
  expect(lines).toContain('0 first 4');
});

it('writes the rest when it is stopped', () => {
  const { clock, limiter, lines, hit } = bench();
  hit('a', 3);
  limiter.stop();
  expect(lines).toEqual(['0 a 1', '0 a 2']);
  expect(clock.nextWakeAt()).toBeUndefined();
});
