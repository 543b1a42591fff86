/** What a scheduler holds about a task, as plain data. */
import { COMMAND_FUNCTION, showId } from '@muster/protocol/ids';
import type { Instant, ObjectId, TaskId } from '@muster/protocol/ids';
import type { TaskFacts } from '../explain.ts';
import type { SchedulerState } from '../scheduler/state.ts';
import { whyWaiting } from '../scheduler/status.ts';
import type { TaskEnding } from '../scheduler/task-history.ts';
import { ASSIGNED, CANCELING, FINISHED, NO_TASK, WAITING } from '../scheduler/task-table.ts';
import type { TaskPhase, TaskRow } from '../scheduler/task-table.ts';
import type { Worker } from '../scheduler/worker.ts';

/** Tasks that are counted before one; beyond it, the answer says "at least". */
export const AHEAD_MAX = 100_000;
const FUNCTION_CHARACTERS = 12;

const PHASES: Readonly<Record<TaskPhase, TaskFacts['phase']>> = {
  [WAITING]: 'waiting',
  [ASSIGNED]: 'assigned',
  [CANCELING]: 'canceling',
  [FINISHED]: 'finished',
};

/** Enough to tell functions apart. */
const showFunction = (id: ObjectId): string =>
  id === COMMAND_FUNCTION ? 'a command' : showId(id).trimEnd().slice(0, FUNCTION_CHARACTERS);

export const latestEnding = (state: SchedulerState, id: TaskId): TaskEnding | undefined => {
  for (const ending of state.endings.latest()) if (ending.taskId === id) return ending;
  return undefined;
};

const lostOf = (state: SchedulerState, id: TaskId, now: Instant): TaskFacts['lost'] =>
  state.losses
    .of(id)
    .map(({ at, worker, attempt }) => ({ agoMs: now - at, worker: showId(worker), attempt }));

/** Of a task that is here. */
export const taskFacts = (state: SchedulerState, row: TaskRow, now: Instant): TaskFacts => {
  const { tasks } = state;
  const id = tasks.id(row);
  const { client, fn, bucket, priority } = tasks.kind(row);
  const phase = tasks.phase(row);
  const worker = tasks.worker(row);
  const ended = phase === FINISHED ? latestEnding(state, id) : undefined;
  const able = bucket.pools.reduce((sum, pool) => sum + pool.workers, 0);
  const free = bucket.pools.reduce((sum, pool) => sum + pool.room.size, 0);
  return {
    id: showId(id).trimEnd(),
    phase: PHASES[phase],
    end: phase === FINISHED ? tasks.outcome(row) : undefined,
    endedAgoMs: ended === undefined ? undefined : now - ended.at,
    ageMs: phase === FINISHED ? (ended?.ageMs ?? 0) : tasks.age(row, now),
    attempt: tasks.attempt(row),
    losses: tasks.losses(row),
    attemptsMax: tasks.attemptsMax(row),
    lost: lostOf(state, id, now),
    client: showId(client.id),
    function: showFunction(fn.id),
    priority,
    needs: [...bucket.needs.keys()].map(showId).sort(),
    worker: worker === undefined ? ended?.worker && showId(ended.worker) : showId(worker.id),
    group: worker?.group === undefined ? undefined : showId(worker.group.id),
    ahead:
      phase === WAITING
        ? bucket.before(row, AHEAD_MAX)
        : worker === undefined
          ? 0
          : beforeAt(state, worker, row),
    workersAble: able,
    workersFree: free,
    reason: phase === WAITING ? whyWaiting(state, bucket, now) : '',
  };
};

const beforeAt = (state: SchedulerState, worker: Worker, row: TaskRow): number => {
  let count = 0;
  for (let one = worker.holds.head; one !== NO_TASK && one !== row && count < AHEAD_MAX; count++)
    one = state.tasks.next(one);
  return count;
};

export const endedFacts = (state: SchedulerState, ending: TaskEnding, now: Instant): TaskFacts => ({
  id: showId(ending.taskId).trimEnd(),
  phase: 'gone',
  end: ending.end,
  endedAgoMs: now - ending.at,
  ageMs: ending.ageMs,
  attempt: ending.attempts,
  losses: ending.losses,
  attemptsMax: 0,
  lost: lostOf(state, ending.taskId, now),
  client: '',
  function: '',
  priority: 0,
  needs: [],
  worker: ending.worker === undefined ? undefined : showId(ending.worker),
  group: undefined,
  ahead: 0,
  workersAble: 0,
  workersFree: 0,
  reason: '',
});
