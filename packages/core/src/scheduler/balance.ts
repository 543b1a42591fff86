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
export const ANSWER_MS = 10_000;
const VICTIMS_MAX = 16;

/** After allocation: an idle worker in a pool means that nothing which it may run waits. */
export const balanceIfDue = (state: SchedulerState): void => {
  if (state.idlePools.size === 0 || state.loadedPools.size === 0) return;
  for (const pool of state.loadedPools) if (pool.loaded.size === 0) state.loadedPools.delete(pool);
  for (const pool of state.idlePools) {
    if (pool.idle === 0) state.idlePools.delete(pool);
    else balanceFor(state, pool);
  }
};

const balanceFor = (state: SchedulerState, idle: Pool): void => {
  const loaded = [...state.loadedPools].filter((pool) => mayHelp(idle, pool));
  if (loaded.length === 0) return;
  const every = idle.own ? INTERVAL_MS : state.config.balanceIntervalMs;
  const due = instant(idle.balancedAt + every);
  if (state.now < due) return armBy(state, state.balanceTimer, due);
  idle.balancedAt = state.now;
  let wanted = idle.idle;
  for (const pool of loaded) if (wanted > 0) wanted -= takeFromPool(state, pool, idle, wanted);
  // Something was asked for, or is on its way: see what came of it.
  if (wanted < idle.idle) armBy(state, state.balanceTimer, after(state, every));
};

/** Whether workers of the one pool may run tasks that workers of the other hold. */
const mayHelp = (idle: Pool, loaded: Pool): boolean =>
  idle === loaded ||
  (idle.own === loaded.own && idle.buckets.some((bucket) => loaded.buckets.includes(bucket)));

/** @returns how many idle workers will have something to do, by what is asked for here or was before. */
const takeFromPool = (state: SchedulerState, pool: Pool, idle: Pool, wanted: number): number => {
  let served = 0;
  const seen: Worker[] = [];
  while (seen.length < VICTIMS_MAX && served < wanted) {
    const worker = pool.loaded.most();
    if (worker === undefined) break;
    pool.loaded.remove(worker.loaded);
    seen.push(worker);
    if (worker.moving > 0 && worker.movingUntil > state.now) served += worker.moving;
    else served += takeFrom(state, worker, idle, tasksToMove(worker.holds.length - 1, wanted - served));
  }
  for (const worker of seen) pool.loaded.put(worker.loaded, 31 - Math.clz32(worker.holds.length));
  return served;
};

/** The newest ones, never the first: that one runs. */
const takeFrom = (state: SchedulerState, worker: Worker, idle: Pool, wanted: number): number => {
  const { tasks: table } = state;
  const tasks: TaskAttempt[] = [];
  const first = worker.holds.head;
  const most = Math.min(wanted, BATCH_MAX);
  let task = worker.holds.tail;
  for (; task !== NO_TASK && task !== first && tasks.length < most; task = table.prev(task)) {
    if (table.phase(task) !== ASSIGNED) continue;
    // Answers of stock workers do not say to what: of two requests, the second answer would be taken for a cancel's.
    if (!worker.own && table.moving(task)) continue;
    if (worker.pool !== idle && !table.kind(task).bucket.pools.includes(idle)) continue;
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
