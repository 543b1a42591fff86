/**
 * Floors: `min_groups` live ones with or without work, and `warm_groups` idle ones beside the busy ones while there is
 * work. Both first keep what would go, dearest last, and then start what is missing where it is cheapest. The rules of
 * the policy hold for them too: `waterfall` fills tiers in their order up to their caps, and never asks an adapter that
 * no tier names; the primary group of `fixed_elastic` comes first.
 */
import { capabilityKey } from '@muster/protocol/ids';
import type { ScalingPolicyName } from '../../scheduler-types.ts';
import type { ScalingView } from '../view.ts';
import { boundsOf } from './bounds.ts';
import type { Bounds } from './bounds.ts';
import type { Plan } from './plan.ts';

export const floors = (
  plans: readonly Plan[],
  view: ScalingView,
  policy: ScalingPolicyName,
): readonly Plan[] => {
  const { minGroups, warmGroups } = view.tuning;
  if (minGroups === 0 && warmGroups === 0) return plans;
  const bounds = boundsOf(plans, view, policy);
  const tasks = view.demands.reduce((sum, one) => sum + one.tasks, 0);
  const waiting = view.demands.reduce((sum, one) => sum + one.waiting, 0);
  const warm = warmGroups > 0 && tasks > 0 ? warmGroups - spareOf(plans, warmGroups) : 0;
  const warmed = warm > 0 ? raise(plans, warm, waiting === 0, `warm_groups=${warmGroups}`, bounds) : plans;
  // What a policy asks for without room for it does not live.
  const groups = warmed.reduce((sum, one) => sum + Math.min(one.groups, one.live + one.placed), 0);
  return groups >= minGroups
    ? warmed
    : raise(warmed, minGroups - groups, true, `min_groups=${minGroups}`, bounds);
};

/** Idle groups that would be left, and those that start: they will be idle, or others will in their place. */
const spareOf = (plans: readonly Plan[], enough: number): number => {
  let spare = 0;
  for (const { supply, live, groups } of plans) {
    const leaving = Math.max(0, live - groups);
    let idle = 0;
    for (const _ of supply.idle) if (++idle >= leaving + enough) break;
    spare += Math.max(0, idle - leaving) + supply.requested + Math.max(0, groups - live);
  }
  return spare;
};

/** @param mayStart else only those that would go are kept. */
const raise = (
  plans: readonly Plan[],
  missing: number,
  mayStart: boolean,
  limit: string,
  bounds: Bounds,
): readonly Plan[] => {
  let left = missing;
  const raised = [...plans];
  for (const i of bounds.order) {
    const plan = plans[i];
    if (plan === undefined || left <= 0 || plan.groups >= plan.live) continue;
    const kept = Math.min(plan.live - plan.groups, left, bounds.mayKeep(plan));
    if (kept <= 0) continue;
    bounds.keep(plan, kept);
    left -= kept;
    raised[i] = { ...plan, groups: plan.groups + kept, limit };
  }
  for (const i of mayStart ? bounds.order : []) {
    const plan = raised[i];
    if (plan === undefined || left <= 0 || plan.groups < plan.live || !isStartable(plan)) continue;
    const groups = Math.min(left, bounds.mayStart(plan));
    if (groups <= 0) continue;
    bounds.start(plan, groups);
    left -= groups;
    const starts = [...plan.starts, { ask: plan.supply.offers, groups }];
    raised[i] = { ...plan, groups: plan.groups + groups, starts, placed: plan.placed + groups, limit };
  }
  return raised;
};

const isStartable = ({ adapter, supply }: Plan): boolean =>
  adapter.offers.some((offers) => capabilityKey(offers) === supply.key);
