/**
 * Peers of the stock system beside our own, as its 1.15.0 behaves on the wire: the adapter mints group ids and
 * answers once, workers name no group and stop their heartbeat when an echo is lost, the client acknowledges nothing
 * and offers nothing again.
 */
import { encodeTaskResult } from '@muster/protocol/codec';
import { clientId, groupId, NO_CAPABILITIES, peerId, workerId } from '@muster/protocol/ids';
import type { ClientId, GroupId, TaskId, WorkerId } from '@muster/protocol/ids';
import type { AdapterCommandResponse, Message, TaskHead } from '@muster/protocol/messages';
import type { SimTask } from './book.ts';
import type { Fleet } from './fleet.ts';
import type { Hub } from './hub.ts';
import type { DealerEvent, Link } from './network.ts';
import { sayMessage } from './words.ts';
import { Process, Violation } from './world.ts';

const HEARTBEAT_MS = 2_000;
const NO_RESOURCE = { cpu: 0, rssBytes: 0 };
const NO_BYTES = new Uint8Array(8);

/** What all three have in common. */
class StockPeer {
  readonly process: Process;
  readonly link: Link;
  protected readonly hub: Hub;

  constructor(hub: Hub, name: string) {
    this.hub = hub;
    this.process = new Process(hub.world, name, 0);
    this.link = hub.network.connect(peerId(name), this.process, true, (turn) => this.#onTurn(turn));
  }

  end(how: 'flush' | 'lost' | 'vanished'): void {
    this.process.alive = false;
    this.hub.network.close(this.link, how);
  }

  protected onMessage(_message: Message): void {
    return;
  }

  protected say(message: Message): void {
    this.hub.world.say(this.process.name, () => sayMessage(message));
    this.hub.network.say(this.link, message);
  }

  #onTurn(turn: readonly DealerEvent[]): void {
    for (const event of turn)
      if (event.kind === 'message' && this.process.alive) this.onMessage(event.message);
  }
}

export class StockClient extends StockPeer {
  readonly id: ClientId;
  readonly #pending = new Map<TaskId, SimTask>();

  constructor(hub: Hub, name: string) {
    super(hub, name);
    this.id = clientId(name);
    this.#heartbeat();
  }

  get open(): number {
    return this.#pending.size;
  }

  submit(tasks: readonly SimTask[]): void {
    for (const task of tasks) {
      this.#pending.set(task.id, task);
      this.say({ kind: 'task', task: task.head });
    }
  }

  /** Its scheduler is gone, and its tasks with it. */
  giveUp(): void {
    for (const task of this.#pending.values()) task.abandoned = true;
    this.#pending.clear();
  }

  /** Without force: what runs goes on. */
  cancelSome(): void {
    for (const id of this.#pending.keys())
      if (this.hub.random.chance(0.2)) this.say({ kind: 'taskCancel', taskId: id, force: false });
  }

  protected override onMessage(message: Message): void {
    if (message.kind === 'clientHeartbeatEcho') this.process.after(HEARTBEAT_MS, () => this.#heartbeat());
    else if (message.kind === 'taskCancelConfirm') this.#onConfirm(message.taskId, message.confirm);
    else if (message.kind === 'taskResult') {
      const task = this.#pending.get(message.result.taskId);
      // Its cancel may have come first: a stock client drops such a result.
      if (task === undefined) return;
      this.#pending.delete(task.id);
      const { outcome } = message.result;
      this.hub.ledger.onTaskEnd(task, outcome === 'failedWorkerDied' ? 'lost' : outcome);
    } else if (message.kind === 'taskResultBatch' || message.kind === 'taskBatch')
      throw new Violation('wire', `a stock client was sent ${message.kind}`);
  }

  #onConfirm(id: TaskId, confirm: string): void {
    const task = this.#pending.get(id);
    if (task === undefined || confirm === 'cancelFailed') return;
    this.#pending.delete(id);
    this.hub.ledger.onTaskEnd(task, 'canceled');
  }

  #heartbeat(): void {
    this.say({ kind: 'clientHeartbeat', resource: NO_RESOURCE, latencyUs: 0, features: 0 });
  }
}

export interface StockWorkerTraits {
  readonly queueSize: number;
  readonly deathTimeoutMs: number;
}

export class StockWorker extends StockPeer {
  readonly #traits: StockWorkerTraits;
  readonly #onEnd: () => void;
  #queue: TaskHead[] = [];
  #running: TaskHead | undefined;
  #runs = 0;
  #echoAt: number;
  #ready = false;

  constructor(hub: Hub, id: WorkerId, traits: StockWorkerTraits, onEnd: () => void) {
    super(hub, id);
    this.#traits = traits;
    this.#onEnd = onEnd;
    this.#echoAt = hub.world.now;
    this.#heartbeat();
    this.#watch();
  }

  get running(): SimTask | undefined {
    return this.#running === undefined ? undefined : this.hub.book.tasks.get(this.#running.taskId);
  }

  /** SIGINT: what runs is killed; the good-bye may get lost. */
  stop(how: 'flush' | 'lost' | 'vanished'): void {
    if (!this.process.alive) return;
    if (how === 'flush') this.say({ kind: 'disconnectRequest', worker: workerId(this.link.id) });
    this.end(how);
    this.#onEnd();
  }

  protected override onMessage(message: Message): void {
    switch (message.kind) {
      case 'workerHeartbeatEcho':
        this.#echoAt = this.hub.world.now;
        this.process.after(HEARTBEAT_MS, () => this.#heartbeat());
        if (!this.#ready) this.process.after(100, () => this.#begin());
        this.#ready = true;
        return;
      case 'task':
        this.#queue.push(message.task);
        return this.#begin();
      case 'taskCancel':
        return this.#cancel(message.taskId, message.force);
      case 'clientDisconnect':
      case 'disconnectResponse':
        return this.stop('flush');
      case 'objectInstruction':
        return;
      default:
        throw new Violation('wire', `a stock worker was sent ${message.kind}`);
    }
  }

  #begin(): void {
    if (!this.#ready || this.#running !== undefined) return;
    this.#running = this.#queue.shift();
    const head = this.#running;
    if (head === undefined) return;
    const run = ++this.#runs;
    const task = this.hub.book.tasks.get(head.taskId);
    this.process.after(task?.durationMs ?? 1, () => {
      if (run !== this.#runs) return;
      this.#running = undefined;
      this.#result(head, task?.outcome ?? 'success');
      this.#begin();
    });
  }

  #result({ taskId }: TaskHead, outcome: 'success' | 'failed'): void {
    const bytes = this.hub.network.weather.codec
      ? encodeTaskResult({ taskId, outcome, metadata: undefined, objectIds: [], inline: undefined })
      : NO_BYTES;
    const result = {
      bytes,
      start: 0,
      end: bytes.length,
      taskId,
      outcome,
      durationMs: undefined,
      objectIds: [],
    };
    this.say({ kind: 'taskResult', result });
  }

  #cancel(taskId: TaskId, force: boolean): void {
    const confirm = (answer: 'canceled' | 'cancelFailed' | 'cancelNotFound'): void =>
      this.say({ kind: 'taskCancelConfirm', taskId, confirm: answer });
    if (this.#running?.taskId === taskId) {
      if (!force) return confirm('cancelFailed');
      this.#runs++;
      this.#running = undefined;
      confirm('canceled');
      return this.#begin();
    }
    const before = this.#queue.length;
    this.#queue = this.#queue.filter((head) => head.taskId !== taskId);
    confirm(this.#queue.length < before ? 'canceled' : 'cancelNotFound');
  }

  #heartbeat(): void {
    const status = { pid: 1, initialized: true, hasTask: this.#running !== undefined, suspended: false };
    this.say({
      kind: 'workerHeartbeat',
      agent: NO_RESOURCE,
      rssFreeBytes: 0,
      queueSize: this.#traits.queueSize,
      queuedTasks: this.#queue.length,
      latencyUs: 0,
      taskLock: true,
      processors: this.#ready ? [{ ...status, resource: NO_RESOURCE }] : [],
      capabilities: NO_CAPABILITIES,
      features: 0,
    });
  }

  #watch(): void {
    this.process.after(5_000, () => {
      if (this.hub.world.now - this.#echoAt > this.#traits.deathTimeoutMs) return this.stop('flush');
      this.#watch();
    });
  }
}

export interface StockGroup {
  readonly id: GroupId;
  readonly worker: StockWorker;
}

export class StockAdapter extends StockPeer {
  readonly groups = new Map<GroupId, StockGroup>();
  readonly #fleet: Fleet;
  readonly #groupsMax: number;
  readonly #traits: StockWorkerTraits;

  constructor(fleet: Fleet, groupsMax: number, traits: StockWorkerTraits) {
    super(fleet, `worker_adapter_native|${fleet.random.hex(8)}`);
    this.#fleet = fleet;
    this.#groupsMax = groupsMax;
    this.#traits = traits;
    this.#heartbeat();
  }

  protected override onMessage(message: Message): void {
    if (message.kind === 'adapterHeartbeatEcho') {
      if (message.extras !== undefined || message.registered.length > 0)
        throw new Violation('wire', 'a stock adapter was sent our fields');
    } else if (message.kind === 'adapterCommand') {
      if (message.command === 'startWorkerGroup') this.#start();
      else this.#stop(message.groupId);
    }
  }

  #start(): void {
    if (this.groups.size >= this.#groupsMax)
      return this.#answer('startWorkerGroup', undefined, 'workerGroupTooMuch');
    const id = groupId(`native-${this.#fleet.random.hex(32)}`);
    const name = workerId(`Worker|${this.#fleet.random.hex(6)}|${this.#fleet.random.hex(32)}`);
    // It never looks whether the process still lives.
    const worker = new StockWorker(this.#fleet, name, this.#traits, () => undefined);
    this.groups.set(id, { id, worker });
    this.#fleet.ledger.onStockStart(this, id);
    this.#answer('startWorkerGroup', id, 'success');
  }

  #stop(id: GroupId | undefined): void {
    const group = id === undefined ? undefined : this.groups.get(id);
    if (id === undefined || group === undefined) {
      const status = id === undefined ? 'workerGroupIDNotSpecified' : 'workerGroupIDNotFound';
      return this.#answer('shutdownWorkerGroup', id, status);
    }
    this.#fleet.ledger.onStockStop(id, group.worker.running);
    group.worker.stop(this.#fleet.random.chance(0.5) ? 'flush' : 'lost');
    this.groups.delete(id);
    this.process.stall(this.#fleet.random.int(0, 1_000));
    this.#answer('shutdownWorkerGroup', id, 'success');
  }

  #answer(
    command: 'startWorkerGroup' | 'shutdownWorkerGroup',
    id: GroupId | undefined,
    status: AdapterCommandResponse['status'],
  ): void {
    this.say({
      kind: 'adapterCommandResponse',
      command,
      groupId: id,
      status,
      workerIds: [],
      capabilities: NO_CAPABILITIES,
      failure: 'none',
      reason: '',
    });
  }

  #heartbeat(): void {
    this.say({
      kind: 'adapterHeartbeat',
      groupsMax: this.#groupsMax,
      workersPerGroup: 1,
      capabilities: NO_CAPABILITIES,
      adapterId: undefined,
      groups: undefined,
      features: 0,
      offers: [],
      trouble: '',
    });
    this.process.after(HEARTBEAT_MS, () => this.#heartbeat());
  }
}
