/** A worker adapter as the production one: its machine, a durable intent file, calls to the simulated provider. */
import { createAdapterMachine } from '@muster/core/provisioning';
import type {
  AdapterEffect,
  AdapterEvent,
  AdapterMachine,
  AdapterMachineConfig,
  RestoredIntent,
  StopPolicy,
} from '@muster/core/provisioning';
import type { GroupId } from '@muster/protocol/ids';
import { peerId } from '@muster/protocol/ids';
import { drive } from '@muster/runtime/drive';
import type { Drive } from '@muster/runtime/drive';
import type { Hub } from './hub.ts';
import { watched } from './machine.ts';
import type { Link } from './network.ts';
import type { Provider } from './provider.ts';
import { Random } from './random.ts';
import { sayMessage, sayNote } from './words.ts';
import { Process } from './world.ts';

/** What is drawn by chance is drawn anew by each of its processes. */
export type AdapterSettings = Omit<AdapterMachineConfig, 'mintHex' | 'random'>;

/** One process run; a crash ends it, the next one reads the same intents. */
interface Incarnation {
  readonly process: Process;
  readonly machine: AdapterMachine;
  readonly loop: Drive<AdapterEvent>;
  link: Link | undefined;
}

export class SimAdapter {
  readonly config: AdapterSettings;
  readonly provider: Provider;
  /** How often an intent cannot be written. */
  diskFails = 0;
  readonly #hub: Hub;
  /** Survives the process. */
  readonly #intents = new Map<GroupId, RestoredIntent>();
  #current: Incarnation | undefined;
  #runs = 0;
  #leaving = false;

  constructor(hub: Hub, config: AdapterSettings, provider: Provider) {
    this.#hub = hub;
    this.config = config;
    this.provider = provider;
    this.start();
  }

  get isUp(): boolean {
    return this.#current?.process.alive === true;
  }

  get process(): Process | undefined {
    return this.#current?.process;
  }

  get link(): Link | undefined {
    return this.#current?.link;
  }

  snapshot(): ReturnType<AdapterMachine['snapshot']> {
    return this.#current?.machine.snapshot() ?? { wanted: [], leaving: [] };
  }

  get intents(): number {
    return this.#intents.size;
  }

  start(): void {
    if (this.#current !== undefined) return;
    this.#leaving = false;
    const { world, network, random } = this.#hub;
    const name = `${this.config.adapterId}#${++this.#runs}`;
    const process = new Process(world, name, random.int(0, 1_000_000));
    const machine = this.#machine(name, process);
    const loop = drive<AdapterEvent, AdapterEffect>(
      machine,
      process.clock,
      { kind: 'deadline' },
      (effects) => {
        for (const effect of effects) this.#apply(one, effect);
      },
    );
    const one: Incarnation = { process, machine, loop, link: undefined };
    this.#current = one;
    one.link = network.connect(peerId(`worker_adapter_fake|${random.hex(8)}`), process, false, (turn) =>
      loop.feed(
        turn.map((event) =>
          event.kind === 'message' ? event : { kind: 'connection' as const, state: event.kind },
        ),
      ),
    );
    loop.feed([{ kind: 'deadline' }]);
  }

  #machine(name: string, process: Process): AdapterMachine {
    const seed = this.#hub.random.int(1, 0x7fffffff);
    const intents = [...this.#intents.values()];
    const now = process.clock.now();
    return watched<AdapterEvent, AdapterEffect, AdapterMachine>(
      name,
      () => {
        const random = new Random(seed);
        const config = { ...this.config, mintHex: () => random.hex(32), random: () => random.next() };
        return createAdapterMachine(config, intents, true, now);
      },
      this.#hub.watch,
    );
  }

  crash(): void {
    const one = this.#current;
    if (one === undefined) return;
    this.#hub.world.say(one.process.name, 'crash');
    this.#end(one, 'lost');
  }

  /** It was asked to end, and starts nothing any more. */
  get isLeaving(): boolean {
    return this.#leaving;
  }

  /** On request; it ends when it is done. */
  shutdown(policy: StopPolicy, withinMs: number): void {
    this.#hub.world.say(this.config.adapterId, `shutdown ${policy}`);
    this.#leaving = true;
    this.#current?.loop.feed([{ kind: 'shutdown', policy, withinMs }]);
  }

  #end(one: Incarnation, how: 'flush' | 'lost'): void {
    one.process.alive = false;
    one.loop.stop();
    if (one.link !== undefined) this.#hub.network.close(one.link, how);
    if (this.#current === one) this.#current = undefined;
  }

  #apply(one: Incarnation, effect: AdapterEffect): void {
    const { world, network } = this.#hub;
    const answer = (event: AdapterEvent): void => void one.process.after(0, () => one.loop.feed([event]));
    switch (effect.kind) {
      case 'send':
        world.say(one.process.name, () => sayMessage(effect.message));
        if (one.link !== undefined) network.say(one.link, effect.message);
        return;
      case 'list':
        return this.provider.list(effect.call, answer);
      case 'start':
        return this.#launch(one, effect, answer);
      case 'stop':
        world.say(one.process.name, () => `stop ${effect.groupIds.join(' ')} ${effect.reason}`);
        return this.provider.stop(effect.call, effect.groupIds, effect.reason, answer);
      case 'abort':
        return;
      case 'holdIntent': {
        const intent = this.#intents.get(effect.groupId);
        if (intent?.phase === 'open') this.#intents.set(effect.groupId, { ...intent, phase: 'held' });
        return;
      }
      case 'leaveIntent':
        return void this.#intents.set(effect.groupId, { phase: 'leaving', groupId: effect.groupId });
      case 'closeIntent':
        return void this.#intents.delete(effect.groupId);
      case 'exit':
        world.say(one.process.name, `exit, left ${effect.left.join(' ')}`);
        this.#end(one, 'flush');
        if (this.#hub.isCalm) world.after(1_000, () => this.start());
        return;
      case 'note':
        world.say(one.process.name, () => sayNote(effect));
        return this.#hub.ledger.onAdapterNote(this.config.adapterId, effect);
    }
  }

  #launch(
    one: Incarnation,
    effect: Extract<AdapterEffect, { kind: 'start' }>,
    answer: (event: AdapterEvent) => void,
  ): void {
    const { call, intents } = effect;
    this.#hub.world.say(one.process.name, () => `start ${intents.map((intent) => intent.token).join(' ')}`);
    if (this.#hub.random.chance(this.diskFails)) {
      const failures = intents.map(({ groupId }) => ({
        groupId,
        kind: 'throttled' as const,
        detail: 'disk full',
      }));
      return answer({ kind: 'startDone', call, started: [], failures });
    }
    for (const intent of intents) this.#intents.set(intent.groupId, { ...intent, phase: 'open' });
    this.provider.start(call, intents, answer);
  }
}
