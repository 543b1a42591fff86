/**
 * A client: its tasks, its objects and what is on the way to it.
 *
 * C1 `tasks` counts the list from `firstTask`, which holds every task of the client that is not dropped.
 * C2 `finished` holds exactly its finished tasks, those sent longest ago first; stock clients have none.
 */
import type { ClientId, Instant, ObjectId } from '@muster/protocol/ids';
import type { TaskResultHead } from '@muster/protocol/messages';
import { TaskList } from './task-list.ts';
import { NO_TASK } from './task-table.ts';
import type { TaskRow, TaskTable } from './task-table.ts';
import { Timer } from './timers.ts';
import type { Wake } from './wake.ts';

export class Client {
  readonly id: ClientId;
  own: boolean;
  /** What its echoes name as the scheduler's identity. */
  readonly epoch: string;
  lastSeen: Instant;
  /** When the transport said that its link is gone; undefined after its next frame. */
  downAt: Instant | undefined = undefined;
  /** Timed out or disconnected: nobody waits for its tasks any more. */
  gone = false;
  readonly timeout: Timer<Wake>;
  readonly resend: Timer<Wake>;
  tasks = 0;
  firstTask: TaskRow = NO_TASK;
  readonly finished: TaskList;
  readonly #table: TaskTable;
  readonly objects: Set<ObjectId> = new Set<ObjectId>();
  readonly serializers: Set<ObjectId> = new Set<ObjectId>();
  /** Results to be sent at the end of this step. */
  outResults: TaskResultHead[] = [];
  outAttempts: number[] = [];

  constructor(id: ClientId, own: boolean, epoch: string, now: Instant, table: TaskTable) {
    this.#table = table;
    this.finished = new TaskList(table);
    this.id = id;
    this.own = own;
    this.epoch = epoch;
    this.lastSeen = now;
    this.timeout = new Timer<Wake>({ kind: 'client', client: this });
    this.resend = new Timer<Wake>({ kind: 'resend', client: this });
  }

  adopt(task: TaskRow): void {
    const first = this.firstTask;
    this.#table.setClientNext(task, first);
    if (first !== NO_TASK) this.#table.setClientPrev(first, task);
    this.firstTask = task;
    this.tasks++;
  }

  release(task: TaskRow): void {
    const prev = this.#table.clientPrev(task);
    const next = this.#table.clientNext(task);
    if (prev === NO_TASK) this.firstTask = next;
    else this.#table.setClientNext(prev, next);
    if (next !== NO_TASK) this.#table.setClientPrev(next, prev);
    this.tasks--;
  }
}
