import { describe, expect, it } from 'vitest';
import type { AdapterHeartbeat, GroupStatus } from '@muster/protocol/messages';
import { adapterBeat, bench, from, listed, notes } from '../../test/kit.ts';

const GROUP = 'g-old-1';

const beat = (count: number, groups: readonly GroupStatus[] = []): AdapterHeartbeat => ({
  ...adapterBeat('native', { groups }),
  count,
});

describe('a heartbeat that a later one has overtaken', () => {
  it('ends no group with what it does not list', () => {
    const b = bench();
    const older = beat(1);
    b.step(from('a1', beat(2, [listed(GROUP)])));
    const effects = [1, 2, 3].flatMap(() => b.step(from('a1', older)));
    expect(notes(effects)).toEqual([]);
  });

  it('is told from the first one of the next process', () => {
    const b = bench();
    b.step(from('a1', beat(2, [listed(GROUP)])));
    b.step(from('a2', beat(1)));
    const effects = b.step(from('a2', beat(2)));
    expect(notes(effects)).toContain('group.gone');
  });
});
