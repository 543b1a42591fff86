/**
 * Submits, results and acknowledgements: a task's way in and out.
 *
 * R1 A task of an own client is kept, finished, until that client acknowledges its result; one of a stock
 *    client is dropped when its result is sent, because stock clients never acknowledge.
 * R2 A result counts only if it comes from the worker that holds the task, for the attempt that it holds.
 *    Any other result is noted and acknowledged, so that nobody sends it again.
 */
import { showId } from '@muster/protocol/ids';
import type { TaskId } from '@muster/protocol/ids';
import type { TaskAttempt, TaskHead, TaskResultHead } from '@muster/protocol/messages';
import { acknowledge } from './acks.ts';
import type { Client } from './client.ts';
import { failedResult } from './failed-result.ts';
import { proveGroup } from './groups.ts';
import { kindOf } from './kinds.ts';
import { admit, adoptHeld, dequeue, drop, enqueue, finish, release } from './moves.ts';
import { releaseUnowned, trackResult } from './objects.ts';
import { awaitsClient, takeOrphan } from './orphans.ts';
import { after, armBy, note, noteSummed, send } from './state.ts';
import type { SchedulerState } from './state.ts';
import { FINISHED, NO_TASK, WAITING } from './task-table.ts';
import type { TaskKind } from './task-kind.ts';
import type { TaskRow, TaskTable } from './task-table.ts';
import type { Worker } from './worker.ts';

/** A client that was silent for longer is not sent results again until it speaks. */
const CLIENT_LIVE_MS = 10_000;
const RESEND_MAX = 1_024;
const TASKS_MAX = 16_000_000;
const RESULTS_MAX = 1_000_000;

export const onSubmit = (state: SchedulerState, client: Client, head: TaskHead): void => {
  const known = state.tasks.find(head.taskId);
  const attempt = known === NO_TASK ? 0 : leftBehind(state, client, known);
  if (known !== NO_TASK && attempt === 0) return onOfferedAgain(state, client, known);
  if (state.tasks.size >= (state.config.tasksMax ?? TASKS_MAX)) return refuse(state, client, head.taskId);
  const kind = kindOf(state, client, head);
  const attemptsMax = client.own ? (head.attemptsMax > 0 ? head.attemptsMax : state.config.attemptsMax) : 0;
  const task = admit(state, head, kind, attemptsMax);
  state.tasks.setAttempt(task, attempt + 1);
  const orphan = state.orphans.size > 0 ? takeOrphan(state, head.taskId) : undefined;
  if (orphan === undefined) return enqueue(state, task, 'back');
  adoptHeld(state, task, orphan.worker, orphan.attempt);
  note(state, 'task.recovered', 'debug', { task: showId(head.taskId), worker: showId(orphan.worker.id) });
  if (orphan.result !== undefined) onResult(state, orphan.worker, orphan.result, orphan.attempt);
};

/**
 * A client that was given up for its silence is back, before its tasks were all canceled: what it offers is a new task,
 * and the canceled attempt is nobody's. @returns the number of that attempt; 0 where the task is no such leftover.
 */
const leftBehind = (state: SchedulerState, client: Client, task: TaskRow): number => {
  const { tasks } = state;
  const owner = tasks.client(task);
  const worker = tasks.worker(task);
  if (owner === client || owner.id !== client.id || worker === undefined) return 0;
  const attempt = tasks.attempt(task);
  release(state, task, worker);
  drop(state, task);
  return attempt;
};

/** Idempotent: a task is what it was. A result that the client seems to have missed is sent at once. */
const onOfferedAgain = (state: SchedulerState, client: Client, task: TaskRow): void => {
  if (state.tasks.client(task) !== client) {
    noteSummed(state, 'task.refused', 'warn', {
      task: showId(state.tasks.id(task)),
      client: showId(client.id),
      reason: 'another client submitted a task with this id',
    });
    // Nobody will run it for this client: a definite answer instead of silence.
    send(state, client.id, { kind: 'taskCancelConfirm', taskId: state.tasks.id(task), confirm: 'canceled' });
    return;
  }
  if (state.tasks.phase(task) === FINISHED) resend(state, task);
};

/** There is no room for one more: a definite answer. */
const refuse = (state: SchedulerState, client: Client, taskId: TaskId): void => {
  const reason = 'the scheduler has as many tasks as it takes';
  noteSummed(state, 'task.refused', 'warn', { task: showId(taskId), client: showId(client.id), reason });
  if (client.own) deliver(state, client, failedResult(taskId, reason), 1);
  else send(state, client.id, { kind: 'taskCancelConfirm', taskId, confirm: 'canceled' });
};

export const onResult = (
  state: SchedulerState,
  worker: Worker,
  head: TaskResultHead,
  attempt: number,
): void => {
  const { tasks } = state;
  const task = tasks.find(head.taskId);
  if (
    task === NO_TASK ||
    tasks.worker(task) !== worker ||
    (attempt !== 0 && attempt !== tasks.attempt(task))
  ) {
    return onStrayResult(state, worker, head, attempt, task);
  }
  const held = tasks.attempt(task);
  if (worker.own) acknowledge(state, worker, head.taskId, held);
  if (worker.group !== undefined && !worker.group.proved) proveGroup(state, worker.group);
  if (head.durationMs !== undefined) measure(tasks.kind(task), head.durationMs);
  release(state, task, worker);
  conclude(state, task, head, held, worker);
};

const measure = ({ fn, work }: TaskKind, durationMs: number): void => {
  fn.observe(durationMs);
  work.took.add(durationMs);
};

/** The end of a task: its outcome goes to its client, if that is still there. */
export const conclude = (
  state: SchedulerState,
  task: TaskRow,
  head: TaskResultHead,
  attempt: number,
  by: Worker,
): void => {
  const { tasks, now } = state;
  const client = tasks.client(task);
  state.endings.add(head.taskId, now, head.outcome, tasks.age(task, now), attempt, tasks.losses(task), by.id);
  if (head.outcome === 'success') state.counts.succeeded++;
  else state.counts.failed++;
  if (head.objectIds.length > 0) trackResult(state, client, head.objectIds);
  if (client.gone) return drop(state, task);
  if (client.own) {
    finish(state, task, head);
    if (client.finished.length > (state.config.resultsMax ?? RESULTS_MAX)) forgetOldest(state, client);
    if (!client.resend.armed) state.timers.set(client.resend, after(state, state.config.resultResendMs));
  } else drop(state, task);
  deliver(state, client, head, attempt);
};

/** It takes results and acknowledges none, or reads nothing any more. */
const forgetOldest = (state: SchedulerState, client: Client): void => {
  drop(state, client.finished.head);
  noteSummed(state, 'result.forgotten', 'warn', {
    client: showId(client.id),
    reason: 'too many are unacknowledged',
  });
};

const deliver = (state: SchedulerState, client: Client, head: TaskResultHead, attempt: number): void => {
  if (client.outResults.length === 0) state.dirtyClients.push(client);
  client.outResults.push(head);
  client.outAttempts.push(attempt);
};

const onStrayResult = (
  state: SchedulerState,
  worker: Worker,
  head: TaskResultHead,
  attempt: number,
  task: TaskRow,
): void => {
  const finished = task !== NO_TASK && state.tasks.phase(task) === FINISHED;
  if (task === NO_TASK && worker.own && awaitsClient(state, worker, head)) return;
  if (worker.own) acknowledge(state, worker, head.taskId, attempt);
  if (!finished) releaseUnowned(state, head.objectIds);
  noteSummed(state, 'result.stale', 'debug', {
    task: showId(head.taskId),
    worker: showId(worker.id),
    attempt,
    reason: task === NO_TASK ? 'unknown task' : finished ? 'already finished' : 'held elsewhere',
  });
};

/** The client has these results and will never ask for them again. */
export const onResultAck = (state: SchedulerState, client: Client, acks: readonly TaskAttempt[]): void => {
  const { tasks } = state;
  for (const ack of acks) {
    const task = tasks.find(ack.taskId);
    if (task === NO_TASK || tasks.phase(task) !== FINISHED || tasks.client(task) !== client) continue;
    drop(state, task);
  }
};

/** Results that were sent long ago and not acknowledged, oldest first. */
export const onResendDue = (state: SchedulerState, client: Client): void => {
  const { resultResendMs } = state.config;
  const live = state.now - client.lastSeen <= Math.max(CLIENT_LIVE_MS, resultResendMs);
  let budget = live ? RESEND_MAX : 0;
  for (let task = client.finished.head; task !== NO_TASK && budget > 0; task = client.finished.head) {
    if (state.tasks.age(task, state.now) < resultResendMs) break;
    resend(state, task);
    budget--;
  }
  const oldest = client.finished.head;
  if (oldest === NO_TASK) return;
  const dueMs = resultResendMs - state.tasks.age(oldest, state.now);
  armBy(state, client.resend, after(state, Math.max(dueMs, live ? 10 : 1_000)));
};

export const resend = (state: SchedulerState, task: TaskRow): void => {
  const { tasks } = state;
  const client = tasks.client(task);
  tasks.setSince(task, state.now);
  client.finished.remove(task);
  client.finished.pushBack(task);
  deliver(state, client, finishedHead(tasks, task), tasks.attempt(task));
};

/** Forwarded by its bytes; what else a head says was dealt with when the result came. */
const finishedHead = (tasks: TaskTable, task: TaskRow): TaskResultHead => ({
  ...tasks.frame(task),
  taskId: tasks.id(task),
  outcome: tasks.outcome(task),
  durationMs: undefined,
  objectIds: [],
});

/** A worker that was thought lost, or one that outlived a scheduler, says what it has. */
export const onTasksHeld = (
  state: SchedulerState,
  worker: Worker,
  held: readonly TaskAttempt[],
): readonly TaskAttempt[] => {
  const { tasks } = state;
  const unknown: TaskAttempt[] = [];
  for (const { taskId, attempt } of held) {
    const task = tasks.find(taskId);
    if (task === NO_TASK) unknown.push({ taskId, attempt });
    else if (tasks.phase(task) === WAITING) {
      dequeue(state, task);
      adoptHeld(state, task, worker, attempt);
      note(state, 'task.recovered', 'debug', { task: showId(taskId), worker: showId(worker.id) });
    } else if (tasks.phase(task) === FINISHED) acknowledge(state, worker, taskId, attempt);
    else if (tasks.worker(task) === worker) {
      // Given to it while it already had it from a former scheduler, whose count went on: results come under that.
      tasks.setAttempt(task, Math.max(tasks.attempt(task), attempt));
    } else {
      // Somebody else runs it by now; this copy is for nobody.
      state.effects.push({
        kind: 'send',
        to: worker.id,
        message: { kind: 'taskCancel', taskId, force: true },
      });
    }
  }
  return unknown;
};
