/**
 * A decision in the making: what each supply has, what is added to it and what is let go. Made for one call of a
 * policy and thrown away.
 */
import { capabilityKey, showId } from '@muster/protocol/ids';
import type { Capabilities, GroupId, Instant } from '@muster/protocol/ids';
import { liveOf } from '../view.ts';
import type {
  AdapterView,
  ScalingDecision,
  ScalingView,
  StartWish,
  Supply,
  SupplyTarget,
  Ungrouped,
  Unservable,
} from '../view.ts';

/** Fractions of workers below this are rounding. */
export const EPSILON = 1e-9;

/** Something that bounds how many groups may be started, with words for when it is used up. */
export interface Budget {
  left: number;
  readonly words: string;
  /** When it may be more again by itself. */
  readonly until: Instant | undefined;
}

/** One supply of one adapter. */
export interface Line {
  readonly adapter: AdapterView;
  readonly supply: Supply;
  /** In the order of registration. */
  readonly order: number;
  /** Place among what its adapter can start, cheapest first; undefined: groups of these are no longer started. */
  readonly rank: number | undefined;
  /** The adapter's, and what else bounds it. */
  readonly budgets: Budget[];
  /** Groups that are capacity: those that serve, those that start if they count, and those that this decision adds. */
  counted: number;
  /** Groups that this decision adds, and those of them that there is room for. */
  added: number;
  placed: number;
  readonly starts: StartWish[];
  /** Idle groups that are too many, and those of them that may go now. */
  spare: number;
  readonly release: GroupId[];
}

export interface Draft {
  readonly view: ScalingView;
  readonly lines: readonly Line[];
  /** What stood in the way, in the order in which it was met. */
  readonly blockedBy: Set<string>;
  recheckAt: Instant | undefined;
}

export const draftOf = (view: ScalingView): Draft => {
  const lines: Line[] = [];
  for (const adapter of view.adapters) {
    const ranks = new Map(adapter.offers.map((offers, rank) => [capabilityKey(offers), rank]));
    const budget = budgetOf(adapter, view.now);
    for (const supply of adapter.supplies) {
      lines.push({
        adapter,
        supply,
        order: lines.length,
        rank: ranks.get(supply.key),
        budgets: [budget],
        counted: supply.serving + (view.tuning.countStarting ? supply.requested : 0),
        added: 0,
        placed: 0,
        starts: [],
        spare: 0,
        release: [],
      });
    }
  }
  return { view, lines, blockedBy: new Set(), recheckAt: undefined };
};

const budgetOf = (adapter: AdapterView, now: Instant): Budget => {
  const rests = adapter.blockedUntil !== undefined && adapter.blockedUntil > now;
  return {
    left: Math.max(0, adapter.room),
    words: `${showId(adapter.key)}: ${roomWords(adapter, rests)}`,
    until: rests ? adapter.blockedUntil : undefined,
  };
};

const roomWords = (adapter: AdapterView, rests: boolean): string => {
  if (adapter.roomLimit !== '') return adapter.roomLimit;
  if (rests) return 'rests after failed starts';
  if (adapter.groupsMax <= 0) return 'allows no groups';
  const leaving = adapter.supplies.some((supply) => supply.draining + supply.stopping > 0);
  const limit = `at its limit of ${adapter.groupsMax} ${adapter.groupsMax === 1 ? 'group' : 'groups'}`;
  return leaving ? `${limit}, with those that leave` : limit;
};

export const recheck = (draft: Draft, at: Instant | undefined): void => {
  if (at !== undefined && (draft.recheckAt === undefined || at < draft.recheckAt)) draft.recheckAt = at;
};

export const workersOf = (line: Line): number => line.counted * line.adapter.workersPerGroup;

/** Workers that are there or on their way, this decision's included. */
export const capacityOf = (draft: Draft): number => {
  let workers = 0;
  for (const one of capacities(draft)) workers += one.workers;
  return workers;
};

export interface Capacity extends Ungrouped {
  /** `capabilityKey(offers)`. */
  readonly key: string;
}

/** All that counts, by what it offers. */
export const capacities = function* (draft: Draft): Generator<Capacity, void> {
  for (const { offers, workers } of draft.view.ungrouped)
    yield { key: capabilityKey(offers), offers, workers };
  for (const line of draft.lines) {
    const { key, offers } = line.supply;
    yield { key, offers, workers: workersOf(line) };
  }
};

/** Groups that this decision starts. */
export const placedOf = (draft: Draft): number => draft.lines.reduce((sum, line) => sum + line.placed, 0);

export const startingOf = (draft: Draft): number =>
  draft.lines.reduce((sum, { supply, adapter }) => sum + supply.requested * adapter.workersPerGroup, 0);

/** Every name that is needed is offered; quantities are not compared. */
export const hasAll = (offers: Capabilities, needs: Capabilities): boolean => {
  for (const name of needs.keys()) if (!offers.has(name)) return false;
  return true;
};

/** One thing that was found; the first one found names the rule. */
export interface Finding {
  readonly rule: string;
  readonly words: string;
}

export interface Outcome {
  /** What was decided upon. */
  readonly facts: string;
  readonly findings: readonly Finding[];
  readonly alternatives: readonly string[];
  readonly unservable: readonly Unservable[];
}

/** Those supplies that are to change, with all that was found on the way. */
export const decisionOf = (draft: Draft, outcome: Outcome): ScalingDecision => {
  const targets: SupplyTarget[] = [];
  for (const { adapter, supply, added, placed, spare, starts, release } of draft.lines) {
    if (added === 0 && spare === 0) continue;
    targets.push({
      adapter: adapter.key,
      supply: supply.key,
      groups: liveOf(supply) + added - spare,
      starts,
      placed,
      release,
    });
  }
  const { facts, findings, alternatives, unservable } = outcome;
  return {
    targets,
    rule: findings[0]?.rule ?? 'between',
    reason: `${facts}: ${findings.map(({ words }) => words).join('; ') || 'as many as needed'}`,
    alternatives,
    blockedBy: [...draft.blockedBy],
    unservable,
    recheckAt: draft.recheckAt,
  };
};
