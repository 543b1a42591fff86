import { expect, it } from 'vitest';
import { cut, plural, showAgo, showDuration } from './words.ts';

it.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [184_000, '3 min 4 s'],
  [7_500_000, '2 h 5 min'],
])('shows %i ms as %s', (ms, text) => {
  expect(showDuration(ms)).toBe(text);
});

it('says what has just happened so', () => {
  expect([showAgo(0), showAgo(1), showAgo(90_000)]).toEqual(['just now', '1 ms ago', '1 min 30 s ago']);
});

it('counts things', () => {
  expect([plural(0, 'task'), plural(1, 'task'), plural(1_200, 'task is', 'tasks are')]).toEqual([
    '0 tasks',
    '1 task',
    '1,200 tasks are',
  ]);
});

it('shows the first of many and counts the rest', () => {
  expect(cut(['a', 'b', 'c'], 3)).toEqual(['a', 'b', 'c']);
  expect(cut(['a', 'b', 'c', 'd'], 2)).toEqual(['a', 'b', '… and 2 more']);
});
