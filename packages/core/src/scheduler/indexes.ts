/**
 * Keeps the indexes true after something changed: what waits, who has room, which group is idle. Changes only
 * mark what they touched; the marks are worked off once, before anybody asks.
 */
import type { Bucket } from './bucket.ts';
import type { Group } from './group.ts';
import type { Pool } from './pool.ts';
import type { SchedulerState } from './state.ts';
import type { Worker } from './worker.ts';

export const markBucket = (state: SchedulerState, bucket: Bucket): void => {
  if (bucket.marked) return;
  bucket.marked = true;
  state.markedBuckets.push(bucket);
};

const markPool = (state: SchedulerState, pool: Pool): void => {
  if (pool.marked) return;
  pool.marked = true;
  state.markedPools.push(pool);
};

/** Its place in the indexes is found again before anybody asks them. */
export const touch = (state: SchedulerState, worker: Worker): void => {
  if (worker.touched) return;
  worker.touched = true;
  state.touchedWorkers.push(worker);
};

export const mayBeGivenTasks = (worker: Worker): boolean =>
  worker.phase === 'active' &&
  worker.mute === 'no' &&
  (worker.group === undefined || worker.group.phase === 'running');

/** About `prefetchMs` of measured work ahead, but always one task and never more than it announced. */
const hasRoom = (state: SchedulerState, worker: Worker): boolean => {
  const held = worker.holds.length;
  if (!mayBeGivenTasks(worker)) return false;
  if (state.config.compat === 'stock') return held < worker.queueSize;
  return held === 0 || (held < worker.queueSize && worker.aheadUs < state.config.prefetchMs * 1_000);
};

/**
 * Who became idle last is the first to get work again: a trickle of tasks then keeps few workers busy, and the groups
 * of the others can go. The stock scheduler goes round instead.
 */
const placeOf = (state: SchedulerState, worker: Worker): 'back' | 'front' =>
  worker.holds.length === 0 && worker.worked && state.config.compat !== 'stock' ? 'front' : 'back';

/** Puts a worker where it belongs in its pool's indexes. */
export const index = (state: SchedulerState, worker: Worker): void => {
  const { pool } = worker;
  const held = worker.holds.length;
  const room = hasRoom(state, worker);
  if (!room) pool.room.remove(worker.room);
  else {
    if (worker.room.indexKey !== held) pool.room.put(worker.room, held, placeOf(state, worker));
    markPool(state, pool);
  }
  const idle = room && held === 0;
  if (idle !== worker.countedIdle) {
    worker.countedIdle = idle;
    pool.idle += idle ? 1 : -1;
  }
  if (held < 2 || !mayBeGivenTasks(worker)) pool.loaded.remove(worker.loaded);
  else {
    const key = 31 - Math.clz32(held);
    if (worker.loaded.indexKey !== key) pool.loaded.put(worker.loaded, key);
  }
  if (pool.idle > 0) state.idlePools.add(pool);
  if (pool.loaded.size > 0) state.loadedPools.add(pool);
};

/** Keeps the group's count of busy workers true. */
export const indexBusy = (state: SchedulerState, worker: Worker): void => {
  const { group } = worker;
  const busy = worker.holds.length > 0;
  if (group === undefined || busy === worker.countedBusy) return;
  worker.countedBusy = busy;
  group.busy += busy ? 1 : -1;
  settleIdle(state, group);
};

export const settleIdle = (state: SchedulerState, group: Group): void => {
  const idle = group.phase === 'running' && group.busy === 0 && group.workers.size > 0;
  if (idle === (group.idleSince !== undefined)) return;
  group.idleSince = idle ? state.now : undefined;
  if (idle) group.supply.idleGroups.add(group);
  else group.supply.idleGroups.delete(group);
  state.scalingDirty = true;
};
