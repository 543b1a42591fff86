import { instant } from '@muster/protocol/ids';
import { describe, expect, it } from 'vitest';
import { adapter, NOW, view } from '../../../test/scaling-view.ts';
import type { AdapterGiven, DemandGiven, ViewGiven } from '../../../test/scaling-view.ts';
import { policyOf } from '../../policy-content.ts';
import { decide } from '../decide.ts';
import type { Decided } from '../decide.ts';
import type { AdapterView, ScalingView } from '../view.ts';
import { NO_MEMORY, WANTED_MAX } from './memory.ts';
import type { LimitMemory } from './memory.ts';

const VANILLA = policyOf('allocate=even_load; scaling=vanilla');

const decided = (given: ScalingView, memory: LimitMemory = NO_MEMORY): Decided =>
  decide(VANILLA, given, memory);

/** `adapter: asked -> granted, why` */
const shown = ({ targets }: Decided): readonly string[] =>
  targets.map(
    ({ adapter: key, asked, groups, limit }) =>
      `${key}: ${asked} -> ${groups}${limit === '' ? '' : `, ${limit}`}`,
  );

const idle = (n: number, more: AdapterGiven = {}): AdapterGiven => ({
  idleMs: Array.from({ length: n }, (_, i) => 90_000 - i),
  max: 100,
  ...more,
});

describe("the adapter's own limit", () => {
  it.each([
    [
      'keeps what was asked for and says why it was cut',
      view(75, [adapter({ max: 3 })]),
      ['a: 8 -> 3, its limit of 3'],
    ],
    [
      'counts groups that leave: they still cost',
      view(75, [adapter({ max: 4, draining: 1, stopping: 2 })]),
      ['a: 8 -> 1, its limit of 4, with those that leave'],
    ],
    ['grants all that there is room for', view(75, [adapter({ max: 8 })]), ['a: 8 -> 8']],
    [
      'is what the adapter says it is',
      view(75, [adapter({ max: 8, room: 1, roomLimit: 'on trial' })]),
      ['a: 8 -> 1, on trial'],
    ],
    [
      'is shared by all that the adapter can start',
      view([{ tasks: 30 }, { needs: 'gpu', tasks: 1 }], [adapter({ max: 2, more: [{ offers: 'gpu' }] })]),
      ['a: 3 -> 1, its limit of 2', 'a: 1 -> 1'],
    ],
  ])('%s', (_, given, lines) => {
    expect(shown(decided(given))).toEqual(lines);
  });
});

describe('steps', () => {
  const tuned = (tuning: ViewGiven['tuning'] = {}): ViewGiven => ({ tuning: { downWindowMs: 0, ...tuning } });

  it.each([
    [
      'start_step: so many at an adapter and decision',
      view(75, [adapter()], tuned({ startStep: 2 })),
      ['a: 8 -> 2, start_step: 2 at a time'],
    ],
    [
      'down_step: ten per second',
      view(0, [adapter(idle(15))], tuned()),
      ['a: 0 -> 5, down_step: 10 per second'],
    ],
    [
      'but never less than a tenth',
      view(0, [adapter(idle(200, { max: 300 }))], tuned()),
      ['a: 0 -> 180, down_step: 20 per second'],
    ],
    ['down_step=0: no bound', view(0, [adapter(idle(15))], tuned({ downStep: 0 })), ['a: 0 -> 0']],
  ])('%s', (_, given, lines) => {
    expect(shown(decided(given))).toEqual(lines);
  });

  it('start_step: what there is no room for does not use it up', () => {
    const onTrial = adapter({ max: 4, room: 1, roomLimit: 'on trial', more: [{ offers: 'gpu' }] });
    const given = view([{ tasks: 23 }, { needs: 'gpu', tasks: 16 }], [onTrial], tuned({ startStep: 1 }));
    const { targets } = decide(
      policyOf('allocate=capability; scaling=capability; start_step=1'),
      { ...given, upperTaskRatio: 3, lowerTaskRatio: 0.5 },
      NO_MEMORY,
    );
    expect(targets.reduce((sum, { starts }) => sum + starts.length, 0)).toBe(1);
  });

  it('the rate is that of a second, not of a decision', () => {
    const first = decided(view(0, [adapter(idle(25))], tuned()));
    const left = adapter(idle(15));
    const at = (ms: number): Decided => decided(view(0, [left], { ...tuned(), now: NOW + ms }), first.memory);
    expect(first.decision.recheckAt).toBe(NOW + 1_000);
    expect(shown(at(20))).toEqual(['a: 0 -> 15, down_step: 10 per second']);
    expect(shown(at(1_000))).toEqual(['a: 0 -> 5, down_step: 10 per second']);
  });

  it('lets nobody go that was not idle for long enough, or is paid for', () => {
    const given = view(0, [adapter({ idleMs: [9_000, 8_000], releasableAt: [NOW + 500, NOW - 1] })], tuned());
    const one = decided(given);
    expect(shown(one)).toEqual(['a: 0 -> 1, not idle for long enough, or paid for anyhow']);
    expect(one.targets[0]?.release).toEqual(['a1']);
    expect(one.decision.recheckAt).toBe(NOW + 500);
  });
});

/** Goes on from decision to decision: `[ms, tasks]`, with what was granted as the groups of the next one. */
const story = (
  tuning: ViewGiven['tuning'],
  steps: readonly (readonly [ms: number, tasks: number])[],
  startMs?: number,
): readonly string[] => {
  let memory = NO_MEMORY;
  let groups = 0;
  return steps.map(([ms, tasks]) => {
    const one = adapter({
      running: groups,
      idleMs: Array.from({ length: tasks === 0 ? groups : 0 }, () => 90_000),
      max: 100,
      ...(startMs === undefined ? {} : { startMs }),
    });
    const result = decided(view(tasks, [one], { tuning: { downStep: 0, ...tuning }, now: NOW + ms }), memory);
    memory = result.memory;
    groups = result.targets[0]?.groups ?? groups;
    const { limit = '' } = result.targets[0] ?? {};
    const again = result.decision.recheckAt;
    return `${groups}${limit === '' ? '' : ` (${limit})`}${again === undefined ? '' : ` again at ${again - NOW}`}`;
  });
};

describe('windows', () => {
  it('down: the fleet shrinks to the most that was wanted in the window', () => {
    expect(
      story({ downWindowMs: 5_000 }, [
        [0, 80],
        [1_000, 0],
        [3_000, 0],
        [5_999, 0],
        [6_000, 0],
      ]),
    ).toEqual([
      '8',
      '8 (down_window: more were wanted less than 5 s ago) again at 6000',
      '8 (down_window: more were wanted less than 5 s ago) again at 6000',
      '8 (down_window: more were wanted less than 5 s ago) again at 6000',
      '0',
    ]);
  });

  it('down: what is wanted again meanwhile starts the window anew', () => {
    expect(
      story({ downWindowMs: 5_000 }, [
        [0, 80],
        [1_000, 0],
        [3_000, 80],
        [4_000, 0],
        [6_500, 0],
        [9_000, 0],
      ]),
    ).toEqual([
      '8',
      '8 (down_window: more were wanted less than 5 s ago) again at 6000',
      '8',
      '8 (down_window: more were wanted less than 5 s ago) again at 9000',
      '8 (down_window: more were wanted less than 5 s ago) again at 9000',
      '0',
    ]);
  });

  it('down: by default as long as a group takes to start', () => {
    expect(
      story(
        {},
        [
          [0, 80],
          [100, 0],
          [40_100, 0],
        ],
        40_000,
      ),
    ).toEqual([
      '8',
      '8 (down_window: more were wanted less than 40 s ago, as long as one takes to start) again at 40100',
      '0',
    ]);
    expect(
      story({}, [
        [0, 80],
        [100, 0],
      ]),
    ).toEqual(['8', '0']);
  });

  it('up: the fleet grows to the least that was wanted in the window', () => {
    const limit = 'up_window: fewer were enough less than 2 s ago';
    expect(
      story({ upWindowMs: 2_000 }, [
        [0, 0],
        [1_000, 80],
        [2_000, 40],
        [2_999, 40],
        [3_000, 40],
        [4_000, 80],
        [6_000, 80],
      ]),
    ).toEqual([
      '0',
      `0 (${limit}) again at 3000`,
      `0 (${limit}) again at 3000`,
      `0 (${limit}) again at 3000`,
      '4',
      `4 (${limit}) again at 6000`,
      '8',
    ]);
  });

  it('up: a burst that ends within the window starts nothing', () => {
    expect(
      story({ upWindowMs: 2_000 }, [
        [0, 0],
        [1_000, 80],
        [2_500, 0],
        [3_500, 80],
      ])[3],
    ).toContain('again at 5500');
  });

  it('agree with a dumb second implementation, in bounded memory', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const windowMs = (seed * 37) % 900;
      const history: { readonly at: number; readonly tasks: number }[] = [];
      let memory = NO_MEMORY;
      for (let i = 0; i < 60; i++) {
        const at = i * 50;
        const tasks = ((seed * 7_919 + i * 104_729) % 13) * 10;
        history.push({ at, tasks });
        const one = adapter({ running: 13, serving: 0, max: 100 });
        const result = decided(
          view(tasks, [one], { tuning: { upWindowMs: windowMs }, now: NOW + at }),
          memory,
        );
        memory = result.memory;
        const wants = history
          .filter((_, k) => (history[k + 1]?.at ?? Infinity) > at - windowMs)
          .map(({ tasks: n }) => 13 + n / 10);
        expect(result.targets[0]?.groups ?? 13).toBe(Math.min(...wants));
        for (const { least, most } of memory.supplies)
          expect(Math.max(least.length, most.length)).toBeLessThanOrEqual(WANTED_MAX);
      }
    }
  });

  it('memory is plain data and survives JSON', () => {
    const { memory } = decided(view(0, [adapter(idle(15))], { tuning: { downWindowMs: 5_000 } }));
    expect(JSON.parse(JSON.stringify(memory))).toEqual(memory);
  });
});

describe('floors', () => {
  it.each([
    [
      'min_groups: even without work, where it is cheapest',
      view(0, [adapter({ price: 1 }), adapter({ key: 'b' })], { tuning: { minGroups: 2 } }),
      ['b: 0 -> 2, min_groups=2'],
    ],
    [
      'and spill',
      view(0, [adapter({ max: 1 }), adapter({ key: 'b' })], { tuning: { minGroups: 2 } }),
      ['a: 0 -> 1, min_groups=2', 'b: 0 -> 1, min_groups=2'],
    ],
    [
      'not more than there is room for',
      view(0, [adapter({ max: 1 })], { tuning: { minGroups: 2 } }),
      ['a: 0 -> 1, min_groups=2'],
    ],
    ['what lives counts', view(20, [adapter({ running: 2 })], { tuning: { minGroups: 2 } }), []],
    [
      'but not what it asks for in vain',
      view([{ needs: 'gpu', tasks: 75 }], [adapter({ max: 1, offers: 'gpu' }), adapter({ key: 'b' })], {
        tuning: { minGroups: 3 },
      }),
      ['a: 8 -> 1, its limit of 1', 'b: 0 -> 2, min_groups=3'],
    ],
    ['what the policy starts counts', view(20, [adapter()], { tuning: { minGroups: 2 } }), ['a: 2 -> 2']],
    [
      'the others may go',
      view(0, [adapter(idle(5))], { tuning: { minGroups: 2 } }),
      ['a: 0 -> 2, min_groups=2'],
    ],
    [
      'the dearest first',
      view(0, [adapter(idle(2, { price: 1 })), adapter({ key: 'b', ...idle(2) })], {
        tuning: { minGroups: 3 },
      }),
      ['a: 0 -> 1, min_groups=3', 'b: 0 -> 2, min_groups=3'],
    ],
    [
      'warm_groups: idle ones beside busy ones',
      view([{ tasks: 3, waiting: 0 }], [adapter({ running: 3 })], { tuning: { warmGroups: 2 } }),
      ['a: 3 -> 5, warm_groups=2'],
    ],
    [
      'those that are idle count',
      view([{ tasks: 3, waiting: 0 }], [adapter({ running: 5, idleMs: [90_000, 90_000] })], {
        tuning: { warmGroups: 2 },
      }),
      ['a: 3 -> 5, warm_groups=2'],
    ],
    [
      'those that start count',
      view([{ tasks: 3, waiting: 0 }], [adapter({ running: 3, requested: 2 })], {
        tuning: { warmGroups: 2 },
      }),
      [],
    ],
    [
      'none as long as tasks wait: it would not be idle',
      view([{ tasks: 30 }], [adapter({ running: 3 })], { tuning: { warmGroups: 2 } }),
      [],
    ],
    ['none without work', view(0, [adapter(idle(2))], { tuning: { warmGroups: 2 } }), ['a: 0 -> 0']],
  ])('%s', (_, given, lines) => {
    expect(shown(decided(given))).toEqual(lines);
  });

  it('ask for groups as they are offered', () => {
    const { targets } = decided(view(0, [adapter({ offers: 'gpu' })], { tuning: { minGroups: 1 } }));
    expect(targets.map(({ starts }) => starts.map(({ ask, groups }) => [[...ask.keys()], groups]))).toEqual([
      [[['gpu'], 1]],
    ]);
  });
});

describe('warm groups are for tasks that are there:', () => {
  const warm = (
    demands: readonly DemandGiven[],
    adapters: readonly AdapterView[],
    serves?: ViewGiven['serves'],
  ): readonly string[] => {
    const policy = policyOf('allocate=capability; scaling=capability; down_window=0; warm_groups=1');
    const given = view(demands, adapters, { tuning: policy.tuning, upper: 5, lower: 0.5 });
    return shown(decide(policy, serves === undefined ? given : { ...given, serves }, NO_MEMORY));
  };
  const gpu = { needs: 'gpu', tasks: 3, waiting: 0 };
  const busyGpu = adapter({ key: 'gpu', offers: 'gpu', running: 3, price: 5 });

  it.each([
    [
      'groups that can serve none of them are not started, cheap as they are',
      warm([gpu], [adapter({ key: 'cpu' }), busyGpu]),
      ['gpu: 3 -> 4, warm_groups=1'],
    ],
    [
      'nor do they count as spare, or stay',
      warm([gpu], [adapter({ key: 'cpu', ...idle(2) }), busyGpu]),
      ['cpu: 0 -> 0', 'gpu: 3 -> 4, warm_groups=1'],
    ],
    [
      'nothing is started where nobody can serve them',
      warm([{ needs: 'tpu', tasks: 1 }], [adapter({ key: 'cpu' })]),
      [],
    ],
    [
      'tasks that wait for others do not keep them away',
      warm(
        [
          { tasks: 3, waiting: 0 },
          { needs: 'tpu', tasks: 1 },
        ],
        [adapter({ key: 'cpu', running: 3 }), adapter({ key: 'gpu', offers: 'gpu', max: 0 })],
      ),
      ['cpu: 3 -> 4, warm_groups=1'],
    ],
    [
      'any group will do where needs are ignored',
      warm([gpu], [adapter({ key: 'cpu' }), busyGpu], () => true),
      ['cpu: 0 -> 1, warm_groups=1'],
    ],
  ])('%s', (_, lines, expected) => {
    expect(lines).toEqual(expected);
  });
});

describe('floors keep to the rules of their policy:', () => {
  const by = (content: string, tasks: number, adapters: readonly AdapterView[], given: ViewGiven = {}) => {
    const policy = policyOf(`allocate=capability; ${content}`);
    return shown(decide(policy, view(tasks, adapters, { ...given, tuning: policy.tuning }), NO_MEMORY));
  };
  const TIERED = 'scaling=waterfall; tiers=native:2,ecs:6';

  it.each([
    [
      'tiers are filled in their order up to their caps, and adapters that no tier names are not asked',
      by(`${TIERED}; min_groups=5`, 0, [
        adapter({ key: 'azure' }),
        adapter({ key: 'native', price: 9 }),
        adapter({ key: 'ecs', price: 1 }),
      ]),
      ['native: 0 -> 2, min_groups=5', 'ecs: 0 -> 3, min_groups=5'],
    ],
    [
      'a cap is that of all adapters of a tier together, with what leaves',
      by(`${TIERED}; min_groups=5`, 0, [
        adapter({ key: 'native-1', draining: 1 }),
        adapter({ key: 'native-2' }),
        adapter({ key: 'azure' }),
      ]),
      ['native-1: 0 -> 1, min_groups=5'],
    ],
    [
      'with what the policy itself starts',
      by(`${TIERED}; min_groups=5`, 11, [adapter({ key: 'azure' }), adapter({ key: 'native' })]),
      ['native: 2 -> 2'],
    ],
    [
      'warm groups go to the next tier',
      shown(
        decide(
          policyOf(`allocate=capability; ${TIERED}; warm_groups=2`),
          view(
            [{ tasks: 2, waiting: 0 }],
            [adapter({ key: 'native', running: 2 }), adapter({ key: 'ecs', price: 1 })],
            { tuning: policyOf(`allocate=capability; ${TIERED}; warm_groups=2`).tuning },
          ),
          NO_MEMORY,
        ),
      ),
      ['ecs: 0 -> 2, warm_groups=2'],
    ],
    [
      'what is idle stays in the order of the tiers, whatever it costs',
      by(`${TIERED}; down_window=0; min_groups=1`, 0, [
        adapter({ key: 'ecs', ...idle(1) }),
        adapter({ key: 'native', ...idle(1, { price: 9 }) }),
      ]),
      ['ecs: 0 -> 0', 'native: 0 -> 1, min_groups=1'],
    ],
    [
      'nothing beyond the cap of its tier stays for a floor',
      by(`${TIERED}; down_window=0; min_groups=4`, 0, [adapter({ key: 'native', ...idle(6) })]),
      ['native: 0 -> 2, min_groups=4'],
    ],
    [
      'nor beyond what its adapter has come to allow: the rest is started elsewhere',
      by('scaling=vanilla; down_window=0; min_groups=5', 0, [
        adapter({ key: 'less', ...idle(6, { max: 3 }) }),
        adapter({ key: 'more', price: 9 }),
      ]),
      ['less: 0 -> 3, min_groups=5', 'more: 0 -> 2, min_groups=5'],
    ],
    [
      'the primary of fixed_elastic comes first, whatever it costs, and is one',
      by('scaling=fixed_elastic; min_groups=2', 0, [
        adapter({ key: 'cloud' }),
        adapter({ key: 'own', max: 1, price: 9 }),
      ]),
      ['cloud: 0 -> 1, min_groups=2', 'own: 0 -> 1, min_groups=2'],
    ],
  ])('%s', (_, lines, expected) => {
    expect(lines).toEqual(expected);
  });
});

describe('scaling=no', () => {
  it('changes nothing, whatever limits say', () => {
    const given = view(50, [adapter()], { tuning: { minGroups: 3 } });
    const result = decide(policyOf('allocate=even_load; scaling=no'), given, NO_MEMORY);
    expect(result).toMatchObject({ targets: [], memory: NO_MEMORY, decision: { rule: 'off' } });
    expect(instant(result.decision.recheckAt ?? 0)).toBe(0);
  });
});
