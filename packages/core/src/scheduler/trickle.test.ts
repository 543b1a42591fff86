/** Which idle worker gets the next task decides which groups can go. */
import { describe, expect, it } from 'vitest';
import {
  adapterBeat,
  bench,
  clientBeat,
  from,
  listed,
  results,
  sent,
  submit,
  worker,
  workerBeat,
} from '../../test/kit.ts';
import { policyOf } from '../policy-content.ts';

const GROUPS = ['g-e1-1', 'g-e1-2', 'g-e1-3'];

/** Three groups work off a burst, then one task comes every 200 ms and takes 100 ms: who runs those? */
const trickle = (compat: 'own' | 'stock'): ReadonlySet<string> => {
  const self = bench({
    policy: policyOf('allocate=even_load; scaling=no'),
    compat,
    idleBeforeStopMs: 60_000,
  });
  self.step(from('a', adapterBeat('a', { groups: GROUPS.map((id) => listed(id)) })), from('c', clientBeat()));
  for (const id of GROUPS) self.step(from(worker(id, 1), workerBeat()));
  const run = (names: readonly string[]): readonly string[] => {
    const effects = self.step(from('c', submit(names)));
    const took = GROUPS.map((id) => worker(id, 1)).filter((id) =>
      sent(effects, id).some((message) => message.kind === 'taskBatch'),
    );
    self.pass(100);
    for (const id of took) {
      const held = sent(effects, id).flatMap((message) =>
        message.kind === 'taskBatch' ? message.tasks : [],
      );
      self.step(
        from(
          id,
          results(
            held.map((head) => head.taskId.trimEnd()),
            1,
            100,
          ),
        ),
      );
    }
    self.pass(100);
    return took;
  };
  run(['b1', 'b2', 'b3']);
  return new Set(Array.from({ length: 12 }, (_, i) => run([`t${i}`])).flat());
};

describe('a trickle of tasks', () => {
  it('keeps one worker busy, so that the groups of the others become idle', () => {
    expect(trickle('own').size).toBe(1);
  });

  it('goes round under compat=stock, as the stock scheduler breaks ties', () => {
    expect(trickle('stock').size).toBe(3);
  });
});
