/**
 * One connection to a scheduler and the tasks that are under way on it. Every task ends exactly once, whatever
 * happens to the connection, the scheduler, the object store or the workers:
 *
 * S1 a task is in `pending` from submit until its sink was told its end, and never after.
 * S2 what was sent is offered again whenever the scheduler may have forgotten it; duplicates collapse there by id.
 * S3 a result is acknowledged once it is safe here (its object fetched), or when nobody waits for it.
 * S4 silence of the scheduler for `schedulerTimeoutMs` ends every task, its good-bye at once.
 */
import { INLINE_BYTES_MAX } from '@muster/protocol/calls';
import { decodeMessage } from '@muster/protocol/codec';
import {
  type ClientId,
  clientId,
  instant,
  type Instant,
  type ObjectId,
  type TaskId,
} from '@muster/protocol/ids';
import {
  FEATURES,
  type EchoExtras,
  type Message,
  type ObjectStorageAddress,
  type TaskResultHead,
} from '@muster/protocol/messages';
import { valueReferences } from '@muster/protocol/values';
import type { Clock } from '@muster/runtime/clock';
import type { Connection, TransportEvent } from '@muster/runtime/transport';
import type { OnConnection } from '../api/connection.ts';
import { ClientClosedError, ConnectError, type TaskError } from '../api/errors.ts';
import { canceled, unreachable } from './endings.ts';
import { ObjectKeeper } from './objects.ts';
import { Outbox } from './outbox.ts';
import { type Call, PendingTask, type TaskSink } from './pending.ts';
import { Results } from './results.ts';
import { type OpenStore, StoreLink } from './store-link.ts';
import { taskIds } from './task-ids.ts';
import { ConnectionWatch } from './watch.ts';

export interface SessionOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly openStore: OpenStore;
  readonly address: string;
  readonly schedulerTimeoutMs: number;
  readonly onConnection: OnConnection;
}

export const HEARTBEAT_MS = 2_000;
/** After this much silence the scheduler may have given us up: everything is offered again. Below any client time-out. */
const SILENCE_MS = 6_000;
/** Between heartbeats while something waits for what an echo says. */
const HASTE_MS = 200;
const CANCEL_REPEAT_MS = 5_000;

export class Session {
  readonly objects: ObjectKeeper;
  readonly clock: Clock;
  readonly mintId: () => TaskId = taskIds();
  readonly #options: SessionOptions;
  readonly #me: ClientId;
  readonly #link: StoreLink;
  readonly #outbox: Outbox;
  readonly #results: Results;
  readonly #watch: ConnectionWatch;
  readonly #pending = new Map<TaskId, PendingTask>();
  /** Cancels without an answer yet. */
  readonly #canceling = new Set<PendingTask>();
  #bytes = 0;
  #epoch: string | undefined;
  #heardAt: Instant;
  #heartbeatAt: Instant;
  #latencyUs = 0;
  /** The scheduler may not know what we sent: offer it again at its next sign of life. */
  #offerDue = false;
  #timer: { cancel(): void } | undefined;
  /** The scheduler said good-bye and nothing was heard since. */
  #isGone = false;
  #closed = false;
  #greeted: ((outcome: ConnectError | undefined) => void) | undefined;
  /** Resolves at the scheduler's first answer: undefined, or why it will not do. */
  readonly greeting: Promise<ConnectError | undefined>;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.#me = clientId(options.connection.identity);
    this.#heardAt = this.clock.now();
    this.#heartbeatAt = this.#heardAt;
    this.#outbox = new Outbox(options.connection, this.clock, () => this.objects.announce());
    this.#link = new StoreLink({
      open: options.openStore,
      clock: this.clock,
      timeoutMs: options.schedulerTimeoutMs,
      onNewStore: () => this.objects.reassert(),
      onTrouble: () => {
        if (this.clock.now() - this.#heartbeatAt >= HASTE_MS) this.#heartbeat();
      },
    });
    this.objects = new ObjectKeeper(this.#link, this.clock, (instruction, ids) =>
      this.#instruct(instruction, ids),
    );
    this.#results = new Results(this.objects, {
      acknowledge: (id, attempt) => this.#outbox.acknowledge({ taskId: id, attempt }),
      finish: (task) => this.#forget(task),
      again: (task) => this.#runAgain(task),
    });
    this.#watch = new ConnectionWatch(this.clock, (state) => this.#tell(state));
    this.greeting = new Promise((resolve) => (this.#greeted = resolve));
    options.connection.onTurn((turn) => this.#onTurn(turn));
    this.#heartbeat();
    this.#arm();
  }

  /** Bytes that unfinished tasks and stored objects hold in memory here. */
  get heldBytes(): number {
    return this.#bytes + this.objects.bytes;
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  /** Submits one task. `argument` is an encoded value; the sink hears of its end, never inside this call. */
  submit(
    call: Call,
    argument: Uint8Array,
    sink: TaskSink,
    slot: number,
    id: TaskId = this.mintId(),
  ): PendingTask {
    if (this.#closed) throw new ClientClosedError();
    const isInline = argument.length <= INLINE_BYTES_MAX;
    const argumentId = isInline ? undefined : ObjectKeeper.newId();
    const task = new PendingTask(
      id,
      call,
      argumentId === undefined ? { kind: 'inline', bytes: argument } : { kind: 'object', id: argumentId },
      valueReferences(argument),
      isInline ? argument.length : 0,
      sink,
      slot,
    );
    this.#pending.set(task.id, task);
    this.#bytes += task.bytes;
    if (this.#isGone) queueMicrotask(() => this.#results.fail(task, this.#unreachable(task)));
    else if (argumentId === undefined) this.#ready(task);
    else void this.#store(task, argumentId, argument);
    return task;
  }

  /**
   * Asks the scheduler to cancel; the task ends when it answers. What was not sent yet ends at once (in a later
   * microtask). Nothing happens to a task that has ended.
   */
  cancel(task: PendingTask, reason: unknown): void {
    if (task.state === 'ended') return;
    const now = this.clock.now();
    this.#canceling.add(task);
    if (task.state === 'sent') {
      task.cancelAskedAt = now;
      this.#outbox.send({ kind: 'taskCancel', taskId: task.id, force: true });
    } else if (task.state === 'fetching' || task.wasSent) {
      // Being offered again, a worker may have it: asked with a later heartbeat, after the offer.
      task.cancelAskedAt ??= instant(now - CANCEL_REPEAT_MS);
    } else if (task.cancelAskedAt === undefined) {
      task.cancelAskedAt = now;
      queueMicrotask(() => this.#results.fail(task, canceled(task, reason)));
    }
  }

  /** Asks once to take back a task that nobody has begun; it then ends as canceled. What runs goes on. */
  withdraw(task: PendingTask): void {
    if (task.state === 'sent') this.#outbox.send({ kind: 'taskCancel', taskId: task.id, force: false });
    else if (!task.wasSent) this.cancel(task, undefined);
  }

  /** Ends everything: tasks in `error`, objects released, the scheduler told. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#watch.stop();
    for (const task of [...this.#pending.values()])
      this.#results.fail(task, canceled(task, new ClientClosedError()));
    this.#outbox.flush();
    this.#outbox.send({ kind: 'clientDisconnect', type: 'disconnect' });
    this.#outbox.stop();
    this.#greeted?.(new ConnectError('unreachable', 'the client was closed'));
    await Promise.all([this.#options.connection.close(), this.#link.close()]);
  }

  #ready(task: PendingTask): void {
    task.state = 'ready';
    this.#outbox.push(task);
  }

  async #store(task: PendingTask, id: ObjectId, argument: Uint8Array): Promise<void> {
    try {
      await this.objects.keep(id, argument);
      if (task.state === 'storing') this.#ready(task);
    } catch (error) {
      this.#results.failStoring(task, error);
    }
  }

  /** A failed attempt is repeated under a new id: the old one has ended for everybody else. */
  #runAgain(task: PendingTask): void {
    this.#pending.delete(task.id);
    task.id = this.mintId();
    task.frame = undefined;
    task.wasSent = false;
    this.#pending.set(task.id, task);
    this.#ready(task);
  }

  #forget(task: PendingTask): void {
    this.#pending.delete(task.id);
    this.#canceling.delete(task);
    this.#bytes -= task.bytes;
    task.frame = undefined;
    if (task.argument.kind === 'object') this.objects.release([task.argument.id]);
  }

  #instruct(instruction: 'create' | 'delete', ids: readonly ObjectId[]): void {
    const objects = { ids, types: ids.map(() => 'object' as const), names: ids.map(() => '') };
    const said = this.#outbox.send({
      kind: 'objectInstruction',
      instruction,
      user: this.#me,
      objects,
    });
    if (!said && instruction === 'create') this.#offerDue = true;
  }

  #onTurn(turn: readonly TransportEvent[]): void {
    for (const event of turn) {
      if (this.#closed) return;
      switch (event.kind) {
        case 'frame':
          this.#onFrame(event.frame);
          break;
        case 'peerUp':
          this.#watch.up();
          this.#heartbeat();
          break;
        case 'peerDown':
          this.#watch.down();
          this.#offerDue = true;
          break;
        case 'undelivered':
          this.#offerDue = true;
          break;
      }
    }
  }

  #onFrame(frame: Uint8Array): void {
    let message: Message;
    try {
      message = decodeMessage(frame);
    } catch {
      return; // not ours to mend: a newer scheduler's message, or garbage
    }
    const now = this.clock.now();
    if (now - this.#heardAt > SILENCE_MS) this.#offerDue = true;
    this.#heardAt = now;
    this.#isGone = false;
    this.#watch.heard();
    this.#onMessage(message);
  }

  #onMessage(message: Message): void {
    switch (message.kind) {
      case 'taskResultBatch':
        for (let index = 0; index < message.results.length; index++) {
          const head = message.results[index];
          if (head !== undefined) this.#onResult(head, message.attempts[index] ?? 0);
        }
        return;
      case 'taskResult':
        return this.#onResult(message.result, 0);
      case 'taskLog': {
        const task = this.#pending.get(message.taskId);
        return task?.sink.log(task.slot, { stream: message.stream, content: message.content });
      }
      case 'taskCancelConfirm': {
        const task = this.#pending.get(message.taskId);
        if (task === undefined || task.state !== 'sent') return;
        if (message.confirm === 'cancelFailed') return; // it still runs: the cancel is repeated with the heartbeats
        if (message.confirm === 'cancelNotFound' && task.cancelAskedAt === undefined) return;
        return this.#results.fail(task, canceled(task, undefined));
      }
      case 'clientHeartbeatEcho':
        return this.#onEcho(message.storage, message.extras);
      case 'clientDisconnect':
        return this.#onGoodbye();
      default:
        return;
    }
  }

  #onResult(head: TaskResultHead, attempt: number): void {
    const task = this.#pending.get(head.taskId);
    if (task === undefined) this.#outbox.acknowledge({ taskId: head.taskId, attempt });
    else this.#results.accept(task, head, attempt);
  }

  #onEcho(storage: ObjectStorageAddress, extras: EchoExtras | undefined): void {
    this.#latencyUs = Math.max(0, this.clock.now() - this.#heartbeatAt) * 1_000;
    if (extras === undefined || extras.features === 0) {
      const text = `the scheduler at ${this.#options.address} is not Muster: start one with "muster up", or use its own client`;
      return this.#greeted?.(new ConnectError('notMuster', text));
    }
    const isNew = this.#epoch !== undefined && this.#epoch !== extras.epoch;
    this.#epoch = extras.epoch;
    this.#link.announce({
      path: extras.storePath,
      host: storage.host,
      port: storage.port,
      epoch: extras.storeEpoch,
    });
    this.#greeted?.(undefined);
    this.#greeted = undefined;
    if (isNew || this.#offerDue) this.#offerAgain();
    this.#outbox.retry();
  }

  /** S4. It has ended on purpose, with its fleet: nobody will run what is left. One that starts there anew is heard. */
  #onGoodbye(): void {
    this.#isGone = true;
    this.#offerDue = true;
    this.#watch.lose();
    for (const task of [...this.#pending.values()])
      // Has its result, in a store that may live a moment longer.
      if (task.state !== 'fetching') this.#results.fail(task, this.#unreachable(task));
  }

  #tell(state: 'connected' | 'lost'): void {
    const { address, schedulerTimeoutMs, onConnection } = this.#options;
    const leftMs = Math.max(0, this.#heardAt + schedulerTimeoutMs - this.clock.now());
    const waitMs = this.#isGone ? 0 : leftMs;
    const detail = { address, openTasks: this.#pending.size, waitMs };
    // What the user's function throws is not for the transport.
    queueMicrotask(() => onConnection(state, detail));
  }

  /** S2. The heartbeat goes first: it is what a scheduler registers a client by. */
  #offerAgain(): void {
    this.#offerDue = false;
    this.#heartbeat();
    this.objects.reassert();
    for (const task of this.#pending.values()) {
      if (task.state !== 'sent') continue;
      this.#ready(task);
      // Follows the offer: a scheduler that has forgotten the task cannot cancel it before.
      if (task.cancelAskedAt !== undefined) task.cancelAskedAt = instant(this.clock.now() - CANCEL_REPEAT_MS);
    }
  }

  #heartbeat(): void {
    this.#heartbeatAt = this.clock.now();
    const resource = { cpu: 0, rssBytes: process.memoryUsage.rss() };
    this.#outbox.send({ kind: 'clientHeartbeat', resource, latencyUs: this.#latencyUs, features: FEATURES });
  }

  #arm(): void {
    this.#timer = this.clock.wakeAt(instant(this.clock.now() + HEARTBEAT_MS), () => {
      this.#heartbeat();
      this.#tick();
      if (!this.#closed) this.#arm();
    });
  }

  #tick(): void {
    const now = this.clock.now();
    this.#watch.beat();
    this.#outbox.retry();
    const patienceMs = this.#isGone ? HEARTBEAT_MS : this.#options.schedulerTimeoutMs;
    if (now - this.#heardAt >= patienceMs) this.#giveUp();
    for (const task of this.#canceling) {
      if (task.cancelAskedAt === undefined || task.state !== 'sent') continue;
      if (now - task.cancelAskedAt >= CANCEL_REPEAT_MS) this.cancel(task, undefined);
    }
  }

  /** S4. A scheduler that comes back later is told to cancel what it may still hold. */
  #giveUp(): void {
    for (const task of [...this.#pending.values()]) {
      if (task.state === 'sent') this.#outbox.send({ kind: 'taskCancel', taskId: task.id, force: true });
      this.#results.fail(task, this.#unreachable(task));
    }
  }

  #unreachable(task: PendingTask): TaskError {
    const { address, schedulerTimeoutMs } = this.#options;
    return unreachable(task, address, this.#isGone ? undefined : schedulerTimeoutMs);
  }
}
