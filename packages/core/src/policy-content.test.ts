import { describe, expect, it } from 'vitest';
import { parsePolicyContent, policyOf } from './policy-content.ts';
import { TUNING } from './scaling/tuning.ts';

const policy = {
  allocate: 'even_load',
  scaling: 'vanilla',
  upperTaskRatio: 10,
  lowerTaskRatio: 1,
  tuning: TUNING,
};

describe('policy content', () => {
  it.each([
    ['the founding form', 'allocate=even_load; scaling=vanilla', policy],
    ['no spaces, any order', 'scaling=vanilla;allocate=even_load', policy],
    ['the stock default', 'allocate=even_load; scaling=no', { ...policy, scaling: 'no' }],
    ['a trailing semicolon', 'allocate=even_load; scaling=vanilla;', policy],
    ['a later duplicate wins', 'allocate=capability; scaling=vanilla; allocate=even_load', policy],
    [
      'thresholds',
      'allocate=capability; scaling=vanilla; upper_task_ratio=8; lower_task_ratio=0.5',
      { ...policy, allocate: 'capability', upperTaskRatio: 8, lowerTaskRatio: 0.5 },
    ],
    [
      'a threshold below the default of the other one',
      'allocate=even_load; scaling=vanilla; upper_task_ratio=0.5',
      { ...policy, upperTaskRatio: 0.5, lowerTaskRatio: 0.5 },
    ],
  ])('reads %s', (_, text, expected) => {
    expect(parsePolicyContent(text)).toEqual({ kind: 'ok', policy: expected });
  });

  it.each([
    ['vanilla', 10, 1],
    ['capability', 5, 0.5],
    ['fixed_elastic', 10, 1],
  ])('gives %s its documented thresholds: %d and %d', (scaling, upperTaskRatio, lowerTaskRatio) => {
    expect(policyOf(`allocate=capability; scaling=${scaling}`)).toMatchObject({
      upperTaskRatio,
      lowerTaskRatio,
    });
  });

  it.each([
    ['count_starting=no', { countStarting: false }],
    ['start_step=1', { startStep: 1 }],
    ['decide=heartbeat', { decideOn: 'heartbeat' }],
    ['up_window=2.5', { upWindowMs: 2_500 }],
    ['down_window=60', { downWindowMs: 60_000 }],
    ['down_window=auto', { downWindowMs: undefined }],
    ['down_step=0', { downStep: 0 }],
    ['billed_minimum=no', { billedMinimum: false }],
    ['breaker=no', { breaker: false }],
    ['min_groups=2', { minGroups: 2 }],
    ['warm_groups=3', { warmGroups: 3 }],
  ])('reads %s under every policy that starts groups', (text, tuning) => {
    for (const scaling of ['vanilla', 'capability', 'fixed_elastic', 'target', 'waterfall; tiers=a']) {
      const { tiers, ...found } = policyOf(`allocate=capability; scaling=${scaling}; ${text}`).tuning;
      expect({ ...found, tiers: [] }).toEqual({ ...TUNING, ...tuning });
      expect(tiers.length).toBe(scaling.includes('tiers') ? 1 : 0);
    }
  });

  it('reads what only one policy knows', () => {
    expect(
      policyOf('allocate=capability; scaling=target; target_seconds=60; assumed_seconds=0.5').tuning,
    ).toEqual({
      ...TUNING,
      drainMs: 60_000,
      assumedMs: 500,
    });
    expect(
      policyOf('allocate=capability; scaling=waterfall; tiers=native:4, ecs:20 ,eks').tuning.tiers,
    ).toEqual([
      { adapter: 'native', groupsMax: 4 },
      { adapter: 'ecs', groupsMax: 20 },
      { adapter: 'eks', groupsMax: undefined },
    ]);
  });

  const scalings = 'no, vanilla, capability, fixed_elastic, target or waterfall';
  it.each([
    [
      'allocate=evenload; scaling=no',
      ['unknown allocate policy "evenload" at column 10; it is even_load or capability'],
    ],
    [
      'allocate=even_load; scaling=Vanilla',
      [`unknown scaling policy "Vanilla" at column 29; it is ${scalings}`],
    ],
    ['allocate=even_load', [`scaling is missing; it is ${scalings}, as in scaling=no`]],
    [
      'allocate=even_load; scaling=no; upper=3',
      ['unknown key "upper" at column 33; keys are allocate and scaling'],
    ],
    [
      'allocate=even_load; scaling=target; upper=3',
      [
        'unknown key "upper" at column 37; keys are allocate, scaling, target_seconds, assumed_seconds, ' +
          'count_starting, start_step, decide, up_window, down_window, down_step, billed_minimum, breaker, ' +
          'min_groups and warm_groups',
      ],
    ],
    [
      'allocate=even_load; scaling=vanilla; fast',
      ['"fast" at column 38 is not of the form key=value, such as scaling=vanilla'],
    ],
    [
      'allocate=even_load; scaling=vanilla; target_seconds=5',
      ['target_seconds at column 38 means nothing to scaling=vanilla; it belongs to target'],
    ],
    [
      'allocate=even_load; scaling=target; upper_task_ratio=5',
      [
        'upper_task_ratio at column 37 means nothing to scaling=target; ' +
          'it belongs to vanilla, capability, fixed_elastic and waterfall',
      ],
    ],
    [
      'allocate=even_load; scaling=no; min_groups=5',
      [
        'min_groups at column 33 means nothing to scaling=no; ' +
          'it belongs to vanilla, capability, fixed_elastic, target and waterfall',
      ],
    ],
    [
      'allocate=even_load; scaling=vanilla; upper_task_ratio=ten',
      ['upper_task_ratio "ten" at column 55 is not a number such as 10'],
    ],
    ['allocate=even_load; scaling=vanilla; breaker=off', ['breaker "off" at column 46 is not yes or no']],
    [
      'allocate=even_load; scaling=vanilla; decide=now',
      ['decide "now" at column 45 is not change or heartbeat'],
    ],
    [
      'allocate=even_load; scaling=vanilla; start_step=1.5',
      ['start_step "1.5" at column 49 is not a whole number such as 1'],
    ],
    [
      'allocate=even_load; scaling=vanilla; min_groups=99999999999999999999',
      ['min_groups "99999999999999999999" at column 49 is not a whole number such as 1'],
    ],
    [
      'allocate=even_load; scaling=vanilla; down_window=soon',
      ['down_window "soon" at column 50 is not auto or a number of seconds such as 60'],
    ],
    [
      'allocate=even_load; scaling=target; target_seconds=0',
      ['target_seconds "0" at column 52 is not a number of seconds such as 30'],
    ],
    [
      'allocate=even_load; scaling=waterfall',
      ['tiers is missing; scaling=waterfall needs it, as in tiers=native:4,ecs:20'],
    ],
    [
      'allocate=even_load; scaling=waterfall; tiers=native:4, :3,native-2',
      [
        'tiers ":3" at column 56 is not the begin of an adapter\'s id with or without a cap, such as native:4',
        'tiers "native-2" at column 59 is covered by a tier before it',
      ],
    ],
    [
      'allocate=even_load; scaling=vanilla; upper_task_ratio=0; lower_task_ratio=0',
      ['upper_task_ratio must be above 0'],
    ],
    [
      'allocate=even_load; scaling=vanilla; lower_task_ratio=11',
      ['lower_task_ratio (11) must not be above upper_task_ratio (10)'],
    ],
    [
      'allocate=x; scaling=y',
      [
        'unknown allocate policy "x" at column 10; it is even_load or capability',
        `unknown scaling policy "y" at column 21; it is ${scalings}`,
      ],
    ],
  ])('refuses %s', (text, errors) => {
    expect(parsePolicyContent(text)).toEqual({ kind: 'wrong', errors });
  });
});
