/** How fast a fleet changes: groups started per decision, and let go per second, at each adapter; and who may go yet. */
import { instant } from '@muster/protocol/ids';
import type { Instant } from '@muster/protocol/ids';
import type { Tuning } from '../tuning.ts';
import { liveOf } from '../view.ts';
import type { AdapterView } from '../view.ts';
import type { PaceMemory } from './memory.ts';
import { earliest } from './plan.ts';
import type { Limited, Plan } from './plan.ts';

/** A rate down applies to this long a time. */
const PACE_MS = 1_000;
/** Decisions are this far apart; what a step leaves over comes with the next one. */
const NEXT_DECISION_MS = 20;
/** Whatever `down_step` says, this part of an adapter's groups may go per second: no fleet takes minutes to end. */
const TENTH = 0.1;

/** Of those that are too many, the ones that were idle for long enough and are not paid for anyhow. */
export const ripe = (plans: readonly Plan[]): readonly Plan[] =>
  plans.map((plan) => {
    const { live, groups, release } = plan;
    if (groups >= live - release.length) return plan;
    return { ...plan, groups: live - release.length, limit: 'not idle for long enough, or paid for anyhow' };
  });

export const stepUp = (plans: readonly Plan[], tuning: Tuning, now: Instant): Limited => {
  if (tuning.startStep <= 0) return { plans, recheckAt: undefined };
  const left = new Map<string, number>();
  let recheckAt: Instant | undefined;
  const stepped = plans.map((plan) => {
    const starts = plan.groups - plan.live;
    if (starts <= 0) return plan;
    const most = left.get(plan.adapter.key) ?? tuning.startStep;
    const granted = Math.min(starts, most);
    // What there is no room for takes no part of the step: others of the same adapter may use it.
    left.set(plan.adapter.key, most - Math.min(granted, plan.placed));
    if (granted === starts) return plan;
    recheckAt = instant(now + NEXT_DECISION_MS);
    return { ...plan, groups: plan.live + granted, limit: `start_step: ${tuning.startStep} at a time` };
  });
  return { plans: stepped, recheckAt };
};

export interface Paced extends Limited {
  readonly paces: readonly PaceMemory[];
}

export const stepDown = (
  plans: readonly Plan[],
  before: readonly PaceMemory[],
  tuning: Tuning,
  now: Instant,
): Paced => {
  const paces = new Map(before.filter(({ since }) => since > now - PACE_MS).map((one) => [one.adapter, one]));
  if (tuning.downStep <= 0) return { plans, paces: [], recheckAt: undefined };
  let recheckAt: Instant | undefined;
  const stepped = plans.map((plan) => {
    const { adapter, live, groups } = plan;
    const leaving = live - groups;
    if (leaving <= 0) return plan;
    const pace = paces.get(adapter.key) ?? { adapter: adapter.key, since: now, gone: 0 };
    const most = Math.max(tuning.downStep, Math.ceil(TENTH * (groupsOf(adapter) + pace.gone)));
    const granted = Math.max(0, Math.min(leaving, most - pace.gone));
    if (granted > 0) paces.set(adapter.key, { ...pace, gone: pace.gone + granted });
    if (granted === leaving) return plan;
    recheckAt = earliest(recheckAt, instant(pace.since + PACE_MS));
    return { ...plan, groups: live - granted, limit: `down_step: ${most} per second` };
  });
  return { plans: stepped, paces: [...paces.values()], recheckAt };
};

const groupsOf = (adapter: AdapterView): number =>
  adapter.supplies.reduce((sum, supply) => sum + liveOf(supply), 0);
