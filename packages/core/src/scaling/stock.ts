/**
 * `vanilla` exactly as Scaler 1.15.0 decides it, for comparison: only connected workers count, one start or one
 * stop per heartbeat of an adapter, nothing for groups that boot. Source: reference of the stock system, vanilla
 * scaling controller.
 */
import { live, occupied } from './policy.ts';
import type { AdapterView, IdleGroup, ScalingDecision, ScalingView } from './policy.ts';

/** @param workers connected workers of all adapters and none; @param victim its group with the fewest tasks. */
export const stockVanilla = (
  view: ScalingView,
  adapter: AdapterView,
  workers: number,
  victim: IdleGroup | undefined,
): ScalingDecision => {
  const reason = `${view.tasks} tasks on ${workers} connected workers`;
  const room = occupied(adapter) < adapter.groupsMax;
  const above = workers === 0 ? view.tasks > 0 : view.tasks > view.upperTaskRatio * workers;
  if (above && room) {
    return {
      targets: [{ adapter: adapter.key, groups: live(adapter) + 1, release: [] }],
      reason,
      recheckAt: undefined,
    };
  }
  const below = workers > 0 && view.tasks < view.lowerTaskRatio * workers;
  if (!below || victim === undefined) return { targets: [], reason, recheckAt: undefined };
  return {
    targets: [{ adapter: adapter.key, groups: live(adapter) - 1, release: [victim.id] }],
    reason,
    recheckAt: undefined,
  };
};
