/**
 * Adapters: who they are, and the comparison of what they list with what we want, both ways, at each of their
 * heartbeats.
 */
import { adapterId, epochOfGroup, groupId, showId } from '@muster/protocol/ids';
import type { GroupId, PeerId } from '@muster/protocol/ids';
import type { AdapterCommandResponse, AdapterHeartbeat, GroupStatus } from '@muster/protocol/messages';
import { Adapter, adapterTableKey } from './adapter.ts';
import { adapterExtras } from './echo.ts';
import { adoptUngrouped } from './group-members.ts';
import type { Group } from './group.ts';
import { judgeTrial, startFailed } from './breaker.ts';
import { adoptGroup, groupGone, groupPending, sendStopCommand } from './groups.ts';
import { shutDownLate } from './shutdown.ts';
import { after, deafForMs, note, noteOnce, send } from './state.ts';
import type { SchedulerState } from './state.ts';
import { arrivedSince, nameGroup, readAnswer, startCommand, stopCommand } from './stock-adapter.ts';
import { announce, correct, recount, sameOffers } from './supply.ts';
import { loseWorker } from './workers.ts';

/** A start that its adapter has neither answered nor listed is sent again after this; it is idempotent. */
const START_AGAIN_MS = 3_000;
/** A heartbeat this soon after a shutdown command may have crossed it. */
const STOP_AGAIN_MS = 500;
/** What is left of an adapter that does not come back is forgotten after this. */
const FORGET_MS = 600_000;
const GROUPS_MAX = 1_000_000;
/** Characters of what an adapter says that are kept. */
const SAYS_MAX = 512;
/** Identities of former processes that an adapter is remembered by. */
const FORMER_MAX = 16;

export const onAdapterHeartbeat = (state: SchedulerState, from: PeerId, beat: AdapterHeartbeat): Adapter => {
  const adapter = adapterFor(state, from, beat);
  if (adapter.peer !== from) return adapter;
  if (!isLatest(adapter, beat)) return adapter;
  adapter.lastSeen = state.now;
  if (!adapter.up) {
    adapter.up = true;
    state.scalingDirty = true;
    note(state, 'adapter.back', 'info', { adapter: showId(adapter.key) });
  }
  const groupsMax = Math.min(beat.groupsMax, GROUPS_MAX);
  const workersPerGroup = Math.max(1, beat.workersPerGroup);
  if (groupsMax !== adapter.groupsMax || workersPerGroup !== adapter.workersPerGroup)
    state.scalingDirty = true;
  adapter.groupsMax = groupsMax;
  if (workersPerGroup !== adapter.workersPerGroup) {
    adapter.workersPerGroup = workersPerGroup;
    for (const group of adapter.groups) recount(group);
  }
  if (!sameOffers(adapter, beat)) {
    announce(adapter, beat);
    state.scalingDirty = true;
  }
  hearTrouble(state, adapter, beat.trouble);
  judgeTrial(state, adapter);
  // Without a list the provider has not been asked yet: that says nothing about what runs.
  if (adapter.own && beat.groups !== undefined) reconcile(state, adapter, beat.groups);
  send(state, from, {
    kind: 'adapterHeartbeatEcho',
    extras: adapter.own ? adapterExtras(state) : undefined,
    registered: adapter.own
      ? [...adapter.groups].filter((one) => one.workers.size > 0).map((one) => one.id)
      : [],
  });
  return adapter;
};

/** One that a later one has overtaken lists what is long past. */
const isLatest = (adapter: Adapter, { count = 0 }: AdapterHeartbeat): boolean => {
  if (count > 0 && count <= adapter.beats) return false;
  adapter.beats = count;
  return true;
};

/** What it says of itself outranks what we learnt from failures. */
const hearTrouble = (state: SchedulerState, adapter: Adapter, trouble: string): void => {
  const says = trouble.slice(0, SAYS_MAX);
  if (says === adapter.says) return;
  adapter.says = says;
  state.scalingDirty = true;
  const fields = { adapter: showId(adapter.key), reason: showId(adapter.says) };
  note(state, 'adapter.trouble', says === '' ? 'info' : 'warn', fields);
};

/** Frames of a process that is no more may arrive after those of the next one: what they list is long past. */
const isOutdated = (state: SchedulerState, adapter: Adapter, from: PeerId): boolean => {
  if (!adapter.up || !adapter.former.has(from)) return false;
  noteOnce(state, `former:${from}`, 'adapter.former', 'info', {
    adapter: showId(adapter.key),
    from: showId(from),
  });
  return true;
};

const adapterFor = (state: SchedulerState, from: PeerId, beat: AdapterHeartbeat): Adapter => {
  const own = beat.features > 0 && beat.adapterId !== undefined;
  const key = adapterId(own && beat.adapterId !== undefined ? beat.adapterId : from);
  const known = state.adapters.get(adapterTableKey(own, key));
  if (known !== undefined) {
    if (known.peer === from || isOutdated(state, known, from)) return known;
    if (known.up && state.now - known.lastSeen < START_AGAIN_MS && state.adapterOfPeer.has(known.peer)) {
      noteOnce(state, `adapter:${from}`, 'adapter.moved', 'info', {
        adapter: showId(key),
        from: showId(from),
      });
    }
    // The same instance after a restart, under a new identity.
    known.former.delete(from);
    known.former.add(known.peer);
    for (const oldest of known.former) {
      if (known.former.size <= FORMER_MAX) break;
      known.former.delete(oldest);
    }
    if (state.adapterOfPeer.get(known.peer) === known) state.adapterOfPeer.delete(known.peer);
    known.peer = from;
    known.beats = 0;
    state.adapterOfPeer.set(from, known);
    return known;
  }
  const adapter = new Adapter({ key, own, peer: from, beat, now: state.now });
  announce(adapter, beat);
  state.adapters.set(adapterTableKey(own, key), adapter);
  state.adapterOfPeer.set(from, adapter);
  state.timers.set(adapter.timeout, after(state, state.config.adapterTimeoutMs));
  state.scalingDirty = true;
  note(state, 'adapter.registered', 'info', {
    adapter: showId(key),
    own,
    groupsMax: beat.groupsMax,
    workersPerGroup: beat.workersPerGroup,
  });
  return adapter;
};

/** Level-triggered: whatever was lost on the way, list and table agree again after a few heartbeats. */
const reconcile = (state: SchedulerState, adapter: Adapter, listing: readonly GroupStatus[]): void => {
  const listed = new Set<Group>();
  const orphans = new Map<GroupId, number>();
  for (const status of listing) {
    const known = state.groups.get(status.groupId);
    const group = known ?? onUnknownListed(state, adapter, status, orphans);
    if (group === undefined) continue;
    if (group.adapter !== adapter) {
      noteOnce(state, `group.twice:${group.id}:${adapter.key}`, 'group.listed.twice', 'warn', {
        group: showId(group.id),
        adapter: showId(adapter.key),
        other: showId(group.adapter.key),
      });
      continue;
    }
    listed.add(group);
    group.listed = true;
    group.nativeId = status.nativeId;
    if (group.state.phase === 'stopping') askAgain(state, group, status);
    if (group.state.phase !== 'requested') continue;
    group.state.confirmed = true;
    group.state.missing = 0;
    if (status.state === 'pending') groupPending(state, group);
  }
  adapter.orphans.clear();
  for (const [id, times] of orphans) adapter.orphans.set(id, times);
  for (const group of [...adapter.groups]) if (!listed.has(group)) onNotListed(state, group);
};

/** The adapter lists it as if nobody had asked for its end: the command went to an adapter that is gone, or was lost. */
const askAgain = (state: SchedulerState, group: Group, status: GroupStatus): void => {
  if (group.state.phase !== 'stopping' || status.state === 'stopping') return;
  if (state.now - group.state.sentAt >= STOP_AGAIN_MS) sendStopCommand(state, group, group.state);
};

/**
 * Somebody else's? Never: an earlier self started it, or we did and gave it up. One that works is taken back, and drained
 * before it is stopped (P4): we gave it up by mistake.
 */
const onUnknownListed = (
  state: SchedulerState,
  adapter: Adapter,
  status: GroupStatus,
  orphans: Map<GroupId, number>,
): Group | undefined => {
  const id = groupId(status.groupId);
  const isOrphan = status.state === 'stopping' || !state.strays.has(id);
  if (epochOfGroup(id) === state.config.epoch && isOrphan) {
    const times = (adapter.orphans.get(id) ?? 0) + 1;
    orphans.set(id, times);
    // A grace of one listing, because a list may lag behind a stop; then insist with every second one.
    if (times % 2 !== 0) return undefined;
    note(state, 'group.orphan', 'warn', { group: showId(id), adapter: showId(adapter.key), times });
    send(state, adapter.peer, stopCommand(state, adapter, id));
    return undefined;
  }
  const group = adoptGroup(state, adapter, id, status.state === 'stopping');
  // Its workers may have registered before: evidence of a worker outranks the list.
  for (const worker of [...(state.strays.get(id) ?? [])]) adoptUngrouped(state, group, worker);
  shutDownLate(state, group);
  return group;
};

const onNotListed = (state: SchedulerState, group: Group): void => {
  if (group.state.phase === 'requested') return onRequestedNotListed(state, group);
  // Provider and transport agree that it is dead: no need to wait out the grace of its links.
  if ([...group.workers].every((worker) => worker.mute === 'down')) {
    for (const worker of [...group.workers]) loseWorker(state, worker, 'its group is gone');
  }
  if (group.workers.size > 0 || !state.groups.has(group.id)) return;
  groupGone(state, group, group.phase === 'stopping' ? 'stopped' : 'its adapter no longer lists it');
};

const onRequestedNotListed = (state: SchedulerState, group: Group): void => {
  if (group.state.phase !== 'requested') return;
  if (group.listed) {
    if (++group.state.missing < 2) return;
    startFailed(state, group, 'unknown', 'a group ended while it started');
    return groupGone(state, group, 'it ended while it started');
  }
  if (group.state.confirmed || state.now - group.state.sentAt < START_AGAIN_MS) return;
  group.state.sentAt = state.now;
  send(state, group.adapter.peer, startCommand(state, group));
};

export const onAdapterResponse = (
  state: SchedulerState,
  from: PeerId,
  response: AdapterCommandResponse,
): void => {
  const adapter = state.adapterOfPeer.get(from);
  if (adapter === undefined) {
    return noteOnce(state, `response:${from}`, 'adapter.response.ignored', 'warn', {
      from: showId(from),
      reason: 'no heartbeat of this adapter has come',
    });
  }
  const heard = { ...response, reason: response.reason.slice(0, SAYS_MAX) };
  if (adapter.own) onOwnResponse(state, adapter, heard);
  else onStockResponse(state, adapter, heard);
};

const onOwnResponse = (state: SchedulerState, adapter: Adapter, response: AdapterCommandResponse): void => {
  const group = response.groupId === undefined ? undefined : state.groups.get(response.groupId);
  if (group === undefined || group.adapter !== adapter) return;
  const { status, failure, reason } = response;
  if (status === 'workerGroupShutdown' || status === 'workerGroupIDNotFound') {
    if (group.phase === 'requested' && status === 'workerGroupIDNotFound') {
      startFailed(state, group, failure, reason === '' ? 'a group ended while it started' : reason);
    }
    // Reported stopped. A live worker outranks the report; the next list settles it.
    if (group.workers.size === 0)
      groupGone(state, group, status === 'workerGroupShutdown' ? 'stopped' : 'not found');
    return;
  }
  if (status === 'pending') return groupPending(state, group);
  if (status === 'success') {
    hearOffers(group, response);
    if (group.state.phase === 'requested') group.state.confirmed = true;
    state.scalingDirty = true;
    return;
  }
  if (group.state.phase !== 'requested') {
    return note(state, 'adapter.refused', 'warn', {
      adapter: showId(adapter.key),
      group: showId(group.id),
      status,
      reason,
    });
  }
  startFailed(state, group, failure, reason === '' ? status : reason);
  groupGone(state, group, `start failed: ${reason === '' ? status : reason}`);
};

const hearOffers = (group: Group, { command, capabilities }: AdapterCommandResponse): void => {
  if (command !== 'startWorkerGroup') return;
  group.answered = capabilities;
  if (capabilities.size > 0) correct(group, 'answer', capabilities);
};

const onStockResponse = (state: SchedulerState, adapter: Adapter, response: AdapterCommandResponse): void => {
  const answer = readAnswer(state, adapter, response);
  switch (answer.kind) {
    case 'started':
      nameGroup(state, answer.group, answer.id, answer.workers);
      hearOffers(answer.group, response);
      for (const worker of arrivedSince(state, answer.group)) adoptUngrouped(state, answer.group, worker);
      state.scalingDirty = true;
      return;
    case 'startFailed':
      startFailed(
        state,
        answer.group,
        response.failure,
        response.reason === '' ? response.status : response.reason,
      );
      return groupGone(state, answer.group, `start failed: ${response.status}`);
    case 'stopped':
      if (answer.group.workers.size === 0) groupGone(state, answer.group, 'stopped');
      else answer.group.reported = true;
      return;
    case 'notFound':
      return groupGone(state, answer.group, 'its adapter does not know it');
    case 'unwanted':
      note(state, 'group.orphan', 'warn', {
        group: showId(answer.id),
        adapter: showId(adapter.key),
        times: 1,
      });
      return send(state, adapter.peer, stopCommand(state, adapter, answer.id));
    case 'ignored':
      return note(state, 'adapter.response.ignored', 'warn', {
        adapter: showId(adapter.key),
        reason: answer.why,
      });
  }
};

/** Its groups are kept: silence of an adapter says nothing about what it started. */
export const onAdapterTimeoutDue = (state: SchedulerState, adapter: Adapter): void => {
  const { adapterTimeoutMs } = state.config;
  const deafMs = deafForMs(state);
  if (deafMs > 0) return state.timers.set(adapter.timeout, after(state, deafMs));
  const silent = state.now - adapter.lastSeen;
  if (silent < adapterTimeoutMs)
    return state.timers.set(adapter.timeout, after(state, adapterTimeoutMs - silent));
  if (adapter.up) {
    adapter.up = false;
    state.scalingDirty = true;
    note(state, 'adapter.lost', 'warn', { adapter: showId(adapter.key), groups: adapter.groups.size });
  }
  if (silent < FORGET_MS) return state.timers.set(adapter.timeout, after(state, FORGET_MS - silent));
  for (const group of [...adapter.groups]) {
    if (group.workers.size === 0) groupGone(state, group, 'its adapter has not come back');
  }
  if (adapter.groups.size > 0) return state.timers.set(adapter.timeout, after(state, adapterTimeoutMs));
  state.adapters.delete(adapterTableKey(adapter.own, adapter.key));
  // The peer may be another adapter by now.
  if (state.adapterOfPeer.get(adapter.peer) === adapter) state.adapterOfPeer.delete(adapter.peer);
  note(state, 'adapter.forgotten', 'warn', { adapter: showId(adapter.key) });
};

/** A command did not leave: a start is sent again with the next heartbeat, a stop by its deadline. */
export const onCommandUndelivered = (
  state: SchedulerState,
  peer: PeerId,
  command: string,
  id: GroupId | undefined,
): void => {
  const adapter = state.adapterOfPeer.get(peer);
  if (adapter === undefined || command !== 'startWorkerGroup') return;
  if (adapter.starting !== undefined)
    return groupGone(state, adapter.starting, 'the start could not be sent');
  const group = id === undefined ? undefined : state.groups.get(id);
  if (group?.state.phase === 'requested') group.state.sentAt = after(state, -START_AGAIN_MS);
};
