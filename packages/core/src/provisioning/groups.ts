/** The life of a group inside an adapter: every way in, every way out. */
import type { Capabilities, GroupId, Instant, WorkerId } from '@muster/protocol/ids';
import { settleStart, started, tell } from './answers.ts';
import { backoffMs } from './backoff.ts';
import type { StartFailureKind } from './backoff.ts';
import { later, mintWorkers, note, response, send } from './state.ts';
import type { Ended, State, Wanted } from './state.ts';
import type { ListedGroup } from './types.ts';

const ENDED_MAX = 1_024;

interface NewGroup {
  readonly groupId: GroupId;
  readonly capabilities: Capabilities;
  readonly workerIds: readonly WorkerId[];
  readonly attempt: number;
}

/** – → waiting: a scheduler asked for it and the caps allow it. */
export const accept = (state: State, groupId: GroupId, capabilities: Capabilities): Wanted => {
  const attempt = (state.ended.get(groupId)?.attempt ?? 0) + 1;
  state.ended.delete(groupId);
  note(state, 'info', 'group.accepted', { group: groupId, attempt });
  return want(state, { groupId, capabilities, workerIds: mintWorkers(state, groupId), attempt }, 'none', {
    name: 'waiting',
    notBefore: state.now,
    tries: 0,
  });
};

export const want = (
  state: State,
  group: NewGroup,
  intent: Wanted['intent'],
  phase: Wanted['phase'],
): Wanted => {
  const wanted: Wanted = {
    ...group,
    acceptedAt: state.now,
    handedAt: undefined,
    mayExist: false,
    cameUp: false,
    intent,
    phase,
    detail: '',
  };
  state.wanted.set(group.groupId, wanted);
  return wanted;
};

/** waiting, starting or doubtful → held: the provider has it. */
export const hold = (state: State, group: Wanted, instance: ListedGroup): void => {
  if (group.phase.name !== 'held') {
    note(state, 'info', 'group.held', { group: group.groupId, native: instance.nativeId });
    const waited = settleStart(state, group.groupId, started(state, group));
    if (!waited && state.speaks === 'stock') send(state, started(state, group));
    state.failures = 0;
    state.throttles = 0;
    state.hold = undefined;
  }
  group.detail = '';
  group.phase = { name: 'held', instance, provenAt: state.now, provenBy: state.lastCall, missing: 0 };
};

/** wanted → ended: the provider will not start it. The next start under this id is a new attempt. */
export const failStart = (state: State, group: Wanted, kind: StartFailureKind, detail: string): void => {
  end(state, group, 'failed');
  note(state, kind === 'capacity' || kind === 'quota' ? 'warn' : 'error', 'group.failed', {
    group: group.groupId,
    failure: kind,
    detail,
  });
  const message = refused(state, group.groupId, kind, detail);
  if (!settleStart(state, group.groupId, message)) tell(state, group.groupId, message.status, kind, detail);
};

/** A refused or failed start. A stock scheduler knows one word for it; its other numbers end some releases of it. */
export const refused = (
  state: State,
  groupId: GroupId | undefined,
  failure: StartFailureKind,
  reason: string,
): ReturnType<typeof response> => {
  const full = failure === 'quota' || failure === 'capacity' || state.speaks !== 'own';
  const status = full ? 'workerGroupTooMuch' : 'unknownAction';
  return response(state, { command: 'startWorkerGroup', groupId, status, failure, reason });
};

/** Definitive failures concern the adapter, not one group: leave the provider alone, let the scheduler look elsewhere. */
export const holdBack = (state: State, kind: StartFailureKind, detail: string): void => {
  state.failures++;
  const until = later(state.now, backoffMs(kind, state.failures, state.config.random()));
  state.hold = { kind, until, detail };
  for (const group of [...state.wanted.values()]) {
    if (group.phase.name === 'waiting' && group.intent === 'none') failStart(state, group, kind, detail);
  }
};

/** held → ended: not asked for, only the scheduler replaces it, under a new id. */
export const lose = (state: State, group: Wanted, reason: string): void => {
  end(state, group, 'lost');
  state.ledger.onEnd(state.now - group.acceptedAt, state.now);
  note(state, 'warn', 'group.lost', { group: group.groupId, reason });
  tell(state, group.groupId, 'workerGroupIDNotFound', 'none', reason);
};

/** wanted → leaving, or → ended where the provider has never heard of it. */
export const leave = (state: State, group: Wanted, reason: string): void => {
  const { groupId, phase } = group;
  const known = group.intent !== 'none' || phase.name === 'held';
  forget(state, group, 'asked');
  settleStart(
    state,
    groupId,
    response(state, { command: 'startWorkerGroup', groupId, status: 'workerGroupShutdown', reason }),
  );
  note(state, 'info', 'group.leaving', { group: groupId, reason });
  if (!known) return;
  const nativeId = phase.name === 'held' ? phase.instance.nativeId : '';
  expel(state, { groupId, nativeId }, reason, group.acceptedAt);
  if (phase.name !== 'starting') return;
  const leaving = state.leaving.get(groupId);
  if (leaving !== undefined) leaving.phase = { name: 'calling', call: phase.call, tries: 0 };
};

/** → leaving: it exists and nobody wants it. */
export const expel = (
  state: State,
  group: Pick<ListedGroup, 'groupId' | 'nativeId'>,
  reason: string,
  bornAt: Instant = state.now,
): void => {
  state.out.push({ kind: 'leaveIntent', groupId: group.groupId });
  state.leaving.set(group.groupId, {
    groupId: group.groupId,
    nativeId: group.nativeId,
    reason,
    since: state.now,
    bornAt,
    phase: { name: 'due', notBefore: state.now, tries: 0 },
    missing: 0,
    quietSince: state.now,
    quietBy: state.lastCall,
  });
};

const end = (state: State, group: Wanted, how: Ended['how']): void => {
  forget(state, group, how);
  if (group.intent !== 'none') state.out.push({ kind: 'closeIntent', groupId: group.groupId });
};

const forget = (state: State, group: Wanted, how: Ended['how']): void => {
  state.wanted.delete(group.groupId);
  remember(state, group.groupId, { attempt: group.attempt, how });
};

/** For answers about groups that are no more. */
export const remember = (state: State, groupId: GroupId, ended: Ended): void => {
  state.ended.delete(groupId);
  state.ended.set(groupId, ended);
  for (const oldest of state.ended.keys()) {
    if (state.ended.size <= ENDED_MAX) break;
    state.ended.delete(oldest);
  }
};
