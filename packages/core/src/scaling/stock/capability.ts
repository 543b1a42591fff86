/** `capability` of Scaler 1.15.0: starts for every set of needs that lacks workers, else stops, by set of what groups offer. */
import { capabilityKey } from '@muster/protocol/ids';
import type { Capabilities, GroupId } from '@muster/protocol/ids';
import { hasAll } from '../policies/draft.ts';
import type { StartWish } from '../view.ts';
import { leastQueued, nothing } from './ratio.ts';
import type { StockAdapter, StockDecision, StockGroup, StockView } from './view.ts';

export const stockCapability = (view: StockView, adapter: StockAdapter): StockDecision => {
  const tasks = view.demands.reduce((sum, one) => sum + one.tasks, 0);
  const reason = `${tasks} tasks with ${view.demands.length} sets of needs`;
  const wanted = view.demands.filter((demand) => lacks(view, demand));
  // Starts of the same pass are not counted against the limit.
  const isFull = view.groups.length >= adapter.groupsMax;
  if (wanted.length > 0 && !isFull) {
    const starts: readonly StartWish[] = wanted.map(({ needs }) => ({ ask: needs, groups: 1 }));
    return { starts, stops: [], rule: 'above', reason };
  }
  const stops = stopsOf(view, adapter);
  if (stops.length > 0) return { starts: [], stops, rule: 'below', reason };
  return nothing(wanted.length > 0 ? 'limit' : 'between', reason);
};

const lacks = (view: StockView, { needs, tasks }: StockView['demands'][number]): boolean => {
  const capable = capableOf(view, needs);
  if (capable === 0) return !view.groups.some((group) => hasAll(group.offers, needs));
  return tasks / capable > view.upperTaskRatio;
};

const capableOf = (view: StockView, needs: Capabilities): number =>
  view.workers.reduce((sum, one) => sum + (hasAll(one.offers, needs) ? one.workers : 0), 0);

/** At most one for each set that known groups offer. */
const stopsOf = (view: StockView, adapter: StockAdapter): readonly GroupId[] => {
  const sets = new Map<string, StockGroup[]>();
  for (const group of view.groups) {
    const key = capabilityKey(group.offers);
    const set = sets.get(key);
    if (set === undefined) sets.set(key, [group]);
    else set.push(group);
  }
  const stops: GroupId[] = [];
  for (const groups of sets.values()) {
    const offers = groups[0]?.offers;
    const victim = leastQueued(groups.filter((group) => group.adapter === adapter.key));
    if (offers === undefined || victim === undefined || !maySpare(view, offers, victim)) continue;
    stops.push(victim.id);
  }
  return stops;
};

const maySpare = (view: StockView, offers: Capabilities, victim: StockGroup): boolean => {
  const tasks = view.demands.reduce((sum, one) => sum + (hasAll(offers, one.needs) ? one.tasks : 0), 0);
  const workers = capableOf(view, offers);
  if (workers === 0 || tasks / workers >= view.lowerTaskRatio) return false;
  const left = workers - victim.workers;
  if (tasks > 0 && left === 0) return false;
  return !(left > 0 && tasks / left > view.upperTaskRatio);
};
