/**
 * Builds what scaling policies see, from the indexes that are kept true all the time: costs time by the number of
 * adapters and of distinct needs and offers, never of tasks, workers or groups.
 */
import type { AdapterView, ScalingView, Supply, Ungrouped } from '../scaling/view.ts';
import type { Adapter } from './adapter.ts';
import { isResting, roomOf } from './breaker.ts';
import { idleOf } from './idle.ts';
import { side } from './state.ts';
import type { SchedulerState } from './state.ts';
import type { SupplyEntry } from './supply.ts';

export const viewOf = (state: SchedulerState, own: boolean): ScalingView => {
  const { upperTaskRatio, lowerTaskRatio, tuning } = state.config.policy;
  const adapters: AdapterView[] = [];
  const ungrouped: Ungrouped[] = [...side(state, own).offers];
  for (const adapter of state.adapters.values()) {
    if (adapter.own !== own) continue;
    if (adapter.up) adapters.push(adapterView(state, adapter));
    else addUnheard(adapter, ungrouped);
  }
  return {
    now: state.now,
    upperTaskRatio,
    lowerTaskRatio,
    tuning,
    hadWork: side(state, own).hadWork,
    demands: state.demand.of(own),
    adapters,
    ungrouped,
    serves: state.allocation.serves,
  };
};

/** Its workers work on, and nobody can stop them. */
const addUnheard = (adapter: Adapter, ungrouped: Ungrouped[]): void => {
  for (const { workers, offers } of adapter.supplies.values())
    if (workers > 0) ungrouped.push({ offers, workers });
};

const adapterView = (state: SchedulerState, adapter: Adapter): AdapterView => {
  const { room, limit } = roomOf(state, adapter);
  return {
    key: adapter.key,
    groupsMax: adapter.groupsMax,
    workersPerGroup: adapter.workersPerGroup,
    offers: adapter.offers.map((offer) => offer.capabilities),
    supplies: Array.from(adapter.supplies.values(), (supply) => supplyView(state, supply)),
    room,
    roomLimit: limit,
    blockedUntil: isResting(adapter, state.now) ? adapter.breaker.restsUntil : undefined,
    startMs: adapter.startTimes.medianMs,
  };
};

const supplyView = (state: SchedulerState, supply: SupplyEntry): Supply => {
  const { requested, running, draining, stopping } = supply.phases;
  const { key, offers, dollarsPerHour, serving, workers, awaited } = supply;
  supply.idle ??= { [Symbol.iterator]: () => idleOf(state, supply) };
  const { idle } = supply;
  const phases = { requested, running, draining, stopping, serving };
  return { key, offers, dollarsPerHour, ...phases, workers, awaited, idle };
};
