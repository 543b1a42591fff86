/**
 * Leaves a task definition alone that fails again and again: a bad image or entry point would otherwise be paid for all day.
 * Pure state; the caller brings the time.
 */
import type { Instant } from '@muster/protocol/ids';

/** So many failures without a success between them, within this time, open it. */
const FAILURES_MAX = 3;
const WINDOW_MS = 600_000;
const MINUTE_MS = 60_000;
/** How long it stays open, one step further each time the group that was let through fails as well. */
const PAUSES_MS: readonly number[] = [1, 2, 5, 10, 30].map((minutes) => minutes * MINUTE_MS);

export interface Breaker {
  /** Undefined: start. Else why not, for people. While it is half open, one start is let through. */
  objection(definition: string, now: Instant): string | undefined;
  onFailure(definition: string, reason: string, now: Instant): void;
  onSuccess(definition: string): void;
  /** A start that was let through never came to a task; it says nothing about the definition. */
  onAbandoned(definition: string): void;
}

interface Record_ {
  failures: Instant[];
  step: number;
  openUntil: Instant | undefined;
  /** When the one start of the half-open state was let through. */
  trialAt: Instant | undefined;
  reason: string;
}

/** A trial that nobody hears of again must not close the door for ever. */
const TRIAL_MS = 900_000;

export const createBreaker = (): Breaker => {
  const records = new Map<string, Record_>();
  const recordOf = (definition: string): Record_ => {
    const known = records.get(definition);
    if (known !== undefined) return known;
    const fresh: Record_ = { failures: [], step: 0, openUntil: undefined, trialAt: undefined, reason: '' };
    records.set(definition, fresh);
    return fresh;
  };
  const open = (record: Record_, now: Instant): void => {
    record.openUntil = (now + (PAUSES_MS[Math.min(record.step, PAUSES_MS.length - 1)] ?? 0)) as Instant;
    record.step++;
    record.trialAt = undefined;
    record.failures = [];
  };
  return {
    objection: (definition, now) => {
      const record = records.get(definition);
      if (record?.openUntil === undefined) return undefined;
      const minutes = Math.ceil((record.openUntil - now) / MINUTE_MS);
      if (minutes > 0)
        return `groups of ${definition} failed ${FAILURES_MAX} times in a row and are not started for ${minutes} more minutes: ${record.reason}`;
      if (record.trialAt !== undefined && now - record.trialAt < TRIAL_MS)
        return `one group of ${definition} is tried after failures: ${record.reason}`;
      record.trialAt = now;
      return undefined;
    },
    onFailure: (definition, reason, now) => {
      const record = recordOf(definition);
      record.reason = reason;
      // Those that were under way when it opened say nothing new.
      if (record.openUntil !== undefined && now < record.openUntil) return;
      record.failures = [...record.failures.filter((at) => now - at < WINDOW_MS), now];
      if (record.trialAt !== undefined || record.failures.length >= FAILURES_MAX) open(record, now);
    },
    onSuccess: (definition) => void records.delete(definition),
    onAbandoned: (definition) => {
      const record = records.get(definition);
      if (record !== undefined) record.trialAt = undefined;
    },
  };
};
