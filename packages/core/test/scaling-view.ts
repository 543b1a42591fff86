/** Views written short, and decisions shown short, for the tests of policies and limits. */
import { capabilityKey, groupId, instant, NO_CAPABILITIES } from '@muster/protocol/ids';
import type { Capabilities } from '@muster/protocol/ids';
import { CAPABILITY } from '../src/allocation/policy.ts';
import { TUNING } from '../src/scaling/tuning.ts';
import type { Tuning } from '../src/scaling/tuning.ts';
import { liveOf } from '../src/scaling/view.ts';
import type { AdapterView, Demand, ScalingDecision, ScalingView, Supply } from '../src/scaling/view.ts';

export const NOW = 1_000_000;

/** `gpu+ssd`; quantities are 1. */
export const caps = (names: string): Capabilities =>
  names === '' ? NO_CAPABILITIES : new Map(names.split('+').map((name) => [name, 1]));

export interface SupplyGiven {
  readonly offers?: string;
  readonly price?: number;
  readonly requested?: number;
  readonly running?: number;
  readonly serving?: number;
  readonly draining?: number;
  readonly stopping?: number;
  /** One idle group each, by for how long it has been idle; releasable after 3 s. */
  readonly idleMs?: readonly number[];
  /** One for each of `idleMs`, instead of that rule. */
  readonly releasableAt?: readonly number[];
}

export interface AdapterGiven extends SupplyGiven {
  readonly key?: string;
  readonly max?: number;
  readonly workers?: number;
  readonly room?: number;
  readonly roomLimit?: string;
  readonly blockedUntil?: number;
  readonly startMs?: number;
  /** More than the one supply that is given at the top; those of `offers` can be started, cheapest first. */
  readonly more?: readonly SupplyGiven[];
}

const supplyOf = (given: SupplyGiven, adapter: string): Supply => {
  const offers = caps(given.offers ?? '');
  const idleMs = given.idleMs ?? [];
  const running = given.running ?? idleMs.length;
  return {
    key: capabilityKey(offers),
    offers,
    dollarsPerHour: given.price ?? 0,
    requested: given.requested ?? 0,
    running,
    draining: given.draining ?? 0,
    stopping: given.stopping ?? 0,
    serving: given.serving ?? running,
    idle: idleMs.map((ms, i) => ({
      id: groupId(`${adapter}${given.offers ?? ''}${i}`),
      idleSince: instant(NOW - ms),
      releasableAt: instant(given.releasableAt?.[i] ?? NOW - ms + 3_000),
    })),
  };
};

export const adapter = (given: AdapterGiven = {}): AdapterView => {
  const { key = 'a', max = 10, workers = 1, more = [] } = given;
  const supplies = [given, ...more].map((one) => supplyOf(one, key));
  const occupied = supplies.reduce((sum, one) => sum + liveOf(one) + one.draining + one.stopping, 0);
  const rests = given.blockedUntil !== undefined && given.blockedUntil > NOW;
  return {
    key,
    groupsMax: max,
    workersPerGroup: workers,
    offers: supplies.map((one) => one.offers),
    supplies,
    room: given.room ?? (rests ? 0 : Math.max(0, max - occupied)),
    roomLimit: given.roomLimit ?? (rests ? 'rests after failed starts' : ''),
    blockedUntil: given.blockedUntil === undefined ? undefined : instant(given.blockedUntil),
    startMs: given.startMs,
  };
};

export interface DemandGiven {
  readonly needs?: string;
  readonly tasks: number;
  readonly waiting?: number;
  readonly waitingMs?: number;
  readonly unmeasured?: number;
  readonly slowestMs?: number;
}

export const demand = (given: DemandGiven): Demand => {
  const needs = caps(given.needs ?? '');
  const waiting = given.waiting ?? given.tasks;
  return {
    key: capabilityKey(needs),
    needs,
    tasks: given.tasks,
    waiting,
    waitingMs: given.waitingMs ?? 0,
    unmeasured: given.unmeasured ?? (given.waitingMs === undefined ? waiting : 0),
    slowestMs: given.slowestMs,
  };
};

export interface ViewGiven {
  readonly upper?: number;
  readonly lower?: number;
  readonly tuning?: Partial<Tuning>;
  readonly hadWork?: boolean;
  /** Workers without a group, by what they offer. */
  readonly ungrouped?: Readonly<Record<string, number>>;
  readonly serves?: ScalingView['serves'];
  readonly now?: number;
}

/** A number stands for so many waiting tasks without needs. */
export const view = (
  demands: number | readonly DemandGiven[],
  adapters: readonly AdapterView[],
  given: ViewGiven = {},
): ScalingView => {
  const all = typeof demands === 'number' ? (demands === 0 ? [] : [{ tasks: demands }]) : demands;
  return {
    now: instant(given.now ?? NOW),
    upperTaskRatio: given.upper ?? 10,
    lowerTaskRatio: given.lower ?? 1,
    tuning: { ...TUNING, ...given.tuning },
    hadWork: given.hadWork ?? all.length > 0,
    demands: all.map(demand),
    adapters,
    ungrouped: Object.entries(given.ungrouped ?? {}).map(([offers, workers]) => ({
      offers: caps(offers),
      workers,
    })),
    serves: given.serves ?? ((offers, needs) => CAPABILITY.serves(offers, needs)),
  };
};

/** `adapter/offers:groups`, what is asked for as `(needs x n)`, and who is let go as `-id`. */
export const shown = (decision: Pick<ScalingDecision, 'targets'>): readonly string[] =>
  decision.targets.map(({ adapter: key, supply, groups, starts, release }) => {
    const asks = starts.map(({ ask, groups: n }) => `(${[...ask.keys()].join('+')} x ${n})`).join('');
    const supplyName = supply === '' ? '' : `/${supply.replaceAll('\u0000', '+')}`;
    return `${key}${supplyName}:${groups}${asks === '' ? '' : ` ${asks}`}${release.map((id) => `-${id}`).join('')}`;
  });
