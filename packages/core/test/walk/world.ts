/**
 * A small world around the scheduler machine: clients, workers and adapters as simple models, links that lose
 * and delay, all driven by one seed. Nothing here is the product's code but the machine itself.
 */
import { instant, peerId } from '@muster/protocol/ids';
import type { PeerId } from '@muster/protocol/ids';
import type { Message } from '@muster/protocol/messages';
import { createScheduler } from '../../src/scheduler.ts';
import type { Scheduler } from '../../src/scheduler.ts';
import type { SchedulerConfig, SchedulerEffect, SchedulerEvent } from '../../src/scheduler-types.ts';
import { CONFIG } from '../kit.ts';

export interface Faults {
  /** Chance that a message to or from an adapter is lost. */
  readonly adapterLoss: number;
  /** Chance, for each message on another link, that the link breaks and loses what is under way. */
  readonly linkBreak: number;
  /** Chance that a start fails. */
  readonly startFailure: number;
  /** Chance, for each second and group, that its process dies. */
  readonly groupDeath: number;
  /** Chance, for each second, that an adapter restarts. */
  readonly adapterRestart: number;
  /** Chance, for each message to a worker or client, that its queue is full. */
  readonly full: number;
}

export const CALM: Faults = {
  adapterLoss: 0,
  linkBreak: 0,
  startFailure: 0,
  groupDeath: 0,
  adapterRestart: 0,
  full: 0,
};

/** Anything with an identity on the wire. */
export interface Peer {
  readonly id: PeerId;
  /** Whether its link may break: what is lost with the link of a stock client is lost for good. */
  readonly fragile: boolean;
  onMessage(message: Message): void;
  /** The link is back after a break. */
  onReconnect(): void;
}

interface Link {
  peer: Peer | undefined;
  /** When the last message of each direction arrives: links keep order. */
  inAt: number;
  outAt: number;
  /** Bumped by each break: what is under way from before is lost. */
  life: number;
  downUntil: number;
}

interface Appointment {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

const LATENCY_MS = 5;

export class World {
  readonly machine: Scheduler;
  readonly config: SchedulerConfig;
  now = 0;
  faults: Faults;
  readonly log: string[] = [];
  readonly links = new Map<PeerId, Link>();
  exited: string | undefined = undefined;
  /** Called with every effect, before it is delivered. */
  onEffect: (effect: SchedulerEffect) => void = () => undefined;
  readonly #agenda: Appointment[] = [];
  #order = 0;
  #random: number;
  #inbox: SchedulerEvent[] = [];

  constructor(seed: number, config: Partial<SchedulerConfig>, faults: Faults) {
    this.config = { ...CONFIG, ...config };
    this.machine = createScheduler(this.config, instant(0));
    this.faults = faults;
    this.#random = seed * 2_654_435_761 + 1;
  }

  /** In [0, 1). */
  random(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let t = this.#random;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  chance(probability: number): boolean {
    return probability > 0 && this.random() < probability;
  }

  between(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1));
  }

  at(ms: number, run: () => void): void {
    this.#agenda.push({ at: this.now + Math.max(0, Math.round(ms)), order: ++this.#order, run });
  }

  /** Every so often, until `run` says otherwise. */
  every(ms: number, run: () => boolean): void {
    this.at(ms, () => {
      if (run()) this.every(ms, run);
    });
  }

  connect(peer: Peer): void {
    this.links.set(peer.id, { peer, inAt: 0, outAt: 0, life: 0, downUntil: 0 });
  }

  /** Its process is gone; the scheduler's transport notices. */
  disconnect(id: PeerId): void {
    const link = this.links.get(id);
    if (link?.peer === undefined) return;
    link.peer = undefined;
    link.life++;
    this.at(this.between(0, 10), () => this.#feed({ kind: 'peerDown', peer: id }));
  }

  /** From a peer to the scheduler. */
  send(from: PeerId, message: Message, loss = 0): void {
    const link = this.links.get(from);
    if (link?.peer === undefined || this.chance(loss)) return;
    if (link.peer.fragile && this.chance(this.faults.linkBreak)) this.breakLink(from);
    const { life } = link;
    // A dealer keeps what it could not send.
    link.inAt = Math.max(link.inAt, this.now + this.between(0, LATENCY_MS), link.downUntil);
    this.at(link.inAt - this.now, () => {
      if (link.life === life) this.#feed({ kind: 'message', from, message });
    });
  }

  breakLink(id: PeerId): void {
    const link = this.links.get(id);
    if (link?.peer === undefined || link.downUntil > this.now) return;
    link.life++;
    link.downUntil = this.now + this.between(10, 3_000);
    this.log.push(`${this.now} link ${id} breaks`);
    this.at(this.between(0, 10), () => this.#feed({ kind: 'peerDown', peer: id }));
    this.at(link.downUntil - this.now, () => link.peer?.onReconnect());
  }

  /** Until nothing is planned before `until`. */
  run(until: number): void {
    while (this.now < until) {
      const deadline = this.machine.nextDeadline();
      let next: Appointment | undefined;
      for (const one of this.#agenda) {
        if (next === undefined || one.at < next.at || (one.at === next.at && one.order < next.order))
          next = one;
      }
      const at = Math.min(next?.at ?? Infinity, Math.max(deadline ?? Infinity, this.now), until);
      if (at > this.now) this.now = at;
      if (next !== undefined && next.at <= this.now) {
        this.#agenda.splice(this.#agenda.indexOf(next), 1);
        next.run();
        // One turn of the loop now and then carries several events.
        if (this.#inbox.length > 0 && !this.chance(0.3)) this.#step();
      } else if (this.#inbox.length > 0) this.#step();
      else if (deadline !== undefined && deadline <= this.now) {
        this.#inbox.push({ kind: 'deadline' });
        this.#step();
      }
    }
    if (this.#inbox.length > 0) this.#step();
  }

  feed(event: SchedulerEvent): void {
    this.#feed(event);
  }

  #feed(event: SchedulerEvent): void {
    this.#inbox.push(event);
  }

  #step(): void {
    const events = this.#inbox;
    this.#inbox = [];
    const effects = this.machine.step(events, instant(this.now));
    this.machine.check();
    for (const effect of effects) {
      this.log.push(`${this.now} ${describe(effect)}`);
      this.onEffect(effect);
      if (effect.kind === 'send') this.#deliver(effect.to, effect.message);
      else if (effect.kind === 'exit') this.exited = effect.reason;
    }
  }

  #deliver(to: PeerId, message: Message): void {
    const link = this.links.get(to);
    const undelivered = (why: 'unreachable' | 'full'): void => {
      this.at(0, () => this.#feed({ kind: 'undelivered', peer: to, message, why }));
    };
    if (link?.peer === undefined) return undelivered('unreachable');
    if (link.downUntil > this.now) return undelivered('unreachable');
    const adapter = message.kind === 'adapterCommand' || message.kind === 'adapterHeartbeatEcho';
    if (adapter && this.chance(this.faults.adapterLoss)) return;
    if (!adapter && this.chance(this.faults.full)) return undelivered('full');
    if (link.peer.fragile && this.chance(this.faults.linkBreak)) {
      this.breakLink(to);
      return; // it was on its way: nobody is told
    }
    const { life } = link;
    link.outAt = Math.max(link.outAt, this.now + this.between(0, LATENCY_MS));
    this.at(link.outAt - this.now, () => {
      if (link.life === life) link.peer?.onMessage(message);
    });
  }
}

const describe = (effect: SchedulerEffect): string => {
  if (effect.kind === 'send') return `→ ${effect.to} ${JSON.stringify(effect.message, plain)}`;
  return JSON.stringify(effect, plain);
};

const plain = (_key: string, value: unknown): unknown => {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return value instanceof Map ? Object.fromEntries(value) : value;
};

export const id = (text: string): PeerId => peerId(text);
