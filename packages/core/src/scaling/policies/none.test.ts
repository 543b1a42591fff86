import { describe, expect, it } from 'vitest';
import { bench, clientBeat, from, submit, workerBeat } from '../../../test/kit.ts';
import { adapter, view } from '../../../test/scaling-view.ts';
import { policyOf } from '../../policy-content.ts';
import type { ScalingView } from '../view.ts';
import { none } from './none.ts';

const GPU = { needs: 'gpu', tasks: 3, waiting: 2 };

const found = (given: ScalingView): readonly string[] =>
  none(given).unservable.map(
    ({ needs, tasks, missing }) => `${tasks} ${[...needs.keys()].join('+')}, missing ${missing.join('+')}`,
  );

describe('scaling=no', () => {
  it('starts and stops nothing', () => {
    expect(none(view(75, [adapter()]))).toMatchObject({ targets: [], rule: 'off', recheckAt: undefined });
    expect(none(view(0, [adapter({ idleMs: [99_000] })]))).toMatchObject({ targets: [], unservable: [] });
  });

  it.each([
    ['no worker has it', view([GPU], [], { ungrouped: { '': 1 } }), ['2 gpu, missing gpu']],
    ['no adapter offers it', view([GPU], [adapter()]), ['2 gpu, missing gpu']],
    ['a worker has it', view([GPU], [], { ungrouped: { '': 1, gpu: 1 } }), []],
    ['an adapter offers it', view([GPU], [adapter({ offers: 'gpu' })]), []],
    ['nobody is here yet, so nobody can tell', view([GPU], []), []],
    ['none of them waits', view([{ ...GPU, waiting: 0 }], [adapter()]), []],
    ['needs are ignored', view([GPU], [adapter()], { serves: () => true }), []],
  ])('tells of tasks that nobody can serve: %s', (_, given, expected) => {
    expect(found(given)).toEqual(expected);
  });
});

describe('the scheduler under scaling=no', () => {
  it('tells it once, at once, with what is missing', () => {
    const b = bench({ policy: policyOf('allocate=capability; scaling=no') });
    b.step(from('w', workerBeat()), from('c', clientBeat()));
    b.pass(1_000);
    const told = [...b.step(from('c', submit(['t1', 't2'], { needs: 'gpu' }))), ...b.pass(5_000)].filter(
      (effect) => effect.kind === 'note' && effect.event === 'scaling.unservable',
    );
    expect(told).toMatchObject([{ fields: { needs: 'gpu', tasks: 2, missing: 'gpu' } }]);
  });
});
