import { describe, expect, it } from 'vitest';
import { adapterBeat, bench, clientBeat, from, notes, submit } from '../../test/kit.ts';
import { policyOf } from '../policy-content.ts';
import type { SchedulerEffect } from '../scheduler-types.ts';

const CONFIG = { policy: policyOf('allocate=even_load; scaling=vanilla'), compat: 'stock' } as const;
const names = Array.from({ length: 200 }, (_, i) => `t${i}`);

/** How many groups are asked for by so many heartbeats, each so long after the one before. */
const starts = (beats: number, everyMs: number): number => {
  const b = bench(CONFIG);
  const beat = from('a', adapterBeat('native', { groupsMax: 50 }));
  const effects: SchedulerEffect[] = [...b.step(from('c', clientBeat()), from('c', submit(names)))];
  for (let i = 0; i < beats; i++) effects.push(...b.step(beat), ...b.pass(everyMs));
  return notes(effects).filter((event) => event === 'group.requested').length;
};

describe('compat=stock with an adapter of ours', () => {
  it('decides at heartbeats that are two seconds apart, as those of the stock adapters are', () => {
    expect(starts(4, 2_000)).toBe(4);
  });

  it('takes what it says in between for news, not for another question', () => {
    expect(starts(10, 100)).toBe(1);
    expect(starts(30, 100)).toBe(2);
  });
});
