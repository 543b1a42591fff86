/** What a listing means. The provider is the only one who knows what runs. */
import type { GroupId, Instant } from '@muster/protocol/ids';
import { backoffMs } from './backoff.ts';
import { expel, hold, leave, lose, remember, want } from './groups.ts';
import { later, note } from './state.ts';
import type { Leaving, State, Wanted } from './state.ts';
import type { Intent, ListedGroup } from './types.ts';

/** A group once seen must be missing from this many listings, begun after it was last seen, to be lost. */
const MISSING_LISTINGS = 2;

/** What a listing can know: it says nothing of what happened after it began, however late its answer is read. */
interface Asked {
  readonly call: number;
  readonly begunAt: Instant;
}

export const onListed = (state: State, asked: Asked, groups: readonly ListedGroup[]): void => {
  const listed = new Map<GroupId, ListedGroup>(groups.map((group) => [group.groupId, group]));
  const first = state.adoptUntil === undefined;
  state.listFailures = 0;
  if (state.listTrouble !== '') note(state, 'info', 'adapter.list.recovered', {});
  state.listTrouble = '';
  state.adoptUntil ??= later(state.now, state.intentsTrusted ? 0 : state.config.listLagMs);
  const found = [...listed.keys()].some((id) => !state.wanted.has(id) && !state.leaving.has(id));
  if (first) resumeLeaving(state);
  for (const group of listed.values()) onSeen(state, group, first || state.now < state.adoptUntil);
  for (const group of [...state.wanted.values()])
    if (!listed.has(group.groupId)) onWantedMissing(state, group, asked);
  for (const group of [...state.leaving.values()])
    if (!listed.has(group.groupId)) onLeavingMissing(state, group, asked);
  if (first) resumeIntents(state);
  if (first || found) state.foundMax = Math.max(state.foundMax, state.wanted.size + state.leaving.size);
};

const onSeen = (state: State, seen: ListedGroup, adopting: boolean): void => {
  const wanted = state.wanted.get(seen.groupId);
  const leaving = state.leaving.get(seen.groupId);
  if (wanted !== undefined) onWantedSeen(state, wanted, seen);
  else if (leaving !== undefined) {
    leaving.nativeId = seen.nativeId;
    leaving.missing = 0;
  } else if (adopting && seen.state !== 'stopping' && state.mode.name !== 'stopping') adopt(state, seen);
  else {
    note(state, 'warn', 'group.orphan', { group: seen.groupId, native: seen.nativeId, state: seen.state });
    expel(state, seen, 'nobody wants it');
  }
};

const onWantedSeen = (state: State, group: Wanted, seen: ListedGroup): void => {
  // The start's own answer comes first: it may still say that the attempt failed.
  if (group.phase.name === 'starting') return;
  if (seen.state === 'stopping') {
    const why = seen.detail === undefined ? '' : `: ${seen.detail}`;
    lose(state, group, `it is stopping by itself${why}`);
    expel(state, seen, `it was stopping by itself${why}`);
    return;
  }
  hold(state, group, seen);
  // Accepted is not shown yet: after a crash, only a repeat of the start is sure to find it.
  if (group.intent === 'open' && seen.state !== 'pending') {
    group.intent = 'held';
    state.out.push({ kind: 'holdIntent', groupId: group.groupId });
  }
};

const adopt = (state: State, seen: ListedGroup): void => {
  const record = state.restored.get(seen.groupId);
  const known = record?.phase === 'leaving' ? undefined : record;
  note(state, 'info', 'group.adopted', { group: seen.groupId, native: seen.nativeId });
  const phase: Wanted['phase'] = {
    name: 'held',
    instance: seen,
    provenAt: state.now,
    provenBy: state.lastCall,
    missing: 0,
  };
  want(
    state,
    {
      groupId: seen.groupId,
      capabilities: known?.capabilities ?? state.config.capabilities,
      workerIds: known?.workerIds ?? [],
      attempt: known?.attempt ?? 1,
    },
    known === undefined ? 'none' : 'held',
    phase,
  );
  if (known?.phase === 'open') state.out.push({ kind: 'holdIntent', groupId: seen.groupId });
  state.restored.delete(seen.groupId);
};

/** Before the first listing is judged: what was to be stopped is not adopted. */
const resumeLeaving = (state: State): void => {
  for (const intent of [...state.restored.values()]) {
    if (intent.phase !== 'leaving') continue;
    state.restored.delete(intent.groupId);
    expel(state, { groupId: intent.groupId, nativeId: '' }, 'its end was decided before the restart');
  }
};

/** After the first listing: what it did not show and was only asked for, is asked for again with the same token. */
const resumeIntents = (state: State): void => {
  for (const intent of state.restored.values()) {
    if (intent.phase === 'open' && state.mode.name !== 'stopping') {
      note(state, 'info', 'group.resumed', { group: intent.groupId, attempt: intent.attempt });
      const group = want(state, intent, 'open', { name: 'waiting', notBefore: state.now, tries: 0 });
      group.mayExist = true;
    } else if (intent.phase === 'open')
      expel(state, { groupId: intent.groupId, nativeId: '' }, 'the adapter is shutting down');
    else if (intent.phase === 'held' && (state.config.restoreGraceMs ?? 0) > 0) believe(state, intent);
    else if (!state.leaving.has(intent.groupId))
      state.out.push({ kind: 'closeIntent', groupId: intent.groupId });
  }
  state.restored.clear();
};

/** It was seen by a former process, and the provider may be late: until its grace is over it holds its place. */
const believe = (state: State, intent: Intent): void => {
  note(state, 'info', 'group.believed', { group: intent.groupId });
  const instance = { groupId: intent.groupId, nativeId: '', state: 'pending' } as const;
  const { now, lastCall } = state;
  want(state, intent, 'held', { name: 'held', instance, provenAt: now, provenBy: lastCall, missing: 0 });
};

/** What is believed and has not been seen yet gets more time than what was seen and is missing. */
const lagOf = (state: State, group: Wanted, instance: ListedGroup): number =>
  group.intent === 'held' && instance.state === 'pending'
    ? Math.max(state.config.listLagMs, state.config.restoreGraceMs ?? 0)
    : state.config.listLagMs;

const onWantedMissing = (state: State, group: Wanted, { call, begunAt }: Asked): void => {
  const { phase } = group;
  if (phase.name === 'doubtful' && call > phase.since) {
    const waitMs = backoffMs('unknown', Math.max(1, phase.tries), state.config.random());
    group.phase = { name: 'waiting', notBefore: later(state.now, waitMs), tries: phase.tries };
  }
  if (phase.name !== 'held' || call <= phase.provenBy) return;
  const missing = phase.missing + 1;
  group.phase = { ...phase, missing };
  if (missing < MISSING_LISTINGS || begunAt - phase.provenAt < lagOf(state, group, phase.instance)) return;
  lose(state, group, 'the provider no longer lists it');
};

const onLeavingMissing = (state: State, group: Leaving, { call, begunAt }: Asked): void => {
  if (group.phase.name === 'calling' || call <= group.quietBy) return;
  group.missing++;
  const { listLagMs } = state.config;
  if (group.missing < (listLagMs > 0 ? MISSING_LISTINGS : 1) || begunAt - group.quietSince < listLagMs)
    return;
  state.leaving.delete(group.groupId);
  state.out.push({ kind: 'closeIntent', groupId: group.groupId });
  if (!state.ended.has(group.groupId)) remember(state, group.groupId, { attempt: 1, how: 'asked' });
  state.ledger.onEnd(state.now - group.bornAt, state.now);
  note(state, 'info', 'group.gone', {
    group: group.groupId,
    reason: group.reason,
    stoppingMs: state.now - group.since,
  });
};

export const onListFailed = (state: State, detail: string): void => {
  state.listFailures++;
  state.nextListAt = later(state.now, backoffMs('throttled', state.listFailures, state.config.random()));
  if (detail === state.listTrouble) return;
  state.listTrouble = detail;
  note(state, 'warn', 'adapter.list.failed', { detail });
};

/** Every wanted group goes; used when the adapter itself is told to stop. */
export const leaveAll = (state: State, reason: string): void => {
  for (const group of [...state.wanted.values()]) leave(state, group, reason);
};
