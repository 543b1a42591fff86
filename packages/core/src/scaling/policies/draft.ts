/**
 * A decision in the making: what each supply has, what is added to it and what is let go. Made for one call of a
 * policy and thrown away.
 */
import { capabilityKey, showId } from '@muster/protocol/ids';
import type { Capabilities, GroupId, Instant } from '@muster/protocol/ids';
import { comingOf, liveOf, workersOf } from '../view.ts';
import type {
  AdapterView,
  ScalingDecision,
  ScalingView,
  StartWish,
  Supply,
  SupplyTarget,
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
  /** Number of what it offers: an index of {@link Draft.kinds}. */
  readonly kind: number;
  /** Place among what its adapter can start, cheapest first; undefined: groups of these are no longer started. */
  readonly rank: number | undefined;
  /** The adapter's, and what else bounds it. */
  readonly budgets: Budget[];
  /** Workers that are capacity: those that are there, those that start if they count, and those that this decision adds. */
  workers: number;
  /** Groups that this decision adds, and those of them that there is room for. */
  added: number;
  placed: number;
  readonly starts: StartWish[];
  /** Idle groups that are too many, and those of them that may go now. */
  spare: number;
  readonly release: GroupId[];
}

/** Groups and workers that offer the same. */
export interface Kind {
  readonly offers: Capabilities;
  /** Workers without a group. */
  ungrouped: number;
  /** Some adapter can start such groups, or there are some, here or on their way. */
  isThere: boolean;
}

export interface Draft {
  readonly view: ScalingView;
  readonly lines: readonly Line[];
  /** What each adapter can start, cheapest first. */
  readonly startable: readonly (readonly Line[])[];
  readonly kinds: readonly Kind[];
  /** What stood in the way, in the order in which it was met. */
  readonly blockedBy: Set<string>;
  recheckAt: Instant | undefined;
}

export const draftOf = (view: ScalingView): Draft => {
  const lines: Line[] = [];
  const startable: (readonly Line[])[] = [];
  const kinds: Kind[] = [];
  const numbers = new Map<string, number>();
  const kindOf = (key: string, offers: Capabilities): number => {
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, kinds.length);
    return kinds.push({ offers, ungrouped: 0, isThere: false }) - 1;
  };
  for (const adapter of view.adapters) {
    const ranks = new Map(adapter.offers.map((offers, rank) => [capabilityKey(offers), rank]));
    const budget = budgetOf(adapter, view.now);
    const own: Line[] = [];
    for (const supply of adapter.supplies) {
      const rank = ranks.get(supply.key);
      const line = lineOf(adapter, supply, lines.length, rank, kindOf(supply.key, supply.offers), view);
      line.budgets.push(budget);
      lines.push(line);
      if (rank !== undefined) own.push(line);
      const kind = kinds[line.kind];
      if (kind !== undefined && (rank !== undefined || supply.requested + supply.serving > 0))
        kind.isThere = true;
    }
    startable.push(own.sort((one, other) => (one.rank ?? 0) - (other.rank ?? 0)));
  }
  for (const { offers, workers } of view.ungrouped) {
    const kind = kinds[kindOf(capabilityKey(offers), offers)];
    if (kind === undefined) continue;
    kind.ungrouped += workers;
    if (workers > 0) kind.isThere = true;
  }
  return { view, lines, startable, kinds, blockedBy: new Set(), recheckAt: undefined };
};

const lineOf = (
  adapter: AdapterView,
  supply: Supply,
  order: number,
  rank: number | undefined,
  kind: number,
  { tuning }: ScalingView,
): Line => ({
  adapter,
  supply,
  order,
  rank,
  kind,
  budgets: [],
  workers: workersOf(supply, adapter) + (tuning.countStarting ? comingOf(supply, adapter) : 0),
  added: 0,
  placed: 0,
  starts: [],
  spare: 0,
  release: [],
});

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

/** Workers that are there or on their way by kind, this decision's included. */
export const workersByKind = ({ kinds, lines }: Draft): Float64Array => {
  const workers = Float64Array.from(kinds, (kind) => kind.ungrouped);
  for (const line of lines) workers[line.kind] = (workers[line.kind] ?? 0) + line.workers;
  return workers;
};

export const capacityOf = (draft: Draft): number => workersByKind(draft).reduce((sum, one) => sum + one, 0);

/** Groups that this decision starts. */
export const placedOf = (draft: Draft): number => draft.lines.reduce((sum, line) => sum + line.placed, 0);

export const startingOf = (draft: Draft): number =>
  draft.lines.reduce((sum, { supply, adapter }) => sum + comingOf(supply, adapter), 0);

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
