/**
 * What scaling policies see and say. They are pure: same view, same answer. What they see are maintained indexes: a
 * view costs time by the number of distinct needs, offers and adapters, never of tasks, and of groups only by those
 * that a decision lets go. Limits (stabilisation, steps, floors, the adapter's cap) are applied outside, to what they
 * answer, and keep what was asked for and why it was cut.
 */
import type { Capabilities, GroupId, Instant } from '@muster/protocol/ids';
import type { Tuning } from './tuning.ts';

/** Unfinished tasks that name the same capabilities, whatever the allocation policy makes of them. */
export interface Demand {
  /** `capabilityKey(needs)`. */
  readonly key: string;
  readonly needs: Capabilities;
  /** Unfinished tasks: waiting, or with a worker. */
  readonly tasks: number;
  readonly waiting: number;
  /** Service time of those that wait, by what was measured of their functions, in milliseconds. */
  readonly waitingMs: number;
  /** Those of the waiting ones whose function was never measured; not in `waitingMs`. */
  readonly unmeasured: number;
  /** Service time of the slowest function of all of these tasks; undefined while one of them was never measured. */
  readonly slowestMs?: number | undefined;
}

export interface IdleGroup {
  readonly id: GroupId;
  /** Since when none of its workers holds a task. */
  readonly idleSince: Instant | undefined;
  /** From then on it may be let go: it was idle for long enough, and what is paid for anyhow is used up. */
  readonly releasableAt: Instant;
  /** Its workers that count as capacity. Default: as many as the adapter starts per group. */
  readonly workers?: number | undefined;
}

/** Groups of one adapter that offer the same. */
export interface Supply {
  /** `capabilityKey(offers)`. */
  readonly key: string;
  readonly offers: Capabilities;
  /** Dollars per group and hour, 0 where it costs nothing. */
  readonly dollarsPerHour: number;
  /** Its groups by phase. Those that drain or stop are no capacity, but count against the adapter's limit. */
  readonly requested: number;
  readonly running: number;
  readonly draining: number;
  readonly stopping: number;
  /** Running groups with a live worker; only these and the requested ones are capacity. */
  readonly serving: number;
  /** Live workers of the serving groups. Default: as many as the adapter starts per group. */
  readonly workers?: number | undefined;
  /** Those that serving groups still lack and that are taken to be starting. Default: 0. */
  readonly awaited?: number | undefined;
  /** Longest idle first; one-way, read no further than needed. */
  readonly idle: Iterable<IdleGroup>;
}

export interface AdapterView {
  readonly key: string;
  /** What it announced as `max_worker_groups`; never changed by limits of ours. */
  readonly groupsMax: number;
  readonly workersPerGroup: number;
  /** What it can start, cheapest first; at least one, and every one also a supply. */
  readonly offers: readonly Capabilities[];
  /** Those it can start, and those of which it still has groups. */
  readonly supplies: readonly Supply[];
  /** Groups that may be started now: below the limit, not resting after a failure, one at a time while it is on trial. */
  readonly room: number;
  /** Why `room` is less than the limit leaves; '' when it is not. */
  readonly roomLimit: string;
  /** When it may be asked again after failed starts; undefined when it is not resting. */
  readonly blockedUntil: Instant | undefined;
  /** Median of its measured start times; undefined before the first. */
  readonly startMs: number | undefined;
}

/** Workers without a group: capacity that is never stopped. */
export interface Ungrouped {
  readonly offers: Capabilities;
  readonly workers: number;
}

export interface ScalingView {
  readonly now: Instant;
  readonly upperTaskRatio: number;
  readonly lowerTaskRatio: number;
  readonly tuning: Tuning;
  /** Whether this scheduler has ever had a task of this side. */
  readonly hadWork: boolean;
  /** Those with unfinished tasks. */
  readonly demands: readonly Demand[];
  /** Those that are heard, in the order in which they registered. */
  readonly adapters: readonly AdapterView[];
  readonly ungrouped: readonly Ungrouped[];
  /** Whether the allocation policy lets a worker that offers this run a task that needs that. */
  serves(offers: Capabilities, needs: Capabilities): boolean;
}

export interface StartWish {
  /** What the new groups must offer: the needs of the tasks they are for. */
  readonly ask: Capabilities;
  readonly groups: number;
}

/** What a policy wants of one supply. */
export interface SupplyTarget {
  readonly adapter: string;
  readonly supply: string;
  /** Live groups (requested and running) that it should have. May be more than there is room for: then the limit gets a name. */
  readonly groups: number;
  /** How the missing ones are asked for; sums up to `groups` less those that live, or is empty. */
  readonly starts: readonly StartWish[];
  /** How many of the missing ones there is room for; the others are asked for to give the limit a name. Default: all. */
  readonly placed?: number;
  /** Idle ones that may go, in that order. */
  readonly release: readonly GroupId[];
}

/** Needs that nobody who is here can ever serve, with the names that no single offer has. */
export interface Unservable {
  readonly needs: Capabilities;
  readonly tasks: number;
  /** Empty: each name is offered somewhere, but never together. */
  readonly missing: readonly string[];
}

export interface ScalingDecision {
  /** Supplies that are not named keep what they have. */
  readonly targets: readonly SupplyTarget[];
  /** Stable word for what was decided and why, such as `above`, `below`, `between`, `idle`, `blocked`; a change of it is told. */
  readonly rule: string;
  /** One line for people, with the numbers. */
  readonly reason: string;
  /** What else was possible and why it was not chosen, a phrase each: `ecs-1: dearer`, `native: at its limit of 4`. */
  readonly alternatives: readonly string[];
  /** What stands in the way of more, a phrase each; empty when nothing does. */
  readonly blockedBy: readonly string[];
  readonly unservable: readonly Unservable[];
  /** Ask again then, even if nothing changes. */
  readonly recheckAt: Instant | undefined;
}

export type ScalingPolicy = (view: ScalingView) => ScalingDecision;

/** Workers that are there. */
export const workersOf = ({ workers, serving }: Supply, { workersPerGroup }: AdapterView): number =>
  workers ?? serving * workersPerGroup;

/** Workers on their way. */
export const comingOf = ({ requested, awaited = 0 }: Supply, { workersPerGroup }: AdapterView): number =>
  requested * workersPerGroup + awaited;

/** Live groups. */
export const liveOf = (supply: Supply): number => supply.requested + supply.running;
