/** A clock that only moves when told: for tests and simulation. */
import { instant } from '@muster/protocol/ids';
import type { Instant } from '@muster/protocol/ids';
import type { Clock } from './clock.ts';

export interface ManualClock extends Clock {
  /** Moves time forward and runs what became due: in order of deadline, then of arming, each at its own instant. */
  advance(ms: number): void;
  /** Earliest armed wake; undefined when nothing waits. */
  nextWakeAt(): Instant | undefined;
}

/** More wakes than this at one instant are a loop in the code under test. */
const WAKES_AT_ONE_INSTANT_MAX = 100_000;

/** @param startMs the instant it shows at first; default 0. */
export const manualClock = (startMs = 0): ManualClock => {
  let now = startMs;
  const waiting = new Set<{ readonly deadline: number; readonly wake: () => void }>();

  const earliest = (): { readonly deadline: number; readonly wake: () => void } | undefined => {
    let first: { readonly deadline: number; readonly wake: () => void } | undefined;
    for (const one of waiting) if (first === undefined || one.deadline < first.deadline) first = one;
    return first;
  };
  const advance = (ms: number): void => {
    const target = now + ms;
    let atThisInstant = 0;
    for (let next = earliest(); next !== undefined && next.deadline <= target; next = earliest()) {
      waiting.delete(next);
      atThisInstant = next.deadline > now ? 0 : atThisInstant + 1;
      if (atThisInstant > WAKES_AT_ONE_INSTANT_MAX)
        throw new Error(`time stands still at ${now} ms: a wake re-arms itself`);
      now = Math.max(now, next.deadline);
      next.wake();
    }
    now = Math.max(now, target);
  };
  return {
    now: () => instant(now),
    wakeAt: (deadline, wake) => {
      const one = { deadline, wake };
      waiting.add(one);
      return { cancel: () => void waiting.delete(one) };
    },
    advance,
    nextWakeAt: () => {
      const next = earliest();
      return next === undefined ? undefined : instant(Math.max(now, next.deadline));
    },
  };
};
