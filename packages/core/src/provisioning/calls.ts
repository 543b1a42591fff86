/** What the answers of the provider mean, and what the lack of one means. */
import type { GroupId } from '@muster/protocol/ids';
import { backoffMs, isDefinitive } from './backoff.ts';
import { failStart, hold, holdBack } from './groups.ts';
import { onListFailed } from './listing.ts';
import { later, note } from './state.ts';
import type { Call, State, Wanted } from './state.ts';
import type { AdapterEvent, ListedGroup, StartFailure } from './types.ts';

export const onStartDone = (state: State, event: Extract<AdapterEvent, { kind: 'startDone' }>): void => {
  const call = state.calls.get(event.call);
  if (call?.kind !== 'start') return;
  state.calls.delete(event.call);
  const started = new Map(event.started.map((group) => [group.groupId, group]));
  const failures = new Map(event.failures.map((failure) => [failure.groupId, failure]));
  for (const groupId of call.groups)
    onStartOutcome(state, event.call, groupId, started.get(groupId), failures.get(groupId));
};

const onStartOutcome = (
  state: State,
  call: number,
  groupId: GroupId,
  instance: ListedGroup | undefined,
  failure: StartFailure | undefined,
): void => {
  const leaving = state.leaving.get(groupId);
  if (leaving?.phase.name === 'calling' && leaving.phase.call === call) {
    leaving.phase = { name: 'due', notBefore: state.now, tries: 0 };
    leaving.quietSince = state.now;
    leaving.quietBy = state.lastCall;
    if (instance !== undefined) leaving.nativeId = instance.nativeId;
  }
  const group = state.wanted.get(groupId);
  if (group?.phase.name !== 'starting' || group.phase.call !== call) return;
  if (instance !== undefined) return hold(state, group, instance);
  const kind = failure?.kind ?? 'unknown';
  const detail = failure?.detail ?? 'the provider said nothing about it';
  if (isDefinitive(kind)) {
    failStart(state, group, kind, detail);
    holdBack(state, kind, detail);
  } else onUncertainStart(state, group, group.phase.tries + 1, kind === 'throttled', detail);
};

/** throttled: not executed, repeat slower. unknown: only a listing can tell. Both keep attempt and token. */
const onUncertainStart = (
  state: State,
  group: Wanted,
  tries: number,
  throttled: boolean,
  detail: string,
): void => {
  if (detail !== group.detail)
    note(state, 'warn', 'group.start.uncertain', { group: group.groupId, throttled, detail });
  group.detail = detail;
  if (!throttled) {
    group.mayExist = true;
    group.phase = { name: 'doubtful', since: state.lastCall, tries };
    state.nextListAt = state.now;
    return;
  }
  state.throttles++;
  state.throttledUntil = later(state.now, backoffMs('throttled', state.throttles, state.config.random()));
  group.phase = { name: 'waiting', notBefore: state.throttledUntil, tries };
};

export const onStopDone = (state: State, event: Extract<AdapterEvent, { kind: 'stopDone' }>): void => {
  const call = state.calls.get(event.call);
  if (call?.kind !== 'stop') return;
  state.calls.delete(event.call);
  const stopped = new Set(event.stopped);
  const failures = new Map(event.failures.map((failure) => [failure.groupId, failure]));
  for (const groupId of call.groups) {
    const detail = stopped.has(groupId)
      ? undefined
      : (failures.get(groupId)?.detail ?? 'the provider said nothing about it');
    onStopOutcome(state, groupId, detail);
  }
  state.nextListAt = state.now;
};

const onStopOutcome = (state: State, groupId: GroupId, trouble: string | undefined): void => {
  const group = state.leaving.get(groupId);
  if (group?.phase.name !== 'calling') return;
  const tries = group.phase.tries + 1;
  group.quietSince = state.now;
  group.quietBy = state.lastCall;
  group.missing = 0;
  if (trouble === undefined) {
    group.phase = { name: 'asked', repeatAt: later(state.now, state.config.stopRepeatMs), tries };
    return;
  }
  note(state, tries < 3 ? 'warn' : 'error', 'group.stop.failed', { group: groupId, tries, detail: trouble });
  group.phase = {
    name: 'due',
    notBefore: later(state.now, backoffMs('throttled', tries, state.config.random())),
    tries,
  };
};

/** Calls that did not return in time: aborted, and their outcome is unknown. */
export const expireCalls = (state: State): void => {
  for (const [id, call] of [...state.calls]) {
    if (call.deadline > state.now) continue;
    state.out.push({ kind: 'abort', call: id });
    note(state, 'warn', 'adapter.call.timeout', { call: call.kind });
    onNoAnswer(state, id, call);
  }
};

const onNoAnswer = (state: State, id: number, call: Call): void => {
  const detail = `no answer from the provider in time (${call.kind})`;
  if (call.kind === 'list') {
    state.calls.delete(id);
    return onListFailed(state, detail);
  }
  const failures = call.groups.map((groupId) => ({ groupId, kind: 'unknown' as const, detail }));
  if (call.kind === 'start') onStartDone(state, { kind: 'startDone', call: id, started: [], failures });
  else onStopDone(state, { kind: 'stopDone', call: id, stopped: [], failures });
};
