import { describe, expect, it } from 'vitest';
import { EVEN_LOAD } from '../../allocation/policy.ts';
import { adapter, NOW, shown, view } from '../../../test/scaling-view.ts';
import type { ScalingView } from '../view.ts';
import { none } from './none.ts';
import { vanilla } from './vanilla.ts';

const decide = (given: ScalingView): readonly string[] => shown(vanilla(given));

describe('vanilla: "Scale up: When tasks / workers > upper_task_ratio (default: 10)"', () => {
  it.each([
    ['one task and no worker: one group', view(1, [adapter()]), ['a:1 ( x 1)']],
    ['no task, no worker: nothing', view(0, [adapter()]), []],
    ['ten tasks on one worker: just enough', view(10, [adapter({ running: 1 })]), []],
    ['eleven tasks on one worker: one more', view(11, [adapter({ running: 1 })]), ['a:2 ( x 1)']],
    ['as many as needed at once', view(75, [adapter({ running: 1 })]), ['a:8 ( x 7)']],
    ['groups that start count as workers', view(75, [adapter({ requested: 8 })]), []],
    [
      'groups that start do not count with count_starting=no',
      view(75, [adapter({ requested: 8, max: 20 })], { tuning: { countStarting: false } }),
      ['a:16 ( x 8)'],
    ],
    ['a group of several workers counts as several', view(75, [adapter({ workers: 4 })]), ['a:2 ( x 2)']],
    ['workers of no group count', view(75, [adapter()], { ungrouped: { '': 8 } }), []],
    ['groups that leave do not count as workers', view(11, [adapter({ draining: 2 })]), ['a:2 ( x 2)']],
    [
      'a running group without a live worker is no capacity',
      view(5, [adapter({ running: 1, serving: 0 })]),
      ['a:2 ( x 1)'],
    ],
    ['another threshold', view(75, [adapter()], { upper: 75 }), ['a:1 ( x 1)']],
    [
      'what one adapter has no room for goes to the next',
      view(75, [adapter({ max: 3 }), adapter({ key: 'b', workers: 2 })]),
      ['a:3 ( x 3)', 'b:3 ( x 3)'],
    ],
    [
      'the cheapest comes first',
      view(75, [adapter({ price: 2 }), adapter({ key: 'b', price: 1 })]),
      ['b:8 ( x 8)'],
    ],
    [
      'what nobody has room for is still asked for, so that the limit gets a name',
      view(75, [adapter({ max: 3 }), adapter({ key: 'b', max: 2 })]),
      ['a:6 ( x 6)', 'b:2 ( x 2)'],
    ],
    [
      'an adapter whose starts fail rests while another takes over',
      view(15, [adapter({ blockedUntil: NOW + 500 }), adapter({ key: 'b' })]),
      ['b:2 ( x 2)'],
    ],
    [
      'groups of the kind that the tasks need',
      view([{ needs: 'gpu', tasks: 15 }], [adapter(), adapter({ key: 'b', offers: 'gpu+ssd' })]),
      ['b/gpu+ssd:2 (gpu x 2)'],
    ],
    [
      'whatever is there, when needs are ignored',
      view([{ needs: 'gpu', tasks: 15 }], [adapter()], {
        serves: (one, other) => EVEN_LOAD.serves(one, other),
      }),
      ['a:2 ( x 2)'],
    ],
  ])('%s', (_, given, targets) => {
    expect(decide(given)).toEqual(targets);
  });

  it('says what it counted and what it needs', () => {
    expect(vanilla(view(75, [adapter({ running: 1, requested: 1 })]))).toMatchObject({
      rule: 'above',
      reason: '75 tasks on 2 workers (1 starting): above 10 per worker, 8 needed',
      blockedBy: [],
    });
  });

  it('does not take workers that it has just asked for as too many', () => {
    expect(vanilla(view(1, [adapter({ workers: 4 })]))).toMatchObject({
      rule: 'above',
      reason: '1 task on 0 workers: above 10 per worker, 1 needed',
    });
  });

  it('says so when with those that start there are enough to let others go', () => {
    const small = adapter({ key: 'small', max: 2, price: 9, idleMs: [90_000, 90_000] });
    const large = adapter({ key: 'large', workers: 8 });
    expect(vanilla(view(3, [small, large], { upper: 1 }))).toMatchObject({
      rule: 'above',
      reason:
        '3 tasks on 2 workers: above 1 per worker, 3 needed; ' +
        'with those that start, below 1 per worker, 2 idle groups let go',
    });
  });

  it('says so when no adapter is here, or none has room', () => {
    expect(vanilla(view(5, []))).toMatchObject({
      rule: 'blocked',
      reason: '5 tasks on 0 workers: above 10 per worker, 1 needed',
      blockedBy: ['no adapter is here'],
    });
    expect(vanilla(view(75, [adapter({ max: 3, running: 3 }), adapter({ key: 'b', max: 0 })]))).toMatchObject(
      {
        rule: 'blocked',
        blockedBy: ['a: at its limit of 3 groups', 'b: allows no groups'],
      },
    );
  });

  it('asks again when an adapter has rested', () => {
    const decision = vanilla(view(15, [adapter({ blockedUntil: NOW + 500 })]));
    expect(decision).toMatchObject({
      rule: 'blocked',
      reason: '15 tasks on 0 workers: above 10 per worker, 2 needed',
      blockedBy: ['a: rests after failed starts'],
      recheckAt: NOW + 500,
    });
  });

  it('names the adapters that it did not ask, and why', () => {
    const others = [
      adapter({ key: 'dear', price: 1 }),
      adapter({ key: 'late' }),
      adapter({ key: 'gpu', offers: 'gpu' }),
      adapter({ key: 'full', max: 1, running: 1 }),
    ];
    expect(vanilla(view(15, [adapter(), ...others])).alternatives).toEqual([
      'dear: dearer',
      'late: comes later',
      'gpu: offers more than is needed',
      'full: at its limit of 1 group',
    ]);
  });
});

describe('tasks that nobody can serve', () => {
  const given = view([{ tasks: 10 }, { needs: 'gpu+big', tasks: 500 }], [adapter({ offers: 'big' })]);

  it('bring no groups and are reported with what is missing', () => {
    expect(vanilla(given)).toMatchObject({
      reason: '10 tasks (500 more that nobody can serve) on 0 workers: above 10 per worker, 1 needed',
      unservable: [{ tasks: 500, missing: ['gpu'] }],
    });
    expect(decide(given)).toEqual(['a/big:1 ( x 1)']);
  });

  it('are served by a worker that is here, group or not', () => {
    expect(
      vanilla({ ...given, ungrouped: view(0, [], { ungrouped: { 'gpu+big': 1 } }).ungrouped }).unservable,
    ).toEqual([]);
  });

  it('each name offered, but never together: then none is missing', () => {
    const apart = [adapter({ offers: 'gpu' }), adapter({ key: 'b', offers: 'big' })];
    expect(vanilla(view([{ needs: 'gpu+big', tasks: 1 }], apart)).unservable).toMatchObject([
      { missing: [] },
    ]);
  });
});

describe('tasks that no worker may run', () => {
  const starved = [
    { tasks: 1, waiting: 0 },
    { needs: 'gpu', tasks: 1 },
  ];
  it.each([
    [
      'get one group',
      view(starved, [adapter({ running: 3, offers: 'gpu', serving: 0 })], { ungrouped: { '': 5 } }),
      ['a/gpu:4 (gpu x 1)'],
    ],
    [
      'but one that starts will do',
      view(starved, [adapter({ requested: 1, offers: 'gpu' })], { ungrouped: { '': 5 } }),
      [],
    ],
    [
      'unless it cannot start',
      view(starved, [adapter({ offers: 'gpu', blockedUntil: NOW + 9 })], { ungrouped: { '': 5 } }),
      ['a/gpu:1 (gpu x 1)'],
    ],
    [
      'of the adapter that can serve them',
      view(starved, [adapter({ running: 3 }), adapter({ key: 'b', offers: 'gpu' })], {
        ungrouped: { '': 5 },
      }),
      ['b/gpu:1 (gpu x 1)'],
    ],
    [
      'which may be one of several kinds of one adapter',
      view(starved, [adapter({ running: 3, more: [{ offers: 'gpu' }, { offers: 'gpu+ssd' }] })]),
      ['a/gpu:1 (gpu x 1)'],
    ],
    [
      'beside those that the ratio asks for',
      view([{ tasks: 40 }, { needs: 'gpu', tasks: 2 }], [adapter(), adapter({ key: 'b', offers: 'gpu' })]),
      ['a:4 ( x 4)', 'b/gpu:1 (gpu x 1)'],
    ],
  ])('%s', (_, given, targets) => {
    expect(decide(given)).toEqual(targets);
  });
});

describe('vanilla: "Scale down: When tasks / workers < lower_task_ratio (default: 1)"', () => {
  it.each([
    ['one task each: kept', view(3, [adapter({ idleMs: [5_000, 5_000, 5_000] })]), []],
    ['nothing to do: all go', view(0, [adapter({ idleMs: [5_000, 4_000, 3_000] })]), ['a:0-a0-a1-a2']],
    [
      'longest idle first, and one worker for each task stays',
      view(1, [adapter({ running: 4, idleMs: [9_000, 8_000, 7_000] })]),
      ['a:1-a0-a1-a2'],
    ],
    [
      'only as many as are spare',
      view(2, [adapter({ running: 4, idleMs: [9_000, 8_000, 7_000] })]),
      ['a:2-a0-a1'],
    ],
    ['busy groups stay', view(1, [adapter({ running: 4 })]), []],
    ['too many, but not idle for long enough', view(0, [adapter({ idleMs: [1_000] })]), ['a:0']],
    [
      'a group larger than what is spare stays',
      view(2, [adapter({ running: 1, workers: 4, idleMs: [9_000] })]),
      [],
    ],
    ['a threshold of none keeps everything', view(0, [adapter({ idleMs: [9_000] })], { lower: 0 }), []],
    [
      'the longest idle of all adapters goes first',
      view(1, [adapter({ idleMs: [4_000] }), adapter({ key: 'b', idleMs: [9_000] })]),
      ['b:0-b0'],
    ],
    [
      'but the dearest before that',
      view(1, [adapter({ key: 'b', idleMs: [9_000] }), adapter({ idleMs: [4_000], price: 1 })]),
      ['a:0-a0'],
    ],
    [
      'the last one that waiting tasks need stays',
      view(
        [{ needs: 'gpu', tasks: 1 }],
        [adapter({ idleMs: [9_000], offers: 'gpu' }), adapter({ key: 'b', idleMs: [4_000] })],
      ),
      ['b:0-b0'],
    ],
  ])('%s', (_, given, targets) => {
    expect(decide(given)).toEqual(targets);
  });

  it('asks again when the next group has been idle long enough', () => {
    const decision = vanilla(view(0, [adapter({ idleMs: [1_000, 500] })]));
    expect(decision).toMatchObject({ rule: 'resting', recheckAt: NOW + 2_000 });
  });
});

describe('no: "The simplest policy that performs no automatic scaling."', () => {
  it('asks for nothing', () => {
    expect(none(view(100, [adapter()]))).toMatchObject({ targets: [], rule: 'off', recheckAt: undefined });
  });
});
