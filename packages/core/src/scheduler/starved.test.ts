/** Tasks that no worker may run, beside a ratio that is satisfied. */
import { policyOf } from '../policy-content.ts';
import { describe, expect, it } from 'vitest';
import { adapterBeat, bench, clientBeat, from, listed, sent, submit } from '../../test/kit.ts';
import type { Bench } from '../../test/kit.ts';

/** Adapter `one` boots a group with 8 workers; a task waits for them. */
const booting = (other: { readonly capabilities?: string }, needs: string): Bench => {
  const b = bench({
    policy: policyOf('allocate=capability; scaling=vanilla'),
  });
  b.step(from('one', adapterBeat('one', { workersPerGroup: 8, groups: [listed('g-old-1', 'starting')] })));
  b.step(from('two', adapterBeat('two', other)), from('c', clientBeat()));
  b.step(from('c', submit(['t'], { needs })));
  return b;
};

describe('a task that waits for workers which are on their way', () => {
  it('starts nothing at another adapter', () => {
    expect(sent(booting({}, '').pass(100), 'two')).toEqual([]);
  });

  it('starts one group where alone it can be served', () => {
    const b = booting({ capabilities: 'gpu' }, 'gpu');
    expect(sent(b.pass(100), 'two')).toMatchObject([{ kind: 'adapterCommand', command: 'startWorkerGroup' }]);
  });
});
