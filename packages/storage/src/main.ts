/** The object store as a process of its own: says when it is ready, and when to end it knows by itself. */
import { errorText, type StoreLog } from './log.ts';
import { ObjectStoreError } from './errors.ts';
import { startObjectStoreServer, type ObjectStoreServer, type ObjectStoreServerOptions } from './server.ts';

export interface ObjectStoreProcessConfig extends Pick<
  ObjectStoreServerOptions,
  'tcp' | 'path' | 'memoryBytesMax' | 'spillDir' | 'objectBytesMax' | 'ownerMark'
> {
  /** Ends when nobody who knows `ownerMark` has been connected for this long. Left out: never. */
  readonly orphanMs?: number;
  readonly log: StoreLog;
}

/** Why a store process ended. */
export type StoreEnd =
  /** SIGTERM or SIGINT. */
  | 'signal'
  /** An owner asked for it. */
  | 'stopped'
  /** The owner stayed away for `orphanMs`. */
  | 'orphaned'
  /** Its local path is gone or another's: nobody of ours could find it any more. */
  | 'unreachable';

/** One JSON line on standard output, the only one: what became of the start. */
export type ReadyLine =
  | {
      readonly ready: true;
      readonly pid: number;
      readonly epoch: string;
      readonly path: string | undefined;
      readonly host: string | undefined;
      readonly port: number | undefined;
    }
  | { readonly ready: false; readonly code: string; readonly error: string };

const PATH_CHECK_MS = 2000;

const say = (line: ReadyLine): void => {
  // Who started this process may be gone already; that must not end it.
  process.stdout.on('error', () => undefined);
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

/** Resolves with the reason to end; what it armed is disarmed then. */
class EndWatch {
  readonly ended: Promise<StoreEnd>;
  readonly end: (why: StoreEnd) => void;
  readonly #orphanMs: number | undefined;
  #orphanTimer: NodeJS.Timeout | undefined;
  #pathTimer: NodeJS.Timeout | undefined;

  constructor(orphanMs: number | undefined) {
    this.#orphanMs = orphanMs;
    let end: (why: StoreEnd) => void = () => undefined;
    this.ended = new Promise((resolve) => {
      end = resolve;
    });
    this.end = end;
    process.on('SIGTERM', this.#onSignal);
    process.on('SIGINT', this.#onSignal);
    this.ownerPresent(false);
  }

  ownerPresent(present: boolean): void {
    clearTimeout(this.#orphanTimer);
    if (present || this.#orphanMs === undefined) return;
    this.#orphanTimer = setTimeout(() => {
      this.end('orphaned');
    }, this.#orphanMs);
  }

  watchPath(server: ObjectStoreServer): void {
    this.#pathTimer = setInterval(() => {
      if (!server.isReachable()) this.end('unreachable');
    }, PATH_CHECK_MS);
  }

  dispose(): void {
    process.off('SIGTERM', this.#onSignal);
    process.off('SIGINT', this.#onSignal);
    clearTimeout(this.#orphanTimer);
    clearInterval(this.#pathTimer);
  }

  readonly #onSignal = (): void => {
    this.end('signal');
  };
}

/**
 * Serves until it is told or left to end; then closes, leaving no file behind. Rejects with ObjectStoreError when the
 * store cannot start, after saying so in the ready line.
 */
export const runObjectStore = async (config: ObjectStoreProcessConfig): Promise<StoreEnd> => {
  const { orphanMs, ...options } = config;
  const watch = new EndWatch(orphanMs);
  try {
    const server = await startObjectStoreServer({
      ...options,
      onStop: () => {
        watch.end('stopped');
      },
      onOwner: (present) => {
        watch.ownerPresent(present);
      },
    });
    watch.watchPath(server);
    const { epoch, path, address } = server;
    say({ ready: true, pid: process.pid, epoch, path, host: address?.host, port: address?.port });
    config.log.info('store.started', {
      epoch,
      path: path ?? '',
      address: address === undefined ? '' : `${address.host}:${address.port}`,
    });
    const why = await watch.ended;
    const { ids, bytes } = server.stats();
    config.log.info('store.ending', { why, ids, bytes });
    await server.close();
    return why;
  } catch (error) {
    say({
      ready: false,
      code: error instanceof ObjectStoreError ? error.code : 'error',
      error: errorText(error),
    });
    throw error;
  } finally {
    watch.dispose();
  }
};
