/** The object store as tasks see it: bounded waits, and bytes that do not come are a failure of the task. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { objectId, showId } from '@muster/protocol/ids';
import type { ObjectId } from '@muster/protocol/ids';
import type { ObjectStore } from '@muster/storage/object-store';
import { TaskFailure } from '../errors.ts';
import type { StoreAddress } from '../channel/frames.ts';

/** A client that lives puts again what a store has lost; this is how long it has. */
const WAIT_MS = 10_000;

export interface Objects {
  /** @throws TaskFailure 'ObjectLostError' */
  get(id: ObjectId, signal: AbortSignal): Promise<Uint8Array>;
  /** Under a fresh id. @throws TaskFailure 'ObjectLostError' */
  put(body: Uint8Array, signal: AbortSignal): Promise<ObjectId>;
  setStore(store: StoreAddress): void;
  close(): void;
}

export type ConnectStore = (store: StoreAddress) => Promise<ObjectStore>;

/** The client is loaded with the first use: most processors of tiny tasks never need it. */
export const connectStore: ConnectStore = async (store) => {
  const { connectObjectStore } = await import('@muster/storage/client');
  const local = store.path !== '' && existsSync(store.path);
  return connectObjectStore(local ? { path: store.path } : { host: store.host, port: store.port }, {
    requestTimeoutMs: WAIT_MS,
  });
};

export const createObjects = (connect: ConnectStore = connectStore): Objects => {
  let address: StoreAddress | undefined;
  let client: Promise<ObjectStore> | undefined;
  const waiting = new Set<() => void>();

  const drop = (): void => {
    // Its end is of no interest: whoever used it gets an error and says so.
    client?.then((store) => store.close()).catch(() => undefined);
    client = undefined;
  };
  const known = (signal: AbortSignal): Promise<StoreAddress> => {
    if (address !== undefined) return Promise.resolve(address);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        waiting.delete(look);
        signal.removeEventListener('abort', abort);
      };
      const look = (): void => {
        if (address === undefined) return;
        end();
        resolve(address);
      };
      const abort = (): void => {
        end();
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => {
        end();
        reject(new TaskFailure('ObjectLostError', 'the scheduler names no object store'));
      }, WAIT_MS);
      waiting.add(look);
      signal.addEventListener('abort', abort, { once: true });
    });
  };
  const open = async (signal: AbortSignal): Promise<ObjectStore> => {
    signal.throwIfAborted();
    const target = await known(signal);
    client ??= connect(target);
    return client;
  };
  const guarded = async <T>(
    what: string,
    signal: AbortSignal,
    work: (store: ObjectStore) => Promise<T>,
  ): Promise<T> => {
    try {
      return await work(await open(signal));
    } catch (cause) {
      if (signal.aborted || cause instanceof TaskFailure) throw cause;
      throw new TaskFailure(
        'ObjectLostError',
        `${what}: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );
    }
  };
  return {
    get: (id, signal) =>
      guarded(`object ${showId(id)} cannot be read`, signal, async (store) => {
        const body = await store.getWithin(id, WAIT_MS, signal);
        if (body !== undefined) return body;
        throw new TaskFailure(
          'ObjectLostError',
          `object ${showId(id)} is gone, and nobody put it again within ${WAIT_MS / 1000} s`,
        );
      }),
    put: (body, signal) =>
      guarded('the result cannot be stored', signal, async (store) => {
        const id = objectId(randomBytes(32).toString('latin1'));
        await store.put(id, body, signal);
        return id;
      }),
    setStore: (store) => {
      if (address?.path === store.path && address.host === store.host && address.port === store.port) return;
      address = store;
      drop();
      for (const look of [...waiting]) look();
    },
    close: drop,
  };
};
