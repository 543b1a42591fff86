/**
 * The object store as a server: the stock protocol on TCP, and the same with our extensions on a local socket.
 * Everything a peer can do wrong ends its own connection and nothing else.
 */
import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { createServer, isIP, type Server, type Socket } from 'node:net';
import { Catalogue } from './engine/catalogue.ts';
import { Room } from './engine/room.ts';
import { openSpillDirectory, type SpillDirectory } from './engine/spill-directory.ts';
import { errorText, silentLog, type StoreLog } from './log.ts';
import { ObjectStoreError, systemCode } from './errors.ts';
import { startTicks } from './process/start.ts';
import { chooseAdvertisedHost } from './server/advertise.ts';
import { claimLocalPath, type LocalPath } from './server/local-path.ts';
import type { SessionHost } from './server/request-desk.ts';
import { Session } from './server/session.ts';
import { STORE_IDENTITY, type StoreStats, type Welcome } from './wire/types.ts';

export type { StoreStats } from './wire/types.ts';

export interface TcpListenOptions {
  /** Address or name to listen on. */
  readonly host: string;
  /** 0: the system chooses. */
  readonly port: number;
  /** IP literal that peers are told. Default: the bound address, or this machine's first external IPv4 for 0.0.0.0. */
  readonly advertiseHost?: string;
  /** How the operator names `advertiseHost`, for error texts. Default `--advertise-host`. */
  readonly advertiseFlag?: string;
}

export interface ObjectStoreServerOptions {
  /** For stock peers. Left out: no TCP listener. */
  readonly tcp?: TcpListenOptions;
  /** Local socket for our own processes, owner-only. Left out: none. */
  readonly path?: string;
  /** Bytes of objects in memory above which the coldest large ones go to disk. Default 1 GiB. */
  readonly memoryBytesMax?: number;
  /** Where the directory for spilled objects is made. Left out: objects beyond the limit are refused. */
  readonly spillDir?: string;
  /** Larger objects are refused. Default 64 GiB. */
  readonly objectBytesMax?: number;
  /** Who owns this store: a local connection that presents it keeps the store alive and may stop it. */
  readonly ownerMark?: string;
  /** Connections at a time; more are closed at once, with a note. Default 10,000. */
  readonly connectionsMax?: number;
  readonly log?: StoreLog;
  /** An owner asked the store to end. */
  readonly onStop?: () => void;
  /** The number of owner connections became zero, or one again. */
  readonly onOwner?: (present: boolean) => void;
}

export interface ObjectStoreServer extends AsyncDisposable {
  /** Identity of this run: when it changes, all bytes are gone. */
  readonly epoch: string;
  /** What stock peers are told: an IP literal and the real port. */
  readonly address: { readonly host: string; readonly port: number } | undefined;
  readonly path: string | undefined;
  stats(): StoreStats;
  /** False when another process has taken the local path's place. */
  isReachable(): boolean;
  /** Sends what is already on its way for up to a second, then ends every connection and removes all files. */
  close(): Promise<void>;
}

const MEMORY_BYTES_MAX = 1024 ** 3;
const OBJECT_BYTES_MAX = 64 * 1024 ** 3;
const CONNECTIONS_MAX = 10_000;
/** A peer whose machine vanished without a word is found by probes after this. */
const KEEP_ALIVE_MS = 60_000;
const CLOSE_GRACE_MS = 1000;
const REFUSAL_NOTE_MS = 1000;

class Store implements SessionHost<Session> {
  readonly epoch = randomBytes(8).toString('hex');
  readonly sessions = new Set<Session>();
  readonly #startTicks = startTicks(process.pid) ?? '0';
  /** Since the last note. */
  #refusals = 0;
  #nextRefusalNote = 0;
  readonly #owners = new Set<Session>();
  readonly #options: ObjectStoreServerOptions;
  readonly log: StoreLog;
  readonly room: Room;
  readonly catalogue: Catalogue;
  readonly spill: SpillDirectory | undefined;
  readonly objectBytesMax: number;
  readonly memoryBytesMax: number;
  address: { readonly host: string; readonly port: number } | undefined;

  constructor(options: ObjectStoreServerOptions) {
    this.#options = options;
    this.log = options.log ?? silentLog;
    this.objectBytesMax = options.objectBytesMax ?? OBJECT_BYTES_MAX;
    this.memoryBytesMax = options.memoryBytesMax ?? MEMORY_BYTES_MAX;
    this.room = new Room({
      memoryBytesMax: this.memoryBytesMax,
      log: this.log,
      now: () => performance.now(),
    });
    this.catalogue = new Catalogue(this.room);
    this.spill =
      options.spillDir === undefined ? undefined : openSpillDirectory(options.spillDir, this.epoch, this.log);
  }

  accept(socket: Socket, local: boolean): void {
    if (this.sessions.size >= (this.#options.connectionsMax ?? CONNECTIONS_MAX)) {
      this.log.warn('store.too_many_connections', { connections: this.sessions.size });
      socket.destroy();
      return;
    }
    const session = new Session(socket, this, local);
    this.sessions.add(session);
    session.greet(STORE_IDENTITY);
  }

  welcome(session: Session): Welcome {
    const common: Welcome = { muster: 1, epoch: this.epoch, objectBytesMax: this.objectBytesMax };
    if (!session.isLocal) return common;
    const address = this.address === undefined ? {} : { address: this.address };
    return {
      ...common,
      ...address,
      pid: process.pid,
      startTicks: this.#startTicks,
      owner: this.#owners.has(session),
    };
  }

  stats(): StoreStats {
    return {
      epoch: this.epoch,
      ...this.catalogue.totals(),
      memoryBytes: this.room.used,
      memoryBytesMax: this.memoryBytesMax,
      spills: this.room.spills,
      connections: this.sessions.size,
      held: this.catalogue.heldCount(),
    };
  }

  claim(session: Session, ownerMark: string): boolean {
    if (this.#options.ownerMark === undefined || ownerMark !== this.#options.ownerMark) return false;
    this.#owners.add(session);
    if (this.#owners.size === 1) this.#options.onOwner?.(true);
    return true;
  }

  stop(): void {
    this.log.info('store.stop_asked', {});
    this.#options.onStop?.();
  }

  /** A full store refuses in quick succession: one note a second says how often. */
  refused(peer: string, bytes: number, reason: string): void {
    this.#refusals += 1;
    const now = performance.now();
    if (now < this.#nextRefusalNote) return;
    this.log.warn('store.refused', { peer, bytes, reason, refusals: this.#refusals });
    this.#nextRefusalNote = now + REFUSAL_NOTE_MS;
    this.#refusals = 0;
  }

  gone(session: Session): void {
    this.sessions.delete(session);
    if (this.#owners.delete(session) && this.#owners.size === 0) this.#options.onOwner?.(false);
  }
}

const listenTcp = async (server: Server, tcp: TcpListenOptions): Promise<{ host: string; port: number }> => {
  try {
    const host = isIP(tcp.host) === 0 ? (await lookup(tcp.host, { family: 4 })).address : tcp.host;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port: tcp.port }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : tcp.port;
    return {
      host: chooseAdvertisedHost(host, tcp.advertiseHost, tcp.advertiseFlag ?? '--advertise-host'),
      port,
    };
  } catch (error) {
    server.close();
    if (error instanceof ObjectStoreError) throw error;
    const code = systemCode(error) === 'EADDRINUSE' ? 'addressInUse' : 'config';
    throw new ObjectStoreError(code, `cannot listen on ${tcp.host}:${tcp.port}: ${errorText(error)}`, {
      cause: error,
    });
  }
};

const createListener = (store: Store, local: boolean): Server => {
  const server = createServer(
    { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS },
    (socket) => {
      store.accept(socket, local);
    },
  );
  // After it listens: an accept that failed, for want of file descriptors. The next one may go well.
  server.on('error', (error) => {
    store.log.error('store.accept_failed', { error: errorText(error) });
  });
  return server;
};

const drainSessions = async (store: Store): Promise<void> => {
  const until = performance.now() + CLOSE_GRACE_MS;
  while ([...store.sessions].some((session) => !session.isQuiet) && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  for (const session of [...store.sessions]) session.close();
};

/**
 * Starts a store. Rejects with ObjectStoreError 'addressInUse' or 'config'. At least one of `tcp` and `path` is
 * needed for anybody to reach it.
 */
export const startObjectStoreServer = async (
  options: ObjectStoreServerOptions,
): Promise<ObjectStoreServer> => {
  const listeners: Server[] = [];
  let local: LocalPath | undefined;
  const store = new Store(options);
  const closeAll = async (): Promise<void> => {
    local?.release();
    for (const listener of listeners) listener.close();
    await drainSessions(store);
    store.catalogue.clear();
    await store.spill?.close();
  };
  try {
    if (options.tcp !== undefined) {
      const server = createListener(store, false);
      listeners.push(server);
      store.address = await listenTcp(server, options.tcp);
    }
    if (options.path !== undefined) {
      const server = createListener(store, true);
      listeners.push(server);
      local = await claimLocalPath(server, options.path);
    }
  } catch (error) {
    await closeAll();
    throw error;
  }
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= closeAll());
  return {
    epoch: store.epoch,
    address: store.address,
    path: options.path,
    stats: () => store.stats(),
    isReachable: () => local?.isOurs() ?? true,
    close,
    [Symbol.asyncDispose]: close,
  };
};
