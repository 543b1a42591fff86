/** Workers come with their first heartbeat, and go when they say so, fall silent, or their link stays down. */
import { showId, workerId } from '@muster/protocol/ids';
import type { PeerId } from '@muster/protocol/ids';
import type { Message, TaskAttempt, WorkerHeartbeat } from '@muster/protocol/messages';
import { canceled } from './cancel.ts';
import { echoEpoch, echoTo, lapse } from './echo.ts';
import { groupFor, joinGroup, leaveGroup } from './group-members.ts';
import { dissolvePool, poolOf } from './kinds.ts';
import { loseTask } from './lost-task.ts';
import { touch } from './indexes.ts';
import { enqueue, release, stopMoving } from './moves.ts';
import { after, deafForMs, note, send, side } from './state.ts';
import type { SchedulerState } from './state.ts';
import { CANCELING, NO_TASK } from './task-table.ts';
import type { TaskRow } from './task-table.ts';
import { Worker } from './worker.ts';

/** A worker of ours whose link is down keeps its tasks this long. */
export const GRACE_MS = 5_000;
/** More than this many tasks at one worker help nobody, whatever it announces. */
const QUEUE_MAX = 10_000;
/** Heartbeats in a row that report nothing, while we believe that the worker holds tasks, before we believe it. */
const EMPTY_REPORTS_MAX = 3;

export const onWorkerHeartbeat = (state: SchedulerState, from: PeerId, beat: WorkerHeartbeat): void => {
  const known = state.workers.get(from);
  const worker = known ?? register(state, from, beat);
  worker.resource = beat.agent;
  worker.queued = beat.queuedTasks;
  const queueSize = Math.max(1, Math.min(beat.queueSize, QUEUE_MAX));
  if (queueSize !== worker.queueSize) {
    worker.queueSize = queueSize;
    touch(state, worker);
  }
  if (known !== undefined && !sameCapabilities(known, beat)) moveToPool(state, worker, beat);
  if (known !== undefined) echoTo(state, worker.id, 'worker', worker.own, worker.epoch);
  auditHeld(state, worker, beat);
};

const register = (state: SchedulerState, from: PeerId, beat: WorkerHeartbeat): Worker => {
  const own = beat.features > 0;
  const pool = poolOf(state, own, beat.capabilities);
  const worker = new Worker({
    id: workerId(from),
    own,
    epoch: echoEpoch(state, from),
    pool,
    capabilities: beat.capabilities,
    queueSize: Math.max(1, Math.min(beat.queueSize, QUEUE_MAX)),
    resource: beat.agent,
    now: state.now,
    table: state.tasks,
  });
  state.workerRegistry.add(worker);
  pool.workers++;
  side(state, own).workers++;
  state.workers.set(from, worker);
  state.timers.set(worker.timeout, after(state, state.config.workerTimeoutMs));
  state.scalingDirty = true;
  const group = groupFor(state, worker);
  note(state, 'worker.registered', 'info', {
    worker: showId(from),
    group: group === undefined ? '' : showId(group.id),
    own,
  });
  // Before what its group has to say: a worker takes the echo of another epoch for the end of any drain.
  echoTo(state, worker.id, 'worker', own, worker.epoch);
  joinGroup(state, worker, group);
  touch(state, worker);
  return worker;
};

const sameCapabilities = (worker: Worker, beat: WorkerHeartbeat): boolean => {
  const [one, other] = [worker.capabilities, beat.capabilities];
  if (one.size !== other.size) return false;
  for (const [name, value] of one) if (other.get(name) !== value) return false;
  return true;
};

const moveToPool = (state: SchedulerState, worker: Worker, beat: WorkerHeartbeat): void => {
  worker.capabilities = beat.capabilities;
  side(state, worker.own).offers.update(worker);
  const pool = poolOf(state, worker.own, beat.capabilities);
  if (pool === worker.pool) return;
  leavePool(state, worker);
  worker.pool = pool;
  pool.workers++;
  touch(state, worker);
};

const leavePool = (state: SchedulerState, worker: Worker): void => {
  const { pool } = worker;
  pool.room.remove(worker.room);
  pool.loaded.remove(worker.loaded);
  if (worker.countedIdle) {
    worker.countedIdle = false;
    pool.idle--;
  }
  if (--pool.workers === 0) dissolvePool(state, pool);
};

/**
 * A link that breaks can swallow an assignment without a word. A worker that keeps saying that it has nothing,
 * while nothing came or went, does not have what we think it has.
 */
const auditHeld = (state: SchedulerState, worker: Worker, beat: WorkerHeartbeat): void => {
  const nothing = beat.queuedTasks === 0 && !beat.processors.some((processor) => processor.hasTask);
  if (!nothing || worker.stirred || worker.holds.length === 0) worker.emptyReports = 0;
  else worker.emptyReports++;
  worker.stirred = false;
  if (worker.emptyReports < EMPTY_REPORTS_MAX) return;
  worker.emptyReports = 0;
  note(state, 'worker.tasks.missing', 'warn', { worker: showId(worker.id), tasks: worker.holds.length });
  for (let task = worker.holds.tail; task !== NO_TASK; task = worker.holds.tail)
    giveBack(state, worker, task);
};

/** Off its worker without having run: waiting again, in front, with no attempt counted. */
export const giveBack = (state: SchedulerState, worker: Worker, task: TaskRow): void => {
  const canceling = state.tasks.phase(task) === CANCELING;
  release(state, task, worker);
  if (canceling) canceled(state, task);
  else enqueue(state, task, 'front');
};

/** Refused by a worker, or given back on request. `kept` ones have started. */
export const onTasksReturned = (
  state: SchedulerState,
  worker: Worker,
  returned: readonly TaskAttempt[],
  kept: readonly TaskAttempt[],
): void => {
  let refused = 0;
  // Newest first, so that the oldest ends up in front.
  for (let i = returned.length - 1; i >= 0; i--) {
    const task = heldTask(state, worker, returned[i]);
    if (task === NO_TASK) continue;
    if (!state.tasks.moving(task) && worker.phase === 'active') refused++;
    giveBack(state, worker, task);
  }
  for (const item of kept) {
    const task = heldTask(state, worker, item);
    if (task !== NO_TASK) stopMoving(state, task, worker);
  }
  if (refused > 0) onRefused(state, worker, refused);
};

/** It believes that it drains and we do not: tell it again, and wait for its next frame. */
const onRefused = (state: SchedulerState, worker: Worker, tasks: number): void => {
  note(state, 'tasks.refused', 'warn', { worker: showId(worker.id), tasks });
  mute(state, worker, 'skipped');
  send(state, worker.id, { kind: 'drain', action: 'callOff' });
};

/** NO_TASK when this worker does not hold that attempt. */
const heldTask = (state: SchedulerState, worker: Worker, item: TaskAttempt | undefined): TaskRow => {
  if (item === undefined) return NO_TASK;
  const task = state.tasks.find(item.taskId);
  if (task === NO_TASK || state.tasks.worker(task) !== worker) return NO_TASK;
  return item.attempt === 0 || item.attempt === state.tasks.attempt(task) ? task : NO_TASK;
};

export const onWorkerTimeoutDue = (state: SchedulerState, worker: Worker): void => {
  const due = Math.max(worker.lastSeen + state.config.workerTimeoutMs - state.now, deafForMs(state));
  if (due > 0) state.timers.set(worker.timeout, after(state, due));
  else loseWorker(state, worker, 'timed out');
};

export const onGraceDue = (state: SchedulerState, worker: Worker): void => {
  const due = deafForMs(state);
  if (due > 0) state.timers.set(worker.grace, after(state, due));
  else loseWorker(state, worker, 'its link stayed down');
};

/**
 * The transport says that it is gone: nothing is sent to it until its next frame. Heartbeats decide whether a
 * stock worker is lost; ours get a short grace.
 */
export const onWorkerDown = (state: SchedulerState, worker: Worker): void => {
  if (!worker.own) return mute(state, worker, 'skipped');
  if (worker.grace.armed) return;
  mute(state, worker, 'down');
  state.timers.set(worker.grace, after(state, GRACE_MS));
};

export const mute = (state: SchedulerState, worker: Worker, why: 'skipped' | 'down'): void => {
  if (worker.mute === 'down') return;
  worker.mute = why;
  touch(state, worker);
};

/** Any frame from it: it lives, and its queue moves. */
export const onWorkerFrame = (state: SchedulerState, worker: Worker): void => {
  worker.lastSeen = state.now;
  if (worker.mute === 'no') return;
  worker.mute = 'no';
  state.timers.clear(worker.grace);
  touch(state, worker);
  if (worker.own && worker.phase === 'draining') send(state, worker.id, { kind: 'drain', action: 'drain' });
};

export const onDisconnectRequest = (
  state: SchedulerState,
  from: PeerId,
  message: Extract<Message, { kind: 'disconnectRequest' }>,
): void => {
  const worker = state.workers.get(message.worker);
  if (worker !== undefined && from === message.worker) loseWorker(state, worker, 'disconnected');
  else if (worker !== undefined) {
    note(state, 'disconnect.refused', 'warn', { worker: showId(message.worker), from: showId(from) });
    return;
  }
  send(state, from, { kind: 'disconnectResponse', worker: message.worker });
};

/** What it held goes back to waiting, oldest in front; what was being canceled on it is canceled. */
export const loseWorker = (state: SchedulerState, worker: Worker, reason: string): void => {
  const { tasks } = state;
  const { holds } = worker;
  note(state, 'worker.lost', reason === 'disconnected' ? 'info' : 'warn', {
    worker: showId(worker.id),
    group: worker.group === undefined ? '' : showId(worker.group.id),
    reason,
    tasks: holds.length,
  });
  const oldest = holds.head;
  const oldestPriority = oldest === NO_TASK ? 0 : tasks.kind(oldest).priority;
  // Newest first, so that the oldest ends up in front.
  for (let task = holds.tail; task !== NO_TASK; task = holds.tail) {
    const mayHaveRun = task === oldest || tasks.kind(task).priority > oldestPriority;
    const canceling = tasks.phase(task) === CANCELING;
    release(state, task, worker);
    if (canceling) canceled(state, task);
    else loseTask(state, task, worker, mayHaveRun);
  }
  if (worker.own && reason !== 'disconnected') lapse(state, worker.id);
  worker.phase = 'lost';
  leavePool(state, worker);
  state.workers.delete(worker.id);
  state.workerRegistry.remove(worker);
  side(state, worker.own).workers--;
  state.parked.delete(worker.id);
  state.echoesOwed.delete(worker.id);
  state.timers.clear(worker.timeout);
  state.timers.clear(worker.grace);
  state.timers.clear(worker.ackFlush);
  worker.outTasks = [];
  state.scalingDirty = true;
  leaveGroup(state, worker);
};
