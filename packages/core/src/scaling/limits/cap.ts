/**
 * The adapter's own limit, over all its supplies. Groups that drain or stop still cost, so they count against it: it
 * holds at every instant.
 */
import type { Plan } from './plan.ts';

export const cap = (plans: readonly Plan[]): readonly Plan[] => {
  const rooms = new Map<string, number>();
  return plans.map((plan) => {
    const { adapter, live, groups, placed } = plan;
    const starts = groups - live;
    if (starts <= 0) return plan;
    const room = rooms.get(adapter.key) ?? Math.max(0, adapter.room);
    const granted = Math.min(starts, placed, room);
    rooms.set(adapter.key, room - granted);
    return granted === starts ? plan : { ...plan, groups: live + granted, limit: limitOf(plan) };
  });
};

const limitOf = ({ adapter }: Plan): string => {
  if (adapter.roomLimit !== '') return adapter.roomLimit;
  const leaving = adapter.supplies.some((supply) => supply.draining + supply.stopping > 0);
  return `its limit of ${adapter.groupsMax}${leaving ? ', with those that leave' : ''}`;
};
