/** Frames on their way to the scheduler: submits and acknowledgements of one turn go out together. */
import { encodeMessage, encodeTask } from '@muster/protocol/codec';
import type { Message, TaskAttempt, TaskHead } from '@muster/protocol/messages';
import { instant } from '@muster/protocol/ids';
import type { Clock } from '@muster/runtime/clock';
import type { Connection } from '@muster/runtime/transport';
import type { PendingTask } from './pending.ts';

export const BATCH_TASKS_MAX = 256;
const BATCH_BYTES_MAX = 512 * 1024;
/** Results of several turns are acknowledged together. */
const ACK_DELAY_MS = 10;
const ACKS_MAX = 1_024;

export class Outbox {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #beforeTasks: () => void;
  #tasks: PendingTask[] = [];
  #next = 0;
  #acks: TaskAttempt[] = [];
  #ackTimer: { cancel(): void } | undefined;
  #scheduled = false;
  /** The transport's queue is full: no attempt before {@link retry}. */
  #blocked = false;

  /** @param beforeTasks says what the scheduler must hear before the tasks that go out next. */
  constructor(connection: Connection, clock: Clock, beforeTasks: () => void) {
    this.#connection = connection;
    this.#clock = clock;
    this.#beforeTasks = beforeTasks;
  }

  /** Sends a task with the others of this turn. */
  push(task: PendingTask): void {
    if (task.isQueued) return;
    task.isQueued = true;
    this.#tasks.push(task);
    this.#schedule();
  }

  /** Acknowledges a result within {@link ACK_DELAY_MS}, together with others. */
  acknowledge(attempt: TaskAttempt): void {
    this.#acks.push(attempt);
    if (this.#acks.length >= ACKS_MAX) this.#flushAcks();
    else
      this.#ackTimer ??= this.#clock.wakeAt(instant(this.#clock.now() + ACK_DELAY_MS), () =>
        this.#flushAcks(),
      );
  }

  /** Control messages jump the queue. False when there is no room: the caller says it again later. */
  send(message: Message): boolean {
    return this.#connection.trySend(encodeMessage(message)) === 'queued';
  }

  /** Tries again after the transport's queue was full. */
  retry(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.flush();
  }

  flush(): void {
    this.#flushAcks();
    this.#flushTasks();
  }

  #flushTasks(): void {
    if (!this.#blocked && this.#next < this.#tasks.length) this.#beforeTasks();
    while (!this.#blocked && this.#next < this.#tasks.length) this.#sendBatch();
    if (this.#next === this.#tasks.length) {
      this.#tasks = [];
      this.#next = 0;
    }
  }

  stop(): void {
    this.#ackTimer?.cancel();
    this.#ackTimer = undefined;
    this.#blocked = true;
  }

  #flushAcks(): void {
    this.#ackTimer?.cancel();
    this.#ackTimer = undefined;
    while (!this.#blocked && this.#acks.length > 0) {
      const tasks = this.#acks.length <= ACKS_MAX ? this.#acks : this.#acks.slice(0, ACKS_MAX);
      if (!this.send({ kind: 'resultAck', tasks })) this.#blocked = true;
      else this.#acks = this.#acks.length <= ACKS_MAX ? [] : this.#acks.slice(ACKS_MAX);
    }
  }

  /**
   * While tasks come in each iteration of the event loop, those of one go out together at its end. The first after
   * an iteration without any goes with those of the same run of the microtask queue: nothing else is there to wait for.
   */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#flushTasks());
    setImmediate(() => this.#atEndOfIteration());
  }

  #atEndOfIteration(): void {
    this.#scheduled = !this.#blocked && this.#tasks.length > 0;
    if (!this.#scheduled) return;
    this.#flushTasks();
    setImmediate(() => this.#atEndOfIteration());
  }

  #sendBatch(): void {
    const batch: TaskHead[] = [];
    const members: PendingTask[] = [];
    let bytes = 0;
    let next = this.#next;
    while (next < this.#tasks.length && batch.length < BATCH_TASKS_MAX && bytes < BATCH_BYTES_MAX) {
      const task = this.#tasks[next++];
      if (task === undefined) break;
      // Canceled or ended while it waited here.
      if (task.state !== 'ready') {
        task.isQueued = false;
        continue;
      }
      const frame = (task.frame ??= encodeFrame(task));
      const { settings, functionId } = task.call;
      const priority = settings.metadata?.priority ?? 0;
      batch.push({
        bytes: frame,
        start: 0,
        end: frame.length,
        taskId: task.id,
        source: undefined,
        functionId,
        priority,
        needs: settings.needs,
        attemptsMax: settings.attemptsMax,
      });
      members.push(task);
      bytes += frame.length;
    }
    if (batch.length > 0) {
      const attempts =
        batch.length === BATCH_TASKS_MAX ? FIRST_ATTEMPTS : FIRST_ATTEMPTS.slice(0, batch.length);
      if (!this.send({ kind: 'taskBatch', tasks: batch, attempts, sources: [], sourceOf: [] })) {
        this.#blocked = true;
        return;
      }
    }
    for (const task of members) {
      task.isQueued = false;
      task.state = 'sent';
      task.wasSent = true;
    }
    this.#next = next;
  }
}

const FIRST_ATTEMPTS: readonly number[] = new Array<number>(BATCH_TASKS_MAX).fill(0);

const encodeFrame = (task: PendingTask): Uint8Array => {
  const { functionId, settings } = task.call;
  return encodeTask({
    taskId: task.id,
    source: undefined,
    metadata: settings.metadata,
    functionId,
    args: [task.argument],
    needs: settings.needs,
    timeoutMs: settings.timeoutMs,
    attemptsMax: settings.attemptsMax,
  });
};
