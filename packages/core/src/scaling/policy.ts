/** What scaling policies see and say. They are pure: same view, same answer. Limits are applied outside. */
import type { GroupId, Instant } from '@muster/protocol/ids';

export interface IdleGroup {
  readonly id: GroupId;
  /** Since when none of its workers holds a task. */
  readonly idleSince: Instant | undefined;
}

export interface AdapterView {
  readonly key: string;
  readonly groupsMax: number;
  readonly workersPerGroup: number;
  /** Its groups by phase. */
  readonly requested: number;
  readonly running: number;
  readonly draining: number;
  readonly stopping: number;
  /** Running groups with a live worker; only these and the requested ones are capacity. */
  readonly serving: number;
  /** Longest idle first. */
  readonly idle: Iterable<IdleGroup>;
  /** Tasks wait that its workers could run and that no worker there may run, whatever the ratio says. */
  readonly isWanted: boolean;
  /** Its last start failed: none before then. */
  readonly blockedUntil: Instant | undefined;
}

export interface ScalingView {
  readonly now: Instant;
  /** Unfinished tasks, waiting or with a worker, that a worker or an adapter of these can serve. */
  readonly tasks: number;
  /** Waiting tasks that need what nobody here offers: more groups would not help them. */
  readonly unservableTasks: number;
  /** Workers that belong to no group: capacity that is never stopped. */
  readonly ungroupedWorkers: number;
  readonly upperTaskRatio: number;
  readonly lowerTaskRatio: number;
  /** How long a group must have been idle before it may be released. */
  readonly idleBeforeStopMs: number;
  /** Those that are heard, in the order in which they registered. */
  readonly adapters: readonly AdapterView[];
}

export interface GroupTarget {
  readonly adapter: string;
  /** Desired live groups (requested and running), not a difference. */
  readonly groups: number;
  /** Which idle ones to let go, when that is fewer than there are. */
  readonly release: readonly GroupId[];
}

export interface ScalingDecision {
  readonly targets: readonly GroupTarget[];
  /** One line for the operator. */
  readonly reason: string;
  /** Ask again then, even if nothing changes. */
  readonly recheckAt: Instant | undefined;
}

export type ScalingPolicy = (view: ScalingView) => ScalingDecision;

/** Groups that count against the adapter's limit. */
export const occupied = (adapter: AdapterView): number =>
  adapter.requested + adapter.running + adapter.draining + adapter.stopping;

export const live = (adapter: AdapterView): number => adapter.requested + adapter.running;

export const earliest = (one: Instant | undefined, other: Instant | undefined): Instant | undefined =>
  one === undefined ? other : other === undefined || one <= other ? one : other;
