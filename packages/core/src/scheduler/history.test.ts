import { describe, expect, it } from 'vitest';
import { groupId, instant } from '@muster/protocol/ids';
import { CHANGES_KEPT, GroupLife, Ring } from './history.ts';

describe('a ring', () => {
  it('keeps the latest entries, oldest first', () => {
    const ring = new Ring<number>(3);
    expect([[...ring], ring.last(), ring.size]).toEqual([[], undefined, 0]);
    for (let i = 1; i <= 2; i++) ring.push(i);
    expect([[...ring], ring.last(), ring.size]).toEqual([[1, 2], 2, 2]);
    for (let i = 3; i <= 7; i++) ring.push(i);
    expect([[...ring], ring.last(), ring.size, ring.pushed]).toEqual([[5, 6, 7], 7, 3, 7]);
  });
});

describe('the life of a group', () => {
  it('keeps its birth and the latest changes', () => {
    const life = new GroupLife(groupId('g'), 'a', true);
    for (let i = 0; i < CHANGES_KEPT + 5; i++)
      life.add({ at: instant(i), phase: 'running', reason: String(i) });
    expect(life.changes).toHaveLength(CHANGES_KEPT);
    expect([life.changes[0]?.reason, life.changes[1]?.reason, life.forgotten]).toEqual(['0', '6', 5]);
  });
});
