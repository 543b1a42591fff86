/** A network inside one process: same contract as ZeroMQ, no sockets, and connections that can be cut on purpose. */
import { peerId } from '@muster/protocol/ids';
import type { PeerId } from '@muster/protocol/ids';
import { TransportError } from './errors.ts';
import { frameQueue } from './transport/frame-queue.ts';
import type { FrameQueue } from './transport/frame-queue.ts';
import { turns } from './transport/turns.ts';
import type { Turns } from './transport/turns.ts';
import type { Connection, ConnectOptions, Listener, ListenOptions, Transport } from './transport.ts';

export interface MemoryNetworkOptions {
  /**
   * 'immediate' (default): every endpoint is called within the next turn of the event loop, as with real sockets.
   * 'manual': nothing moves until {@link MemoryNetwork.deliver}.
   */
  readonly delivery?: 'immediate' | 'manual';
}

export interface MemoryNetwork {
  readonly transport: Transport;
  /** Moves all frames that are under way and calls each endpoint once. False when there was nothing to do. */
  deliver(): boolean;
  /** Breaks the connection of this identity: both sides hear of it; the listener's frames under way are lost, the connection's wait. */
  cut(identity: PeerId): void;
  /** Connects it again; `peerUp` on the connecting side. */
  mend(identity: PeerId): void;
}

const SCHEDULER = peerId('scheduler');
const QUEUE_BYTES_MAX_DEFAULT = 64 * 1024 * 1024;
const FRAME_BYTES_MAX_DEFAULT = 256 * 1024 * 1024;
const FIRST_PORT = 49_152;

/** One direction of one connection. */
interface Lane {
  readonly queue: FrameQueue;
  readonly frameBytesMax: number;
}

interface Link {
  readonly identity: PeerId;
  readonly address: string;
  readonly side: Turns;
  readonly toHost: Lane;
  toLink: Lane;
  /** Undefined while cut or while nobody listens there. */
  host: Host | undefined;
  cut: boolean;
}

interface Host {
  readonly options: ListenOptions;
  readonly side: Turns;
  readonly links: Map<string, Link>;
  /** Identities that have sent something since they connected. */
  readonly known: Set<string>;
}

const lane = (options: ListenOptions): Lane => ({
  queue: frameQueue(options.queueBytesMax ?? QUEUE_BYTES_MAX_DEFAULT),
  frameBytesMax: options.frameBytesMax ?? FRAME_BYTES_MAX_DEFAULT,
});

const drain = function* (queue: FrameQueue): Generator<Uint8Array> {
  for (let frame = queue.shift(); frame !== undefined; frame = queue.shift()) yield frame;
};

class Network {
  readonly pace: 'immediate' | 'manual';
  readonly hosts = new Map<string, Host>();
  readonly links = new Set<Link>();
  #portsGiven = 0;
  #immediate: NodeJS.Immediate | undefined;

  constructor(pace: 'immediate' | 'manual') {
    this.pace = pace;
  }

  offer(to: Lane, frame: Uint8Array): 'queued' | 'full' {
    if (frame.byteLength > to.frameBytesMax || !to.queue.push(frame)) return 'full';
    if (this.pace === 'immediate') this.#immediate ??= setImmediate(() => this.move());
    return 'queued';
  }

  /** Frames move here and nowhere else: where loss, duplication and reordering would be put in. */
  move(): void {
    this.#immediate = undefined;
    for (const link of this.links) {
      const { host, identity } = link;
      if (host === undefined) continue;
      for (const frame of drain(link.toHost.queue)) {
        if (!host.known.has(identity)) host.side.push({ kind: 'peerUp', peer: identity });
        host.known.add(identity);
        host.side.push({ kind: 'frame', from: identity, frame });
      }
      for (const frame of drain(link.toLink.queue)) link.side.push({ kind: 'frame', from: SCHEDULER, frame });
    }
  }

  attach(link: Link): void {
    const host = this.hosts.get(link.address);
    if (host === undefined || link.cut || link.host !== undefined) return;
    const former = host.links.get(link.identity);
    // A newer connection takes the identity over; the listener does not hear of it.
    if (former !== undefined) this.#part(former, host);
    link.host = host;
    link.toLink = lane(host.options);
    host.links.set(link.identity, link);
    link.side.pushHint({ kind: 'peerUp', peer: SCHEDULER });
    if (this.pace === 'immediate') this.#immediate ??= setImmediate(() => this.move());
  }

  detach(link: Link): void {
    const { host } = link;
    if (host === undefined) return;
    this.#part(link, host);
    if (host.known.delete(link.identity)) host.side.push({ kind: 'peerDown', peer: link.identity });
  }

  #part(link: Link, host: Host): void {
    link.host = undefined;
    host.links.delete(link.identity);
    link.toLink = lane(host.options);
    link.side.pushHint({ kind: 'peerDown', peer: SCHEDULER });
  }

  bind(address: string): string {
    const text = /:[0*]$/.test(address)
      ? address.replace(/[0*]$/, String(FIRST_PORT + this.#portsGiven++))
      : address;
    if (this.hosts.has(text)) throw new TransportError('EADDRINUSE', text, `${text} is in use`);
    return text;
  }

  linksOf(identity: PeerId): readonly Link[] {
    return [...this.links].filter((link) => link.identity === identity);
  }
}

const listenOn = (network: Network, addresses: readonly string[], options: ListenOptions): Listener => {
  const host: Host = { options, side: turns(network.pace), links: new Map(), known: new Set() };
  const bound = addresses.map((address) => network.bind(address));
  for (const address of bound) network.hosts.set(address, host);
  let open = true;
  const listener: Listener = {
    addresses: bound,
    trySend(to, frame) {
      if (!open || frame.byteLength > (options.frameBytesMax ?? FRAME_BYTES_MAX_DEFAULT)) return 'full';
      const link = host.links.get(to);
      if (link !== undefined) return network.offer(link.toLink, frame);
      host.side.push({ kind: 'undelivered', to, frame, why: 'unreachable' });
      return 'queued';
    },
    onTurn: (handler) => host.side.setHandler(handler),
    close: async () => {
      if (!open) return;
      network.move();
      open = false;
      host.side.stop();
      for (const address of bound) network.hosts.delete(address);
      for (const link of [...host.links.values()]) network.detach(link);
    },
    [Symbol.asyncDispose]: () => listener.close(),
  };
  for (const link of network.links) network.attach(link);
  return listener;
};

const connectTo = (network: Network, address: string, options: ConnectOptions): Connection => {
  const { identity } = options;
  const side = turns(network.pace);
  const link: Link = {
    identity,
    address,
    side,
    toHost: lane(options),
    toLink: lane(options),
    host: undefined,
    cut: false,
  };
  network.links.add(link);
  network.attach(link);
  let open = true;
  const connection: Connection = {
    identity,
    trySend: (frame) => (open ? network.offer(link.toHost, frame) : 'full'),
    onTurn: (handler) => side.setHandler(handler),
    close: async () => {
      if (!open) return;
      network.move();
      open = false;
      side.stop();
      network.detach(link);
      network.links.delete(link);
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
  return connection;
};

/** Addresses are any text; one that ends in `:0` gets a number. Each call makes a network of its own. */
export const memoryNetwork = (options: MemoryNetworkOptions = {}): MemoryNetwork => {
  const network = new Network(options.delivery ?? 'immediate');
  return {
    transport: {
      listen: async (addresses, listenOptions) => listenOn(network, addresses, listenOptions),
      connect: async (address, connectOptions) => connectTo(network, address, connectOptions),
    },
    deliver() {
      network.move();
      const sides = new Set<Turns>([...network.hosts.values()].map((host) => host.side));
      for (const link of network.links) sides.add(link.side);
      return [...sides].map((side) => side.deliver()).includes(true);
    },
    cut(identity) {
      for (const link of network.linksOf(identity)) {
        link.cut = true;
        network.detach(link);
      }
    },
    mend(identity) {
      for (const link of network.linksOf(identity)) {
        link.cut = false;
        network.attach(link);
      }
    },
  };
};
