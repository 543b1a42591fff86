/**
 * Every move of a task from one phase to the next, in the only file that changes a task's phase.
 *
 * T1 Every task is in exactly the list that its phase names.
 * T2 A task has a worker exactly while it is assigned or canceling.
 * T3 `cancels` has an entry for exactly the canceling tasks.
 * T4 Tasks whose client is gone are canceling: nobody waits for them.
 * T5 `counts.waiting`, `.assigned` and `.canceling`, and `tasks` of each side, are what counting would give.
 */
import type { TaskHead, TaskResultHead } from '@muster/protocol/messages';
import type { Bucket } from './bucket.ts';
import { markBucket, touch } from './indexes.ts';
import { dissolveKind } from './kinds.ts';
import { side, WAITS_KEPT } from './state.ts';
import type { SchedulerState } from './state.ts';
import { ASSIGNED, CANCELING, FINISHED, WAITING } from './task-table.ts';
import type { TaskKind } from './task-kind.ts';
import type { TaskRow } from './task-table.ts';
import type { Worker } from './worker.ts';

/** – → waiting, in no queue yet: the caller says where it goes. */
export const admit = (
  state: SchedulerState,
  head: TaskHead,
  kind: TaskKind,
  attemptsMax: number,
): TaskRow => {
  const task = state.tasks.insert(head, kind, state.now, attemptsMax);
  kind.client.adopt(task);
  kind.fn.tasks++;
  kind.bucket.tasks++;
  kind.work.tasks++;
  kind.work.demand.tasks++;
  const mine = side(state, kind.bucket.own);
  mine.tasks++;
  mine.hadWork = true;
  state.scalingDirty = true;
  return task;
};

/** A new task, or one that comes back from a worker (then in front of those that never left). */
export const enqueue = (state: SchedulerState, task: TaskRow, place: 'back' | 'front'): void => {
  const { bucket, work } = state.tasks.kind(task);
  state.tasks.setPhase(task, WAITING);
  work.waiting++;
  work.demand.waiting++;
  if (place === 'back') bucket.pushBack(task);
  else bucket.pushFront(task);
  state.counts.waiting++;
  markBucket(state, bucket);
};

/** Hands a waiting task to a worker; it is sent when the step ends. */
export const assign = (state: SchedulerState, task: TaskRow, worker: Worker): void => {
  const { tasks } = state;
  dequeue(state, task);
  hold(state, task, worker);
  state.counts.attempts++;
  if (tasks.losses(task) === 0) state.waits[state.waitsSeen++ % WAITS_KEPT] = tasks.age(task, state.now);
  if (worker.outTasks.length === 0) state.dirtyWorkers.push(worker);
  worker.outTasks.push(tasks.head(task));
  worker.outAttempts.push(tasks.attempt(task));
  if (!worker.own) return;
  const sources = worker.outSources;
  const source = tasks.client(task).id;
  let index = sources.length - 1;
  if (sources[index] !== source) index = sources.indexOf(source);
  worker.outSourceOf.push(index < 0 ? sources.push(source) - 1 : index);
};

/** The worker has it already: a task of a former scheduler, or of a worker that was thought lost. */
export const adoptHeld = (state: SchedulerState, task: TaskRow, worker: Worker, attempt: number): void => {
  state.tasks.setAttempt(task, attempt);
  hold(state, task, worker);
  touch(state, worker);
};

const hold = (state: SchedulerState, task: TaskRow, worker: Worker): void => {
  const { tasks } = state;
  const { estimate } = tasks.kind(task).fn;
  tasks.setPhase(task, ASSIGNED);
  tasks.setWorker(task, worker);
  tasks.setEstimate(task, estimate);
  worker.holds.pushBack(task);
  worker.aheadUs += 1 << estimate;
  worker.stirred = true;
  worker.worked = true;
  state.counts.assigned++;
};

/** Takes an assigned or canceling task off its worker; the caller says where it goes. */
export const release = (state: SchedulerState, task: TaskRow, worker: Worker): void => {
  const { tasks } = state;
  worker.holds.remove(task);
  worker.aheadUs -= 1 << tasks.estimate(task);
  worker.stirred = true;
  tasks.setWorker(task, undefined);
  stopMoving(state, task, worker);
  if (tasks.phase(task) === CANCELING) {
    state.counts.canceling--;
    forgetCancel(state, task);
  } else state.counts.assigned--;
  touch(state, worker);
};

/** It was given back, has started, or was never asked for. */
export const stopMoving = (state: SchedulerState, task: TaskRow, worker: Worker): void => {
  if (!state.tasks.moving(task)) return;
  state.tasks.setMoving(task, false);
  worker.moving--;
};

export const markCanceling = (state: SchedulerState, task: TaskRow): void => {
  state.tasks.setPhase(task, CANCELING);
  state.counts.assigned--;
  state.counts.canceling++;
};

/** The worker goes on with it. */
export const unmarkCanceling = (state: SchedulerState, task: TaskRow): void => {
  forgetCancel(state, task);
  state.tasks.setPhase(task, ASSIGNED);
  state.counts.canceling--;
  state.counts.assigned++;
};

const forgetCancel = (state: SchedulerState, task: TaskRow): void => {
  const cancel = state.cancels.get(task);
  if (cancel === undefined) return;
  state.timers.clear(cancel.timer);
  state.cancels.delete(task);
};

/** Off the waiting queue. */
export const dequeue = (state: SchedulerState, task: TaskRow): void => {
  const { bucket, work } = state.tasks.kind(task);
  bucket.remove(task);
  work.waiting--;
  work.demand.waiting--;
  state.counts.waiting--;
};

/** Nothing more will happen to its attempts: from here on it no longer counts as work. */
const settleWork = (state: SchedulerState, { fn, bucket, work }: TaskKind): void => {
  fn.tasks--;
  work.tasks--;
  work.demand.tasks--;
  if (--bucket.tasks === 0 && bucket.needs.size > 0) dissolveBucket(state, bucket);
  side(state, bucket.own).tasks--;
  state.scalingDirty = true;
};

/** Off everything but the client's lists; it keeps its result until the client has it. */
export const finish = (state: SchedulerState, task: TaskRow, result: TaskResultHead): void => {
  const { tasks } = state;
  const kind = tasks.kind(task);
  settleWork(state, kind);
  tasks.setPhase(task, FINISHED);
  tasks.setFrame(task, result);
  tasks.setOutcome(task, result.outcome);
  tasks.setSince(task, state.now);
  kind.client.finished.pushBack(task);
};

/** Forgets a task that is in no queue and on no worker. */
export const drop = (state: SchedulerState, task: TaskRow): void => {
  const { tasks } = state;
  const kind = tasks.kind(task);
  if (tasks.phase(task) === FINISHED) kind.client.finished.remove(task);
  else settleWork(state, kind);
  kind.client.release(task);
  tasks.remove(task);
  if (kind.refs === 0) dissolveKind(kind);
};

const dissolveBucket = (state: SchedulerState, bucket: Bucket): void => {
  state.buckets.delete(bucket.key);
  for (const pool of bucket.pools) pool.buckets.splice(pool.buckets.indexOf(bucket), 1);
  bucket.pools.length = 0;
};
