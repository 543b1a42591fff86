/** The object store as tasks see it: bounded waits, and bytes that do not come are a failure of the task. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { objectId, showId } from '@muster/protocol/ids';
import type { ObjectId } from '@muster/protocol/ids';
import type { ObjectStore } from '@muster/storage/object-store';
import type { StoreAddress } from '../channel/frames.ts';
import { TaskFailure } from '../errors.ts';

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
const connectStore: ConnectStore = async (store) => {
  const { connectObjectStore } = await import('@muster/storage/client');
  const local = store.path !== '' && existsSync(store.path);
  return connectObjectStore(local ? { path: store.path } : { host: store.host, port: store.port }, {
    requestTimeoutMs: WAIT_MS,
  });
};

class StoredObjects implements Objects {
  readonly #connect: ConnectStore;
  readonly #waitMs: number;
  #address: StoreAddress | undefined;
  #client: Promise<ObjectStore> | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(connect: ConnectStore, waitMs: number) {
    this.#connect = connect;
    this.#waitMs = waitMs;
  }

  get(id: ObjectId, signal: AbortSignal): Promise<Uint8Array> {
    return this.#guarded(`object ${showId(id)} cannot be read`, signal, async (store) => {
      const body = await store.getWithin(id, this.#waitMs, signal);
      if (body !== undefined) return body;
      const seconds = this.#waitMs / 1000;
      throw new TaskFailure(
        'ObjectLostError',
        `object ${showId(id)} is gone, and nobody put it again within ${seconds} s`,
      );
    });
  }

  put(body: Uint8Array, signal: AbortSignal): Promise<ObjectId> {
    return this.#guarded('the result cannot be stored', signal, async (store) => {
      const id = objectId(randomBytes(32).toString('latin1'));
      await store.put(id, body, signal);
      return id;
    });
  }

  setStore(store: StoreAddress): void {
    const old = this.#address;
    if (old?.path === store.path && old.host === store.host && old.port === store.port) return;
    this.#address = store;
    this.close();
    for (const look of [...this.#waiting]) look();
  }

  close(): void {
    // Its end is of no interest: whoever used it gets an error and says so.
    this.#client?.then((store) => store.close()).catch(() => undefined);
    this.#client = undefined;
  }

  async #guarded<T>(what: string, signal: AbortSignal, work: (store: ObjectStore) => Promise<T>): Promise<T> {
    try {
      signal.throwIfAborted();
      const address = this.#address ?? (await this.#learnAddress(signal));
      this.#client ??= this.#connect(address);
      return await work(await this.#client);
    } catch (cause) {
      if (signal.aborted || cause instanceof TaskFailure) throw cause;
      throw new TaskFailure(
        'ObjectLostError',
        `${what}: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );
    }
  }

  /** The scheduler's first echo names the store, and may still be on its way. */
  #learnAddress(signal: AbortSignal): Promise<StoreAddress> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        signal.removeEventListener('abort', abort);
      };
      const look = (): void => {
        if (this.#address === undefined) return;
        end();
        resolve(this.#address);
      };
      const abort = (): void => {
        end();
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => {
        end();
        reject(new TaskFailure('ObjectLostError', 'the scheduler names no object store'));
      }, this.#waitMs);
      this.#waiting.add(look);
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}

/** @param waitMs how long an object, or the store itself, may take to appear. */
export const createObjects = (connect: ConnectStore = connectStore, waitMs: number = WAIT_MS): Objects =>
  new StoredObjects(connect, waitMs);
