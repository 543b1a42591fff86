/**
 * A worker as the scheduler knows it: takes tasks, runs them one after the other for as long as each takes, gives back
 * what it has not begun. Nothing on its way is lost, so it needs no heartbeat after the first.
 */
import type { WorkerId } from '@muster/protocol/ids';
import { FEATURES } from '@muster/protocol/messages';
import type { Message, TaskAttempt, TaskResultHead } from '@muster/protocol/messages';
import type { Capabilities } from '@muster/protocol/ids';
import type { Books } from './books.ts';
import { indexOfTask, taskIdOf } from './task-ids.ts';

const NO_BYTES = new Uint8Array(0);
const NO_RESOURCE = { cpu: 0, rssBytes: 0 };
const NONE = -1;
/** As the production workers. */
const QUEUE_SIZE = 1_000;

/** What a worker needs of the world around it. */
export interface Surroundings {
  readonly books: Books;
  /** Its running task will end then. */
  planEnd(worker: ModelWorker, atMs: number): void;
  /** To the scheduler, at once. */
  say(worker: ModelWorker, message: Message): void;
}

export class ModelWorker {
  readonly id: WorkerId;
  readonly #around: Surroundings;
  readonly #queue: number[] = [];
  readonly #attempts: number[] = [];
  /** Of the queue; what is before it is gone. */
  #head = 0;
  #running = NONE;
  #runningAttempt = 0;
  #runSinceMs = 0;
  #endsMs = 0;
  #draining = false;
  /** False from the end of its group on. */
  alive = true;
  /** Since it is there. */
  busyMs = 0;
  /** Of its group. */
  readonly #part: number;

  constructor(id: WorkerId, workersPerGroup: number, around: Surroundings) {
    this.id = id;
    this.#part = 1 / workersPerGroup;
    this.#around = around;
  }

  register(capabilities: Capabilities): void {
    this.#say({
      kind: 'workerHeartbeat',
      agent: NO_RESOURCE,
      rssFreeBytes: 0,
      queueSize: QUEUE_SIZE,
      queuedTasks: 0,
      latencyUs: 0,
      taskLock: false,
      processors: [],
      capabilities,
      features: FEATURES,
    });
  }

  onMessage(message: Message, nowMs: number): void {
    switch (message.kind) {
      case 'taskBatch':
        message.tasks.forEach((task, index) => {
          this.#queue.push(indexOfTask(task.taskId));
          this.#attempts.push(message.attempts[index] ?? 0);
        });
        if (this.#running === NONE) this.#begin(nowMs);
        return;
      case 'takeBack':
        return this.#giveBack(message.tasks);
      case 'drain':
        this.#draining = message.action === 'drain';
        if (this.#draining) this.#giveBack(this.#waiting());
        return this.#sayDrained();
      default:
        return; // echoes and acknowledgements
    }
  }

  /** Works off what has ended by now. */
  onEndDue(nowMs: number): void {
    if (!this.alive) return;
    const results: TaskResultHead[] = [];
    const attempts: number[] = [];
    while (this.#running !== NONE && this.#endsMs <= nowMs) {
      const endedMs = this.#endsMs;
      const ranMs = endedMs - this.#runSinceMs;
      this.busyMs += ranMs;
      this.#around.books.onEnd(this.#running, this.#part, endedMs);
      results.push({
        bytes: NO_BYTES,
        start: 0,
        end: 0,
        taskId: taskIdOf(this.#running),
        outcome: 'success',
        durationMs: ranMs,
        objectIds: [],
      });
      attempts.push(this.#runningAttempt);
      this.#running = NONE;
      this.#begin(endedMs);
    }
    this.#say({ kind: 'taskResultBatch', results, attempts });
    this.#sayDrained();
  }

  /** Its group ends: what it runs is cut short. */
  end(nowMs: number): void {
    this.alive = false;
    if (this.#running !== NONE) {
      const ranMs = nowMs - this.#runSinceMs;
      this.busyMs += ranMs;
      this.#around.books.onCut(this.#running, this.#part, ranMs);
    }
    this.#say({ kind: 'disconnectRequest', worker: this.id });
  }

  /** What it has run until now, the run under way included. */
  busyBy(nowMs: number): number {
    const isRunning = this.alive && this.#running !== NONE;
    return this.busyMs + (isRunning ? Math.min(nowMs, this.#endsMs) - this.#runSinceMs : 0);
  }

  #begin(atMs: number): void {
    if (this.#head === this.#queue.length) {
      this.#queue.length = this.#attempts.length = this.#head = 0;
      return;
    }
    const { books } = this.#around;
    this.#running = this.#queue[this.#head] ?? NONE;
    this.#runningAttempt = this.#attempts[this.#head] ?? 0;
    this.#head++;
    this.#runSinceMs = atMs;
    this.#endsMs = atMs + (books.tasks.serviceMs[this.#running] ?? 0);
    books.onRun(this.#running, this.#part, atMs);
    this.#around.planEnd(this, this.#endsMs);
  }

  #waiting(): readonly TaskAttempt[] {
    return this.#queue
      .slice(this.#head)
      .map((task, index) => ({ taskId: taskIdOf(task), attempt: this.#attempts[this.#head + index] ?? 0 }));
  }

  #giveBack(asked: readonly TaskAttempt[]): void {
    const returned: TaskAttempt[] = [];
    const kept: TaskAttempt[] = [];
    for (const item of asked) {
      const at = this.#queue.lastIndexOf(indexOfTask(item.taskId));
      if (at < this.#head) kept.push(item);
      else {
        this.#queue.splice(at, 1);
        this.#attempts.splice(at, 1);
        returned.push(item);
      }
    }
    if (asked.length > 0) this.#say({ kind: 'tasksReturned', returned, kept });
  }

  #sayDrained(): void {
    if (!this.#draining || this.#running !== NONE) return;
    this.#say({ kind: 'drainStatus', status: 'drained', reason: '' });
  }

  #say(message: Message): void {
    this.#around.say(this, message);
  }
}
