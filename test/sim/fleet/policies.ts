/** A policy as an operator would write it, drawn by chance from all that the grammar knows. */
import type { ScalingPolicyName } from '@muster/core/scheduler-types';
import type { Random } from './random.ts';

const NAMES: readonly ScalingPolicyName[] = [
  'vanilla',
  'capability',
  'fixed_elastic',
  'target',
  'waterfall',
  'vanilla',
  'capability',
  'target',
  'waterfall',
  'no',
];

/** How often each key is written, and its values. */
const KEYS: readonly (readonly [key: string, chance: number, values: readonly string[]])[] = [
  ['count_starting', 0.1, ['no']],
  ['start_step', 0.15, ['1', '2']],
  ['decide', 0.15, ['heartbeat']],
  ['up_window', 0.1, ['1', '5']],
  ['down_window', 0.5, ['0', '1', '5', '20', 'auto']],
  ['down_step', 0.2, ['0', '1', '3']],
  ['billed_minimum', 0.15, ['no']],
  ['breaker', 0.15, ['no']],
  ['min_groups', 0.12, ['1', '2']],
  ['warm_groups', 0.15, ['1', '2']],
];

export const policyTextOf = (random: Random, tiers: readonly string[]): string => {
  const scaling = random.pick(NAMES) ?? 'vanilla';
  const parts = [`allocate=${random.chance(0.5) ? 'even_load' : 'capability'}`, `scaling=${scaling}`];
  if (scaling === 'no') return parts.join('; ');
  if (scaling !== 'target' && random.chance(0.8)) {
    const lower = random.pick([0.5, 1, 2]) ?? 1;
    parts.push(`upper_task_ratio=${random.int(Math.ceil(lower), 12)}`, `lower_task_ratio=${lower}`);
  }
  for (const [key, chance, values] of KEYS)
    if (random.chance(chance)) parts.push(`${key}=${random.pick(values) ?? ''}`);
  if (scaling === 'target') {
    if (random.chance(0.5)) parts.push(`target_seconds=${random.pick([1, 10, 60]) ?? 10}`);
    if (random.chance(0.5)) parts.push(`assumed_seconds=${random.pick([0.1, 2, 20]) ?? 2}`);
  }
  if (scaling === 'waterfall') {
    const order = random.chance(0.5) ? tiers : [...tiers].reverse();
    parts.push(
      `tiers=${order.map((tier) => (random.chance(0.4) ? `${tier}:${random.int(1, 5)}` : tier)).join(',')}`,
    );
  }
  return parts.join('; ');
};
