/**
 * Connections between one router (the scheduler) and many dealers, as ZeroMQ keeps them: the order within a
 * connection holds, frames under way are lost with it, what a dealer says while it is cut off waits, and what the
 * router says to a peer that is not there comes back as undelivered.
 */
import { decodeMessage, encodeMessage } from '@muster/protocol/codec';
import type { PeerId } from '@muster/protocol/ids';
import type { Message } from '@muster/protocol/messages';
import type { SchedulerEvent } from '@muster/core/scheduler-types';
import type { Random } from './random.ts';
import type { Process, World } from './world.ts';

export type DealerEvent =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'up' }
  | { readonly kind: 'down' };

/** Frames that a dealer keeps while it is cut off. */
const WAITING_MAX = 1_000;
/** What adapters and schedulers tell each other stands alone: each may be lost, come twice, or overtake another. */
const LOOSE: ReadonlySet<Message['kind']> = new Set<Message['kind']>([
  'adapterCommand',
  'adapterCommandResponse',
  'adapterHeartbeat',
  'adapterHeartbeatEcho',
]);

/** Longest way of a frame that lost its place. */
const LATE_MS = 10_000;

export interface Weather {
  /** Whether every message goes through the codec. */
  readonly codec: boolean;
  /** Seldom, a frame takes this long. */
  spikeMs: number;
  /** How often a frame between an adapter of ours and the scheduler arrives twice, never, or long after its time. */
  repeat: number;
  drop: number;
  reorder: number;
}

interface Router {
  readonly process: Process;
  readonly onTurn: (events: readonly SchedulerEvent[]) => void;
}

export class Link {
  readonly id: PeerId;
  readonly process: Process;
  readonly onTurn: (events: readonly DealerEvent[]) => void;
  readonly stock: boolean;
  connected = false;
  /** Grows with each loss: frames of an earlier connection never arrive. */
  generation = 0;
  /** Frames arrive no earlier: a partition that TCP survives. */
  frozenUntil = 0;
  downUntil = 0;
  /** Frames do not fit until then. */
  fullUntil = 0;
  closed = false;
  /** It was broken at least once while frames were under way. */
  everBroken = false;
  readonly waiting: Message[] = [];
  readonly arrival = { router: 0, dealer: 0 };
  /** Under way, oldest first. */
  readonly transit: Record<'router' | 'dealer', (() => void)[]> = { router: [], dealer: [] };
  inbox: DealerEvent[] = [];
  heard = false;

  constructor(
    id: PeerId,
    process: Process,
    stock: boolean,
    onTurn: (events: readonly DealerEvent[]) => void,
  ) {
    this.id = id;
    this.process = process;
    this.stock = stock;
    this.onTurn = onTurn;
  }
}

export class Network {
  readonly world: World;
  readonly weather: Weather;
  readonly links = new Map<PeerId, Link>();
  /** Told of each frame that weather got hold of. */
  counted: (what: string) => void = () => undefined;
  readonly #random: Random;
  #router: Router | undefined;
  #inbox: SchedulerEvent[] = [];

  constructor(world: World, random: Random, weather: Weather) {
    this.world = world;
    this.#random = random;
    this.weather = weather;
  }

  /** The scheduler listens; whoever waits connects soon. */
  bind(router: Router): void {
    this.#router = router;
    this.#inbox = [];
    for (const link of this.links.values()) this.#connectSoon(link);
  }

  /** The scheduler's process is gone, with everything that was under way. */
  unbind(): void {
    this.#router = undefined;
    this.#inbox = [];
    for (const link of this.links.values()) if (link.connected) this.#break(link);
  }

  connect(
    id: PeerId,
    process: Process,
    stock: boolean,
    onTurn: (events: readonly DealerEvent[]) => void,
  ): Link {
    const link = new Link(id, process, stock, onTurn);
    this.links.set(id, link);
    this.#connectSoon(link);
    return link;
  }

  /** flush: what was said arrives, then the end. lost: nothing more arrives. vanished: and nobody is told. */
  close(link: Link, how: 'flush' | 'lost' | 'vanished'): void {
    if (link.closed) return;
    link.closed = true;
    this.links.delete(link.id);
    if (!link.connected) return;
    link.connected = false;
    if (how !== 'flush') link.generation++;
    if (how === 'vanished') return;
    const { generation } = link;
    const when = how === 'flush' ? Math.max(link.arrival.router, this.world.now) + 1 : this.world.now + 5;
    this.world.at(when, () => {
      if (link.generation === generation) this.#feedRouter({ kind: 'peerDown', peer: link.id });
    });
  }

  /** Breaks a connection; it comes back after `ms`. Each side hears of it. */
  cut(link: Link, ms: number): void {
    link.downUntil = Math.max(link.downUntil, this.world.now + ms);
    if (link.connected) this.#break(link);
    this.#connectSoon(link);
  }

  /** Nothing arrives for a while, and nobody is told. */
  freeze(link: Link, ms: number): void {
    link.frozenUntil = Math.max(link.frozenUntil, this.world.now + ms);
  }

  heal(): void {
    this.weather.spikeMs = 0;
    this.weather.repeat = this.weather.drop = this.weather.reorder = 0;
    for (const link of this.links.values()) {
      link.downUntil = 0;
      link.fullUntil = 0;
      link.frozenUntil = 0;
      this.#connectSoon(link);
    }
  }

  /** What the router says. */
  send(to: PeerId, message: Message): void {
    const link = this.links.get(to);
    if (link?.connected !== true) return this.#undelivered(to, message, 'unreachable');
    if (link.fullUntil > this.world.now) return this.#undelivered(to, message, 'full');
    this.#carry(link, 'dealer', message, (arrived) =>
      this.#toDealer(link, { kind: 'message', message: arrived }),
    );
  }

  /** What a dealer says. False: it does not fit and is lost. */
  say(link: Link, message: Message): boolean {
    if (link.closed) return false;
    if (link.fullUntil > this.world.now) return false;
    if (link.connected) {
      this.#fromDealer(link, message);
      return true;
    }
    if (link.waiting.length >= WAITING_MAX) return false;
    link.waiting.push(message);
    return true;
  }

  #fromDealer(link: Link, message: Message): void {
    this.#carry(link, 'router', message, (arrived) => {
      link.heard = true;
      this.#feedRouter({ kind: 'message', from: link.id, message: arrived });
    });
  }

  #carry(link: Link, side: 'router' | 'dealer', message: Message, arrive: (message: Message) => void): void {
    const isLoose = !link.stock && LOOSE.has(message.kind);
    if (isLoose && this.#random.chance(this.weather.drop)) return this.counted('lost');
    const frame = this.weather.codec ? encodeMessage(message) : undefined;
    const land = (): void => arrive(frame === undefined ? message : decodeMessage(frame.slice()));
    if (isLoose && this.#random.chance(this.weather.repeat)) {
      this.counted('repeated');
      this.#deliverLate(link, side, land);
    }
    if (isLoose && this.#random.chance(this.weather.reorder)) {
      this.counted('out of order');
      this.#deliverLate(link, side, land);
    } else this.#deliver(link, side, land);
  }

  #deliver(link: Link, side: 'router' | 'dealer', land: () => void): void {
    const { generation } = link;
    const spike = this.weather.spikeMs > 0 && this.#random.chance(0.01);
    const delay = this.#random.int(1, 4) + (spike ? this.#random.int(0, this.weather.spikeMs) : 0);
    const when = Math.max(link.arrival[side], link.frozenUntil, this.world.now + delay);
    link.arrival[side] = when;
    link.transit[side].push(land);
    const next = (): void => {
      if (link.generation !== generation) return;
      if (link.frozenUntil > this.world.now) return this.world.at(link.frozenUntil, next);
      link.transit[side].shift()?.();
    };
    this.world.at(when, next);
  }

  /** Out of its order; what is said to the router arrives even after its sender is gone. */
  #deliverLate(link: Link, side: 'router' | 'dealer', land: () => void): void {
    const { generation } = link;
    this.world.after(this.#random.skewed(1, LATE_MS), () => {
      if (side === 'router' || link.generation === generation) land();
    });
  }

  #connectSoon(link: Link): void {
    if (link.connected || link.closed) return;
    const when = Math.max(link.downUntil, this.world.now) + this.#random.int(1, 200);
    this.world.at(when, () => {
      const ready = this.#router !== undefined && !link.connected && !link.closed;
      if (!ready || link.downUntil > this.world.now) return;
      link.connected = true;
      link.heard = false;
      this.#toDealer(link, { kind: 'up' });
      for (const message of link.waiting.splice(0)) this.#fromDealer(link, message);
    });
  }

  #break(link: Link): void {
    link.connected = false;
    link.generation++;
    link.everBroken = true;
    link.arrival.router = link.arrival.dealer = 0;
    link.transit.router = [];
    link.transit.dealer = [];
    const { generation, heard } = link;
    this.#toDealer(link, { kind: 'down' });
    this.world.after(this.#random.int(0, 30), () => {
      if (heard && link.generation === generation) this.#feedRouter({ kind: 'peerDown', peer: link.id });
    });
  }

  #undelivered(peer: PeerId, message: Message, why: 'unreachable' | 'full'): void {
    this.#feedRouter({ kind: 'undelivered', peer, message, why });
  }

  /** All that arrives at one instant is one turn of the process's loop. */
  #feedRouter(event: SchedulerEvent): void {
    const router = this.#router;
    if (router === undefined) return;
    this.#inbox.push(event);
    if (this.#inbox.length > 1) return;
    router.process.at(this.world.now, () => {
      const turn = this.#inbox;
      this.#inbox = [];
      router.onTurn(turn);
    });
  }

  #toDealer(link: Link, event: DealerEvent): void {
    link.inbox.push(event);
    if (link.inbox.length > 1) return;
    link.process.at(this.world.now, () => {
      const turn = link.inbox;
      link.inbox = [];
      link.onTurn(turn);
    });
  }
}
