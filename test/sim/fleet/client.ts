/**
 * A client that does on the wire what the SDK's session does: heartbeats, batches, acknowledgements, cancels that
 * are repeated, and the offer of everything again to a scheduler that may have forgotten it.
 */
import { decodeTaskResult } from '@muster/protocol/codec';
import type { ClientId, TaskId } from '@muster/protocol/ids';
import { clientId } from '@muster/protocol/ids';
import { FEATURES } from '@muster/protocol/messages';
import type { Message, TaskAttempt, TaskHead, TaskResultHead } from '@muster/protocol/messages';
import type { SimTask } from './book.ts';
import type { Fleet } from './fleet.ts';
import type { DealerEvent, Link } from './network.ts';
import { sayMessage } from './words.ts';
import { Process, Violation } from './world.ts';

const HEARTBEAT_MS = 2_000;
const SILENCE_MS = 6_000;
const CANCEL_REPEAT_MS = 5_000;
const ACK_DELAY_MS = 10;
const BATCH_MAX = 256;

interface Pending {
  readonly task: SimTask;
  state: 'ready' | 'sent';
  cancelAskedAt: number | undefined;
}

export class SimClient {
  readonly id: ClientId;
  readonly process: Process;
  readonly link: Link;
  readonly #fleet: Fleet;
  readonly #pending = new Map<TaskId, Pending>();
  #acks: TaskAttempt[] = [];
  #ready: Pending[] = [];
  #flushDue = false;
  #epoch: string | undefined;
  #heardAt = 0;
  #offerDue = false;

  constructor(fleet: Fleet, name: string) {
    this.id = clientId(name);
    this.#fleet = fleet;
    this.process = new Process(fleet.world, name, 0);
    this.#heardAt = fleet.world.now;
    this.link = fleet.network.connect(this.id, this.process, false, (turn) => this.#onTurn(turn));
    this.#heartbeat();
    this.#tickLater();
  }

  get open(): number {
    return this.#pending.size;
  }

  submit(tasks: readonly SimTask[]): void {
    for (const task of tasks) {
      const pending: Pending = { task, state: 'ready', cancelAskedAt: undefined };
      this.#pending.set(task.id, pending);
      this.#queue(pending);
    }
  }

  cancel(id: TaskId): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    const now = this.#fleet.world.now;
    if (pending.state === 'ready') pending.cancelAskedAt ??= now - CANCEL_REPEAT_MS;
    else {
      pending.cancelAskedAt = now;
      this.#say({ kind: 'taskCancel', taskId: id, force: true });
    }
  }

  anyOpen(): TaskId | undefined {
    return this.#fleet.random.pick([...this.#pending.keys()]);
  }

  die(): void {
    this.#fleet.world.say(this.id, 'dies');
    this.process.alive = false;
    for (const { task } of this.#pending.values()) task.abandoned = true;
    this.#pending.clear();
    this.#fleet.network.close(this.link, 'lost');
  }

  #onTurn(turn: readonly DealerEvent[]): void {
    for (const event of turn) {
      if (event.kind === 'up') this.#heartbeat();
      else if (event.kind === 'down') this.#offerDue = true;
      else this.#onMessage(event.message);
    }
  }

  #onMessage(message: Message): void {
    const now = this.#fleet.world.now;
    if (now - this.#heardAt > SILENCE_MS) this.#offerDue = true;
    this.#heardAt = now;
    switch (message.kind) {
      case 'taskResultBatch':
        return message.results.forEach((head, at) => this.#onResult(head, message.attempts[at] ?? 0));
      case 'taskResult':
        return this.#onResult(message.result, 0);
      case 'taskCancelConfirm':
        return this.#onConfirm(message.taskId, message.confirm);
      case 'clientHeartbeatEcho': {
        const epoch = message.extras?.epoch;
        const isNew = this.#epoch !== undefined && this.#epoch !== epoch;
        this.#epoch = epoch;
        if (isNew || this.#offerDue) this.#offerAgain();
        return;
      }
      default:
        return;
    }
  }

  #onConfirm(id: TaskId, confirm: 'canceled' | 'cancelFailed' | 'cancelNotFound'): void {
    const pending = this.#pending.get(id);
    if (pending?.state !== 'sent' || confirm === 'cancelFailed') return;
    if (confirm === 'cancelNotFound' && pending.cancelAskedAt === undefined) return;
    if (pending.cancelAskedAt === undefined)
      throw new Violation('P1', `${id} was canceled, and its client had not asked for it`);
    this.#end(pending, 'canceled');
  }

  #onResult(head: TaskResultHead, attempt: number): void {
    const pending = this.#pending.get(head.taskId);
    this.#acknowledge({ taskId: head.taskId, attempt });
    if (pending === undefined) return;
    if (this.#fleet.network.weather.codec) this.#checkBytes(head);
    this.#end(pending, head.outcome === 'failedWorkerDied' ? 'lost' : head.outcome);
  }

  /** The frame must be that of this task, whatever it was forwarded through. */
  #checkBytes(head: TaskResultHead): void {
    const { taskId, outcome } = decodeTaskResult(head.bytes, head.start, head.end);
    if (taskId !== head.taskId || outcome !== head.outcome)
      throw new Violation('P1', `the result of ${head.taskId} holds that of ${taskId}`);
  }

  #end(pending: Pending, end: NonNullable<SimTask['end']>): void {
    this.#pending.delete(pending.task.id);
    this.#fleet.ledger.onTaskEnd(pending.task, end);
  }

  #acknowledge(ack: TaskAttempt): void {
    this.#acks.push(ack);
    if (this.#acks.length > 1) return;
    this.process.after(ACK_DELAY_MS, () => {
      const tasks = this.#acks;
      this.#acks = [];
      if (!this.#say({ kind: 'resultAck', tasks })) for (const one of tasks) this.#acknowledge(one);
    });
  }

  #queue(pending: Pending): void {
    this.#ready.push(pending);
    if (this.#flushDue) return;
    this.#flushDue = true;
    this.process.after(0, () => this.#flush());
  }

  #flush(): void {
    this.#flushDue = false;
    while (this.#ready.length > 0) {
      const batch = this.#ready
        .slice(0, BATCH_MAX)
        .filter((one) => one.state === 'ready' && one.task.end === undefined);
      const tasks: TaskHead[] = batch.map((one) => one.task.head);
      const attempts = tasks.map(() => 0);
      if (batch.length > 0 && !this.#say({ kind: 'taskBatch', tasks, attempts, sources: [], sourceOf: [] }))
        return;
      for (const one of batch) one.state = 'sent';
      this.#ready.splice(0, BATCH_MAX);
    }
  }

  #offerAgain(): void {
    this.#offerDue = false;
    this.#heartbeat();
    for (const pending of this.#pending.values()) {
      if (pending.state !== 'sent') continue;
      pending.state = 'ready';
      this.#queue(pending);
      if (pending.cancelAskedAt !== undefined)
        pending.cancelAskedAt = this.#fleet.world.now - CANCEL_REPEAT_MS;
    }
  }

  #heartbeat(): void {
    this.#say({
      kind: 'clientHeartbeat',
      resource: { cpu: 0, rssBytes: 0 },
      latencyUs: 0,
      features: FEATURES,
    });
  }

  #tickLater(): void {
    this.process.after(HEARTBEAT_MS, () => {
      this.#heartbeat();
      if (this.#ready.length > 0) this.#flush();
      for (const [id, pending] of this.#pending) {
        const askedAt = pending.cancelAskedAt;
        const due = askedAt !== undefined && this.#fleet.world.now - askedAt >= CANCEL_REPEAT_MS;
        if (due && pending.state === 'sent') this.cancel(id);
      }
      this.#tickLater();
    });
  }

  #say(message: Message): boolean {
    this.#fleet.world.say(this.id, () => sayMessage(message));
    return this.#fleet.network.say(this.link, message);
  }
}
