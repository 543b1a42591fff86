/**
 * Hard limits of one adapter, enforced whatever a scheduler asks (P3). They count everything that may exist:
 * wanted, starting, of unknown outcome, and leaving. There is no "unlimited".
 *
 * C1 no start is allowed that would bring the number of groups, their vCPUs or their price per hour above its cap.
 * C2 in any 60 seconds no more than `startsPerMinuteMax` groups are handed to the provider, repeats included.
 * C3 what groups cost in any 24 hours stays within `dollarsPerDayMax`, each living group counted with its whole lifetime.
 */
import type { Instant } from '@muster/protocol/ids';

export interface Caps {
  readonly groupsMax: number;
  readonly vcpusPerGroup: number;
  readonly vcpusMax: number;
  readonly startsPerMinuteMax: number;
  /** Price of one group, by the adapter's price function; 0 where machines are the user's own. */
  readonly dollarsPerGroupHour: number;
  readonly dollarsPerHourMax: number;
  readonly dollarsPerDayMax: number;
  /** The longest that a group can live, by the workers' own `max lifetime`; bounds what a start may come to cost. */
  readonly lifetimeMaxMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MINUTE_MS = 60_000;
/** Ended groups are summed up in slices of this, so that the ledger stays small: 145 entries at most. */
const SLICE_MS = 600_000;

export interface CapsLedger {
  /** Undefined when one more group may be accepted, else the cap that forbids it, for people. */
  refusal(groups: number, now: Instant): string | undefined;
  /** How many groups may be handed to the provider right now. */
  startsLeft(now: Instant): number;
  /** When {@link CapsLedger.startsLeft} next grows; undefined when nothing is used up. */
  startsLeftAt(now: Instant): Instant | undefined;
  onStarts(count: number, now: Instant): void;
  /** A group that lived this long is gone. */
  onEnd(livedMs: number, now: Instant): void;
}

export const capsLedger = (caps: Caps): CapsLedger => {
  const starts: Instant[] = [];
  const ended: { readonly from: Instant; dollars: number }[] = [];

  const prune = (now: Instant): void => {
    while (starts[0] !== undefined && starts[0] <= now - MINUTE_MS) starts.shift();
    while (ended[0] !== undefined && ended[0].from <= now - DAY_MS - SLICE_MS) ended.shift();
  };
  const price = (ms: number): number => (caps.dollarsPerGroupHour * Math.min(ms, DAY_MS)) / HOUR_MS;

  return {
    refusal: (groups, now) => {
      prune(now);
      const more = groups + 1;
      if (more > caps.groupsMax) return `${groups} of ${caps.groupsMax} worker groups exist`;
      if (more * caps.vcpusPerGroup > caps.vcpusMax)
        return `${groups * caps.vcpusPerGroup} of ${caps.vcpusMax} vCPUs are in use`;
      if (more * caps.dollarsPerGroupHour > caps.dollarsPerHourMax)
        return `the cap of $${caps.dollarsPerHourMax} per hour is reached`;
      const day = ended.reduce((sum, slice) => sum + slice.dollars, 0) + more * price(caps.lifetimeMaxMs);
      if (day > caps.dollarsPerDayMax) return `the cap of $${caps.dollarsPerDayMax} per day is reached`;
      return undefined;
    },
    startsLeft: (now) => {
      prune(now);
      return Math.max(0, caps.startsPerMinuteMax - starts.length);
    },
    startsLeftAt: (now) => {
      prune(now);
      return starts[0] === undefined ? undefined : ((starts[0] + MINUTE_MS) as Instant);
    },
    onStarts: (count, now) => {
      for (let i = 0; i < count; i++) starts.push(now);
    },
    onEnd: (livedMs, now) => {
      if (caps.dollarsPerGroupHour === 0) return;
      const last = ended.at(-1);
      if (last !== undefined && now - last.from < SLICE_MS) last.dollars += price(livedMs);
      else ended.push({ from: now, dollars: price(livedMs) });
    },
  };
};
