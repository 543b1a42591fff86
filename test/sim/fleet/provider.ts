/**
 * A provider of worker groups, with all that real ones do: groups boot slowly, lists lag, calls fail in part, are
 * refused or leave their outcome open, starts get stuck, and groups die without a word.
 */
import type { AdapterEvent, Caps, Intent, ListedGroup, StartFailure } from '@muster/core/provisioning';
import type { WorkerConfig } from '@muster/core/worker-types';
import type { Capabilities, GroupId, WorkerId } from '@muster/protocol/ids';
import type { Hub } from './hub.ts';
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
  readonly dollarsPerHour: number;
  /** What its adapter keeps to, whatever it is asked. */
  readonly caps: Caps;
  /** A group is billed for this long at least. */
  readonly billedMinimumMs: number;
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
  /** Its workers have lived. */
  everUp: boolean;
}

/** How often things go wrong. */
export interface ProviderFaults {
  startFails: number;
  startStuck: number;
  listFails: number;
  stopFails: number;
  slow: number;
}

const HOUR_MS = 3_600_000;
const DEFINITIVE = ['capacity', 'quota', 'invalid'] as const;

export class Provider {
  readonly traits: ProviderTraits;
  readonly groups = new Map<GroupId, ProviderGroup>();
  readonly faults: ProviderFaults;
  readonly #alive = new Set<ProviderGroup>();
  readonly #refused = new Map<string, StartFailure>();
  readonly #hub: Hub;
  readonly #random: Random;
  readonly bornAt: number;
  #endedDollars = 0;

  constructor(hub: Hub, traits: ProviderTraits, faults: ProviderFaults) {
    this.#hub = hub;
    this.#random = hub.random.fork();
    this.bornAt = hub.world.now;
    this.traits = traits;
    this.faults = faults;
  }

  get alive(): readonly ProviderGroup[] {
    return [...this.#alive];
  }

  get billedMinimumDollars(): number {
    return this.#price(this.traits.billedMinimumMs);
  }

  /** What has been billed so far, each group for its billed minimum at least. */
  get spentDollars(): number {
    let dollars = this.#endedDollars;
    for (const { bornAt } of this.alive) dollars += this.#bill(this.#hub.world.now - bornAt);
    return dollars;
  }

  #price(ms: number): number {
    return (this.traits.dollarsPerHour * ms) / HOUR_MS;
  }

  #bill(livedMs: number): number {
    return this.#price(Math.max(livedMs, this.traits.billedMinimumMs));
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
    this.#hub.world.say(this.traits.name, `loses ${group.id} ${how}`);
    group.host?.kill(how);
    this.#end(group);
  }

  /** The provider wants its machine back: a signal, and some seconds. */
  reclaim(group: ProviderGroup, graceMs: number): void {
    this.#hub.world.say(this.traits.name, `reclaims ${group.id}`);
    group.host?.term('reclaimed by the provider');
    this.#hub.world.after(graceMs, () => {
      if (group.goneAt > this.#hub.world.now) this.lose(group, 'lost');
    });
  }

  #listed(): readonly ListedGroup[] {
    const lag = this.#random.int(0, Math.max(1, this.traits.listLagMs / 2));
    const seenAt = this.#hub.world.now - lag;
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
    if (before !== undefined && (before.token === token || before.goneAt > this.#hub.world.now))
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
    const { world } = this.#hub;
    const group: ProviderGroup = {
      id: intent.groupId,
      token: intent.token,
      workerIds: intent.workerIds,
      bornAt: world.now,
      goneAt: Infinity,
      stopping: false,
      stuck: this.#random.chance(this.faults.startStuck),
      host: undefined,
      everUp: false,
    };
    this.#checkFirst(group.id);
    this.groups.set(group.id, group);
    this.#alive.add(group);
    this.#checkCaps();
    if (group.stuck) return group;
    world.after(this.#random.skewed(this.traits.bootMs, this.traits.bootMs * 4), () => {
      if (group.goneAt !== Infinity || group.stopping) return;
      group.everUp = true;
      group.host = new WorkerHost(this.#hub, group.workerIds, this.traits.worker, intent.capabilities, () =>
        this.#end(group),
      );
    });
    return group;
  }

  /** I9: however often a start is asked for, a group begins once. */
  #checkFirst(id: GroupId): void {
    const before = this.groups.get(id);
    if (before !== undefined && before.everUp)
      throw new Violation('I9', `${id} is started once more after it was up`);
  }

  /** P3, I3, I4: at the instant of a start. */
  #checkCaps(): void {
    const { name, groupsMax, caps } = this.traits;
    const alive = this.#alive.size;
    if (alive > groupsMax)
      throw new Violation('P3', `${alive} groups exist at ${name}, the cap is ${groupsMax}`);
    if (alive * caps.vcpusPerGroup > caps.vcpusMax)
      throw new Violation(
        'P3',
        `${alive} groups of ${caps.vcpusPerGroup} vCPUs exist at ${name}, the cap is ${caps.vcpusMax}`,
      );
    if (alive * caps.dollarsPerGroupHour > caps.dollarsPerHourMax)
      throw new Violation(
        'I4',
        `${alive} groups at ${name} cost more than $${caps.dollarsPerHourMax} an hour`,
      );
    this.#hub.ledger.coverage.most('groups at one provider', alive);
  }

  #stop(id: GroupId, why: string): void {
    const group = this.groups.get(id);
    const { world } = this.#hub;
    if (group === undefined || group.goneAt <= world.now) return;
    this.#hub.ledger.onProviderStop(group, why);
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
    if (group.goneAt !== Infinity) return;
    group.goneAt = this.#hub.world.now;
    this.#alive.delete(group);
    this.#endedDollars += this.#bill(group.goneAt - group.bornAt);
  }

  /** The work is done some time after the call, whatever becomes of who asked; the answer comes later still. */
  #later(work: () => AdapterEvent, answer: (event: AdapterEvent) => void): void {
    const slow = this.#random.chance(this.faults.slow);
    const doneIn = this.#random.int(5, slow ? 5_000 + this.traits.listLagMs / 2 : 300);
    const answerIn = slow ? this.#random.int(0, 10_000) : 5;
    const { world } = this.#hub;
    world.after(doneIn, () => {
      const event = work();
      world.after(answerIn, () => answer(event));
    });
  }
}
