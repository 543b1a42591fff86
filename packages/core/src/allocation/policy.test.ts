import { describe, expect, it } from 'vitest';
import { caps } from '../../test/kit.ts';
import { CAPABILITY, EVEN_LOAD } from './policy.ts';
import { tasksToMove } from './rebalance.ts';

describe('capability', () => {
  it.each([
    ['a task without needs runs anywhere', 'gpu', '', true],
    ['a worker with every needed capability serves', 'gpu+ssd', 'gpu', true],
    ['a worker with exactly the needed ones serves', 'gpu+ssd', 'gpu+ssd', true],
    ['one that lacks a capability does not', 'gpu', 'gpu+ssd', false],
    ['one without any serves only tasks without needs', '', 'gpu', false],
  ])('%s', (_, offered, needs, serves) => {
    expect(CAPABILITY.serves(caps(offered), caps(needs))).toBe(serves);
  });

  it('does not compare quantities', () => {
    expect(CAPABILITY.serves(new Map([['gpu', 1]]), new Map([['gpu', 8]]))).toBe(true);
  });
});

describe('even_load', () => {
  it('ignores needs and capabilities', () => {
    expect(EVEN_LOAD.serves(caps(''), EVEN_LOAD.consider(caps('gpu')))).toBe(true);
    expect(EVEN_LOAD.consider(caps('gpu')).size + EVEN_LOAD.regard(caps('gpu')).size).toBe(0);
  });
});

describe('how many queued tasks move from one loaded worker', () => {
  it.each([
    ['all of them when there are idle workers for all: loads [8, 0 x 7]', 7, 7, 7],
    ['the one of loads [2, 0]', 1, 1, 1],
    ['one of the two of loads [3, 1, 0]', 2, 1, 1],
    ['half, when one worker is idle beside a long queue', 100, 1, 50],
    ['three quarters with three idle ones', 100, 3, 75],
    ['none from a worker that only runs', 0, 5, 0],
    ['none when nobody is idle', 9, 0, 0],
  ])('%s', (_, unstarted, idle, moved) => {
    expect(tasksToMove(unstarted, idle)).toBe(moved);
  });
});
