/**
 * What every scaling policy is given beyond its documented rule, each part with a switch. `compat=stock` decides by the
 * code in `stock/` instead and looks at none of these.
 */

/** One level of `scaling=waterfall`: adapters whose id begins with `adapter`, in the order in which they are filled. */
export interface Tier {
  readonly adapter: string;
  /** Most live groups of this tier; undefined: what its adapters allow. */
  readonly groupsMax: number | undefined;
}

export interface Tuning {
  /** `count_starting`: groups that start count as capacity. Default true. */
  readonly countStarting: boolean;
  /** `start_step`: most groups that one decision starts at one adapter. 0, the default: the whole need at once. */
  readonly startStep: number;
  /** `decide`: on every change (default), or on the heartbeats of adapters alone. */
  readonly decideOn: 'change' | 'heartbeat';
  /** `up_window`, in seconds there: the fleet grows to the least that was wanted during it. Default 0. */
  readonly upWindowMs: number;
  /**
   * `down_window`, in seconds there: the fleet shrinks to the most that was wanted during it. Undefined (`auto`), the
   * default: as long as a group of that adapter takes to start, measured.
   */
  readonly downWindowMs: number | undefined;
  /** `down_step`: most groups let go per adapter and second, and never less than a tenth of its groups. 0: no bound. Default 10. */
  readonly downStep: number;
  /** `billed_minimum`: a group is kept for as long as it is paid for anyhow. Default true. */
  readonly billedMinimum: boolean;
  /** `breaker`: an adapter whose starts fail rests, then tries one group; others that can serve take over. Default true. */
  readonly breaker: boolean;
  /** `min_groups`: never fewer live groups, with or without work. Default 0. */
  readonly minGroups: number;
  /** `warm_groups`: idle groups kept beside the busy ones while there is any work. Default 0. */
  readonly warmGroups: number;
  /** `target_seconds` of `target`: the backlog is to be gone within this. Undefined: by start and service time, see there. */
  readonly drainMs: number | undefined;
  /** `assumed_seconds` of `target`: service time of functions that were never measured. Undefined: one slot per task. */
  readonly assumedMs: number | undefined;
  /** `tiers` of `waterfall`, such as `tiers=native:4,ecs:20`. */
  readonly tiers: readonly Tier[];
}

export const TUNING: Tuning = {
  countStarting: true,
  startStep: 0,
  decideOn: 'change',
  upWindowMs: 0,
  downWindowMs: undefined,
  downStep: 10,
  billedMinimum: true,
  breaker: true,
  minGroups: 0,
  warmGroups: 0,
  drainMs: undefined,
  assumedMs: undefined,
  tiers: [],
};
