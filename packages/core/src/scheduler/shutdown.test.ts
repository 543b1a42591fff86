import { describe, expect, it } from 'vitest';
import {
  adapterBeat,
  bench,
  clientBeat,
  from,
  listed,
  sent,
  submit,
  worker,
  workerBeat,
} from '../../test/kit.ts';
import type { Bench } from '../../test/kit.ts';

/** Ending, kept from its exit by a group that is at work; then another one is listed, whose worker is here. */
const endingWithLateGroup = (how: 'operator' | 'client'): { b: Bench; heard: readonly string[] } => {
  const b = bench();
  const [known, late] = ['g-old-1', 'g-old-2'].map((id) => worker(id, 1)) as [string, string];
  b.step(from('a', adapterBeat('native', { groups: [listed('g-old-1')] })), from(known, workerBeat()));
  b.step(from('c', clientBeat()), from('c', submit(['t1'])), from(late, workerBeat()));
  if (how === 'client') b.step(from('c', { kind: 'clientDisconnect', type: 'shutdown' }));
  else b.step({ kind: 'operator', request: { action: 'shutdown', withinMs: 60_000 } });
  const both = [listed('g-old-1'), listed('g-old-2')];
  const effects = b.step(from('a', adapterBeat('native', { groups: both })));
  return { b, heard: sent(effects, late).map((message) => message.kind) };
};

describe('the end of the scheduler', () => {
  it('is told to clients of ours, whose waiting tasks would else wait for a time-out; stock clients hear nothing', () => {
    const b = bench();
    b.step(from('c', clientBeat()), from('stock', clientBeat(0)), from('c', submit(['t1'])));
    const effects = b.step({ kind: 'operator', request: { action: 'shutdown', withinMs: 1_000 } });
    expect(sent(effects, 'c')).toContainEqual({ kind: 'clientDisconnect', type: 'shutdown' });
    expect(sent(effects, 'stock')).toEqual([]);
    expect(effects.at(-1)).toEqual({ kind: 'exit', reason: 'an operator asked for it' });
  });

  it('drains a group that is adopted only after it began', () => {
    const { b, heard } = endingWithLateGroup('operator');
    expect(heard).toEqual(['drain']);
    expect(b.machine.status(b.now).groups).toMatchObject([
      { id: 'g-old-1', phase: 'draining' },
      { id: 'g-old-2', phase: 'draining' },
    ]);
  });

  it('stops such a group when a client asked for the end', () => {
    const { b } = endingWithLateGroup('client');
    expect(b.machine.status(b.now).groups).toMatchObject([{ phase: 'stopping' }, { phase: 'stopping' }]);
  });
});
