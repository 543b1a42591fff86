import { describe, expect, it } from 'vitest';
import { adapterBeat, bench, from, listed, VANILLA } from '../../test/kit.ts';

describe('a stock adapter whose identity is the id of one of ours', () => {
  it('takes nothing from it, and neither ends the other when it is forgotten', () => {
    const b = bench({ ...VANILLA, adapterTimeoutMs: 1_000 });
    b.step(from('a', adapterBeat('native', { groups: [listed('g-old-1')] })));
    b.step(from('native', adapterBeat(undefined)));
    const status = b.machine.status(b.now);
    expect(status.adapters.map(({ own, groups }) => ({ own, groups }))).toEqual([
      { own: true, groups: 1 },
      { own: false, groups: 0 },
    ]);
    for (let i = 0; i < 700; i++) {
      b.pass(1_000);
      b.step(from('a', adapterBeat('native', { groups: [listed('g-old-1')] })));
    }
    expect(b.machine.status(b.now).adapters).toMatchObject([{ own: true }]);
  });
});
