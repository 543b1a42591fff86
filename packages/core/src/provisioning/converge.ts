/** What to do next, given everything that is known; run once at the end of each step. */
import type { GroupId, Instant } from '@muster/protocol/ids';
import type { GroupStatus } from '@muster/protocol/messages';
import { FEATURES } from '@muster/protocol/messages';
import { InvariantError } from '../machine.ts';
import { isUp, tell, tellPending } from './answers.ts';
import { leave } from './groups.ts';
import { plan } from './plan.ts';
import type { ObservedGroup } from './plan.ts';
import { beginCall, later, mayExist, note, send } from './state.ts';
import type { State, Wanted } from './state.ts';
import { startToken } from './token.ts';
import type { Intent } from './types.ts';

/** Calls of one kind at once, and groups in one call: a slow one must not hold up the others. */
const CALLS_MAX = 4;
const BATCH_MAX = 16;
/** Between heartbeats that tell of a change. */
const HEARTBEAT_GAP_MS = 50;

export const converge = (state: State): void => {
  giveUp(state);
  if (state.adoptUntil !== undefined) {
    const next = planNext(state);
    startGroups(state, next.start);
    stopGroups(state, next.stop);
  }
  listGroups(state);
};

const planNext = (state: State): ReturnType<typeof plan> => {
  const observed: ObservedGroup[] = [];
  const inFlight = new Set<GroupId>();
  const again = new Set<GroupId>();
  for (const { groupId, phase } of state.wanted.values()) {
    if (phase.name === 'held') observed.push(phase.instance);
    else if (phase.name !== 'waiting' || phase.notBefore > state.now) inFlight.add(groupId);
  }
  for (const { groupId, phase } of state.leaving.values()) {
    observed.push({ groupId, state: 'stopping' });
    if (phase.name === 'calling') inFlight.add(groupId);
    else if ((phase.name === 'due' ? phase.notBefore : phase.repeatAt) <= state.now) again.add(groupId);
  }
  return plan(new Set(state.wanted.keys()), observed, inFlight, again);
};

const callsOf = (state: State, kind: 'list' | 'start' | 'stop'): number => {
  let count = 0;
  for (const call of state.calls.values()) if (call.kind === kind) count++;
  return count;
};

const startGroups = (state: State, ids: readonly GroupId[]): void => {
  let rest = ids;
  while (rest.length > 0 && state.throttledUntil <= state.now && callsOf(state, 'start') < CALLS_MAX) {
    const batch = withinCaps(state, rest.slice(0, BATCH_MAX));
    if (batch.length === 0) return;
    rest = rest.slice(batch.length);
    const call = beginCall(state, {
      kind: 'start',
      deadline: later(state.now, state.config.startTimeoutMs),
      groups: batch,
    });
    state.ledger.onStarts(batch.length, state.now);
    state.out.push({ kind: 'start', call, intents: batch.map((id) => beginStart(state, id, call)) });
  }
};

/** The caps again, right before the call (P3): what has turned up since a group was accepted counts too. */
const withinCaps = (state: State, ids: readonly GroupId[]): readonly GroupId[] => {
  const left = state.ledger.startsLeft(state.now);
  let existing = mayExist(state);
  const batch: GroupId[] = [];
  for (const id of ids) {
    const fresh = state.wanted.get(id)?.intent === 'none';
    if (batch.length === left || (fresh && state.ledger.refusal(existing, state.now) !== undefined)) break;
    if (fresh) existing++;
    batch.push(id);
  }
  return batch;
};

const stopGroups = (state: State, ids: readonly GroupId[]): void => {
  for (let from = 0; from < ids.length && callsOf(state, 'stop') < CALLS_MAX; from += BATCH_MAX) {
    const groups = ids.slice(from, from + BATCH_MAX);
    const call = beginCall(state, {
      kind: 'stop',
      deadline: later(state.now, state.config.stopTimeoutMs),
      groups,
    });
    for (const id of groups) {
      const group = state.leaving.get(id);
      if (group !== undefined) group.phase = { name: 'calling', call, tries: group.phase.tries };
    }
    const reason = groups.map((id) => state.leaving.get(id)?.reason).find((text) => text !== undefined) ?? '';
    state.out.push({ kind: 'stop', call, groupIds: groups, reason });
  }
};

const listGroups = (state: State): void => {
  if (callsOf(state, 'list') > 0) return;
  if (isBusy(state)) {
    const soon = later(state.now, state.config.listBusyIntervalMs);
    if (state.nextListAt > soon && state.listFailures === 0) state.nextListAt = soon;
  }
  if (state.nextListAt > state.now) return;
  const call = beginCall(state, {
    kind: 'list',
    begunAt: state.now,
    deadline: later(state.now, state.config.listTimeoutMs),
  });
  state.nextListAt = later(
    state.now,
    isBusy(state) ? state.config.listBusyIntervalMs : state.config.listIntervalMs,
  );
  state.out.push({ kind: 'list', call });
};

/** Whether a listing is expected to show something new. */
const isBusy = (state: State): boolean => {
  if (state.leaving.size > 0) return true;
  for (const group of state.wanted.values()) {
    if (group.phase.name === 'doubtful') return true;
    if (
      group.phase.name === 'held' &&
      (group.phase.missing > 0 || group.intent === 'open' || group.phase.instance.state !== 'running')
    )
      return true;
  }
  return false;
};

const beginStart = (state: State, id: GroupId, call: number): Intent => {
  const group = state.wanted.get(id);
  if (group?.phase.name !== 'waiting') throw new InvariantError(`start of a group that does not wait: ${id}`);
  group.intent = 'open';
  group.handedAt ??= state.now;
  group.phase = { name: 'starting', call, tries: group.phase.tries };
  const { attempt, workerIds, capabilities } = group;
  return {
    groupId: id,
    attempt,
    token: startToken(state.config.adapterId, id, attempt),
    workerIds,
    capabilities,
    ...(group.mayExist ? { mayExist: true } : {}),
  };
};

const giveUpAt = (state: State, group: Wanted): Instant =>
  later(group.handedAt ?? group.acceptedAt, state.config.startGiveUpMs);

/** P5: a group that does not come up is not waited for for ever. */
const giveUp = (state: State): void => {
  for (const group of [...state.wanted.values()]) {
    group.cameUp ||= isUp(state, group);
    if (group.cameUp || state.now < giveUpAt(state, group)) continue;
    const reason = `not up after ${state.config.startGiveUpMs} ms: ${group.detail}`;
    note(state, 'error', 'group.start.timeout', { group: group.groupId, detail: group.detail });
    leave(state, group, reason);
    tell(state, group.groupId, 'workerGroupIDNotFound', 'unknown', reason);
  }
};

/** Every group that exists or is on its way, as the scheduler is told. */
const statuses = (state: State): readonly GroupStatus[] => [
  ...[...state.wanted.values()].map(({ groupId, phase }): GroupStatus => {
    if (phase.name !== 'held') return { groupId, state: 'pending', nativeId: '' };
    return { groupId, state: phase.instance.state, nativeId: phase.instance.nativeId };
  }),
  ...[...state.leaving.values()].map(({ groupId, nativeId }): GroupStatus => ({
    groupId,
    state: 'stopping',
    nativeId,
  })),
];

/** What an operator must change before anything can be started; the scheduler turns to other adapters meanwhile. */
const troubleOf = ({ hold, now, adoptUntil, listTrouble, listFailures }: State): string => {
  if (hold !== undefined && hold.until > now && (hold.kind === 'unauthorized' || hold.kind === 'invalid'))
    return `${hold.kind}: ${hold.detail}`;
  return adoptUntil === undefined || listFailures >= LIST_FAILURES_TOLD ? listTrouble : '';
};

/** Failed listings in a row after which the provider counts as out of reach, and with it every start. */
const LIST_FAILURES_TOLD = 3;

/** How long the first heartbeat waits for the first listing: a heartbeat that lists nothing says that nothing runs. */
const FIRST_LISTING_MS = 1_000;

export const heartbeat = (state: State): void => {
  if (state.link === 'down') return;
  const listed = state.adoptUntil !== undefined;
  if (!listed && state.now < later(state.bornAt, FIRST_LISTING_MS)) return;
  const groups = listed ? statuses(state) : undefined;
  const trouble = troubleOf(state);
  const saying = JSON.stringify([groups, trouble]);
  // A stock scheduler decides at each heartbeat, and hears no list: it gets the regular ones.
  const changed =
    state.speaks !== 'stock' &&
    saying !== state.told &&
    state.now >= later(state.lastHeartbeatAt, HEARTBEAT_GAP_MS);
  const regular = state.nextHeartbeatAt <= state.now;
  if (!changed && !regular) return;
  const own = state.speaks !== 'stock';
  send(state, {
    kind: 'adapterHeartbeat',
    groupsMax: state.mode.name === 'serving' ? state.config.caps.groupsMax : 0,
    workersPerGroup: state.config.workersPerGroup,
    capabilities: state.config.capabilities,
    adapterId: own ? state.config.adapterId : undefined,
    groups: own ? groups : undefined,
    features: FEATURES,
    offers: own ? (state.config.offers ?? []) : [],
    trouble: own ? trouble : '',
    ...(own ? { count: ++state.heartbeats } : {}),
  });
  state.told = saying;
  state.lastHeartbeatAt = state.now;
  if (!regular) return;
  state.nextHeartbeatAt = later(state.now, state.config.heartbeatMs);
  tellPending(state);
};

/** Earliest instant at which waiting alone changes what is to be done. Due work that is blocked waits for an event. */
export const nextDeadline = (state: State): Instant | undefined => {
  if (state.mode.name === 'exited') return undefined;
  const times: (Instant | undefined)[] = [];
  for (const call of state.calls.values()) times.push(call.deadline);
  if (callsOf(state, 'list') === 0) times.push(state.nextListAt);
  if (state.link === 'up') times.push(heartbeatAt(state));
  for (const one of state.deferred) times.push(one.latestAt);
  if (state.speaks !== 'own')
    for (const one of state.answers) if (one.message === undefined) times.push(one.latestAt);
  if (state.mode.name === 'draining' || state.mode.name === 'stopping') times.push(state.mode.until);
  for (const group of state.wanted.values()) {
    if (!isUp(state, group)) times.push(giveUpAt(state, group));
    if (group.phase.name === 'waiting')
      times.push(group.phase.notBefore, state.throttledUntil, state.ledger.startsLeftAt(state.now));
  }
  for (const { phase } of state.leaving.values()) {
    if (phase.name !== 'calling') times.push(phase.name === 'due' ? phase.notBefore : phase.repeatAt);
  }
  return times.reduce(
    (first, time) =>
      time !== undefined && time > state.now && (first === undefined || time < first) ? time : first,
    undefined,
  );
};

const heartbeatAt = (state: State): Instant => {
  const first = later(state.bornAt, FIRST_LISTING_MS);
  if (state.adoptUntil === undefined && first > state.now) return first;
  const changeAt = later(state.lastHeartbeatAt, HEARTBEAT_GAP_MS);
  const changed =
    state.speaks !== 'stock' &&
    state.adoptUntil !== undefined &&
    JSON.stringify([statuses(state), troubleOf(state)]) !== state.told;
  return changed && changeAt < state.nextHeartbeatAt ? changeAt : state.nextHeartbeatAt;
};
