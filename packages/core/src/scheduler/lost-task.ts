/**
 * A task whose worker was lost: again, or the end of it.
 *
 * Only a task that may have been running counts the loss against its limit: one that merely queued behind it
 * must not fail for its neighbour. A much larger limit on hand-overs ends what no worker ever survives.
 */
import { encodeTaskResult } from '@muster/protocol/codec';
import { showId } from '@muster/protocol/ids';
import { enqueue } from './moves.ts';
import { conclude } from './results.ts';
import { note } from './state.ts';
import type { SchedulerState } from './state.ts';
import type { TaskRow } from './task-table.ts';
import type { Worker } from './worker.ts';

const HANDOVERS_PER_ATTEMPT = 8;

/** `task` is off its worker by now. */
export const loseTask = (state: SchedulerState, task: TaskRow, worker: Worker, mayHaveRun: boolean): void => {
  const { tasks } = state;
  const taskId = tasks.id(task);
  if (mayHaveRun) {
    tasks.setLosses(task, tasks.losses(task) + 1);
    state.counts.lostAttempts++;
  }
  const attemptsMax = tasks.attemptsMax(task);
  const attempt = tasks.attempt(task);
  state.losses.add(taskId, { at: state.now, worker: worker.id, attempt, counted: mayHaveRun });
  if (
    attemptsMax > 0 &&
    (tasks.losses(task) >= attemptsMax || attempt >= attemptsMax * HANDOVERS_PER_ATTEMPT)
  ) {
    note(state, 'task.failed.lost', 'warn', {
      task: showId(taskId),
      worker: showId(worker.id),
      attempts: attempt,
      attemptsMax,
    });
    return fail(state, task, worker);
  }
  tasks.setAttempt(task, attempt + 1);
  if (mayHaveRun) {
    note(state, 'task.requeued', 'info', {
      task: showId(taskId),
      worker: showId(worker.id),
      attempt: attempt + 1,
    });
  }
  enqueue(state, task, 'front');
};

/** The client makes a WorkerLostError of it: the scheduler does not speak values. Only tasks of own clients fail so. */
const fail = (state: SchedulerState, task: TaskRow, worker: Worker): void => {
  const taskId = state.tasks.id(task);
  const bytes = encodeTaskResult({
    taskId,
    outcome: 'failedWorkerDied',
    metadata: undefined,
    objectIds: [],
    inline: undefined,
  });
  conclude(
    state,
    task,
    {
      bytes,
      start: 0,
      end: bytes.length,
      taskId,
      outcome: 'failedWorkerDied',
      durationMs: undefined,
      objectIds: [],
    },
    state.tasks.attempt(task),
    worker,
  );
};
