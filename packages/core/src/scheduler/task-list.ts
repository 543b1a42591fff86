/** A queue of tasks, linked through their rows: a task costs no memory of its own for being listed. */
import { InvariantError } from '../machine.ts';
import { NO_TASK } from './task-table.ts';
import type { TaskRow, TaskTable } from './task-table.ts';

/** A task is in one list at a time; putting it into a second one without removing it is our bug. */
export class TaskList {
  head: TaskRow = NO_TASK;
  tail: TaskRow = NO_TASK;
  length = 0;
  readonly #tasks: TaskTable;

  constructor(tasks: TaskTable) {
    this.#tasks = tasks;
  }

  pushBack(row: TaskRow): void {
    const { tail } = this;
    this.#tasks.setPrev(row, tail);
    this.#tasks.setNext(row, NO_TASK);
    if (tail === NO_TASK) this.head = row;
    else this.#tasks.setNext(tail, row);
    this.tail = row;
    this.length++;
  }

  pushFront(row: TaskRow): void {
    const { head } = this;
    this.#tasks.setNext(row, head);
    this.#tasks.setPrev(row, NO_TASK);
    if (head === NO_TASK) this.tail = row;
    else this.#tasks.setPrev(head, row);
    this.head = row;
    this.length++;
  }

  remove(row: TaskRow): void {
    const prev = this.#tasks.prev(row);
    const next = this.#tasks.next(row);
    if (prev === NO_TASK) this.head = next;
    else this.#tasks.setNext(prev, next);
    if (next === NO_TASK) this.tail = prev;
    else this.#tasks.setPrev(next, prev);
    this.length--;
  }

  check(what: string): void {
    let count = 0;
    let prev: TaskRow = NO_TASK;
    for (let row = this.head; row !== NO_TASK; row = this.#tasks.next(row)) {
      if (this.#tasks.prev(row) !== prev) throw new InvariantError(`${what}: broken links`);
      prev = row;
      count++;
    }
    if (this.tail !== prev || count !== this.length) {
      throw new InvariantError(`${what}: ${count} tasks linked, ${this.length} counted`);
    }
  }
}
