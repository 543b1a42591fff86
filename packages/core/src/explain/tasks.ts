/** Which tasks there are to ask about: the oldest of those that wait, and of those that are with workers. */
import type { Instant } from '@muster/protocol/ids';
import type { ExplainAnswer, TaskFacts } from '../explain.ts';
import type { SchedulerState } from '../scheduler/state.ts';
import { NO_TASK } from '../scheduler/task-table.ts';
import type { TaskRow } from '../scheduler/task-table.ts';
import { plural, showDuration } from '../words.ts';
import { taskFacts } from './task-facts.ts';

/** Looked at of each queue, and in all; a queue's first task waits longest of those with its priority. */
const PER_QUEUE_MAX = 5;
const LOOKED_AT_MAX = 500;
const SHOWN_MAX = 10;

type TasksAnswer = Extract<ExplainAnswer, { readonly what: 'task' }>;

export const explainTasks = (state: SchedulerState, now: Instant): TasksAnswer => {
  const waiting = oldest(state, waitingRows(state), now);
  const held = oldest(state, heldRows(state), now);
  const { counts } = state;
  const withWorkers = counts.assigned + counts.canceling;
  return {
    what: 'task',
    found: true,
    headline: `${plural(counts.waiting, 'task')} ${counts.waiting === 1 ? 'waits' : 'wait'}, ${plural(withWorkers, 'task is', 'tasks are')} with workers.`,
    sections: [
      ...(waiting.length === 0
        ? []
        : [{ title: 'Waiting longest', lines: waiting.map((task) => `${line(task)}  ${task.reason}`) }]),
      ...(held.length === 0
        ? []
        : [
            {
              title: 'Oldest with a worker (since submitted)',
              lines: held.map((task) => `${line(task)}  worker ${task.worker ?? '?'}`),
            },
          ]),
      ...(waiting.length + held.length === 0
        ? []
        : [{ title: 'More about one of them', lines: ['muster explain task ID'] }]),
    ],
    facts: { tasks: [...waiting, ...held] },
  };
};

const line = (task: TaskFacts): string => `${task.id}  ${showDuration(task.ageMs).padStart(12)}`;

const oldest = (state: SchedulerState, rows: Iterable<TaskRow>, now: Instant): readonly TaskFacts[] => {
  const looked: TaskRow[] = [];
  for (const row of rows) {
    if (looked.length === LOOKED_AT_MAX) break;
    looked.push(row);
  }
  return looked
    .sort((one, other) => state.tasks.age(other, now) - state.tasks.age(one, now))
    .slice(0, SHOWN_MAX)
    .map((row) => taskFacts(state, row, now));
};

const waitingRows = function* (state: SchedulerState): Generator<TaskRow> {
  for (const bucket of state.buckets.values()) yield* bucket.next(PER_QUEUE_MAX);
};

/** Hand-over is in order, so the first one that a worker holds is with it longest. */
const heldRows = function* (state: SchedulerState): Generator<TaskRow> {
  for (const worker of state.workers.values()) if (worker.holds.head !== NO_TASK) yield worker.holds.head;
};
