/**
 * Floors: `min_groups` live ones with or without work, and `warm_groups` idle ones beside the busy ones while there is
 * work, of those that can serve it. Both first keep what would go, dearest last, and then start what is missing where
 * it is cheapest. The rules of the policy hold for them too: `waterfall` fills tiers in their order up to their caps,
 * and never asks an adapter that no tier names; the primary group of `fixed_elastic` comes first.
 */
import { capabilityKey } from '@muster/protocol/ids';
import type { ScalingPolicyName } from '../../scheduler-types.ts';
import type { ScalingView } from '../view.ts';
import { boundsOf } from './bounds.ts';
import type { Bounds } from './bounds.ts';
import type { Plan } from './plan.ts';

/** What is missing, and who may make up for it. */
interface Floor {
  readonly limit: string;
  readonly missing: number;
  readonly mayKeep: (plan: Plan) => boolean;
  readonly mayStart: (plan: Plan) => boolean;
}

export const floors = (
  plans: readonly Plan[],
  view: ScalingView,
  policy: ScalingPolicyName,
): readonly Plan[] => {
  const { minGroups, warmGroups } = view.tuning;
  if (minGroups === 0 && warmGroups === 0) return plans;
  const bounds = boundsOf(plans, view, policy);
  const warmed = warmGroups === 0 ? plans : raise(plans, warmFloor(plans, view), bounds);
  const groups = warmed.reduce((sum, one) => sum + Math.min(one.groups, one.live + placedOf(one)), 0);
  const limit = `min_groups=${minGroups}`;
  return raise(
    warmed,
    { limit, missing: minGroups - groups, mayKeep: () => true, mayStart: () => true },
    bounds,
  );
};

/** Warm are those that can serve tasks that are there; and one that starts is warm if none of those it can serve waits. */
const warmFloor = (plans: readonly Plan[], view: ScalingView): Floor => {
  const { warmGroups } = view.tuning;
  const useful = new Set<string>();
  const awaited = new Set<string>();
  for (const { supply } of plans) {
    if (useful.has(supply.key)) continue;
    const served = view.demands.filter(({ needs }) => view.serves(supply.offers, needs));
    if (served.length > 0) useful.add(supply.key);
    if (served.some(({ waiting }) => waiting > 0)) awaited.add(supply.key);
  }
  const mayKeep = ({ supply }: Plan): boolean => useful.has(supply.key);
  return {
    limit: `warm_groups=${warmGroups}`,
    missing: warmGroups - spareOf(plans.filter(mayKeep), warmGroups),
    mayKeep,
    mayStart: (plan) => mayKeep(plan) && !awaited.has(plan.supply.key),
  };
};

/** Idle groups that would be left, and those that start: they will be idle, or others will in their place. */
const spareOf = (plans: readonly Plan[], enough: number): number => {
  let spare = 0;
  for (const plan of plans) {
    const { supply, live, groups } = plan;
    const leaving = Math.max(0, live - groups);
    let idle = 0;
    for (const _ of supply.idle) if (++idle >= leaving + enough) break;
    spare += Math.max(0, idle - leaving) + supply.requested + placedOf(plan);
  }
  return spare;
};

/** What a policy asks for without room for it is not going to live. */
const placedOf = ({ groups, live, placed }: Plan): number => Math.min(placed, Math.max(0, groups - live));

const raise = (
  plans: readonly Plan[],
  { limit, missing, mayKeep, mayStart }: Floor,
  bounds: Bounds,
): readonly Plan[] => {
  if (missing <= 0) return plans;
  let left = missing;
  const raised = [...plans];
  for (const i of bounds.order) {
    const plan = plans[i];
    if (plan === undefined || left <= 0 || plan.groups >= plan.live || !mayKeep(plan)) continue;
    const kept = Math.min(plan.live - plan.groups, left, bounds.mayKeep(plan));
    if (kept <= 0) continue;
    bounds.keep(plan, kept);
    left -= kept;
    raised[i] = { ...plan, groups: plan.groups + kept, limit };
  }
  for (const i of bounds.order) {
    const plan = raised[i];
    if (plan === undefined || left <= 0 || plan.groups < plan.live) continue;
    if (!mayStart(plan) || !isStartable(plan)) continue;
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
