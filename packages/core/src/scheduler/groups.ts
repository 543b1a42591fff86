/** The phases of worker groups: every edge of the table in group.ts, and nothing else. */
import { groupId, NO_CAPABILITIES, showId } from '@muster/protocol/ids';
import type { Capabilities, GroupId } from '@muster/protocol/ids';
import { never } from '../machine.ts';
import type { Adapter } from './adapter.ts';
import { beginTrial, closeBreaker, endTrial, startFailed } from './breaker.ts';
import { Group } from './group.ts';
import type { DrainCause, GroupPhase, GroupState } from './group.ts';
import { settleIdle, touch } from './indexes.ts';
import { flushAcks } from './acks.ts';
import { after, deafForMs, note, send } from './state.ts';
import type { SchedulerState } from './state.ts';
import { doubt, doubtMs, isNameless, startCommand, stopCommand } from './stock-adapter.ts';
import { stray } from './strays.ts';
import { delist, enlist, recount } from './supply.ts';

const enter = (state: SchedulerState, group: Group, next: GroupState, reason: string): void => {
  const { phases } = group.adapter;
  phases[group.phase]--;
  phases[next.phase]++;
  state.counts.groupsUp += Number(isUp(next.phase)) - Number(isUp(group.phase));
  group.supply.phases[group.phase]--;
  group.supply.phases[next.phase]++;
  group.state = next;
  group.since = state.now;
  group.reason = reason;
  group.life.add({ at: state.now, phase: next.phase, reason });
  state.timers.clear(group.timer);
  if (next.phase !== 'running') group.supply.deserted.delete(group);
  state.scalingDirty = true;
  recount(group);
  settleIdle(state, group);
  for (const worker of group.workers) touch(state, worker);
};

/** There, or as good as: with a worker, or it had one. */
export const isUp = (phase: GroupPhase): boolean => phase === 'running' || phase === 'draining';

const noteGroup = (
  state: SchedulerState,
  event: string,
  level: 'info' | 'warn',
  group: Group,
  fields: Readonly<Record<string, string | number | boolean>> = {},
): void =>
  note(state, event, level, { group: showId(group.id), adapter: showId(group.adapter.key), ...fields });

const insert = (state: SchedulerState, group: Group): void => {
  state.groups.set(group.id, group);
  group.adapter.groups.add(group);
  group.adapter.phases[group.phase]++;
  enlist(group);
  doubt(state, group);
  group.life.add({ at: state.now, phase: group.phase, reason: group.reason });
  state.scalingDirty = true;
};

/** – → requested (active). */
export const requestGroup = (
  state: SchedulerState,
  adapter: Adapter,
  capabilities: Capabilities,
  reason: string,
): Group => {
  const id = groupId(`g-${state.config.epoch}-${++state.groupsMinted}`);
  const group = new Group(
    id,
    adapter,
    capabilities,
    { phase: 'requested', requestedAt: state.now, sentAt: state.now, confirmed: false, missing: 0 },
    state.now,
  );
  group.reason = reason;
  insert(state, group);
  state.timers.set(group.timer, after(state, state.config.startTimeoutMs));
  noteGroup(state, 'group.requested', 'info', group, { reason });
  adapter.wasAsked = true;
  beginTrial(state, group);
  if (!adapter.own) adapter.starting = group;
  send(state, adapter.peer, startCommand(state, group));
  return group;
};

/** – → requested (passive): an earlier scheduler's, or given up by mistake. Its workers join afterwards. */
export const adoptGroup = (
  state: SchedulerState,
  adapter: Adapter,
  id: GroupId,
  stopping: boolean,
): Group => {
  const group = new Group(
    id,
    adapter,
    NO_CAPABILITIES,
    stopping
      ? { phase: 'stopping', sends: 1, sentAt: state.now }
      : { phase: 'requested', requestedAt: state.now, sentAt: state.now, confirmed: true, missing: 0 },
    state.now,
  );
  group.listed = true;
  group.returningUntil = after(state, state.config.workerTimeoutMs);
  group.reason = 'its adapter lists it';
  insert(state, group);
  const { stopTimeoutMs, startTimeoutMs } = state.config;
  state.timers.set(group.timer, after(state, stopping ? stopTimeoutMs : startTimeoutMs));
  noteGroup(state, 'group.adopted', 'info', group, { phase: group.phase });
  return group;
};

/** requested → running (passive): one of its workers is here. */
export const groupRuns = (state: SchedulerState, group: Group): void => {
  const started = group.state.phase === 'requested' ? group.state.requestedAt : state.now;
  if (group.returningUntil === undefined) group.adapter.startTimes.add(state.now - started);
  group.fillsUntil = after(state, state.config.startTimeoutMs);
  enter(state, group, { phase: 'running' }, 'its first worker is here');
  if (!group.ran) {
    group.ran = true;
    state.counts.groupsStarted++;
  }
  const { counts } = state;
  counts.groupsPeak = Math.max(counts.groupsPeak, counts.groupsUp);
  noteGroup(state, 'group.running', 'info', group, { afterMs: state.now - started });
};

/** Renews a start deadline: the provider has not given up, only its own limit ends it. */
export const groupPending = (state: SchedulerState, group: Group): void => {
  if (group.state.phase !== 'requested') return;
  group.state.confirmed = true;
  const { startTimeoutMs, pendingTimeoutMs } = state.config;
  const left = group.state.requestedAt + pendingTimeoutMs - state.now;
  if (left > 0) state.timers.set(group.timer, after(state, Math.min(startTimeoutMs, left)));
};

/** running → draining (active, or passive when its workers began by themselves). */
export const drainGroup = (state: SchedulerState, group: Group, cause: DrainCause, reason: string): void => {
  if (group.state.phase === 'requested') return stopGroup(state, group, reason);
  if (group.state.phase === 'stopping') return;
  const again = group.state.phase === 'draining';
  enter(state, group, { phase: 'draining', cause }, reason);
  state.timers.set(group.timer, after(state, state.config.drainTimeoutMs));
  noteGroup(state, 'group.draining', 'info', group, { cause, reason, workers: group.workers.size });
  for (const worker of group.workers) {
    if (worker.phase !== 'active') continue;
    worker.phase = 'draining';
    touch(state, worker);
    if (!worker.own) continue;
    flushAcks(state, worker);
    if (!again || cause !== 'worker') send(state, worker.id, { kind: 'drain', action: 'drain' });
  }
  settleDrain(state, group);
};

/** draining → stopping (active) once nothing is held there: ours say so, of stock workers we see it. */
export const settleDrain = (state: SchedulerState, group: Group): void => {
  if (group.state.phase !== 'draining') return;
  for (const worker of group.workers) {
    if (worker.own ? worker.phase !== 'drained' : worker.holds.length > 0) return;
  }
  stopGroup(state, group, 'drained');
};

/** draining → running (active): the drain took too long, and a running task is worth more than an idle group. */
const callOff = (state: SchedulerState, group: Group): void => {
  group.fillsUntil = undefined;
  enter(state, group, { phase: 'running' }, 'drain called off');
  for (const worker of group.workers) {
    if (worker.phase === 'lost') continue;
    worker.phase = 'active';
    touch(state, worker);
    if (worker.own) send(state, worker.id, { kind: 'drain', action: 'callOff' });
  }
};

/** → stopping (active). */
export const stopGroup = (state: SchedulerState, group: Group, reason: string): void => {
  if (isNameless(group)) return groupGone(state, group, `${reason}; nobody can name it`);
  enter(state, group, { phase: 'stopping', sends: 0, sentAt: state.now }, reason);
  for (const worker of group.workers) if (worker.phase === 'active') worker.phase = 'draining';
  noteGroup(state, 'group.stopping', 'info', group, { reason });
  sendStop(state, group);
};

export const sendStop = (state: SchedulerState, group: Group): void => {
  if (group.state.phase !== 'stopping') return;
  state.timers.set(group.timer, after(state, state.config.stopTimeoutMs));
  sendStopCommand(state, group, group.state);
};

/** Without a new deadline: an adapter that does not listen is still noticed. */
export const sendStopCommand = (
  state: SchedulerState,
  group: Group,
  stopping: Extract<GroupState, { phase: 'stopping' }>,
): void => {
  stopping.sends++;
  stopping.sentAt = state.now;
  send(state, group.adapter.peer, stopCommand(state, group.adapter, group.id));
};

/** → gone (passive): out of every table. Workers that still live count as workers without a group. */
export const groupGone = (state: SchedulerState, group: Group, reason: string): void => {
  const { adapter } = group;
  const asked = group.phase === 'stopping';
  for (const worker of group.workers) {
    worker.group = undefined;
    worker.countedBusy = false;
    if (!worker.own) worker.phase = 'active'; // its adapter does not know it, so nobody stops it
    stray(state, worker);
    touch(state, worker);
  }
  group.workers.clear();
  group.busy = 0;
  settleIdle(state, group);
  state.timers.clear(group.timer);
  adapter.phases[group.phase]--;
  if (isUp(group.phase)) state.counts.groupsUp--;
  adapter.groups.delete(group);
  delist(group);
  endTrial(group);
  if (adapter.starting === group) adapter.starting = undefined;
  state.groups.delete(group.id);
  group.life.add({ at: state.now, phase: 'gone', reason });
  state.lives.push(group.life);
  state.scalingDirty = true;
  if (group.ran) state.counts.groupsStopped++;
  noteGroup(state, 'group.gone', asked ? 'info' : 'warn', group, { reason });
};

/** Its workers are here, or the others may still come (G4). */
export const awaitOthers = (state: SchedulerState, group: Group): void => {
  if (group.phase !== 'running') return;
  const { fillsUntil } = group;
  if (fillsUntil !== undefined && fillsUntil > state.now && lacksWorkers(group)) {
    state.timers.set(group.timer, fillsUntil);
    recount(group);
  } else endFilling(state, group);
};

const lacksWorkers = ({ workers, adapter }: Group): boolean => workers.size < adapter.workersPerGroup;

/** What is there is all that it has. */
const endFilling = (state: SchedulerState, group: Group): void => {
  state.timers.clear(group.timer);
  group.fillsUntil = undefined;
  recount(group);
  state.scalingDirty = true;
};

/** A group of this adapter did work. */
export const proveGroup = (state: SchedulerState, group: Group): void => {
  group.proved = true;
  closeBreaker(state, group.adapter);
};

export const onGroupDue = (state: SchedulerState, group: Group): void => {
  // Who did not listen cannot say that it was silent: what came meanwhile is read first.
  const deafMs = deafForMs(state);
  if (deafMs === 0 && group.phase === 'running' && group.workers.size > 0) return endFilling(state, group);
  const waitMs = deafMs > 0 ? deafMs : doubtMs(state, group);
  if (waitMs > 0) return state.timers.set(group.timer, after(state, waitMs));
  const { state: now } = group;
  switch (now.phase) {
    case 'requested':
      noteGroup(state, 'group.start.timeout', 'warn', group, { waitedMs: state.now - now.requestedAt });
      startFailed(state, group, 'unknown', 'a group did not start in time');
      return stopGroup(state, group, 'it did not start in time');
    case 'running':
      return stopGroup(state, group, 'it has had no live worker for too long');
    case 'draining':
      noteGroup(state, 'group.drain.timeout', 'warn', group, { cause: now.cause, busy: group.busy });
      return now.cause === 'scaleDown'
        ? callOff(state, group)
        : stopGroup(state, group, 'the drain took too long');
    case 'stopping':
      noteGroup(state, 'group.stop.timeout', 'warn', group, { sends: now.sends });
      return sendStop(state, group);
    default:
      return never(now);
  }
};
