/**
 * Waiting tasks with the same needs, by priority and then by age.
 *
 * B1 Lanes are sorted by falling priority, and none is empty.
 * B2 `waiting` is the sum of the lanes' lengths, and every task in a lane is waiting and of this bucket.
 * B3 A bucket is in `pool.buckets` of exactly those pools that are in its `pools`.
 */
import type { Capabilities } from '@muster/protocol/ids';
import { InvariantError } from '../machine.ts';
import { TaskList } from './task-list.ts';
import { NO_TASK, WAITING } from './task-table.ts';
import type { TaskRow, TaskTable } from './task-table.ts';
import type { Pool } from './pool.ts';

interface Lane {
  readonly priority: number;
  readonly tasks: TaskList;
}

export class Bucket {
  readonly key: string;
  /** Tasks of our own clients and of stock clients never share a worker: their frames mean different things. */
  readonly own: boolean;
  readonly needs: Capabilities;
  /** Worker pools that may run these tasks. */
  readonly pools: Pool[] = [];
  readonly #lanes: Lane[] = [];
  readonly #table: TaskTable;
  waiting = 0;
  /** Unfinished tasks, waiting or not. */
  tasks = 0;
  /** Whether this step's allocation has to look at it. */
  marked = false;

  constructor(key: string, own: boolean, needs: Capabilities, table: TaskTable) {
    this.#table = table;
    this.key = key;
    this.own = own;
    this.needs = needs;
  }

  pushBack(task: TaskRow): void {
    this.#laneOf(this.#table.kind(task).priority).tasks.pushBack(task);
    this.waiting++;
  }

  pushFront(task: TaskRow): void {
    this.#laneOf(this.#table.kind(task).priority).tasks.pushFront(task);
    this.waiting++;
  }

  remove(task: TaskRow): void {
    const index = this.#find(this.#table.kind(task).priority);
    const lane = this.#lanes[index];
    if (lane === undefined) throw new InvariantError('B2: a waiting task has no lane');
    lane.tasks.remove(task);
    this.waiting--;
    if (lane.tasks.length === 0) this.#lanes.splice(index, 1);
  }

  /** The next to be assigned, NO_TASK when none waits. */
  first(): TaskRow {
    return this.#lanes[0]?.tasks.head ?? NO_TASK;
  }

  /** Of those that are next, in that order. */
  *next(max: number): Generator<TaskRow> {
    let left = max;
    for (const { tasks } of this.#lanes) {
      for (let task = tasks.head; task !== NO_TASK; task = this.#table.next(task)) {
        if (left-- <= 0) return;
        yield task;
      }
    }
  }

  /** How many are before a waiting task of this bucket; counts up to `max`. */
  before(task: TaskRow, max: number): number {
    const { priority } = this.#table.kind(task);
    let count = 0;
    for (const lane of this.#lanes) if (lane.priority > priority) count += lane.tasks.length;
    for (let one = this.#table.prev(task); one !== NO_TASK && count < max; one = this.#table.prev(one))
      count++;
    return Math.min(count, max);
  }

  check(): void {
    let waiting = 0;
    this.#lanes.forEach((lane, index) => {
      const above = this.#lanes[index - 1];
      if (above !== undefined && above.priority <= lane.priority)
        throw new InvariantError('B1: lanes out of order');
      if (lane.tasks.length === 0) throw new InvariantError('B1: empty lane');
      lane.tasks.check('B2: lane');
      for (let task = lane.tasks.head; task !== NO_TASK; task = this.#table.next(task)) {
        if (this.#table.phase(task) !== WAITING || this.#table.kind(task).bucket !== this)
          throw new InvariantError('B2: stranger in a lane');
        waiting++;
      }
    });
    if (waiting !== this.waiting)
      throw new InvariantError(`B2: ${waiting} tasks wait, ${this.waiting} counted`);
    for (const pool of this.pools) {
      if (!pool.buckets.includes(this)) throw new InvariantError('B3: a pool does not know its bucket');
    }
  }

  #laneOf(priority: number): Lane {
    const top = this.#lanes[0];
    if (top !== undefined && top.priority === priority) return top;
    const index = this.#find(priority);
    const known = this.#lanes[index];
    if (known !== undefined && known.priority === priority) return known;
    const lane: Lane = { priority, tasks: new TaskList(this.#table) };
    this.#lanes.splice(index, 0, lane);
    return lane;
  }

  /** Index of the lane, or where it belongs. */
  #find(priority: number): number {
    let low = 0;
    let high = this.#lanes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const lane = this.#lanes[middle];
      if (lane !== undefined && lane.priority > priority) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
