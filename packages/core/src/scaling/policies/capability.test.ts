import { describe, expect, it } from 'vitest';
import { EVEN_LOAD } from '../../allocation/policy.ts';
import { adapter, NOW, shown, view } from '../../../test/scaling-view.ts';
import type { AdapterGiven, DemandGiven, ViewGiven } from '../../../test/scaling-view.ts';
import type { AdapterView, ScalingView } from '../view.ts';
import { capability } from './capability.ts';

const given = (
  demands: number | readonly DemandGiven[],
  adapters: readonly AdapterView[],
  more: ViewGiven = {},
): ScalingView => view(demands, adapters, { upper: 5, lower: 0.5, ...more });

const decide = (one: ScalingView): readonly string[] => shown(capability(one));

const cpu = (more: AdapterGiven = {}): AdapterView => adapter({ key: 'cpu', max: 50, ...more });
const gpu = (more: AdapterGiven = {}): AdapterView =>
  adapter({ key: 'gpu', max: 50, offers: 'gpu', ...more });

describe('the founding example: 100 CPU tasks and 50 GPU tasks', () => {
  const tasks = [{ tasks: 100 }, { needs: 'gpu', tasks: 50 }];

  it('"If no GPU workers exist, the controller requests a worker group with {"gpu": 1} from the adapter."', () => {
    const decision = capability(given(tasks, [cpu(), gpu()]));
    expect(shown(decision)).toEqual(['cpu:20 ( x 20)', 'gpu/gpu:10 (gpu x 10)']);
    expect([...decision.targets[1]!.starts[0]!.ask]).toEqual([['gpu', 1]]);
    expect(decision.reason).toBe(
      '150 tasks on 0 workers: 50 tasks that need gpu: above 5 per worker, 10 needed; ' +
        '100 tasks that need nothing special: above 5 per worker, 20 needed',
    );
  });

  it('"CPU and GPU worker groups are scaled independently based on their respective task queues."', () => {
    const busy = [cpu({ running: 20 }), gpu({ running: 10 })];
    expect(decide(given(tasks, busy))).toEqual([]);
    expect(decide(given([{ tasks: 110 }, { needs: 'gpu', tasks: 50 }], busy))).toEqual(['cpu:22 ( x 2)']);
    expect(decide(given([{ tasks: 100 }, { needs: 'gpu', tasks: 51 }], busy))).toEqual([
      'gpu/gpu:11 (gpu x 1)',
    ]);
  });

  it('"Idle GPU workers can be shut down without affecting CPU task processing."', () => {
    const after = [cpu({ running: 20 }), gpu({ idleMs: [9_000, 8_000] })];
    expect(decide(given([{ tasks: 100 }], after))).toEqual(['gpu/gpu:0-gpugpu0-gpugpu1']);
  });

  it('asks one adapter that can start both for each of them', () => {
    const both = adapter({ key: 'both', max: 50, more: [{ offers: 'gpu', price: 1 }] });
    expect(decide(given(tasks, [both]))).toEqual(['both:20 ( x 20)', 'both/gpu:10 (gpu x 10)']);
  });

  it('needs fewer CPU groups when GPU workers have nothing else to do', () => {
    expect(
      decide(given([{ tasks: 100 }, { needs: 'gpu', tasks: 40 }], [cpu(), gpu({ running: 10 })])),
    ).toEqual(['cpu:18 ( x 18)']);
  });
});

describe('"A worker can handle a task if the task\'s required capabilities are a subset of the worker\'s"', () => {
  it.each([
    [
      'no capable worker: a group',
      given([{ needs: 'gpu', tasks: 1 }], [gpu()], { ungrouped: { '': 9 } }),
      ['gpu/gpu:1 (gpu x 1)'],
    ],
    ['a worker with exactly that', given([{ needs: 'gpu', tasks: 1 }], [gpu({ running: 1 })]), []],
    [
      'a worker with more than that',
      given([{ needs: 'gpu', tasks: 1 }], [gpu()], { ungrouped: { 'cpu+gpu': 1 } }),
      [],
    ],
    [
      'two sets, each for itself',
      given(
        [
          { needs: 'gpu', tasks: 1 },
          { needs: 'tpu', tasks: 1 },
        ],
        [gpu(), adapter({ key: 'tpu', offers: 'tpu' })],
      ),
      ['gpu/gpu:1 (gpu x 1)', 'tpu/tpu:1 (tpu x 1)'],
    ],
    [
      'one group for both, when only that can be started',
      given(
        [
          { needs: 'gpu', tasks: 1 },
          { needs: 'tpu', tasks: 1 },
        ],
        [adapter({ offers: 'gpu+tpu' })],
      ),
      ['a/gpu+tpu:1 (gpu x 1)'],
    ],
    ['no needs', given(1, [cpu()]), ['cpu:1 ( x 1)']],
    ['the adapter that offers least beyond the needs', given(1, [gpu(), cpu()]), ['cpu:1 ( x 1)']],
    [
      'one with more than needed, when the other has no room',
      given(1, [gpu(), cpu({ max: 0 })]),
      ['gpu/gpu:1 ( x 1)'],
    ],
  ])('%s', (_, one, targets) => {
    expect(decide(one)).toEqual(targets);
  });
});

describe('"Scale up: When tasks / capable_workers > upper_task_ratio (default: 5)"', () => {
  it.each([
    ['five tasks on one worker: enough', given(5, [cpu({ running: 1 })]), []],
    ['six: one more', given(6, [cpu({ running: 1 })]), ['cpu:2 ( x 1)']],
    ['groups that start count', given(50, [cpu({ requested: 10 })]), []],
    ['the whole need at once', given(50, [cpu({ workers: 4 })]), ['cpu:3 ( x 3)']],
    [
      'spills to the next that can serve',
      given(50, [cpu({ max: 4 }), gpu()]),
      ['cpu:4 ( x 4)', 'gpu/gpu:6 ( x 6)'],
    ],
    [
      'asks for what there is no room for, so that the limit gets a name',
      given(50, [cpu({ max: 4 })]),
      ['cpu:10 ( x 10)'],
    ],
  ])('%s', (_, one, targets) => {
    expect(decide(one)).toEqual(targets);
  });

  it('says what is in the way', () => {
    expect(
      capability(given([{ needs: 'gpu', tasks: 50 }], [cpu(), gpu({ max: 2, running: 2 })])),
    ).toMatchObject({
      rule: 'blocked',
      blockedBy: ['gpu: at its limit of 2 groups'],
      alternatives: ['cpu: does not offer gpu'],
    });
    expect(capability(given([{ needs: 'gpu+ssd', tasks: 7 }], [cpu(), gpu()]))).toMatchObject({
      rule: 'idle',
      unservable: [{ tasks: 7, missing: ['ssd'] }],
    });
    expect(capability(given(50, [cpu({ blockedUntil: NOW + 700 })]))).toMatchObject({
      rule: 'blocked',
      blockedBy: ['cpu: rests after failed starts'],
      recheckAt: NOW + 700,
    });
  });
});

describe('"Scale down: When tasks / capable_workers < lower_task_ratio (default: 0.5)"', () => {
  const five = [9_000, 8_000, 7_000, 6_000, 5_000];
  it.each([
    [
      'one task for two workers: enough',
      given([{ tasks: 2, waiting: 0 }], [cpu({ running: 4, idleMs: [9_000] })]),
      [],
    ],
    [
      'one for more than two: the idle ones beyond that go',
      given([{ tasks: 1, waiting: 0 }], [cpu({ running: 5, idleMs: five.slice(1) })]),
      ['cpu:2-cpu0-cpu1-cpu2'],
    ],
    ['no task: all go', given(0, [cpu({ idleMs: five })]), ['cpu:0-cpu0-cpu1-cpu2-cpu3-cpu4']],
    ['a threshold of none keeps everything', given(0, [cpu({ idleMs: five })], { lower: 0 }), []],
    [
      '"Prevents scaling down the last worker group capable of handling pending tasks"',
      given([{ needs: 'gpu', tasks: 1 }], [gpu({ idleMs: [9_000], workers: 8 }), cpu({ idleMs: [8_000] })]),
      ['cpu:0-cpu0'],
    ],
    [
      'the dearest first',
      given(
        [{ tasks: 1, waiting: 0 }],
        [cpu({ running: 3, idleMs: [9_000, 8_000] }), gpu({ idleMs: [4_000], price: 1 })],
      ),
      ['cpu:2-cpu0', 'gpu/gpu:0-gpugpu0'],
    ],
    [
      'what another need still counts on stays',
      given(
        [{ needs: 'gpu', tasks: 2, waiting: 0 }],
        [gpu({ running: 4, idleMs: [9_000, 8_000] }), cpu({ idleMs: [1] })],
      ),
      ['cpu:0'],
    ],
  ])('%s', (_, one, targets) => {
    expect(decide(one)).toEqual(targets);
  });
});

describe('a mismatched pair: allocate=even_load; scaling=capability', () => {
  const serves: ScalingView['serves'] = (one, other) => EVEN_LOAD.serves(one, other);

  it('groups by stated needs all the same', () => {
    expect(decide(given([{ tasks: 10 }, { needs: 'gpu', tasks: 10 }], [cpu(), gpu()], { serves }))).toEqual([
      'cpu:2 ( x 2)',
      'gpu/gpu:2 (gpu x 2)',
    ]);
  });

  it('starts whatever there is for what nobody offers, because that will run there', () => {
    const decision = capability(given([{ needs: 'tpu', tasks: 10 }], [cpu(), gpu()], { serves }));
    expect(shown(decision)).toEqual(['cpu:2 ( x 2)']);
    expect(decision.unservable).toEqual([]);
  });
});

describe('what is too much of one kind beside what is too little of another', () => {
  const idleMs = [90_000, 90_000];
  it.each([
    [
      'is told by kind',
      view([{ needs: 'gpu', tasks: 1 }], [adapter({ idleMs }), adapter({ key: 'b', offers: 'gpu' })]),
      '1 task on 2 workers: 1 task that needs gpu: above 10 per worker, 1 needed; ' +
        'groups with nothing special: below 1 per worker, 2 idle groups let go',
    ],
    [
      'or all kinds together, if they are many',
      view(
        [{ needs: 'gpu', tasks: 1 }],
        [
          ...['', 'big', 'ssd', 'tpu'].map((offers) =>
            adapter({ key: `a${offers}`, offers, idleMs: [90_000] }),
          ),
          adapter({ key: 'b', offers: 'gpu' }),
        ],
      ),
      '1 task on 4 workers: 1 task that needs gpu: above 10 per worker, 1 needed; ' +
        'groups of 4 kinds: below 1 per worker, 4 idle groups let go',
    ],
    [
      'and needs no name where nothing is missing',
      view(0, [adapter({ idleMs })]),
      '0 tasks on 2 workers: below 1 per worker, 2 idle groups let go',
    ],
  ])('%s', (_, given, reason) => {
    expect(capability(given).reason).toBe(reason);
  });
});
