import { describe, expect, it } from 'vitest';
import { parsePolicyContent } from './policy-content.ts';
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
  ])('reads %s', (_, text, expected) => {
    expect(parsePolicyContent(text)).toEqual({ kind: 'ok', policy: expected });
  });

  it.each([
    [
      'allocate=evenload; scaling=no',
      ['unknown allocate policy "evenload" at column 10; it is even_load or capability'],
    ],
    [
      'allocate=even_load; scaling=Vanilla',
      ['unknown scaling policy "Vanilla" at column 29; it is no or vanilla'],
    ],
    [
      'allocate=even_load; scaling=capability',
      ['scaling=capability at column 29 is not available yet; available are no and vanilla'],
    ],
    [
      'allocate=even_load; scaling=fixed_elastic',
      ['scaling=fixed_elastic at column 29 is not available yet; available are no and vanilla'],
    ],
    ['allocate=even_load', ['scaling is missing; it is no or vanilla, as in scaling=no']],
    [
      'allocate=even_load; scaling=no; upper=3',
      ['unknown key "upper" at column 33; keys are allocate, scaling, upper_task_ratio and lower_task_ratio'],
    ],
    [
      'allocate=even_load; scaling=no; fast',
      [
        '"fast" at column 33 is not of the form key=value; keys are allocate, scaling, upper_task_ratio and lower_task_ratio',
      ],
    ],
    [
      'allocate=even_load; scaling=no; upper_task_ratio=ten',
      ['upper_task_ratio "ten" at column 50 is not a number such as 10'],
    ],
    [
      'allocate=even_load; scaling=no; upper_task_ratio=0; lower_task_ratio=0',
      ['upper_task_ratio must be above 0'],
    ],
    [
      'allocate=even_load; scaling=no; lower_task_ratio=11',
      ['lower_task_ratio (11) must not be above upper_task_ratio (10)'],
    ],
    [
      'allocate=x; scaling=y',
      [
        'unknown allocate policy "x" at column 10; it is even_load or capability',
        'unknown scaling policy "y" at column 21; it is no or vanilla',
      ],
    ],
  ])('refuses %s', (text, errors) => {
    expect(parsePolicyContent(text)).toEqual({ kind: 'wrong', errors });
  });
});
