import { instant } from '@muster/protocol/ids';
import { expect, it } from 'vitest';
import { createLimiter } from './limiter.ts';

it('admits the first of a kind, then one a second that stands for all between', () => {
  const limiter = createLimiter();
  expect(limiter.admit('a', instant(0))).toBe(1);
  expect(limiter.admit('a', instant(10))).toBeUndefined();
  expect(limiter.admit('a', instant(999))).toBeUndefined();
  expect(limiter.admit('b', instant(999))).toBe(1);
  expect(limiter.admit('a', instant(1_000))).toBe(3);
});

it('keeps a bounded number of kinds', () => {
  const limiter = createLimiter();
  for (let i = 0; i < 1_000; i++) expect(limiter.admit(`kind ${i}`, instant(0))).toBe(1);
  expect(limiter.admit('kind 0', instant(1))).toBe(1);
  expect(limiter.admit('kind 999', instant(1))).toBeUndefined();
});
