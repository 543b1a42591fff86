/**
 * Cancel tells the truth: the client hears `canceled` only when the task will not run any more, and gets the
 * result when that came first.
 *
 * A worker that does not answer is asked once more; then the client hears `cancelFailed` and the task stays
 * where it is, because the worker's heartbeats, not its manners, decide whether it lives. For a client that is
 * gone nobody waits: after the same time the task is forgotten, and its result, should one come, is dropped.
 */
import { showId } from '@muster/protocol/ids';
import type { TaskId } from '@muster/protocol/ids';
import type { CancelConfirm } from '@muster/protocol/messages';
import type { Client } from './client.ts';
import { flushResults } from './flush.ts';
import { dequeue, drop, enqueue, markCanceling, release, unmarkCanceling } from './moves.ts';
import { resend } from './results.ts';
import { after, Cancel, note, send } from './state.ts';
import type { SchedulerState } from './state.ts';
import { ASSIGNED, CANCELING, FINISHED, WAITING } from './task.ts';
import type { Task } from './task.ts';
import type { Worker } from './worker.ts';

const ANSWER_MS = 5_000;
const SENDS_MAX = 2;

/** After the results that are on their way to the client: one of them may be what it asks about. */
const confirm = (state: SchedulerState, client: Client, taskId: TaskId, answer: CancelConfirm): void => {
  flushResults(state, client);
  send(state, client.id, { kind: 'taskCancelConfirm', taskId, confirm: answer });
};

export const onCancel = (state: SchedulerState, client: Client, taskId: TaskId, force: boolean): void => {
  const task = state.tasks.get(taskId);
  if (task === undefined) return confirm(state, client, taskId, 'cancelNotFound');
  if (task.client !== client) {
    note(state, 'cancel.refused', 'warn', {
      task: showId(taskId),
      client: showId(client.id),
      reason: 'the task belongs to another client',
    });
    return confirm(state, client, taskId, 'cancelNotFound');
  }
  if (task.phase === FINISHED) return resend(state, task);
  cancel(state, task, force);
};

/** A client's own wish, or the end of its client. */
export const cancel = (state: SchedulerState, task: Task, force: boolean): void => {
  if (task.phase === WAITING) {
    dequeue(state, task);
    return canceled(state, task);
  }
  const { worker } = task;
  if (worker === undefined) return;
  const known = state.cancels.get(task);
  if (known === undefined) {
    const fresh = new Cancel(task, force);
    state.cancels.set(task, fresh);
    markCanceling(state, task);
    state.timers.set(fresh.timer, after(state, ANSWER_MS));
  } else if (force && !known.force) known.force = true;
  else return;
  send(state, worker.id, { kind: 'taskCancel', taskId: task.id, force });
};

export const onCancelDue = (state: SchedulerState, request: Cancel): void => {
  const { task } = request;
  const { worker, client } = task;
  if (worker === undefined) return;
  if (request.sends < SENDS_MAX) {
    request.sends++;
    state.timers.set(request.timer, after(state, ANSWER_MS));
    return send(state, worker.id, { kind: 'taskCancel', taskId: task.id, force: request.force });
  }
  note(state, 'cancel.unanswered', 'warn', { task: showId(task.id), worker: showId(worker.id) });
  if (client.gone) {
    release(state, task, worker);
    return canceled(state, task);
  }
  state.cancels.delete(task);
  unmarkCanceling(state, task);
  confirm(state, client, task.id, 'cancelFailed');
};

/** A worker answers: to a client's cancel, or to one that was to move the task to an idle worker. */
export const onCancelConfirm = (
  state: SchedulerState,
  worker: Worker,
  taskId: TaskId,
  answer: CancelConfirm,
): void => {
  const task = state.tasks.get(taskId);
  if (task === undefined || task.worker !== worker) return;
  if (task.phase === CANCELING) return onCancelingAnswered(state, worker, task, answer);
  if (task.phase !== ASSIGNED) return;
  if (answer === 'cancelFailed') return keepMoving(task, worker);
  // Moved, or never arrived there: in both cases nobody runs it.
  release(state, task, worker);
  enqueue(state, task, 'front');
};

const onCancelingAnswered = (
  state: SchedulerState,
  worker: Worker,
  task: Task,
  answer: CancelConfirm,
): void => {
  if (answer !== 'cancelFailed') {
    release(state, task, worker);
    return canceled(state, task);
  }
  // The first of two answers belongs to the move that was under way.
  if (task.moving) return keepMoving(task, worker);
  const { client } = task;
  const request = state.cancels.get(task);
  if (request !== undefined && client.gone) return;
  if (request !== undefined) state.timers.clear(request.timer);
  state.cancels.delete(task);
  unmarkCanceling(state, task);
  confirm(state, client, task.id, 'cancelFailed');
};

/** It has started: it stays. */
const keepMoving = (task: Task, worker: Worker): void => {
  if (!task.moving) return;
  task.moving = false;
  worker.moving--;
};

/** Nobody runs it and nobody will. */
export const canceled = (state: SchedulerState, task: Task): void => {
  const { client } = task;
  state.counts.canceled++;
  drop(state, task);
  if (!client.gone) confirm(state, client, task.id, 'canceled');
};
