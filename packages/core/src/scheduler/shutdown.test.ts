import { describe, expect, it } from 'vitest';
import { bench, clientBeat, from, sent, submit } from '../../test/kit.ts';

describe('the end of the scheduler', () => {
  it('is told to clients of ours, whose waiting tasks would else wait for a time-out; stock clients hear nothing', () => {
    const b = bench();
    b.step(from('c', clientBeat()), from('stock', clientBeat(0)), from('c', submit(['t1'])));
    const effects = b.step({ kind: 'operator', request: { action: 'shutdown', withinMs: 1_000 } });
    expect(sent(effects, 'c')).toContainEqual({ kind: 'clientDisconnect', type: 'shutdown' });
    expect(sent(effects, 'stock')).toEqual([]);
    expect(effects.at(-1)).toEqual({ kind: 'exit', reason: 'an operator asked for it' });
  });
});
