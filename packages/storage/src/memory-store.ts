/** An object store inside this process: for tests and for running tasks in the debugger. */
import type { ObjectId } from '@muster/protocol/ids';
import { Catalogue } from './engine/catalogue.ts';
import type { Content } from './engine/content.ts';
import { ContentWriter } from './engine/content-writer.ts';
import { Room } from './engine/room.ts';
import { openSpillDirectory, type SpillDirectory } from './engine/spill-directory.ts';
import { ObjectStoreError } from './errors.ts';
import { silentLog, type StoreLog } from './log.ts';
import type { ObjectStore } from './object-store.ts';

export interface MemoryStoreOptions {
  /** Bytes in memory above which the coldest large objects go to disk. Default 1 GiB. */
  readonly memoryBytesMax?: number;
  /** Where the directory for spilled objects is made. Left out: more is refused with StoreFullError. */
  readonly spillDir?: string;
  readonly log?: StoreLog;
}

export interface MemoryStore extends ObjectStore {
  /** Stores unless the id is taken. */
  putIfAbsent(id: ObjectId, body: Uint8Array, signal?: AbortSignal): Promise<'stored' | 'present'>;
  /** Makes `to` name the bytes of `from`; false when there are none. */
  duplicate(from: ObjectId, to: ObjectId): boolean;
  counts(): {
    readonly ids: number;
    readonly contents: number;
    readonly bytes: number;
    readonly memoryBytes: number;
  };
}

const MEMORY_BYTES_MAX = 1024 ** 3;
/** Bytes given to the writer at a time: room is asked for in such steps. */
const STEP_BYTES = 64 * 1024;

class InProcessStore implements MemoryStore {
  readonly #room: Room;
  readonly #catalogue: Catalogue;
  readonly #spill: SpillDirectory | undefined;
  #closed = false;
  readonly #waiting = new Set<() => void>();

  constructor(options: MemoryStoreOptions) {
    const log = options.log ?? silentLog;
    const memoryBytesMax = options.memoryBytesMax ?? MEMORY_BYTES_MAX;
    this.#room = new Room({ memoryBytesMax, log, now: () => performance.now() });
    this.#catalogue = new Catalogue(this.#room);
    const tag = Math.floor(performance.now() * 1000).toString(36);
    this.#spill = options.spillDir === undefined ? undefined : openSpillDirectory(options.spillDir, tag, log);
  }

  async put(id: ObjectId, body: Uint8Array, signal?: AbortSignal): Promise<void> {
    this.#catalogue.set(id, await this.#write(body, signal));
  }

  async putIfAbsent(id: ObjectId, body: Uint8Array, signal?: AbortSignal): Promise<'stored' | 'present'> {
    this.#check(signal);
    if (this.#catalogue.get(id) !== undefined) return 'present';
    const content = await this.#write(body, signal);
    if (this.#catalogue.get(id) !== undefined) {
      content.release();
      return 'present';
    }
    this.#catalogue.set(id, content);
    return 'stored';
  }

  async get(id: ObjectId, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    this.#check(signal);
    const content = this.#catalogue.get(id);
    return content === undefined ? undefined : readAll(content.retain());
  }

  async getWithin(id: ObjectId, waitMs: number, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    this.#check(signal);
    const content = this.#catalogue.get(id)?.retain() ?? (await this.#wait(id, waitMs, signal));
    return content === undefined ? undefined : readAll(content);
  }

  async has(id: ObjectId, signal?: AbortSignal): Promise<boolean> {
    this.#check(signal);
    return Promise.resolve(this.#catalogue.get(id) !== undefined);
  }

  async delete(ids: readonly ObjectId[], signal?: AbortSignal): Promise<void> {
    this.#check(signal);
    for (const id of ids) this.#catalogue.delete(id);
    return Promise.resolve();
  }

  duplicate(from: ObjectId, to: ObjectId): boolean {
    return this.#catalogue.duplicate(from, to);
  }

  counts(): { ids: number; contents: number; bytes: number; memoryBytes: number } {
    return { ...this.#catalogue.totals(), memoryBytes: this.#room.used };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const end of [...this.#waiting]) end();
    this.#catalogue.clear();
    await this.#spill?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #check(signal: AbortSignal | undefined): void {
    signal?.throwIfAborted();
    if (this.#closed) throw new ObjectStoreError('closed', 'the object store is closed');
  }

  async #write(body: Uint8Array, signal: AbortSignal | undefined): Promise<Content> {
    this.#check(signal);
    const writer = new ContentWriter(body.length, this.#room, this.#spill);
    try {
      await this.#room.reserve(0);
      for (let at = 0; at < body.length; at += STEP_BYTES) {
        const part = body.subarray(at, at + STEP_BYTES);
        for (let wait = writer.append(part); wait !== undefined; wait = writer.append(part)) await wait;
        this.#check(signal);
      }
      return await writer.finish();
    } catch (error) {
      writer.abort();
      throw error;
    }
  }

  #wait(id: ObjectId, waitMs: number, signal: AbortSignal | undefined): Promise<Content | undefined> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        release();
        this.#waiting.delete(end);
        signal?.removeEventListener('abort', abort);
      };
      const end = (): void => {
        settle();
        resolve(undefined);
      };
      const abort = (): void => {
        settle();
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the caller's own reason
        reject(signal?.reason);
      };
      const timer = setTimeout(end, waitMs);
      const release = this.#catalogue.hold(id, {
        kind: 'get',
        serve: (content) => {
          settle();
          resolve(content.retain());
        },
      });
      this.#waiting.add(end);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }
}

/** A copy, so that nobody can change what is stored. Takes over one reference. */
const readAll = async (content: Content): Promise<Uint8Array> => {
  try {
    const body = new Uint8Array(content.bytes);
    for (let at = 0; at < body.length;) {
      const piece = await content.chunk(at, STEP_BYTES);
      body.set(piece, at);
      at += piece.length;
    }
    return body;
  } finally {
    content.release();
  }
};

/** Throws ObjectStoreError 'config' when the spill directory cannot be used. */
export const createMemoryStore = (options: MemoryStoreOptions = {}): MemoryStore =>
  new InProcessStore(options);
