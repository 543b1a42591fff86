/** Asks the scaling policy, cuts what it asks for to the limits, and carries out the difference. */
import { groupId, instant, NO_CAPABILITIES, showId } from '@muster/protocol/ids';
import type { Instant } from '@muster/protocol/ids';
import { clamp } from '../scaling/clamp.ts';
import type { ClampedTarget } from '../scaling/clamp.ts';
import { none } from '../scaling/none.ts';
import { earliest } from '../scaling/policy.ts';
import type { AdapterView, IdleGroup, ScalingDecision, ScalingView } from '../scaling/policy.ts';
import type { SupplyChange } from '../scaling/record.ts';
import { stockVanilla } from '../scaling/stock.ts';
import { vanilla } from '../scaling/vanilla.ts';
import { adapterTableKey } from './adapter.ts';
import type { Adapter } from './adapter.ts';
import type { Bucket } from './bucket.ts';
import { drainGroup, requestGroup, stopGroup } from './groups.ts';
import type { Group } from './group.ts';
import { note, side } from './state.ts';
import type { SchedulerState } from './state.ts';
import { mayStart, stoppable } from './stock-adapter.ts';

/** Decisions are at least this far apart, whatever happens. */
const INTERVAL_MS = 20;
const DECISIONS_MAX = 100;

/** Decides if something changed that scaling looks at; else it waits for its timer. */
export const scaleIfDue = (state: SchedulerState): void => {
  if (!state.scalingDirty || state.shutdown !== undefined || state.config.compat === 'stock') return;
  if (state.config.policy.scaling === 'no') {
    state.scalingDirty = false;
    state.scalingLine = none(viewOf(state, true, [])).reason;
    return;
  }
  const due = instant(state.lastScalingAt + INTERVAL_MS);
  if (state.now < due) return armScaling(state, due);
  state.scalingDirty = false;
  state.lastScalingAt = state.now;
  state.timers.clear(state.scalingTimer);
  let recheckAt: Instant | undefined;
  const lines: string[] = [];
  for (const own of [true, false]) {
    const adapters = [...state.adapters.values()].filter((adapter) => adapter.own === own && adapter.up);
    if (adapters.length === 0 && side(state, own).tasks === 0) continue;
    const view = viewOf(state, own, adapters);
    const decision = vanilla(view);
    carryOut(state, decision, view, own);
    recheckAt = earliest(recheckAt, decision.recheckAt);
    lines.push(own || state.stock.tasks === 0 ? decision.reason : `stock: ${decision.reason}`);
  }
  if (lines.length > 0) state.scalingLine = lines.join('; ');
  if (recheckAt !== undefined) armScaling(state, recheckAt);
};

const armScaling = (state: SchedulerState, at: Instant): void => {
  const timer = state.scalingTimer;
  if (!timer.armed || timer.at > at) state.timers.set(timer, at);
};

/** compat=stock: one decision per heartbeat, for the adapter that sent it. */
export const scaleOnHeartbeat = (state: SchedulerState, adapter: Adapter): void => {
  if (state.config.compat !== 'stock' || state.shutdown !== undefined || state.config.policy.scaling === 'no')
    return;
  const view = viewOf(state, adapter.own, [adapter]);
  const [only] = view.adapters;
  if (only === undefined) return;
  let victim: Group | undefined;
  for (const group of adapter.groups) {
    if (group.phase === 'running' && (victim === undefined || heldBy(group) < heldBy(victim))) victim = group;
  }
  const target: IdleGroup | undefined =
    victim === undefined ? undefined : { id: victim.id, idleSince: victim.idleSince };
  const decision = stockVanilla(view, only, side(state, adapter.own).workers, target);
  state.scalingLine = decision.reason;
  carryOut(state, decision, view, adapter.own);
};

export const heldBy = (group: Group): number => {
  let held = 0;
  for (const worker of group.workers) held += worker.holds.length;
  return held;
};

const viewOf = (state: SchedulerState, own: boolean, adapters: readonly Adapter[]): ScalingView => ({
  now: state.now,
  ...demandOf(state, own, adapters),
  ungroupedWorkers: side(state, own).ungrouped + unheardWorkers(state, own),
  upperTaskRatio: state.config.policy.upperTaskRatio,
  lowerTaskRatio: state.config.policy.lowerTaskRatio,
  idleBeforeStopMs: state.config.idleBeforeStopMs,
  adapters: adapters.map((adapter) => adapterView(state, adapter)),
});

/**
 * Tasks by whether somebody can serve them: a worker that is here, or an adapter that could start one. Costs time by
 * the number of distinct needs, not of tasks.
 */
const demandOf = (
  state: SchedulerState,
  own: boolean,
  adapters: readonly Adapter[],
): Pick<ScalingView, 'tasks' | 'unservableTasks'> => {
  let unservableTasks = 0;
  for (const bucket of state.buckets.values()) {
    if (bucket.own !== own || bucket.waiting === 0 || bucket.pools.some((pool) => pool.workers > 0)) continue;
    if (!adapters.some((adapter) => state.allocation.serves(adapter.capabilities, bucket.needs)))
      unservableTasks += bucket.waiting;
  }
  // Without an adapter nobody can be asked: then all tasks count, so that the lack is told. Stock counts all, always.
  if (adapters.length === 0 || state.config.compat === 'stock')
    return { tasks: side(state, own).tasks, unservableTasks: 0 };
  return { tasks: side(state, own).tasks - unservableTasks, unservableTasks };
};

/** Tasks wait that it could serve and no worker may run, here or on its way from any adapter. */
const isWanted = (state: SchedulerState, adapter: Adapter): boolean => {
  for (const bucket of state.buckets.values()) {
    if (bucket.waiting === 0 || bucket.own !== adapter.own || bucket.pools.length > 0) continue;
    if (state.allocation.serves(adapter.capabilities, bucket.needs) && !isServedSoon(state, bucket))
      return true;
  }
  return false;
};

const isServedSoon = (state: SchedulerState, bucket: Bucket): boolean => {
  for (const { own, phases, capabilities } of state.adapters.values()) {
    if (own !== bucket.own || phases.requested === 0) continue;
    if (state.allocation.serves(capabilities, bucket.needs)) return true;
  }
  return false;
};

/** Workers of adapters that are not heard: they work on, and nobody can stop them. */
const unheardWorkers = (state: SchedulerState, own: boolean): number => {
  let workers = 0;
  for (const { own: mine, up, phases, deserted, workersPerGroup } of state.adapters.values()) {
    if (mine === own && !up) workers += (phases.running - deserted.size) * workersPerGroup;
  }
  return workers;
};

const adapterView = (state: SchedulerState, adapter: Adapter): AdapterView => ({
  key: adapter.key,
  groupsMax: adapter.groupsMax,
  workersPerGroup: adapter.workersPerGroup,
  requested: adapter.phases.requested,
  running: adapter.phases.running,
  draining: adapter.phases.draining,
  stopping: adapter.phases.stopping,
  serving: adapter.phases.running - adapter.deserted.size,
  idle: adapter.own ? settledIdle(state, adapter) : stoppable(state, adapter),
  isWanted: isWanted(state, adapter),
  blockedUntil: adapter.blockedUntil,
});

/** P4: a worker that has not come back since this scheduler started may be running a task, so its group is not idle. */
const settledIdle = function* (state: SchedulerState, adapter: Adapter): Generator<Group> {
  for (const group of adapter.idle) {
    const { returningUntil } = group;
    const isReturning =
      returningUntil !== undefined &&
      returningUntil > state.now &&
      group.workers.size < adapter.workersPerGroup;
    if (isReturning) armScaling(state, returningUntil);
    else yield group;
  }
};

const carryOut = (
  state: SchedulerState,
  decision: ScalingDecision,
  view: ScalingView,
  own: boolean,
): void => {
  const changes: SupplyChange[] = [];
  for (const target of decision.targets) {
    const adapter = state.adapters.get(adapterTableKey(own, target.adapter));
    const seen = view.adapters.find((one) => one.key === target.adapter);
    if (adapter === undefined || seen === undefined) continue;
    const clamped = clamp(target, seen);
    noteLimit(state, adapter, clamped);
    const from = adapter.phases.requested + adapter.phases.running;
    applyTarget(state, adapter, clamped, decision.reason);
    const to = adapter.phases.requested + adapter.phases.running;
    const limit = clamped.limit ?? '';
    changes.push({ adapter: adapter.key, supply: '', from, asked: clamped.asked, to, limit });
  }
  state.records.push({
    at: state.now,
    side: own ? 'own' : 'stock',
    policy: state.config.policy.scaling,
    tasks: view.tasks,
    waiting: state.counts.waiting,
    workers: side(state, own).workers,
    starting: view.adapters.reduce((sum, one) => sum + one.requested * one.workersPerGroup, 0),
    rule: '',
    reason: decision.reason,
    changes,
    alternatives: [],
    blockedBy: [],
  });
  noteStuck(state, decision, view, own);
};

const applyTarget = (
  state: SchedulerState,
  adapter: Adapter,
  target: ClampedTarget,
  reason: string,
): void => {
  const before = adapter.phases.requested + adapter.phases.running;
  const room = Math.max(0, adapter.groupsMax - adapter.groups.size);
  const starts = Math.min(target.groups - before, room);
  const event = {
    adapter: showId(adapter.key),
    from: before,
    to: target.groups,
    asked: target.asked,
    reason,
  };
  if (starts > 0 && mayStart(adapter)) {
    const atOnce = adapter.own ? starts : 1;
    decided(state, adapter, event, before + atOnce);
    for (let i = 0; i < atOnce; i++) requestGroup(state, adapter, NO_CAPABILITIES, reason);
    return;
  }
  const victims = target.release.slice(0, Math.max(0, before - target.groups));
  if (victims.length === 0) return;
  decided(state, adapter, event, before - victims.length);
  for (const id of victims) {
    const group = state.groups.get(groupId(id));
    if (group === undefined) continue;
    if (state.config.compat === 'stock') stopGroup(state, group, reason);
    else drainGroup(state, group, 'scaleDown', reason);
  }
};

const decided = (
  state: SchedulerState,
  adapter: Adapter,
  event: { readonly from: number; readonly asked: number; readonly reason: string },
  to: number,
): void => {
  note(state, 'scaling.decided', 'info', { adapter: showId(adapter.key), ...event, to });
  const seconds = ((state.now - state.startedAt) / 1_000).toFixed(1);
  state.decisions.push(
    `+${seconds} s  ${event.from} → ${to} ${to === 1 ? 'group' : 'groups'}: ${event.reason}`,
  );
  if (state.decisions.length > DECISIONS_MAX) state.decisions.shift();
};

/** Refusals are said once, and once more when they are over and come back. */
const noteLimit = (state: SchedulerState, adapter: Adapter, target: ClampedTarget): void => {
  const key = `limit:${adapter.key}`;
  const said = state.scalingKeys.get(key);
  if (target.limit === undefined) {
    if (said !== undefined) state.scalingKeys.delete(key);
    return;
  }
  if (said === target.limit) return;
  state.scalingKeys.set(key, target.limit);
  note(state, 'scaling.limited', 'info', {
    adapter: showId(adapter.key),
    asked: target.asked,
    granted: target.groups,
    reason: target.limit,
  });
};

/** Tasks that wait while nobody is here who could start a group for them. */
const noteStuck = (
  state: SchedulerState,
  decision: ScalingDecision,
  view: ScalingView,
  own: boolean,
): void => {
  const key = `stuck:${own ? 'own' : 'stock'}`;
  const stuck = view.adapters.length === 0 && view.tasks > 0 && side(state, own).workers === 0;
  const said = state.scalingKeys.has(key);
  if (!stuck) {
    if (said) state.scalingKeys.delete(key);
    return;
  }
  if (said) return;
  state.scalingKeys.set(key, '');
  note(state, 'scaling.stuck', 'warn', { reason: decision.reason });
};
