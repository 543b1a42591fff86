/**
 * Takes queued tasks back from loaded workers when others are idle and nothing waits. What has not started moves
 * without counting an attempt; a move that is under way is not asked for again.
 */
import { instant, showId } from '@muster/protocol/ids';
import type { TaskAttempt } from '@muster/protocol/messages';
import { tasksToMove } from '../allocation/rebalance.ts';
import { BATCH_MAX } from './acks.ts';
import type { Pool } from './pool.ts';
import { after, armBy, note, send } from './state.ts';
import type { SchedulerState } from './state.ts';
import { ASSIGNED, NO_TASK } from './task-table.ts';
import type { Worker } from './worker.ts';

const INTERVAL_MS = 20;
/** A request to give back that was not answered by then was lost. */
const ANSWER_MS = 10_000;
const VICTIMS_MAX = 16;

/** After allocation: an idle worker in a pool means that nothing which it may run waits. */
export const balanceIfDue = (state: SchedulerState): void => {
  for (const pool of state.unbalanced) {
    if (pool.idle === 0 || pool.loaded.size === 0) {
      state.unbalanced.delete(pool);
      continue;
    }
    const every = pool.own ? INTERVAL_MS : state.config.balanceIntervalMs;
    const due = instant(pool.balancedAt + every);
    if (state.now < due) armBy(state, state.balanceTimer, due);
    else balance(state, pool);
  }
};

const balance = (state: SchedulerState, pool: Pool): void => {
  pool.balancedAt = state.now;
  let idle = pool.idle;
  let waitsFor = 0;
  const skipped: Worker[] = [];
  for (let victims = 0; victims < VICTIMS_MAX && idle > 0; victims++) {
    const worker = pool.loaded.most();
    if (worker === undefined) break;
    pool.loaded.remove(worker.loaded);
    skipped.push(worker);
    if (worker.moving > 0 && worker.movingUntil > state.now) {
      // What it was asked for is on its way to the idle ones.
      idle -= worker.moving;
      waitsFor = waitsFor === 0 ? worker.movingUntil : Math.min(waitsFor, worker.movingUntil);
      continue;
    }
    idle -= takeFrom(state, worker, Math.min(tasksToMove(worker.holds.length - 1, idle), BATCH_MAX));
  }
  for (const worker of skipped) pool.loaded.put(worker.loaded, 31 - Math.clz32(worker.holds.length));
  if (idle > 0 && waitsFor === 0 && pool.loaded.size <= VICTIMS_MAX) return;
  armBy(state, state.balanceTimer, after(state, pool.own ? INTERVAL_MS : state.config.balanceIntervalMs));
};

/** The newest ones, never the first: that one runs. */
const takeFrom = (state: SchedulerState, worker: Worker, wanted: number): number => {
  const { tasks: table } = state;
  const tasks: TaskAttempt[] = [];
  const first = worker.holds.head;
  let task = worker.holds.tail;
  for (; task !== NO_TASK && task !== first && tasks.length < wanted; task = table.prev(task)) {
    if (table.phase(task) !== ASSIGNED) continue;
    if (!table.moving(task)) worker.moving++;
    table.setMoving(task, true);
    tasks.push({ taskId: table.id(task), attempt: table.attempt(task) });
  }
  if (tasks.length === 0) return 0;
  worker.movingUntil = after(state, ANSWER_MS);
  if (worker.own) send(state, worker.id, { kind: 'takeBack', tasks });
  else for (const { taskId } of tasks) send(state, worker.id, { kind: 'taskCancel', taskId, force: false });
  note(state, 'tasks.moving', 'debug', { worker: showId(worker.id), tasks: tasks.length });
  return tasks.length;
};
