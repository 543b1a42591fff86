/**
 * Every move of a task from one phase to the next, in the only file that changes `Task.phase`.
 *
 * T1 Every task in `tasks` is in exactly the list that its phase names, and dropped ones are not in `tasks`.
 * T2 A task has a worker exactly while it is assigned or canceling.
 * T3 `cancels` has an entry for exactly the canceling tasks.
 * T4 Tasks whose client is gone are canceling: nobody waits for them.
 * T5 `counts.waiting`, `.assigned` and `.canceling`, and `tasks` of each side, are what counting would give.
 */
import type { TaskResultHead } from '@muster/protocol/messages';
import type { Bucket } from './bucket.ts';
import { markBucket, touch } from './indexes.ts';
import { side, WAITS_KEPT } from './state.ts';
import type { SchedulerState } from './state.ts';
import { ASSIGNED, CANCELING, DROPPED, FINISHED, headOf, WAITING } from './task.ts';
import type { Task } from './task.ts';
import type { Worker } from './worker.ts';

/** A new task, or one that comes back from a worker (then in front of those that never left). */
export const enqueue = (state: SchedulerState, task: Task, place: 'back' | 'front'): void => {
  const bucket = task.kind.bucket;
  task.phase = WAITING;
  task.worker = undefined;
  if (place === 'back') bucket.pushBack(task);
  else bucket.pushFront(task);
  state.counts.waiting++;
  markBucket(state, bucket);
};

/** Hands a waiting task to a worker; it is sent when the step ends. */
export const assign = (state: SchedulerState, task: Task, worker: Worker): void => {
  const bucket = task.kind.bucket;
  bucket.remove(task);
  state.counts.waiting--;
  hold(state, task, worker);
  state.counts.attempts++;
  if (task.losses === 0) state.waits[state.waitsSeen++ % WAITS_KEPT] = state.now - task.since;
  if (worker.outTasks.length === 0) state.dirtyWorkers.push(worker);
  worker.outTasks.push(headOf(task));
  worker.outAttempts.push(task.attempt);
  if (worker.own) {
    const sources = worker.outSources;
    const source = task.client.id;
    let index = sources.length - 1;
    if (sources[index] !== source) index = sources.indexOf(source);
    worker.outSourceOf.push(index < 0 ? sources.push(source) - 1 : index);
  }
};

/** The worker has it already: a task of a former scheduler, or of a worker that was thought lost. */
export const adoptHeld = (state: SchedulerState, task: Task, worker: Worker, attempt: number): void => {
  task.attempt = Math.max(1, attempt);
  hold(state, task, worker);
  touch(state, worker);
};

const hold = (state: SchedulerState, task: Task, worker: Worker): void => {
  task.phase = ASSIGNED;
  task.worker = worker;
  task.moving = false;
  task.estimate = task.kind.fn.estimate;
  worker.holds.pushBack(task);
  worker.aheadUs += 1 << task.estimate;
  worker.stirred = true;
  state.counts.assigned++;
};

/** Takes an assigned or canceling task off its worker; the caller says where it goes. */
export const release = (state: SchedulerState, task: Task, worker: Worker): void => {
  worker.holds.remove(task);
  worker.aheadUs -= 1 << task.estimate;
  worker.stirred = true;
  task.worker = undefined;
  if (task.moving) {
    task.moving = false;
    worker.moving--;
  }
  if (task.phase === CANCELING) {
    state.counts.canceling--;
    const cancel = state.cancels.get(task);
    if (cancel !== undefined) {
      state.timers.clear(cancel.timer);
      state.cancels.delete(task);
    }
  } else state.counts.assigned--;
  touch(state, worker);
};

export const markCanceling = (state: SchedulerState, task: Task): void => {
  task.phase = CANCELING;
  state.counts.assigned--;
  state.counts.canceling++;
};

/** The worker goes on with it. */
export const unmarkCanceling = (state: SchedulerState, task: Task): void => {
  task.phase = ASSIGNED;
  state.counts.canceling--;
  state.counts.assigned++;
};

/** Off the waiting queue, for good. */
export const dequeue = (state: SchedulerState, task: Task): void => {
  task.kind.bucket.remove(task);
  state.counts.waiting--;
};

/** Nothing more will happen to its attempts: from here on it no longer counts as work. */
const settleWork = (state: SchedulerState, task: Task): void => {
  const { kind } = task;
  kind.fn.tasks--;
  const bucket = kind.bucket;
  if (--bucket.tasks === 0 && bucket.needs.size > 0) dissolveBucket(state, bucket);
  side(state, bucket.own).tasks--;
  state.scalingDirty = true;
};

/** Off everything but the client's lists; it keeps its result until the client has it. */
export const finish = (state: SchedulerState, task: Task, result: TaskResultHead): void => {
  settleWork(state, task);
  task.phase = FINISHED;
  task.bytes = result.bytes;
  task.start = result.start;
  task.end = result.end;
  task.outcome = result.outcome;
  task.since = state.now;
  task.client.finished.pushBack(task);
};

/** Forgets a task that is in no queue and on no worker. */
export const drop = (state: SchedulerState, task: Task): void => {
  if (task.phase === FINISHED) task.client.finished.remove(task);
  else settleWork(state, task);
  task.phase = DROPPED;
  task.client.release(task);
  state.tasks.delete(task.id);
};

const dissolveBucket = (state: SchedulerState, bucket: Bucket): void => {
  state.buckets.delete(bucket.key);
  for (const pool of bucket.pools) pool.buckets.splice(pool.buckets.indexOf(bucket), 1);
  bucket.pools.length = 0;
};
