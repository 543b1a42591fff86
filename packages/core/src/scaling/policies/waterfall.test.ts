import { describe, expect, it } from 'vitest';
import { adapter, NOW, shown, view } from '../../../test/scaling-view.ts';
import type { AdapterGiven, DemandGiven } from '../../../test/scaling-view.ts';
import type { AdapterView, ScalingView } from '../view.ts';
import { waterfall } from './waterfall.ts';

const TIERS = [
  { adapter: 'native', groupsMax: 4 },
  { adapter: 'ecs', groupsMax: 6 },
  { adapter: 'eks', groupsMax: undefined },
];

const given = (
  demands: number | readonly DemandGiven[],
  adapters: readonly AdapterView[],
  hadWork = true,
): ScalingView => view(demands, adapters, { hadWork, tuning: { tiers: TIERS } });

const decide = (one: ScalingView): readonly string[] => shown(waterfall(one));

const at = (key: string, more: AdapterGiven = {}): AdapterView => adapter({ key, max: 50, ...more });
const three = (more: Readonly<Record<string, AdapterGiven>> = {}): readonly AdapterView[] =>
  // Registered in another order than that of the tiers, and dear where it is filled first.
  ['eks-1', 'ecs-1', 'native-1'].map((key) => at(key, { price: key === 'native-1' ? 9 : 1, ...more[key] }));

describe('waterfall fills tier by tier', () => {
  it.each([
    ['the first one, as far as that is enough', given(40, three()), ['native-1:4 ( x 4)']],
    ['then the next, when its cap is reached', given(80, three()), ['ecs-1:4 ( x 4)', 'native-1:4 ( x 4)']],
    ['and on', given(150, three()), ['eks-1:5 ( x 5)', 'ecs-1:6 ( x 6)', 'native-1:4 ( x 4)']],
    [
      'what lives counts against the cap',
      given(60, three({ 'native-1': { running: 3 } })),
      ['ecs-1:2 ( x 2)', 'native-1:4 ( x 1)'],
    ],
    [
      'and what leaves',
      given(50, three({ 'native-1': { running: 2, draining: 1 } })),
      ['ecs-1:2 ( x 2)', 'native-1:3 ( x 1)'],
    ],
    [
      'a cap is that of all adapters of a tier together',
      given(80, [at('native-1'), at('native-2'), at('ecs-1')]),
      ['native-1:4 ( x 4)', 'ecs-1:4 ( x 4)'],
    ],
    [
      "an adapter's own limit spills too",
      given(40, three({ 'native-1': { max: 1 } })),
      ['ecs-1:3 ( x 3)', 'native-1:1 ( x 1)'],
    ],
    [
      'so does a failure to start',
      given(40, three({ 'native-1': { blockedUntil: NOW + 700 } })),
      ['ecs-1:4 ( x 4)'],
    ],
    [
      'so does a tier that cannot serve',
      given([{ needs: 'gpu', tasks: 20 }], three({ 'ecs-1': { offers: 'gpu' } })),
      ['ecs-1/gpu:2 (gpu x 2)'],
    ],
  ])('%s', (_, one, targets) => {
    expect(decide(one)).toEqual(targets);
  });

  it('says that nothing is left when every tier is full', () => {
    expect(
      waterfall(given(500, [at('native-1', { running: 4 }), at('ecs-1', { running: 6, max: 6 })])),
    ).toMatchObject({
      rule: 'blocked',
      blockedBy: [
        'tier native: at its cap of 4 groups',
        'ecs-1: at its limit of 6 groups',
        'tier ecs: at its cap of 6 groups',
      ],
    });
  });

  it('never asks an adapter that no tier names, and says so', () => {
    const decision = waterfall(given(500, [at('azure-1', { price: 0 }), at('native-1')]));
    expect(shown(decision)).toEqual(['native-1:4 ( x 4)']);
    expect(decision.alternatives).toContain('azure-1: no tier names it');
    expect(waterfall(given(500, [at('azure-1')]))).toMatchObject({
      targets: [],
      rule: 'blocked',
      blockedBy: ['azure-1: no tier names it'],
    });
  });
});

describe('waterfall empties in the reverse order', () => {
  const idle = {
    'native-1': { idleMs: [9_000] },
    'ecs-1': { idleMs: [8_000] },
    'eks-1': { idleMs: [7_000] },
  };
  it.each([
    ['all without work', given(0, three(idle)), ['eks-1:0-eks-10', 'ecs-1:0-ecs-10', 'native-1:0-native-10']],
    ['the last tier first', given([{ tasks: 2, waiting: 0 }], three(idle)), ['eks-1:0-eks-10']],
    [
      'before that, groups of adapters that no tier names',
      given([{ tasks: 3, waiting: 0 }], [...three(idle), at('azure-1', { idleMs: [4_000] })]),
      ['azure-1:0-azure-10'],
    ],
  ])('%s', (_, one, targets) => {
    expect(decide(one)).toEqual(targets);
  });
});
