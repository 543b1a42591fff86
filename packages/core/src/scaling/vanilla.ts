/**
 * "Basic task-to-worker ratio scaling. Scales up when task ratio exceeds threshold, scales down when idle."
 *
 * - "Scale up: When tasks / workers > upper_task_ratio (default: 10)"
 * - "Scale down: When tasks / workers < lower_task_ratio (default: 1)"
 *
 * Beyond the documented rule: groups that start count as workers; as many groups as the ratio asks for are
 * started at once; tasks that no worker may run get one group that may; only groups that were idle long enough
 * are let go, and never so many that the ratio would ask for them again.
 */
import { instant } from '@muster/protocol/ids';
import type { GroupId, Instant } from '@muster/protocol/ids';
import { earliest, live, occupied } from './policy.ts';
import type { AdapterView, GroupTarget, ScalingDecision, ScalingPolicy, ScalingView } from './policy.ts';

export const vanilla: ScalingPolicy = (view) => {
  const capacity = workersOf(view);
  if (view.tasks > view.upperTaskRatio * capacity) return grow(view, capacity);
  const starved = view.adapters.find(
    (adapter) => adapter.isWanted && adapter.requested + adapter.serving === 0,
  );
  if (starved !== undefined) return startOne(view, capacity, starved);
  if (view.tasks < view.lowerTaskRatio * capacity) return shrink(view, capacity);
  return { targets: [], reason: `${facts(view, capacity)}: as many as needed`, recheckAt: undefined };
};

/** The ratio is satisfied by workers that may not run what waits: one group of those that may. */
const startOne = (view: ScalingView, capacity: number, adapter: AdapterView): ScalingDecision => {
  const reason = `${facts(view, capacity)}: enough, but none that may run some of the tasks`;
  if (isBlocked(adapter, view.now)) return { targets: [], reason, recheckAt: adapter.blockedUntil };
  const target = { adapter: adapter.key, groups: live(adapter) + 1, release: [] };
  return { targets: [target], reason, recheckAt: undefined };
};

const isBlocked = (adapter: AdapterView, now: Instant): boolean =>
  adapter.blockedUntil !== undefined && adapter.blockedUntil > now;

/** Workers that are there or on their way. */
const workersOf = (view: ScalingView): number => {
  let workers = view.ungroupedWorkers;
  for (const adapter of view.adapters)
    workers += (adapter.requested + adapter.serving) * adapter.workersPerGroup;
  return workers;
};

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

const facts = (view: ScalingView, capacity: number): string => {
  const starting = view.adapters.reduce((sum, one) => sum + one.requested * one.workersPerGroup, 0);
  const unservable = view.unservableTasks > 0 ? ` (${view.unservableTasks} more that nobody can serve)` : '';
  return `${count(view.tasks, 'task')}${unservable} on ${count(capacity, 'worker')}${starting > 0 ? ` (${starting} starting)` : ''}`;
};

const grow = (view: ScalingView, capacity: number): ScalingDecision => {
  const needed = Math.max(capacity + 1, Math.ceil(view.tasks / view.upperTaskRatio));
  const reason = `${facts(view, capacity)}: above ${view.upperTaskRatio} per worker, ${needed} needed`;
  if (view.adapters.length === 0)
    return { targets: [], reason: `${reason}, but no adapter is here`, recheckAt: undefined };
  const targets: GroupTarget[] = [];
  let missing = needed - capacity;
  let recheckAt: Instant | undefined;
  let overflow: AdapterView | undefined;
  for (const adapter of view.adapters) {
    if (isBlocked(adapter, view.now)) {
      recheckAt = earliest(recheckAt, adapter.blockedUntil);
      continue;
    }
    overflow ??= adapter;
    const room = Math.max(0, adapter.groupsMax - occupied(adapter));
    const start = Math.min(room, Math.ceil(Math.max(0, missing) / adapter.workersPerGroup));
    if (start > 0) targets.push({ adapter: adapter.key, groups: live(adapter) + start, release: [] });
    missing -= start * adapter.workersPerGroup;
  }
  if (missing > 0 && overflow !== undefined)
    addTo(targets, overflow, Math.ceil(missing / overflow.workersPerGroup));
  if (overflow === undefined) {
    const waitMs = recheckAt === undefined ? 0 : recheckAt - view.now;
    return { targets, reason: `${reason}, but starts failed: again in ${waitMs} ms`, recheckAt };
  }
  return { targets, reason, recheckAt };
};

/** What no adapter has room for is still asked for, so that the limit which refuses it can be named. */
const addTo = (targets: GroupTarget[], adapter: AdapterView, groups: number): void => {
  const index = targets.findIndex((target) => target.adapter === adapter.key);
  const before = targets[index];
  const target = { adapter: adapter.key, groups: (before?.groups ?? live(adapter)) + groups, release: [] };
  if (index < 0) targets.push(target);
  else targets[index] = target;
};

const shrink = (view: ScalingView, capacity: number): ScalingDecision => {
  const keep = view.tasks === 0 ? 0 : Math.ceil(view.tasks / view.lowerTaskRatio);
  let spare = capacity - keep;
  let recheckAt: Instant | undefined;
  let released = 0;
  const release = new Map<AdapterView, GroupId[]>();
  for (const { adapter, id, at } of idleLongestFirst(view)) {
    if (adapter.workersPerGroup > spare) continue;
    if (at > view.now) {
      recheckAt = earliest(recheckAt, at);
      break;
    }
    const ids = release.get(adapter);
    if (ids === undefined) release.set(adapter, [id]);
    else ids.push(id);
    spare -= adapter.workersPerGroup;
    released++;
  }
  const targets = [...release].map(([adapter, ids]) => ({
    adapter: adapter.key,
    groups: live(adapter) - ids.length,
    release: ids,
  }));
  const action =
    released > 0 ? `${count(released, 'idle group')} let go` : 'no group has been idle long enough';
  return {
    targets,
    reason: `${facts(view, capacity)}: below ${view.lowerTaskRatio} per worker, ${action}`,
    recheckAt,
  };
};

interface Candidate {
  readonly adapter: AdapterView;
  readonly id: GroupId;
  /** When it may be let go. */
  readonly at: Instant;
}

/** Merges the adapters' lists, reading no further than the caller does. */
const idleLongestFirst = function* (view: ScalingView): Generator<Candidate> {
  const heads = view.adapters.map((adapter) => {
    const rest = adapter.idle[Symbol.iterator]();
    return { adapter, rest, next: rest.next() };
  });
  for (;;) {
    let best: { head: (typeof heads)[number]; id: GroupId; at: Instant } | undefined;
    for (const head of heads) {
      if (head.next.done === true) continue;
      const { id, idleSince } = head.next.value;
      const at = instant((idleSince ?? view.now) + view.idleBeforeStopMs);
      if (best === undefined || at < best.at) best = { head, id, at };
    }
    if (best === undefined) return;
    yield { adapter: best.head.adapter, id: best.id, at: best.at };
    best.head.next = best.head.rest.next();
  }
};
