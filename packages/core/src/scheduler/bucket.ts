/**
 * Waiting tasks with the same needs, by priority and then by age.
 *
 * B1 Lanes are sorted by falling priority, and none is empty.
 * B2 `waiting` is the sum of the lanes' lengths, and every task in a lane is waiting and of this bucket.
 * B3 A bucket is in `pool.buckets` of exactly those pools that are in its `pools`.
 */
import type { Capabilities } from '@muster/protocol/ids';
import { InvariantError } from '../machine.ts';
import { LinkedList } from './linked-list.ts';
import { WAITING } from './task.ts';
import type { Task } from './task.ts';
import type { Pool } from './pool.ts';

interface Lane {
  readonly priority: number;
  readonly tasks: LinkedList<Task>;
}

export class Bucket {
  readonly key: string;
  /** Tasks of our own clients and of stock clients never share a worker: their frames mean different things. */
  readonly own: boolean;
  readonly needs: Capabilities;
  /** Worker pools that may run these tasks. */
  readonly pools: Pool[] = [];
  readonly #lanes: Lane[] = [];
  waiting = 0;
  /** Unfinished tasks, waiting or not. */
  tasks = 0;
  /** Whether this step's allocation has to look at it. */
  marked = false;

  constructor(key: string, own: boolean, needs: Capabilities) {
    this.key = key;
    this.own = own;
    this.needs = needs;
  }

  pushBack(task: Task): void {
    this.#laneOf(task.kind.priority).tasks.pushBack(task);
    this.waiting++;
  }

  pushFront(task: Task): void {
    this.#laneOf(task.kind.priority).tasks.pushFront(task);
    this.waiting++;
  }

  remove(task: Task): void {
    const index = this.#find(task.kind.priority);
    const lane = this.#lanes[index];
    if (lane === undefined) throw new InvariantError('B2: a waiting task has no lane');
    lane.tasks.remove(task);
    this.waiting--;
    if (lane.tasks.length === 0) this.#lanes.splice(index, 1);
  }

  /** The next to be assigned. */
  first(): Task | undefined {
    return this.#lanes[0]?.tasks.head;
  }

  check(): void {
    let waiting = 0;
    this.#lanes.forEach((lane, index) => {
      const above = this.#lanes[index - 1];
      if (above !== undefined && above.priority <= lane.priority)
        throw new InvariantError('B1: lanes out of order');
      if (lane.tasks.length === 0) throw new InvariantError('B1: empty lane');
      lane.tasks.check('B2: lane');
      for (let task = lane.tasks.head; task !== undefined; task = task.next) {
        if (task.phase !== WAITING || task.kind.bucket !== this)
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
    const lane: Lane = { priority, tasks: new LinkedList<Task>() };
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
