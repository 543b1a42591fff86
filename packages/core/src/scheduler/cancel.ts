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
import { dequeue, drop, enqueue, markCanceling, release, stopMoving, unmarkCanceling } from './moves.ts';
import { resend } from './results.ts';
import { after, Cancel, note, noteSummed, send } from './state.ts';
import type { SchedulerState } from './state.ts';
import { ASSIGNED, CANCELING, FINISHED, NO_TASK, WAITING } from './task-table.ts';
import type { TaskRow } from './task-table.ts';
import type { Worker } from './worker.ts';

const ANSWER_MS = 5_000;
const SENDS_MAX = 2;

/** After the results that are on their way to the client: one of them may be what it asks about. */
const confirm = (state: SchedulerState, client: Client, taskId: TaskId, answer: CancelConfirm): void => {
  flushResults(state, client);
  send(state, client.id, { kind: 'taskCancelConfirm', taskId, confirm: answer });
};

export const onCancel = (state: SchedulerState, client: Client, taskId: TaskId, force: boolean): void => {
  const task = state.tasks.find(taskId);
  if (task === NO_TASK) return confirm(state, client, taskId, 'cancelNotFound');
  if (state.tasks.client(task) !== client) {
    noteSummed(state, 'cancel.refused', 'warn', {
      task: showId(taskId),
      client: showId(client.id),
      reason: 'the task belongs to another client',
    });
    return confirm(state, client, taskId, 'cancelNotFound');
  }
  if (state.tasks.phase(task) === FINISHED) return resend(state, task);
  cancel(state, task, force);
};

/** A client's own wish, or the end of its client. */
export const cancel = (state: SchedulerState, task: TaskRow, force: boolean): void => {
  if (state.tasks.phase(task) === WAITING) {
    dequeue(state, task);
    return canceled(state, task);
  }
  const worker = state.tasks.worker(task);
  if (worker === undefined) return;
  const known = state.cancels.get(task);
  if (known === undefined) {
    const fresh = new Cancel(task, force);
    state.cancels.set(task, fresh);
    markCanceling(state, task);
    state.timers.set(fresh.timer, after(state, ANSWER_MS));
  } else if (force && !known.force) known.force = true;
  else return;
  send(state, worker.id, { kind: 'taskCancel', taskId: state.tasks.id(task), force });
};

export const onCancelDue = (state: SchedulerState, request: Cancel): void => {
  const { task } = request;
  const worker = state.tasks.worker(task);
  if (worker === undefined) return;
  const client = state.tasks.client(task);
  const taskId = state.tasks.id(task);
  if (request.sends < SENDS_MAX) {
    request.sends++;
    state.timers.set(request.timer, after(state, ANSWER_MS));
    return send(state, worker.id, { kind: 'taskCancel', taskId, force: request.force });
  }
  note(state, 'cancel.unanswered', 'warn', { task: showId(taskId), worker: showId(worker.id) });
  if (client.gone) {
    release(state, task, worker);
    return canceled(state, task);
  }
  unmarkCanceling(state, task);
  confirm(state, client, taskId, 'cancelFailed');
};

/** A worker answers: to a client's cancel, or to one that was to move the task to an idle worker. */
export const onCancelConfirm = (
  state: SchedulerState,
  worker: Worker,
  taskId: TaskId,
  answer: CancelConfirm,
): void => {
  const task = state.tasks.find(taskId);
  if (task === NO_TASK || state.tasks.worker(task) !== worker) return;
  const phase = state.tasks.phase(task);
  if (phase === CANCELING) return onCancelingAnswered(state, worker, task, answer);
  if (phase !== ASSIGNED) return;
  if (answer === 'cancelFailed') return stopMoving(state, task, worker);
  // Moved, or never arrived there: in both cases nobody runs it.
  release(state, task, worker);
  enqueue(state, task, 'front');
};

const onCancelingAnswered = (
  state: SchedulerState,
  worker: Worker,
  task: TaskRow,
  answer: CancelConfirm,
): void => {
  if (answer !== 'cancelFailed') {
    release(state, task, worker);
    return canceled(state, task);
  }
  // The first of two answers belongs to the move that was under way.
  if (state.tasks.moving(task)) return stopMoving(state, task, worker);
  const client = state.tasks.client(task);
  if (client.gone) return; // nobody to tell: its deadline ends it
  const taskId = state.tasks.id(task);
  unmarkCanceling(state, task);
  confirm(state, client, taskId, 'cancelFailed');
};

/** Nobody runs it and nobody will. */
export const canceled = (state: SchedulerState, task: TaskRow): void => {
  const client = state.tasks.client(task);
  const { tasks, now } = state;
  const taskId = tasks.id(task);
  state.endings.add(
    taskId,
    now,
    'canceled',
    tasks.age(task, now),
    tasks.attempt(task),
    tasks.losses(task),
    undefined,
  );
  state.counts.canceled++;
  drop(state, task);
  if (!client.gone) confirm(state, client, taskId, 'canceled');
};
