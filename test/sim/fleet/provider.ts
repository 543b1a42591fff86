/**
 * A provider of worker groups, with all that real ones do: groups boot slowly, lists lag, calls fail in part, are
 * refused or leave their outcome open, starts get stuck, and groups die without a word.
 */
import type { AdapterEvent, Intent, ListedGroup, StartFailure } from '@muster/core/provisioning';
import type { WorkerConfig } from '@muster/core/worker-types';
import type { Capabilities, GroupId, WorkerId } from '@muster/protocol/ids';
import type { Fleet } from './fleet.ts';
import type { Random } from './random.ts';
import { Violation } from './world.ts';
import { WorkerHost } from './worker.ts';

export interface ProviderTraits {
  readonly name: string;
  readonly groupsMax: number;
  readonly bootMs: number;
  readonly listLagMs: number;
  readonly stopGraceMs: number;
  readonly capabilities: Capabilities;
  readonly worker: Omit<WorkerConfig, 'workerId'>;
}

export interface ProviderGroup {
  readonly id: GroupId;
  readonly token: string;
  readonly workerIds: readonly WorkerId[];
  readonly bornAt: number;
  goneAt: number;
  stopping: boolean;
  stuck: boolean;
  host: WorkerHost | undefined;
}

/** How often things go wrong. */
export interface ProviderFaults {
  startFails: number;
  startStuck: number;
  listFails: number;
  stopFails: number;
  slow: number;
}

const DEFINITIVE = ['capacity', 'quota', 'invalid'] as const;

export class Provider {
  readonly traits: ProviderTraits;
  readonly groups = new Map<GroupId, ProviderGroup>();
  readonly faults: ProviderFaults;
  readonly #refused = new Map<string, StartFailure>();
  readonly #fleet: Fleet;
  readonly #random: Random;
  peak = 0;

  constructor(fleet: Fleet, traits: ProviderTraits, faults: ProviderFaults) {
    this.#fleet = fleet;
    this.#random = fleet.random.fork();
    this.traits = traits;
    this.faults = faults;
  }

  get alive(): readonly ProviderGroup[] {
    return [...this.groups.values()].filter((one) => one.goneAt > this.#fleet.world.now);
  }

  list(call: number, answer: (event: AdapterEvent) => void): void {
    this.#later(() => {
      if (this.#random.chance(this.faults.listFails))
        return { kind: 'listFailed', call, detail: 'simulated' };
      return { kind: 'listed', call, groups: this.#listed() };
    }, answer);
  }

  start(call: number, intents: readonly Intent[], answer: (event: AdapterEvent) => void): void {
    this.#later(() => {
      const started: ListedGroup[] = [];
      const failures: StartFailure[] = [];
      for (const intent of intents) this.#start(intent, started, failures);
      return { kind: 'startDone', call, started, failures };
    }, answer);
  }

  stop(call: number, ids: readonly GroupId[], why: string, answer: (event: AdapterEvent) => void): void {
    this.#later(() => {
      if (this.#random.chance(this.faults.stopFails)) {
        const failures = ids.map((groupId) => ({ groupId, kind: 'throttled' as const, detail: 'simulated' }));
        return { kind: 'stopDone', call, stopped: [], failures };
      }
      for (const id of ids) this.#stop(id, why);
      return { kind: 'stopDone', call, stopped: ids, failures: [] };
    }, answer);
  }

  /** A group dies: its machine is gone, or its process only. */
  lose(group: ProviderGroup, how: 'lost' | 'vanished'): void {
    this.#fleet.world.say(this.traits.name, `loses ${group.id} ${how}`);
    group.host?.kill(how);
    this.#end(group);
  }

  /** The provider wants its machine back: a signal, and some seconds. */
  reclaim(group: ProviderGroup, graceMs: number): void {
    this.#fleet.world.say(this.traits.name, `reclaims ${group.id}`);
    group.host?.term('reclaimed by the provider');
    this.#fleet.world.after(graceMs, () => {
      if (group.goneAt > this.#fleet.world.now) this.lose(group, 'lost');
    });
  }

  #listed(): readonly ListedGroup[] {
    const lag = this.#random.int(0, Math.max(1, this.traits.listLagMs / 2));
    const seenAt = this.#fleet.world.now - lag;
    const seen = [...this.groups.values()].filter((one) => one.bornAt <= seenAt && one.goneAt > seenAt);
    return seen.map((one) => this.#show(one));
  }

  #show(group: ProviderGroup): ListedGroup {
    const state = group.stopping
      ? 'stopping'
      : group.host !== undefined
        ? 'running'
        : group.stuck
          ? 'pending'
          : 'starting';
    return { groupId: group.id, nativeId: `n-${group.id}`, state };
  }

  #start(intent: Intent, started: ListedGroup[], failures: StartFailure[]): void {
    const { groupId, token } = intent;
    const before = this.groups.get(groupId);
    if (before !== undefined && (before.token === token || before.goneAt > this.#fleet.world.now))
      return void started.push(this.#show(before));
    const refused = this.#refused.get(token);
    if (refused !== undefined) return void failures.push(refused);
    const fails = this.#random.chance(this.faults.startFails);
    if (fails && this.#random.chance(0.6)) {
      const kind =
        this.#random.pick([...DEFINITIVE, 'throttled', 'throttled', 'unknown'] as const) ?? 'unknown';
      const failure = { groupId, kind, detail: 'simulated' };
      if (kind !== 'throttled' && kind !== 'unknown') this.#refused.set(token, failure);
      return void failures.push(failure);
    }
    const group = this.#boot(intent);
    if (!fails) return void started.push(this.#show(group));
    // It was done, and the answer says otherwise or nothing.
    if (this.#random.chance(0.5)) failures.push({ groupId, kind: 'unknown', detail: 'the answer was lost' });
  }

  #boot(intent: Intent): ProviderGroup {
    const { world } = this.#fleet;
    const group: ProviderGroup = {
      id: intent.groupId,
      token: intent.token,
      workerIds: intent.workerIds,
      bornAt: world.now,
      goneAt: Infinity,
      stopping: false,
      stuck: this.#random.chance(this.faults.startStuck),
      host: undefined,
    };
    this.groups.set(group.id, group);
    const alive = this.alive.length;
    this.peak = Math.max(this.peak, alive);
    if (alive > this.traits.groupsMax)
      throw new Violation(
        'P3',
        `${alive} groups exist at ${this.traits.name}, the cap is ${this.traits.groupsMax}`,
      );
    if (group.stuck) return group;
    world.after(this.#random.skewed(this.traits.bootMs, this.traits.bootMs * 4), () => {
      if (group.goneAt !== Infinity || group.stopping) return;
      group.host = new WorkerHost(
        this.#fleet,
        group.workerIds,
        this.traits.worker,
        this.traits.capabilities,
        () => this.#end(group),
      );
    });
    return group;
  }

  #stop(id: GroupId, why: string): void {
    const group = this.groups.get(id);
    const { world } = this.#fleet;
    if (group === undefined || group.goneAt <= world.now) return;
    this.#fleet.ledger.onProviderStop(group, why);
    if (group.stopping) return;
    group.stopping = true;
    group.host?.term('asked to stop');
    const graceMs = group.host === undefined ? this.#random.int(0, 2_000) : this.traits.stopGraceMs;
    world.after(graceMs, () => {
      if (group.goneAt <= world.now) return;
      group.host?.kill('lost');
      this.#end(group);
    });
  }

  #end(group: ProviderGroup): void {
    group.goneAt = Math.min(group.goneAt, this.#fleet.world.now);
  }

  /** The work is done some time after the call, whatever becomes of who asked; the answer comes later still. */
  #later(work: () => AdapterEvent, answer: (event: AdapterEvent) => void): void {
    const slow = this.#random.chance(this.faults.slow);
    const doneIn = this.#random.int(5, slow ? 5_000 + this.traits.listLagMs / 2 : 300);
    const answerIn = slow ? this.#random.int(0, 10_000) : 5;
    const { world } = this.#fleet;
    world.after(doneIn, () => {
      const event = work();
      world.after(answerIn, () => answer(event));
    });
  }
}
