/**
 * A scheduler of the stock system as its 1.15.0 behaves on the wire: decisions only inside heartbeats of adapters, one
 * table of groups that only answers fill and empty, no timeout and no repeat of commands, tasks by even load.
 * Source: reference of the stock system, sections 3, 5 and 6.
 */
import { groupId, workerId } from '@muster/protocol/ids';
import type { Capabilities, GroupId, PeerId, TaskId } from '@muster/protocol/ids';
import type { AdapterCommandResponse, Message, TaskHead, WorkerHeartbeat } from '@muster/protocol/messages';
import type { SchedulerEvent } from '@muster/core/scheduler-types';
import type { Hub } from './hub.ts';
import { decideStock } from './stock-policies.ts';
import type { StockCommand } from './stock-policies.ts';
import { sayMessage } from './words.ts';
import { Process, Violation } from './world.ts';

const WORKER_TIMEOUT_MS = 60_000;
const SWEEP_MS = 1_000;
const STORAGE = { host: '127.0.0.1', port: 1 };

export interface StockWorkerRow {
  readonly peer: PeerId;
  readonly queueSize: number;
  readonly capabilities: Capabilities;
  queuedTasks: number;
  seenAt: number;
  readonly tasks: Set<TaskId>;
}

export interface StockGroupRow {
  readonly id: GroupId;
  readonly workerIds: readonly string[];
  readonly capabilities: Capabilities;
}

export interface StockTaskRow {
  readonly head: TaskHead;
  readonly client: PeerId;
  worker: StockWorkerRow | undefined;
}

/** What its policies look at. */
export interface StockTables {
  readonly tasks: ReadonlyMap<TaskId, StockTaskRow>;
  readonly workers: ReadonlyMap<PeerId, StockWorkerRow>;
  readonly groups: ReadonlyMap<GroupId, StockGroupRow>;
}

export class StockScheduler {
  readonly process: Process;
  readonly tasks = new Map<TaskId, StockTaskRow>();
  readonly workers = new Map<PeerId, StockWorkerRow>();
  readonly groups = new Map<GroupId, StockGroupRow>();
  readonly #hub: Hub;
  readonly #scaling: 'vanilla' | 'capability';
  #unassigned: TaskId[] = [];

  constructor(hub: Hub, name: string, scaling: 'vanilla' | 'capability') {
    this.#hub = hub;
    this.#scaling = scaling;
    this.process = new Process(hub.world, name, 0);
    hub.network.bind({
      process: this.process,
      onTurn: (turn) => {
        for (const event of turn) this.#onEvent(event);
      },
    });
    this.#sweep();
  }

  crash(): void {
    this.#hub.world.say(this.process.name, 'crash');
    this.process.alive = false;
    this.#hub.network.unbind();
  }

  /** Their client is gone. */
  forgetTasks(): void {
    this.tasks.clear();
    this.#unassigned = [];
    for (const worker of this.workers.values()) worker.tasks.clear();
  }

  #onEvent(event: SchedulerEvent): void {
    // It neither sees who disconnects nor what did not arrive.
    if (event.kind === 'message' && this.process.alive) this.#onMessage(event.from, event.message);
  }

  #onMessage(from: PeerId, message: Message): void {
    switch (message.kind) {
      case 'clientHeartbeat':
        return this.#send(from, { kind: 'clientHeartbeatEcho', storage: STORAGE, extras: undefined });
      case 'task':
        return this.#onTask(from, message.task);
      case 'workerHeartbeat':
        return this.#onWorkerHeartbeat(from, message);
      case 'taskResult':
        return this.#onResult(message);
      case 'disconnectRequest':
        this.#loseWorker(from);
        return this.#send(from, { kind: 'disconnectResponse', worker: message.worker });
      case 'adapterHeartbeat':
        this.#send(from, { kind: 'adapterHeartbeatEcho', extras: undefined, registered: [] });
        for (const command of decideStock(this.#scaling, this, message.groupsMax)) this.#order(from, command);
        return;
      case 'adapterCommandResponse':
        return this.#onResponse(message);
      case 'taskCancelConfirm':
      case 'objectInstruction':
      case 'taskLog':
        return;
      default:
        throw new Violation('wire', `a stock scheduler was sent ${message.kind}`);
    }
  }

  #onTask(client: PeerId, head: TaskHead): void {
    if (this.tasks.has(head.taskId)) return;
    this.tasks.set(head.taskId, { head, client, worker: undefined });
    this.#unassigned.push(head.taskId);
    this.#assign();
  }

  /** Strictly first in, first out; the worker with the least to do. */
  #assign(): void {
    for (let id = this.#unassigned[0]; id !== undefined; id = this.#unassigned[0]) {
      const task = this.tasks.get(id);
      if (task !== undefined) {
        let least: StockWorkerRow | undefined;
        for (const worker of this.workers.values())
          if (
            worker.tasks.size < worker.queueSize &&
            (least === undefined || worker.tasks.size < least.tasks.size)
          )
            least = worker;
        if (least === undefined) return;
        task.worker = least;
        least.tasks.add(id);
        this.#send(least.peer, { kind: 'task', task: task.head });
      }
      this.#unassigned.shift();
    }
  }

  #onWorkerHeartbeat(from: PeerId, beat: WorkerHeartbeat): void {
    const known = this.workers.get(from);
    if (known === undefined) {
      const { queueSize, queuedTasks, capabilities } = beat;
      const seenAt = this.#hub.world.now;
      this.workers.set(from, { peer: from, queueSize, queuedTasks, capabilities, seenAt, tasks: new Set() });
      this.#assign();
    } else {
      known.seenAt = this.#hub.world.now;
      known.queuedTasks = beat.queuedTasks;
    }
    this.#send(from, { kind: 'workerHeartbeatEcho', storage: STORAGE, extras: undefined });
  }

  #onResult(message: Extract<Message, { kind: 'taskResult' }>): void {
    const { taskId } = message.result;
    const task = this.tasks.get(taskId);
    if (task?.worker === undefined) return;
    task.worker.tasks.delete(taskId);
    this.tasks.delete(taskId);
    this.#send(task.client, message);
    this.#assign();
  }

  #loseWorker(peer: PeerId): void {
    const worker = this.workers.get(peer);
    if (worker === undefined) return;
    this.workers.delete(peer);
    for (const id of worker.tasks) {
      const task = this.tasks.get(id);
      if (task !== undefined) task.worker = undefined;
      this.#unassigned.push(id);
    }
    this.#assign();
  }

  #order(to: PeerId, { command, group, capabilities }: StockCommand): void {
    this.#send(to, { kind: 'adapterCommand', command, groupId: group, capabilities, epoch: '' });
  }

  /** Statuses that it does not know end it, so an adapter of ours must never say them. */
  #onResponse({ command, status, groupId: id, workerIds, capabilities }: AdapterCommandResponse): void {
    this.#hub.ledger.coverage.count(`stock scheduler: ${command} ${status}`);
    if (command === 'startWorkerGroup') {
      if (status === 'success' && id !== undefined)
        this.groups.set(groupId(id), {
          id: groupId(id),
          workerIds: workerIds.map((one) => workerId(one)),
          capabilities,
        });
      else if (status !== 'workerGroupTooMuch')
        throw new Violation('wire', `a stock scheduler dies of a start that ended as ${status}`);
    } else if (command === 'shutdownWorkerGroup') {
      if (status === 'success' && id !== undefined) this.groups.delete(groupId(id));
      else if (status !== 'workerGroupIDNotFound')
        throw new Violation('wire', `a stock scheduler dies of a stop that ended as ${status}`);
    } else throw new Violation('wire', `a stock scheduler was sent the status of a group unasked: ${status}`);
  }

  #sweep(): void {
    this.process.after(SWEEP_MS, () => {
      for (const { peer, seenAt } of [...this.workers.values()])
        if (this.#hub.world.now - seenAt > WORKER_TIMEOUT_MS) this.#loseWorker(peer);
      this.#sweep();
    });
  }

  #send(to: PeerId, message: Message): void {
    this.#hub.world.say(this.process.name, () => `→ ${to} ${sayMessage(message)}`);
    this.#hub.network.send(to, message);
  }
}
