/**
 * One decision about the size of the fleet: what the policy asks for, cut by the limits in a fixed order: floors,
 * windows, steps, the adapter's own limit. Pure: what limits must remember is taken and given back as plain data.
 */
import type { PolicyConfig, ScalingPolicyName } from '../scheduler-types.ts';
import { cap } from './limits/cap.ts';
import type { LimitMemory } from './limits/memory.ts';
import { firstStarts, plansOf } from './limits/plan.ts';
import type { Plan } from './limits/plan.ts';
import { capability } from './policies/capability.ts';
import { fixedElastic } from './policies/fixed-elastic.ts';
import { none } from './policies/none.ts';
import { target } from './policies/target.ts';
import { vanilla } from './policies/vanilla.ts';
import { waterfall } from './policies/waterfall.ts';
import type { ScalingDecision, ScalingPolicy, ScalingView, SupplyTarget } from './view.ts';

/**
 * What is granted: `groups` are the live groups to have now, `starts` sums up to what is missing, `release` has those
 * to let go. A supply that is not named, or whose `groups` are those that live, keeps what it has.
 */
export interface GrantedTarget extends SupplyTarget {
  /** What the policy asked for. */
  readonly asked: number;
  /** Why `groups` is not that; '' when it is. Counts nothing down, so it changes only when the reason does. */
  readonly limit: string;
}

export interface Decided {
  /** Those that change, and those that do not although the policy asked for it. */
  readonly targets: readonly GrantedTarget[];
  /** The policy's words; its `recheckAt` includes what limits wait for. */
  readonly decision: ScalingDecision;
  readonly memory: LimitMemory;
}

export const decide = (policy: PolicyConfig, view: ScalingView, memory: LimitMemory): Decided => {
  const decision = POLICIES[policy.scaling](view);
  const plans = cap(plansOf(view, decision));
  return { targets: plans.flatMap(granted), decision, memory };
};

const POLICIES: Readonly<Record<ScalingPolicyName, ScalingPolicy>> = {
  no: none,
  vanilla,
  capability,
  fixed_elastic: fixedElastic,
  target,
  waterfall,
};

const granted = (plan: Plan): readonly GrantedTarget[] => {
  const { adapter, supply, live, asked, groups, limit, starts, release } = plan;
  if (asked === live && groups === live) return [];
  const leaving = release.slice(0, Math.max(0, live - groups));
  return [
    {
      adapter: adapter.key,
      supply: supply.key,
      groups: groups < live ? live - leaving.length : groups,
      starts: firstStarts(starts, groups - live),
      release: leaving,
      asked,
      limit,
    },
  ];
};
