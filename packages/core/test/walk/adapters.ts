/** Models of worker adapters with a provider behind them that starts slowly, fails, and loses groups. */
import { groupId } from '@muster/protocol/ids';
import type { GroupId, PeerId } from '@muster/protocol/ids';
import type { CommandStatus, GroupStatus, Message } from '@muster/protocol/messages';
import { adapterBeat, caps, worker } from '../kit.ts';
import { WorkerModel } from './peers.ts';
import { id } from './world.ts';
import type { Peer, World } from './world.ts';

interface Instance {
  state: 'starting' | 'running' | 'stopping';
  readonly workers: WorkerModel[];
}

export interface AdapterOptions {
  readonly groupsMax: number;
  readonly workersPerGroup: number;
  /** Of its workers. */
  readonly capabilities: string;
}

/** What the provider shows; it outlives the adapter's process. */
export class AdapterModel implements Peer {
  id: PeerId;
  readonly name: string;
  readonly own: boolean;
  readonly fragile = false;
  readonly instances = new Map<GroupId, Instance>();
  readonly options: AdapterOptions;
  /** A stop that hit a running task although nobody's deadline had passed. */
  readonly kills: string[] = [];
  #ended = new Set<GroupId>();
  #lives = 0;
  #troubleUntil = 0;
  #minted = 0;
  readonly #world: World;

  constructor(world: World, name: string, own: boolean, options: AdapterOptions) {
    this.#world = world;
    this.name = name;
    this.own = own;
    this.options = options;
    this.id = id(`${name}#0`);
    world.connect(this);
    this.#beat();
    world.every(2_000, () => {
      this.#beat();
      return true;
    });
    world.every(1_000, () => {
      for (const [group, instance] of this.instances) {
        if (instance.state === 'running' && world.chance(world.faults.groupDeath))
          this.#kill(group, instance);
      }
      if (world.chance(world.faults.adapterRestart)) this.#restart();
      if (world.chance(world.faults.startFailure / 10)) this.#troubleUntil = world.now + 4_000;
      return true;
    });
  }

  get size(): number {
    return this.instances.size;
  }

  onReconnect(): void {
    this.#beat();
  }

  onMessage(message: Message): void {
    if (message.kind !== 'adapterCommand') return;
    if (message.command === 'startWorkerGroup') this.#start(message.groupId);
    else if (message.groupId !== undefined) this.#stop(message.groupId);
  }

  /** A new process and identity; a stock one knows nothing of what the old one started. */
  #restart(): void {
    this.#world.disconnect(this.id);
    this.id = id(`${this.name}#${++this.#lives}`);
    this.#world.connect(this);
    this.#world.log.push(`${this.#world.now} adapter ${this.name} restarts`);
    if (!this.own) {
      for (const [group, instance] of this.instances) this.#kill(group, instance);
    }
    this.#beat();
  }

  #start(asked: GroupId | undefined): void {
    const world = this.#world;
    const group = asked ?? groupId(`native-${this.name}-${++this.#minted}`);
    if (this.instances.has(group)) return this.#answer(group, 'success');
    if (this.#ended.has(group)) return this.#answer(group, 'unknownAction');
    if (this.instances.size >= this.options.groupsMax)
      return this.#answer(this.own ? group : undefined, 'workerGroupTooMuch');
    if (world.chance(world.faults.startFailure))
      return this.#answer(this.own ? group : undefined, 'workerGroupTooMuch');
    const instance: Instance = { state: 'starting', workers: [] };
    this.instances.set(group, instance);
    this.#answer(group, 'success');
    world.at(world.between(100, 3_000), () => {
      if (this.instances.get(group) !== instance || instance.state !== 'starting') return;
      instance.state = 'running';
      for (let i = 0; i < this.options.workersPerGroup; i++) {
        const name = this.own ? worker(group, i) : `Worker|NAT|${group}-${i}`;
        instance.workers.push(new WorkerModel(world, name, this.own, this.options.capabilities));
      }
    });
  }

  #stop(group: GroupId): void {
    const instance = this.instances.get(group);
    this.#ended.add(group);
    if (instance === undefined) return this.#answer(group, 'workerGroupIDNotFound', 'shutdownWorkerGroup');
    this.#answer(group, 'success', 'shutdownWorkerGroup');
    if (instance.state === 'stopping') return;
    for (const one of instance.workers) {
      if (one.running !== undefined && !one.dead)
        this.kills.push(`${this.#world.now} ${group} runs ${one.running.taskId}`);
    }
    instance.state = 'stopping';
    for (const one of instance.workers) one.stop();
    const gone = (): boolean => {
      if (!instance.workers.every((one) => one.dead)) return true;
      this.instances.delete(group);
      return false;
    };
    if (gone()) this.#world.every(100, gone);
  }

  #kill(group: GroupId, instance: Instance): void {
    this.#world.log.push(`${this.#world.now} group ${group} dies`);
    for (const one of instance.workers) one.die();
    this.instances.delete(group);
    this.#ended.add(group);
  }

  #answer(
    group: GroupId | undefined,
    status: CommandStatus,
    command: 'startWorkerGroup' | 'shutdownWorkerGroup' = 'startWorkerGroup',
  ): void {
    this.#send({
      kind: 'adapterCommandResponse',
      command,
      groupId: group,
      status,
      workerIds: [],
      capabilities: new Map(),
      failure: status === 'workerGroupTooMuch' && this.own ? 'capacity' : 'none',
      reason: this.own && status !== 'success' ? `model says ${status}` : '',
    });
  }

  #beat(): void {
    const groups: GroupStatus[] = [...this.instances].map(([group, { state }]) => ({
      groupId: group,
      state,
      nativeId: `pid ${group}`,
    }));
    const { capabilities } = this.options;
    const priced = { name: '', capabilities: caps(capabilities), dollarsPerHour: 1, billedMinimumMs: 3_000 };
    const trouble = this.#world.now < this.#troubleUntil ? 'unauthorized: model' : '';
    const extras = this.own ? { offers: [priced], trouble } : {};
    this.#send(adapterBeat(this.own ? this.name : undefined, { ...this.options, groups, ...extras }));
  }

  #send(message: Message): void {
    this.#world.send(this.id, message, this.#world.faults.adapterLoss);
  }
}
