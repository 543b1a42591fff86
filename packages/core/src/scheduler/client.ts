/**
 * A client: its tasks, its objects and what is on the way to it.
 *
 * C1 `tasks` counts the list from `firstTask`, which holds every task of the client that is not dropped.
 * C2 `finished` holds exactly its finished tasks, those sent longest ago first; stock clients have none.
 */
import type { ClientId, Instant, ObjectId } from '@muster/protocol/ids';
import type { TaskResultHead } from '@muster/protocol/messages';
import { LinkedList } from './linked-list.ts';
import type { Task } from './task.ts';
import { Timer } from './timers.ts';
import type { Wake } from './wake.ts';

export class Client {
  readonly id: ClientId;
  own: boolean;
  /** What its echoes name as the scheduler's identity. */
  readonly epoch: string;
  lastSeen: Instant;
  /** Timed out or disconnected: nobody waits for its tasks any more. */
  gone = false;
  readonly timeout: Timer<Wake>;
  readonly resend: Timer<Wake>;
  tasks = 0;
  firstTask: Task | undefined = undefined;
  readonly finished: LinkedList<Task> = new LinkedList<Task>();
  readonly objects: Set<ObjectId> = new Set<ObjectId>();
  readonly serializers: Set<ObjectId> = new Set<ObjectId>();
  /** Results to be sent at the end of this step. */
  outResults: TaskResultHead[] = [];
  outAttempts: number[] = [];

  constructor(id: ClientId, own: boolean, epoch: string, now: Instant) {
    this.id = id;
    this.own = own;
    this.epoch = epoch;
    this.lastSeen = now;
    this.timeout = new Timer<Wake>({ kind: 'client', client: this });
    this.resend = new Timer<Wake>({ kind: 'resend', client: this });
  }

  adopt(task: Task): void {
    const first = this.firstTask;
    task.clientNext = first;
    if (first !== undefined) first.clientPrev = task;
    this.firstTask = task;
    this.tasks++;
  }

  release(task: Task): void {
    const { clientPrev: prev, clientNext: next } = task;
    if (prev === undefined) this.firstTask = next;
    else prev.clientNext = next;
    if (next !== undefined) next.clientPrev = prev;
    task.clientPrev = undefined;
    task.clientNext = undefined;
    this.tasks--;
  }
}
