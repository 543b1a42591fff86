/** What the scheduler asks for: tasks, cancels, taking back. */
import type { Instant, TaskId } from '@muster/protocol/ids';
import type { TaskAttempt } from '@muster/protocol/messages';
import type { OfferedTask } from '../worker-types.ts';
import { confirmCancel, dropCanceled, giveBack, recall, startStop } from './pipeline.ts';
import { dropResult, holdResult, resend } from './results.ts';
import { head, note } from './state.ts';
import type { Held, WorkerState } from './state.ts';

export const onTasks = (state: WorkerState, tasks: readonly OfferedTask[], now: Instant): void => {
  for (const task of tasks) {
    const held = state.held.get(task.taskId);
    const known = state.finished.get(task.taskId);
    // Held twice is run once: the scheduler lost sight of it and counts anew.
    if (held !== undefined) held.attempt = Math.max(held.attempt, task.attempt);
    else if (known !== undefined && known.result.attempt >= task.attempt) resend(state, task.taskId, now);
    else if (known?.result.outcome === 'success') {
      dropResult(state, task.taskId);
      holdResult(state, { ...known.result, attempt: task.attempt }, now);
    } else {
      // A failure that the scheduler answers with a new attempt is as good as acknowledged.
      dropResult(state, task.taskId);
      accept(state, task);
    }
  }
};

const accept = (state: WorkerState, task: OfferedTask): void => {
  const full = state.held.size >= state.config.tasksMax;
  if (full || state.phase.name !== 'accepting') {
    if (full)
      note(state, 'debug', 'worker.task.refused', { held: state.held.size, tasksMax: state.config.tasksMax });
    state.out.returned.push({ taskId: task.taskId, attempt: task.attempt });
    return;
  }
  const held: Held = {
    task,
    attempt: task.attempt,
    place: 'queue',
    run: 0,
    wish: 'none',
    expectedMs: Infinity,
  };
  state.held.set(task.taskId, held);
  state.queue.push(held);
};

export const onTakeBack = (state: WorkerState, tasks: readonly TaskAttempt[]): void => {
  for (const asked of tasks) {
    const held = state.held.get(asked.taskId);
    const { taskId } = asked;
    if (held === undefined) {
      // Not here: never arrived (returned), or over and waiting for its acknowledgement (kept).
      const over = state.finished.get(taskId);
      if (over === undefined) state.out.returned.push(asked);
      else state.out.kept.push({ taskId, attempt: over.result.attempt });
    } else if (held.place === 'queue') {
      state.queue.remove(held);
      giveBack(state, held);
    } else if (held === head(state)) state.out.kept.push({ taskId, attempt: held.attempt });
    else {
      if (held.wish === 'none') held.wish = 'takeBack';
      recall(state);
    }
  }
};

export const onCancel = (state: WorkerState, taskId: TaskId, force: boolean, now: Instant): void => {
  const held = state.held.get(taskId);
  if (held === undefined) return onCancelOfAbsent(state, taskId, now);
  if (held.place === 'queue') {
    state.queue.remove(held);
    dropCanceled(state, held);
  } else if (held !== head(state)) {
    if (held.wish !== 'forceCancel') held.wish = force ? 'forceCancel' : 'cancel';
    recall(state);
  } else if (force) startStop(state, 'cancel', now);
  else confirmCancel(state, taskId, 'cancelFailed');
};

const onCancelOfAbsent = (state: WorkerState, taskId: TaskId, now: Instant): void => {
  if (!state.finished.has(taskId)) return confirmCancel(state, taskId, 'cancelNotFound');
  // The result wins. It follows the confirm, in case it was lost on its way.
  confirmCancel(state, taskId, 'cancelFailed');
  resend(state, taskId, now);
};
