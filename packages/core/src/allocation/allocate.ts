/**
 * Gives waiting tasks to workers, once at the end of a step. Looks only at queues that gained a task and at
 * queues of pools that gained room, so its cost follows the number of assignments (with several distinct needs
 * at once: times their number), not that of tasks or workers.
 */
import type { Bucket } from '../scheduler/bucket.ts';
import { index, markBucket, touch } from '../scheduler/indexes.ts';
import { assign } from '../scheduler/moves.ts';
import type { SchedulerState } from '../scheduler/state.ts';
import { NO_TASK } from '../scheduler/task-table.ts';
import type { TaskRow } from '../scheduler/task-table.ts';
import type { Worker } from '../scheduler/worker.ts';

export const allocate = (state: SchedulerState): void => {
  for (const pool of state.markedPools) {
    pool.marked = false;
    for (const bucket of pool.buckets) if (bucket.waiting > 0) markBucket(state, bucket);
  }
  state.markedPools.length = 0;
  const buckets = state.markedBuckets;
  if (buckets.length === 0) return;
  const [only] = buckets;
  if (buckets.length === 1 && only !== undefined) fillFrom(state, only);
  else
    fillFromMany(
      state,
      buckets.filter((bucket) => bucket.waiting > 0),
    );
  for (const bucket of buckets) bucket.marked = false;
  buckets.length = 0;
};

const fillFrom = (state: SchedulerState, bucket: Bucket): void => {
  for (let task = bucket.first(); task !== NO_TASK; task = bucket.first()) {
    const worker = leastLoaded(bucket);
    if (worker === undefined) return;
    give(state, task, worker);
  }
};

/** Several needs at once: always the task that comes first among those that somebody can take. */
const fillFromMany = (state: SchedulerState, open: Bucket[]): void => {
  while (open.length > 0) {
    let best = 0;
    let task = NO_TASK;
    for (let i = 0; i < open.length; i++) {
      const first = open[i]?.first() ?? NO_TASK;
      if (first !== NO_TASK && (task === NO_TASK || comesBefore(state, first, task))) {
        task = first;
        best = i;
      }
    }
    const bucket = open[best];
    if (task === NO_TASK || bucket === undefined) return;
    const worker = leastLoaded(bucket);
    if (worker !== undefined) give(state, task, worker);
    if (worker === undefined || bucket.waiting === 0) open.splice(best, 1);
  }
};

/** By priority, then age, then name of the queue, so that the order does not depend on tables. */
const comesBefore = ({ tasks, now }: SchedulerState, one: TaskRow, other: TaskRow): boolean => {
  const [first, second] = [tasks.kind(one), tasks.kind(other)];
  if (first.priority !== second.priority) return first.priority > second.priority;
  const [age, otherAge] = [tasks.age(one, now), tasks.age(other, now)];
  return age !== otherAge ? age > otherAge : first.bucket.key < second.bucket.key;
};

const give = (state: SchedulerState, task: TaskRow, worker: Worker): void => {
  assign(state, task, worker);
  index(state, worker);
  touch(state, worker);
};

/** With room, of any pool that may run these tasks; ties go to the pool that was there first. */
export const leastLoaded = (bucket: Bucket): Worker | undefined => {
  const { pools } = bucket;
  let best = pools[0]?.room.least();
  for (let i = 1; i < pools.length; i++) {
    const other = pools[i]?.room.least();
    if (other !== undefined && (best === undefined || other.holds.length < best.holds.length)) best = other;
  }
  return best;
};
