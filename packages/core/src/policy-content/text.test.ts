import { describe, expect, it } from 'vitest';
import { POLICY_KEYS, policyOf } from '../policy-content.ts';
import { policyText, tunedKeys } from './text.ts';

describe('the text of a policy', () => {
  it.each([
    'allocate=even_load; scaling=no',
    'allocate=even_load; scaling=vanilla; upper_task_ratio=10; lower_task_ratio=1',
    'allocate=capability; scaling=capability; upper_task_ratio=5; lower_task_ratio=0.5; min_groups=2; warm_groups=1',
    'allocate=capability; scaling=target; target_seconds=60; assumed_seconds=2.5; decide=heartbeat; up_window=0.5',
    'allocate=capability; scaling=waterfall; upper_task_ratio=8; lower_task_ratio=1; tiers=native:4,ecs:20,eks',
    'allocate=even_load; scaling=fixed_elastic; upper_task_ratio=10; lower_task_ratio=1; count_starting=no; start_step=1; down_window=60; down_step=0; billed_minimum=no; breaker=no',
  ])('is what was read: %s', (text) => {
    expect(policyText(policyOf(text))).toBe(text);
  });

  it('leaves out what is as it is by default', () => {
    expect(policyText(policyOf('allocate=even_load; scaling=target; down_window=auto; breaker=yes'))).toBe(
      'allocate=even_load; scaling=target',
    );
  });

  it('knows every key of the grammar', () => {
    const every = [
      'allocate=even_load; scaling=waterfall; upper_task_ratio=9; lower_task_ratio=2; tiers=a; count_starting=no',
      'start_step=1; decide=heartbeat; up_window=1; down_window=1; down_step=1; billed_minimum=no; breaker=no',
      'min_groups=1; warm_groups=1',
    ].join('; ');
    const target = 'allocate=even_load; scaling=target; target_seconds=1; assumed_seconds=1';
    const keys = [...tunedKeys(policyOf(every)), ...tunedKeys(policyOf(target))];
    const others = ['allocate', 'scaling', 'upper_task_ratio', 'lower_task_ratio'];
    expect(new Set([...keys, ...others])).toEqual(new Set(POLICY_KEYS));
  });
});
