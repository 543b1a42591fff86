/** What a policy wants of one supply, on its way through the limits. Each limit makes a new one. */
import type { Instant } from '@muster/protocol/ids';
import { liveOf } from '../view.ts';
import type { AdapterView, ScalingDecision, ScalingView, StartWish, Supply, SupplyTarget } from '../view.ts';

export interface Plan {
  readonly adapter: AdapterView;
  readonly supply: Supply;
  readonly live: number;
  /** What the policy asked for. */
  readonly asked: number;
  /** What is left of that, or was added to it. */
  readonly groups: number;
  /** Why it differs from what was asked for; the last limit that changed it. */
  readonly limit: string;
  readonly starts: readonly StartWish[];
  /** How many of those that are missing there was room for. */
  readonly placed: number;
  readonly release: SupplyTarget['release'];
}

/** One for every supply in view. */
export const plansOf = (view: ScalingView, decision: ScalingDecision): readonly Plan[] => {
  const targets = new Map(decision.targets.map((target) => [target.adapter + '\n' + target.supply, target]));
  const plans: Plan[] = [];
  for (const adapter of view.adapters) {
    for (const supply of adapter.supplies) {
      const live = liveOf(supply);
      const target = targets.get(adapter.key + '\n' + supply.key);
      const asked = target?.groups ?? live;
      const { starts = [], release = [], placed = Math.max(0, asked - live) } = target ?? {};
      plans.push({ adapter, supply, live, asked, groups: asked, limit: '', starts, placed, release });
    }
  }
  return plans;
};

export interface Limited {
  readonly plans: readonly Plan[];
  readonly recheckAt: Instant | undefined;
}

export const earliest = (one: Instant | undefined, other: Instant | undefined): Instant | undefined =>
  one === undefined ? other : other === undefined || one <= other ? one : other;

/** The first so many of what was wished for. */
export const firstStarts = (starts: readonly StartWish[], groups: number): readonly StartWish[] => {
  const kept: StartWish[] = [];
  let left = groups;
  for (const { ask, groups: wished } of starts) {
    if (left <= 0) break;
    kept.push({ ask, groups: Math.min(left, wished) });
    left -= wished;
  }
  return kept;
};
