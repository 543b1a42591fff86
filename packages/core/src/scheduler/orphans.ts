/**
 * Tasks that a worker holds and no client has offered yet: after a restart of the scheduler, workers often
 * report before clients do. They are remembered for a while, so that a task which is offered again is not run
 * twice; what nobody offers is canceled and its result forgotten.
 */
import { showId } from '@muster/protocol/ids';
import type { TaskId } from '@muster/protocol/ids';
import type { TaskAttempt, TaskResultHead } from '@muster/protocol/messages';
import { acknowledge } from './acks.ts';
import { after, armBy, note, send } from './state.ts';
import type { Orphan, SchedulerState } from './state.ts';
import type { Worker } from './worker.ts';

/** How long clients have to come back. As long as a client may be silent before its tasks are canceled. */
const recoveryMs = (state: SchedulerState): number => state.config.clientTimeoutMs;
const ORPHANS_MAX = 200_000;
/** A worker that outlived a scheduler says what it has this soon after the new one has greeted it. */
const REPORT_MS = 2_000;

export const rememberOrphans = (
  state: SchedulerState,
  worker: Worker,
  tasks: readonly TaskAttempt[],
): void => {
  if (tasks.length === 0) return;
  for (const { taskId, attempt } of tasks) remember(state, worker, taskId, attempt);
  note(state, 'tasks.unclaimed', 'info', { worker: showId(worker.id), count: tasks.length });
};

/**
 * Whether the result of an unknown task is not to be acknowledged: the worker named the task in its report, then the
 * result is kept; or it has only just come and its report may follow, then it sends the result again.
 */
export const awaitsClient = (state: SchedulerState, worker: Worker, head: TaskResultHead): boolean => {
  const known = state.orphans.get(head.taskId);
  if (known === undefined) return state.now - worker.registeredAt < REPORT_MS;
  if (known.worker !== worker) return false;
  known.result = head;
  return true;
};

/** For a task that its client offers again. */
export const takeOrphan = (state: SchedulerState, taskId: TaskId): Orphan | undefined => {
  const orphan = state.orphans.get(taskId);
  if (orphan === undefined) return undefined;
  state.orphans.delete(taskId);
  return orphan.worker.phase === 'lost' ? undefined : orphan;
};

export const expireOrphans = (state: SchedulerState): void => {
  let expired = 0;
  for (const [taskId, orphan] of state.orphans) {
    if (orphan.until > state.now) break;
    forget(state, taskId, orphan);
    expired++;
  }
  if (expired > 0) note(state, 'tasks.unclaimed.dropped', 'warn', { count: expired });
  for (const orphan of state.orphans.values()) return armBy(state, state.orphansTimer, orphan.until);
};

const remember = (state: SchedulerState, worker: Worker, taskId: TaskId, attempt: number): Orphan => {
  const known = state.orphans.get(taskId);
  if (known !== undefined && known.worker === worker) return known;
  if (state.orphans.size >= ORPHANS_MAX) {
    for (const [oldest, orphan] of state.orphans) {
      forget(state, oldest, orphan);
      break;
    }
  }
  const orphan: Orphan = { worker, attempt, until: after(state, recoveryMs(state)), result: undefined };
  state.orphans.delete(taskId);
  state.orphans.set(taskId, orphan);
  armBy(state, state.orphansTimer, orphan.until);
  return orphan;
};

const forget = (state: SchedulerState, taskId: TaskId, orphan: Orphan): void => {
  state.orphans.delete(taskId);
  if (orphan.worker.phase === 'lost') return;
  if (orphan.result !== undefined) acknowledge(state, orphan.worker, taskId, orphan.attempt);
  else send(state, orphan.worker.id, { kind: 'taskCancel', taskId, force: true });
};
