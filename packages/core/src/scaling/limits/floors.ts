/**
 * Floors: `min_groups` live ones with or without work, and `warm_groups` idle ones beside the busy ones while there is
 * work. Both first keep what would go, dearest last, and then start what is missing where it is cheapest.
 */
import { capabilityKey } from '@muster/protocol/ids';
import { priceOf } from '../policies/place.ts';
import type { ScalingView } from '../view.ts';
import type { Plan } from './plan.ts';

export const floors = (plans: readonly Plan[], view: ScalingView): readonly Plan[] => {
  const { minGroups, warmGroups } = view.tuning;
  const tasks = view.demands.reduce((sum, one) => sum + one.tasks, 0);
  const waiting = view.demands.reduce((sum, one) => sum + one.waiting, 0);
  const warm = warmGroups > 0 && tasks > 0 ? warmGroups - spareOf(plans, warmGroups) : 0;
  const warmed = warm > 0 ? raise(plans, warm, waiting === 0, `warm_groups=${warmGroups}`) : plans;
  const groups = warmed.reduce((sum, one) => sum + one.groups, 0);
  return groups >= minGroups ? warmed : raise(warmed, minGroups - groups, true, `min_groups=${minGroups}`);
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
): readonly Plan[] => {
  let left = missing;
  const raised = [...plans];
  const set = (i: number, plan: Plan, groups: number, starts: Plan['starts']): void => {
    left -= groups - plan.groups;
    const placed = plan.placed + Math.max(0, groups - Math.max(plan.live, plan.groups));
    raised[i] = { ...plan, groups, starts, placed, limit };
  };
  for (const i of cheapestFirst(plans)) {
    const plan = plans[i];
    if (plan === undefined || left <= 0 || plan.groups >= plan.live) continue;
    set(i, plan, Math.min(plan.live, plan.groups + left), plan.starts);
  }
  const rooms = roomsOf(plans);
  for (const i of mayStart ? cheapestFirst(plans) : []) {
    const plan = raised[i];
    const room = rooms.get(plan?.adapter.key ?? '') ?? 0;
    if (plan === undefined || left <= 0 || room <= 0 || plan.groups < plan.live || !isStartable(plan))
      continue;
    const groups = Math.min(left, room);
    rooms.set(plan.adapter.key, room - groups);
    set(i, plan, plan.groups + groups, [...plan.starts, { ask: plan.supply.offers, groups }]);
  }
  return raised;
};

const isStartable = ({ adapter, supply }: Plan): boolean =>
  adapter.offers.some((offers) => capabilityKey(offers) === supply.key);

/** What is left at each adapter after what its plans start already. */
const roomsOf = (plans: readonly Plan[]): Map<string, number> => {
  const rooms = new Map<string, number>();
  for (const { adapter, groups, live, placed } of plans) {
    const room = rooms.get(adapter.key) ?? adapter.room;
    rooms.set(adapter.key, room - Math.min(placed, Math.max(0, groups - live)));
  }
  return rooms;
};

/** Plain ones before those that offer something special at the same price. */
const cheapestFirst = (plans: readonly Plan[]): readonly number[] =>
  plans
    .map((plan, i) => ({ i, price: priceOf(plan), names: plan.supply.offers.size }))
    .sort((one, other) => one.price - other.price || one.names - other.names || one.i - other.i)
    .map(({ i }) => i);
