/**
 * What keeps an adapter whose starts fail from being asked all the time, and what it takes to be trusted again.
 *
 * | state | entered by | new groups |
 * |---|---|---|
 * | closed | the start, or proof that groups of this adapter work | as many as wanted |
 * | resting | a failed start, refused or stuck, or a group whose workers die without a result | none, twice as long for each in a row |
 * | on trial | the rest is over | one at a time, until it proves itself |
 *
 * F1 Starts that were sent before the last failure was counted fail with it: ten that fail together are one failure.
 * F2 While it is on trial, at most one group is on its way or unproved because of us: `trial`.
 *
 * `breaker=no`: a short rest, always the same, and no trial.
 */
import { instant, showId } from '@muster/protocol/ids';
import type { Instant } from '@muster/protocol/ids';
import type { FailureKind } from '@muster/protocol/messages';
import type { Adapter } from './adapter.ts';
import type { Group } from './group.ts';
import { after, note } from './state.ts';
import type { SchedulerState } from './state.ts';

const REST_MS = 1_000;
const REST_MAX_MS = 60_000;
/** A group on trial that lives this long has proved itself, even if its tasks take longer. */
const TRIAL_MS = 10_000;

export class Breaker {
  /** Failures in a row. */
  failures = 0;
  /** When the last one was counted. */
  failedAt: Instant = instant(-1e9);
  restsUntil: Instant | undefined = undefined;
  trial: Group | undefined = undefined;
  /** The last failure, '' for none. */
  trouble = '';
}

/** A start of this group came to nothing. */
export const startFailed = (
  state: SchedulerState,
  group: Group,
  failure: FailureKind,
  reason: string,
): void => {
  const { adapter } = group;
  const { breaker } = adapter;
  breaker.trouble = reason;
  if (group.bornAt <= breaker.failedAt) return; // F1
  breaker.failures++;
  breaker.failedAt = state.now;
  if (breaker.trial === group) breaker.trial = undefined;
  const doubled = state.config.policy.tuning.breaker ? 2 ** Math.min(breaker.failures - 1, 16) : 1;
  const waitMs = Math.min(REST_MAX_MS, REST_MS * doubled);
  breaker.restsUntil = after(state, waitMs);
  state.scalingDirty = true;
  note(state, 'adapter.backoff', 'warn', {
    adapter: showId(adapter.key),
    failure,
    reason,
    failures: breaker.failures,
    waitMs,
  });
};

/** A group of this adapter works: whatever was wrong is over. */
export const closeBreaker = (state: SchedulerState, adapter: Adapter): void => {
  const { breaker } = adapter;
  breaker.trial = undefined;
  if (breaker.failures === 0 && breaker.trouble === '') return;
  breaker.failures = 0;
  breaker.restsUntil = undefined;
  breaker.trouble = '';
  state.scalingDirty = true;
};

/** At each heartbeat of the adapter. */
export const judgeTrial = (state: SchedulerState, adapter: Adapter): void => {
  const { trial } = adapter.breaker;
  if (trial?.phase === 'running' && trial.workers.size > 0 && state.now - trial.since >= TRIAL_MS)
    closeBreaker(state, adapter);
};

/** After a start was sent. */
export const beginTrial = (state: SchedulerState, group: Group): void => {
  const { adapter } = group;
  const { breaker } = adapter;
  if (breaker.failures === 0 || !state.config.policy.tuning.breaker) return;
  breaker.trial = group;
  note(state, 'adapter.trial', 'info', {
    adapter: showId(adapter.key),
    group: showId(group.id),
    failures: breaker.failures,
    reason: breaker.trouble,
  });
};

/** The group is gone, for whatever reason. */
export const endTrial = (group: Group): void => {
  const { breaker } = group.adapter;
  if (breaker.trial === group) breaker.trial = undefined;
};

export const isResting = (adapter: Adapter, now: Instant): boolean =>
  adapter.breaker.restsUntil !== undefined && adapter.breaker.restsUntil > now;

/** Trusted with one group at a time. */
export const isOnTrial = (state: SchedulerState, adapter: Adapter): boolean =>
  adapter.breaker.failures > 0 && state.config.policy.tuning.breaker && !isResting(adapter, state.now);

export interface Room {
  readonly room: number;
  /** Why that is less than the limit leaves; '' when it is not. */
  readonly limit: string;
}

/** Groups that may be started now. */
export const roomOf = (state: SchedulerState, adapter: Adapter): Room => {
  const free = Math.max(0, adapter.groupsMax - adapter.groups.size);
  if (free === 0) return { room: 0, limit: '' };
  const { breaker } = adapter;
  if (adapter.says !== '') return { room: 0, limit: `it says: ${adapter.says}` };
  if (isResting(adapter, state.now)) {
    const times = breaker.failures === 1 ? 'a failed start' : `${breaker.failures} failed starts in a row`;
    return { room: 0, limit: `rests after ${times}: ${breaker.trouble}` };
  }
  if (adapter.starting !== undefined) return { room: 0, limit: 'one start at a time' };
  if (isOnTrial(state, adapter)) {
    const limit = `on trial after a failed start, one group at a time: ${breaker.trouble}`;
    if (breaker.trial !== undefined) return { room: 0, limit };
    return { room: 1, limit: free > 1 ? limit : '' };
  }
  if (!adapter.own) return { room: 1, limit: free > 1 ? 'one start at a time' : '' };
  return { room: free, limit: '' };
};
