/** Idle groups the way policies see them: from when on each one may be let go, longest idle first. */
import { instant } from '@muster/protocol/ids';
import type { Instant } from '@muster/protocol/ids';
import type { IdleGroup } from '../scaling/view.ts';
import type { Group } from './group.ts';
import type { SchedulerState } from './state.ts';
import { stoppable } from './stock-adapter.ts';
import type { SupplyEntry } from './supply.ts';

export const idleOf = function* (state: SchedulerState, supply: SupplyEntry): Generator<IdleGroup> {
  if (supply.idleGroups.size === 0) return;
  if (supply.adapter.own) {
    for (const group of supply.idleGroups) yield idleGroup(state, group, group.idleSince);
  } else {
    for (const { group, idleSince } of stoppable(state, supply.idleGroups))
      yield idleGroup(state, group, idleSince);
  }
};

const idleGroup = (state: SchedulerState, group: Group, idleSince: Instant | undefined): IdleGroup => {
  const { idleBeforeStopMs, policy } = state.config;
  const { returningUntil } = group;
  let at = (idleSince ?? state.now) + idleBeforeStopMs;
  // Paid for from its start at the earliest: whoever counts from later pays beyond the minimum.
  if (policy.tuning.billedMinimum) at = Math.max(at, group.bornAt + group.supply.billedMinimumMs);
  // P4: a worker that has not come back since this scheduler started may be running a task.
  if (returningUntil !== undefined && group.workers.size < group.adapter.workersPerGroup)
    at = Math.max(at, returningUntil);
  const { workers, awaited } = group.counted;
  const capacity = workers + (policy.tuning.countStarting ? awaited : 0);
  return { id: group.id, idleSince, releasableAt: instant(at), workers: capacity };
};
