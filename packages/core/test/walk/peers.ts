/** Models of clients and workers, own and stock: as simple as the wire allows. */
import { taskId } from '@muster/protocol/ids';
import type { PeerId, TaskId } from '@muster/protocol/ids';
import type { Message, TaskAttempt } from '@muster/protocol/messages';
import { clientBeat, head, result, trimmed, workerBeat } from '../kit.ts';
import type { TaskOptions } from '../kit.ts';
import { id } from './world.ts';
import type { Peer, World } from './world.ts';

export type Ending = 'success' | 'failed' | 'failedWorkerDied' | 'canceled';

interface Wanted {
  readonly name: string;
  readonly options: TaskOptions;
  ending: Ending | undefined;
  canceling: boolean;
  /** The cancel came too late: its result may be on the way still, or wait for room in a queue. */
  notFound?: boolean;
}

export class ClientModel implements Peer {
  readonly id: PeerId;
  readonly own: boolean;
  readonly fragile: boolean;
  readonly tasks = new Map<TaskId, Wanted>();
  dead = false;
  /** What went wrong: a task that ended twice. */
  readonly faults: string[] = [];
  #epoch: string | undefined;
  #echoDue = false;
  readonly #world: World;

  constructor(world: World, name: string, own: boolean) {
    this.#world = world;
    this.id = id(name);
    this.own = own;
    this.fragile = own;
    world.connect(this);
    this.#beat();
    world.every(2_000, () => {
      if (this.dead) return false;
      // Stock clients wait for the echo of the last heartbeat.
      if (own || !this.#echoDue) this.#beat();
      return true;
    });
  }

  submit(names: readonly string[], options: TaskOptions = {}): void {
    const heads = names.map((name) => head(name, this.own ? options : { ...options, source: this.id }));
    for (const one of heads) {
      this.tasks.set(one.taskId, {
        name: trimmed(one.taskId),
        options,
        ending: undefined,
        canceling: false,
      });
    }
    if (this.own)
      this.#send({
        kind: 'taskBatch',
        tasks: heads,
        attempts: heads.map(() => 0),
        sources: [],
        sourceOf: [],
      });
    else for (const task of heads) this.#send({ kind: 'task', task });
  }

  cancel(taskId: TaskId): void {
    const task = this.tasks.get(taskId);
    if (task === undefined || task.ending !== undefined) return;
    task.canceling = true;
    this.#send({ kind: 'taskCancel', taskId, force: true });
  }

  get open(): readonly TaskId[] {
    return [...this.tasks].filter(([, task]) => task.ending === undefined).map(([taskId]) => taskId);
  }

  die(): void {
    this.dead = true;
    this.#world.disconnect(this.id);
  }

  onReconnect(): void {
    if (!this.own || this.dead) return;
    this.#beat();
    this.#offerAgain();
  }

  onMessage(message: Message): void {
    if (this.dead) return;
    if (message.kind === 'clientHeartbeatEcho') return this.#onEcho(message);
    if (message.kind === 'taskCancelConfirm') return this.#onConfirm(message);
    if (message.kind === 'taskResult') return this.#end(message.result.taskId, message.result.outcome);
    if (message.kind !== 'taskResultBatch') return;
    for (const { taskId, outcome } of message.results) this.#end(taskId, outcome, true);
    const tasks = message.results.map(({ taskId }, index) => ({
      taskId,
      attempt: message.attempts[index] ?? 0,
    }));
    this.#send({ kind: 'resultAck', tasks });
  }

  #onEcho(echo: Extract<Message, { kind: 'clientHeartbeatEcho' }>): void {
    this.#echoDue = false;
    const epoch = echo.extras?.epoch;
    if (this.own !== (epoch !== undefined)) this.faults.push('extras and kind of client do not fit');
    if (this.#epoch !== undefined && epoch !== this.#epoch) this.#offerAgain();
    this.#epoch = epoch;
  }

  #onConfirm({ taskId, confirm }: Extract<Message, { kind: 'taskCancelConfirm' }>): void {
    const task = this.tasks.get(taskId);
    if (task === undefined) return;
    if (confirm === 'cancelFailed') task.canceling = false;
    else if (task.ending === undefined) {
      task.ending = 'canceled';
      task.notFound = confirm === 'cancelNotFound';
    } else if (confirm === 'canceled' && task.ending !== 'canceled')
      this.faults.push(`${task.name} was canceled after it had ended`);
  }

  #end(taskId: TaskId, outcome: Ending, mayRepeat = false): void {
    const task = this.tasks.get(taskId);
    if (task === undefined) return void this.faults.push(`a result of an unknown task ${taskId}`);
    if (task.ending === undefined) task.ending = outcome;
    else if (!mayRepeat && task.notFound !== true) this.faults.push(`${task.name} ended twice`);
    else if (task.ending !== outcome && task.ending !== 'canceled')
      this.faults.push(`${task.name} changed its end`);
  }

  /** After a reconnect or a new epoch; cancels too, because their answers may be lost. */
  #offerAgain(): void {
    const open = this.open.map((taskId) => this.tasks.get(taskId)).filter((task) => task !== undefined);
    const tasks = open.map((task) => head(task.name, task.options));
    if (tasks.length > 0) {
      this.#send({ kind: 'taskBatch', tasks, attempts: tasks.map(() => 0), sources: [], sourceOf: [] });
    }
    for (const task of open) {
      if (task.canceling)
        this.#send({ kind: 'taskCancel', taskId: taskId(task.name.padEnd(16, ' ')), force: true });
    }
  }

  #beat(): void {
    this.#echoDue = true;
    this.#send(clientBeat(this.own ? 1 : 0));
  }

  #send(message: Message): void {
    this.#world.send(this.id, message);
  }
}

interface Held {
  readonly taskId: TaskId;
  attempt: number;
}

export class WorkerModel implements Peer {
  readonly id: PeerId;
  readonly own: boolean;
  readonly fragile = true;
  dead = false;
  /** The first one runs. */
  readonly held: Held[] = [];
  readonly #finished = new Map<TaskId, Held & { readonly resendAt: number }>();
  #phase: 'active' | 'draining' | 'drained' = 'active';
  #selfDraining = false;
  #epoch: string | undefined;
  #echoDue = false;
  #run = 0;
  readonly #capabilities: string;
  readonly #world: World;

  constructor(world: World, name: string, own: boolean, capabilities = '') {
    this.#world = world;
    this.id = id(name);
    this.own = own;
    this.#capabilities = capabilities;
    world.connect(this);
    this.#beat();
    world.every(2_000, () => {
      if (this.dead) return false;
      if (own || !this.#echoDue) this.#beat();
      this.#resend();
      return true;
    });
  }

  get running(): Held | undefined {
    return this.held[0];
  }

  /** SIGKILL. */
  die(): void {
    this.dead = true;
    this.#run++;
    this.#world.disconnect(this.id);
  }

  /** SIGTERM: ours drain and leave, stock ones stop at once and say so, if the message gets out. */
  stop(): void {
    if (this.dead) return;
    if (!this.own) {
      this.#send({ kind: 'disconnectRequest', worker: this.id as never });
      this.#world.at(6, () => this.die());
      return;
    }
    this.#selfDraining = true;
    this.#phase = 'draining';
    this.#send({ kind: 'drainStatus', status: 'draining', reason: 'SIGTERM' });
    this.#giveBackQueued();
    this.#settle();
    this.#world.at(10_000, () => this.die());
  }

  onReconnect(): void {
    if (this.dead) return;
    if (this.own || !this.#echoDue) this.#beat();
    this.#resend();
  }

  onMessage(message: Message): void {
    if (this.dead) return;
    switch (message.kind) {
      case 'workerHeartbeatEcho':
        return this.#onEcho(message.extras?.epoch);
      case 'task':
        return this.#accept([message.task.taskId], [0]);
      case 'taskBatch':
        return this.#accept(
          message.tasks.map((task) => task.taskId),
          message.attempts,
        );
      case 'resultAck':
        for (const { taskId } of message.tasks) this.#finished.delete(taskId);
        return this.#settle();
      case 'takeBack':
        return this.#onTakeBack(message.tasks);
      case 'taskCancel':
        return this.#onCancel(message.taskId, message.force);
      case 'drain':
        return this.#onDrain(message.action);
      case 'clientDisconnect':
        return this.stop();
      default:
    }
  }

  #accept(ids: readonly TaskId[], attempts: readonly number[]): void {
    const refused: TaskAttempt[] = [];
    ids.forEach((taskId, index) => {
      const attempt = attempts[index] ?? 0;
      const known = this.held.find((task) => task.taskId === taskId);
      const finished = this.#finished.get(taskId);
      if (known !== undefined) known.attempt = Math.max(known.attempt, attempt);
      else if (finished !== undefined) this.#finish({ taskId, attempt });
      else if (this.#phase !== 'active') refused.push({ taskId, attempt });
      else this.held.push({ taskId, attempt });
    });
    if (refused.length > 0) this.#send({ kind: 'tasksReturned', returned: refused, kept: [] });
    this.#start();
  }

  #start(): void {
    const task = this.held[0];
    if (task === undefined || this.#busy) return;
    this.#busy = true;
    const run = ++this.#run;
    const ms = this.#world.chance(0.2) ? this.#world.between(500, 4_000) : this.#world.between(0, 60);
    this.#world.at(ms, () => {
      if (this.#run !== run) return;
      this.#busy = false;
      this.held.shift();
      this.#finish(task, ms);
      this.#start();
      this.#settle();
    });
  }

  #busy = false;

  #finish(task: Held, ms = 1): void {
    if (this.own) {
      this.#finished.set(task.taskId, { ...task, resendAt: this.#world.now + 3_000 });
      this.#send({
        kind: 'taskResultBatch',
        results: [result(trimmed(task.taskId), { ms })],
        attempts: [task.attempt],
      });
    } else this.#send({ kind: 'taskResult', result: result(trimmed(task.taskId), { ms }) });
  }

  #resend(): void {
    for (const task of this.#finished.values()) {
      if (task.resendAt <= this.#world.now) this.#finish(task);
    }
  }

  #onTakeBack(tasks: readonly TaskAttempt[]): void {
    const returned: TaskAttempt[] = [];
    const kept: TaskAttempt[] = [];
    for (const { taskId, attempt } of tasks) {
      const index = this.held.findIndex((task) => task.taskId === taskId);
      if (index === 0 || (index < 0 && this.#finished.has(taskId))) kept.push({ taskId, attempt });
      else {
        if (index > 0) this.held.splice(index, 1);
        returned.push({ taskId, attempt });
      }
    }
    this.#send({ kind: 'tasksReturned', returned, kept });
  }

  #onCancel(taskId: TaskId, force: boolean): void {
    const index = this.held.findIndex((task) => task.taskId === taskId);
    const confirm = (answer: 'canceled' | 'cancelFailed' | 'cancelNotFound'): void => {
      this.#send({ kind: 'taskCancelConfirm', taskId, confirm: answer });
    };
    if (index < 0) return confirm(this.#finished.has(taskId) ? 'cancelFailed' : 'cancelNotFound');
    if (index === 0 && !force) return confirm('cancelFailed');
    this.held.splice(index, 1);
    if (index === 0) {
      this.#run++;
      this.#busy = false;
      this.#start();
    }
    confirm('canceled');
    this.#settle();
  }

  #onDrain(action: 'drain' | 'callOff'): void {
    if (this.#selfDraining) return;
    if (action === 'callOff') {
      this.#phase = 'active';
      return;
    }
    if (this.#phase === 'active') {
      this.#phase = 'draining';
      this.#giveBackQueued();
    }
    this.#settle();
  }

  #giveBackQueued(): void {
    const returned = this.held.splice(1).map(({ taskId, attempt }) => ({ taskId, attempt }));
    if (returned.length > 0) this.#send({ kind: 'tasksReturned', returned, kept: [] });
  }

  #settle(): void {
    if (this.#phase === 'active' || this.held.length > 0 || this.#finished.size > 0) return;
    this.#phase = 'drained';
    this.#send({ kind: 'drainStatus', status: 'drained', reason: '' });
    if (!this.#selfDraining) return;
    this.#send({ kind: 'disconnectRequest', worker: this.id as never });
    this.#world.at(6, () => this.die());
  }

  #onEcho(epoch: string | undefined): void {
    this.#echoDue = false;
    const before = this.#epoch;
    this.#epoch = epoch;
    if (!this.own || before === undefined || epoch === before) return;
    const tasks = [...this.held, ...this.#finished.values()].map(({ taskId, attempt }) => ({
      taskId,
      attempt,
    }));
    this.#send({ kind: 'tasksHeld', tasks });
    for (const task of this.#finished.values()) this.#finish(task);
    if (!this.#selfDraining) this.#phase = 'active';
  }

  #beat(): void {
    this.#echoDue = true;
    const options = {
      features: this.own ? 1 : 0,
      queued: Math.max(0, this.held.length - 1),
      running: this.held.length > 0,
      capabilities: this.#capabilities,
    };
    this.#send(workerBeat(options));
  }

  #send(message: Message): void {
    if (!this.dead) this.#world.send(this.id, message);
  }
}
