/**
 * Stabilisation: the fleet grows to the least that was wanted in the window up, and shrinks to the most that was wanted
 * in the window down. A want that comes and goes within its window changes nothing.
 */
import { instant } from '@muster/protocol/ids';
import type { Instant } from '@muster/protocol/ids';
import type { Tuning } from '../tuning.ts';
import { WANTED_MAX } from './memory.ts';
import type { SupplyMemory, Wanted } from './memory.ts';
import { earliest } from './plan.ts';
import type { Limited, Plan } from './plan.ts';

interface Stabilised {
  readonly plan: Plan;
  readonly memory: SupplyMemory;
  /** When what is held back may be granted, if it is still wanted then. */
  readonly recheckAt: Instant | undefined;
}

export interface Windows extends Limited {
  readonly supplies: readonly SupplyMemory[];
}

export const stabilise = (
  plans: readonly Plan[],
  before: readonly SupplyMemory[],
  tuning: Tuning,
  now: Instant,
): Windows => {
  const known = new Map(before.map((one) => [`${one.adapter}\n${one.supply}`, one]));
  let recheckAt: Instant | undefined;
  const supplies: SupplyMemory[] = [];
  const stable = plans.map((plan) => {
    const key = `${plan.adapter.key}\n${plan.supply.key}`;
    const one = stabiliseOne(plan, known.get(key), tuning, now);
    recheckAt = earliest(recheckAt, one.recheckAt);
    supplies.push(one.memory);
    return one.plan;
  });
  return { plans: stable, supplies, recheckAt };
};

const stabiliseOne = (
  plan: Plan,
  before: SupplyMemory | undefined,
  tuning: Tuning,
  now: Instant,
): Stabilised => {
  const { adapter, supply, live, groups: wanted } = plan;
  const upMs = tuning.upWindowMs;
  const downMs = tuning.downWindowMs ?? adapter.startMs ?? 0;
  const most = remember(before?.most ?? [], wanted, now, downMs, (one, other) => one <= other);
  const least = remember(before?.least ?? [], wanted, now, upMs, (one, other) => one >= other);
  const memory = { adapter: adapter.key, supply: supply.key, most, least };
  if (wanted > live) {
    const granted = Math.max(live, Math.min(wanted, least[0]?.groups ?? wanted));
    if (granted === wanted) return { plan, memory, recheckAt: undefined };
    const limit = `up_window: fewer were enough less than ${upMs / 1_000} s ago`;
    return { plan: { ...plan, groups: granted, limit }, memory, recheckAt: expiry(least, upMs) };
  }
  const granted = Math.min(live, Math.max(wanted, most[0]?.groups ?? wanted));
  if (granted === wanted) return { plan, memory, recheckAt: undefined };
  const auto = tuning.downWindowMs === undefined ? ', as long as one takes to start' : '';
  const limit = `down_window: more were wanted less than ${Math.round(downMs / 100) / 10} s ago${auto}`;
  return { plan: { ...plan, groups: granted, limit }, memory, recheckAt: expiry(most, downMs) };
};

/** When the oldest entry has left the window. */
const expiry = (entries: readonly Wanted[], windowMs: number): Instant | undefined =>
  entries[1] === undefined ? undefined : instant(entries[1].from + windowMs);

/**
 * Keeps of what was wanted in the window only what can still be its extreme, oldest first. An entry counts until the
 * next one begins; one that a newer one covers is dropped, and the newer one takes over its begin.
 *
 * @param covers whether an older value (first) no longer matters beside a newer one.
 */
const remember = (
  entries: readonly Wanted[],
  groups: number,
  now: Instant,
  windowMs: number,
  covers: (older: number, newer: number) => boolean,
): readonly Wanted[] => {
  const kept = [...entries];
  let from: number = now;
  for (let last = kept.at(-1); last !== undefined && covers(last.groups, groups); last = kept.at(-1)) {
    from = last.from;
    kept.pop();
  }
  kept.push({ from, groups });
  while (kept[1] !== undefined && kept[1].from <= now - windowMs) kept.shift();
  // Beyond the bound the two oldest become one: the more extreme of them lasts a little longer than it should.
  if (kept.length > WANTED_MAX) kept.splice(1, 1);
  return kept;
};
