/** A network inside one process: same contract as ZeroMQ, no sockets, and connections that can be cut on purpose. */
import { peerId } from '@muster/protocol/ids';
import type { PeerId } from '@muster/protocol/ids';
import { frameQueue } from './transport/frame-queue.ts';
import type { FrameQueue } from './transport/frame-queue.ts';
import { turns } from './transport/turns.ts';
import type { Turns } from './transport/turns.ts';
import { TransportError } from './errors.ts';
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
  /** Moves all frames that are under way and calls each endpoint once. False when nothing was left to do. */
  deliver(): boolean;
  /** Breaks the connection of this identity: both sides hear of it, frames under way are lost. */
  cut(identity: PeerId): void;
  /** Connects it again; `peerUp` on the connecting side. */
  mend(identity: PeerId): void;
}

const SCHEDULER = peerId('scheduler');
const QUEUE_BYTES_MAX_DEFAULT = 64 * 1024 * 1024;
const FRAME_BYTES_MAX_DEFAULT = 256 * 1024 * 1024;

/** One direction of one connection. */
interface Lane {
  readonly queue: FrameQueue;
  readonly frameBytesMax: number;
}

interface Link {
  readonly identity: PeerId;
  readonly address: string;
  readonly side: Turns;
  readonly toListener: Lane;
  toConnection: Lane;
  /** Undefined while cut or while nobody listens there. */
  listener: Host | undefined;
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

const offer = (to: Lane, frame: Uint8Array): 'queued' | 'full' =>
  frame.byteLength <= to.frameBytesMax && to.queue.push(frame) ? 'queued' : 'full';

export const memoryNetwork = (options: MemoryNetworkOptions = {}): MemoryNetwork => {
  const pace = options.delivery ?? 'immediate';
  const hosts = new Map<string, Host>();
  const links = new Set<Link>();
  let portsGiven = 0;
  let immediate: NodeJS.Immediate | undefined;

  const changed = (): void => {
    if (pace === 'immediate') immediate ??= setImmediate(move);
  };
  // Frames move here and nowhere else: where loss, duplication and reordering would be put in.
  const move = (): void => {
    immediate = undefined;
    for (const link of links) {
      const host = link.listener;
      if (host === undefined) continue;
      for (let frame = link.toListener.queue.shift(); frame !== undefined; frame = link.toListener.queue.shift()) {
        if (!host.known.has(link.identity)) host.side.push({ kind: 'peerUp', peer: link.identity });
        host.known.add(link.identity);
        host.side.push({ kind: 'frame', from: link.identity, frame });
      }
      for (let frame = link.toConnection.queue.shift(); frame !== undefined; frame = link.toConnection.queue.shift()) {
        link.side.push({ kind: 'frame', from: SCHEDULER, frame });
      }
    }
  };
  const attach = (link: Link): void => {
    const host = hosts.get(link.address);
    if (host === undefined || link.cut || link.listener !== undefined) return;
    // A newer connection takes the identity over.
    const former = host.links.get(link.identity);
    if (former !== undefined) detach(former, 'handover');
    link.listener = host;
    link.toConnection = lane(host.options);
    host.links.set(link.identity, link);
    link.side.pushHint({ kind: 'peerUp', peer: SCHEDULER });
    changed();
  };
  const detach = (link: Link, why: 'lost' | 'handover'): void => {
    const host = link.listener;
    if (host === undefined) return;
    link.listener = undefined;
    host.links.delete(link.identity);
    link.toConnection = lane(host.options);
    link.side.pushHint({ kind: 'peerDown', peer: SCHEDULER });
    if (why === 'lost' && host.known.delete(link.identity)) host.side.push({ kind: 'peerDown', peer: link.identity });
  };
  const linksOf = (identity: PeerId): Link[] => [...links].filter((link) => link.identity === identity);

  const bind = (address: string): string => {
    const text = /:[0*]$/.test(address) ? address.replace(/[0*]$/, String(++portsGiven + 49_151)) : address;
    if (hosts.has(text)) throw new TransportError('EADDRINUSE', text, `${text} is in use`);
    return text;
  };
  const listen = async (addresses: readonly string[], listenOptions: ListenOptions): Promise<Listener> => {
    const host: Host = { options: listenOptions, side: turns(pace), links: new Map(), known: new Set() };
    const bound = addresses.map(bind);
    for (const address of bound) hosts.set(address, host);
    let open = true;
    const listener: Listener = {
      addresses: bound,
      trySend(to, frame) {
        if (!open) return 'full';
        const link = host.links.get(to);
        // As with a real ROUTER, somebody who connected is unknown until the first frame.
        if (link !== undefined) {
          changed();
          return offer(link.toConnection, frame);
        }
        host.side.push({ kind: 'undelivered', to, frame, why: 'unreachable' });
        return 'queued';
      },
      onTurn: (handler) => host.side.setHandler(handler),
      close: async () => {
        if (!open) return;
        move();
        open = false;
        host.side.stop();
        for (const address of bound) hosts.delete(address);
        for (const link of [...host.links.values()]) detach(link, 'lost');
      },
      [Symbol.asyncDispose]: () => listener.close(),
    };
    for (const link of links) attach(link);
    return listener;
  };
  const connect = async (address: string, connectOptions: ConnectOptions): Promise<Connection> => {
    const toListener = lane(connectOptions);
    const identity = connectOptions.identity;
    const link: Link = { identity, address, side: turns(pace), toListener, toConnection: lane(connectOptions), listener: undefined, cut: false };
    links.add(link);
    attach(link);
    let open = true;
    const connection: Connection = {
      identity,
      trySend(frame) {
        if (!open) return 'full';
        changed();
        return offer(toListener, frame);
      },
      onTurn: (handler) => link.side.setHandler(handler),
      close: async () => {
        if (!open) return;
        move();
        open = false;
        link.side.stop();
        detach(link, 'lost');
        links.delete(link);
      },
      [Symbol.asyncDispose]: () => connection.close(),
    };
    return connection;
  };
  return {
    transport: { listen, connect },
    deliver() {
      move();
      const sides = new Set<Turns>([...hosts.values()].map((host) => host.side));
      for (const link of links) sides.add(link.side);
      return [...sides].map((side) => side.deliver()).includes(true);
    },
    cut(identity) {
      for (const link of linksOf(identity)) {
        link.cut = true;
        detach(link, 'lost');
      }
    },
    mend(identity) {
      for (const link of linksOf(identity)) {
        link.cut = false;
        attach(link);
      }
    },
  };
};
