/**
 * Objects that this client answers for: code, arguments of unfinished tasks, values put by the user. Their bytes
 * are kept here for as long as they may be needed, so that they can be put again when the store loses them.
 */
import { randomBytes } from 'node:crypto';
import { objectId, type ObjectId } from '@muster/protocol/ids';
import type { StoreLink } from './store-link.ts';

/** Tells the scheduler which objects are ours, so that it deletes them when we vanish. */
export type Instruct = (instruction: 'create' | 'delete', ids: readonly ObjectId[]) => void;

interface Kept {
  readonly bytes: Uint8Array;
  /** Settles when the bytes are in the store that was there last. */
  stored: Promise<void>;
}

export class ObjectKeeper {
  readonly #link: StoreLink;
  readonly #instruct: Instruct;
  readonly #kept = new Map<ObjectId, Kept>();
  #bytes = 0;
  #doomed: ObjectId[] = [];

  constructor(link: StoreLink, instruct: Instruct) {
    this.#link = link;
    this.#instruct = instruct;
  }

  /** Bytes held in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  static newId(): ObjectId {
    return objectId(randomBytes(32).toString('latin1'));
  }

  /** Resolves when the bytes are stored. Content-addressed bytes may be kept again: nothing happens then. */
  keep(id: ObjectId, bytes: Uint8Array): Promise<void> {
    const known = this.#kept.get(id);
    if (known !== undefined) return known.stored;
    this.#instruct('create', [id]);
    const kept: Kept = { bytes, stored: this.#link.run((store) => store.put(id, bytes)) };
    this.#kept.set(id, kept);
    this.#bytes += bytes.length;
    // Whoever waits hears of a failure; one that nobody waits for is put again when a task misses it.
    kept.stored.catch(() => undefined);
    return kept.stored;
  }

  has(id: ObjectId): boolean {
    return this.#kept.has(id);
  }

  /** Puts back what is missing of these. Ids that are not ours are skipped. */
  async ensure(ids: readonly ObjectId[]): Promise<void> {
    const ours = ids.filter((id) => this.#kept.has(id));
    if (ours.length > 0) this.#instruct('create', ours);
    await Promise.all(ours.map((id) => this.#putMissing(id)));
  }

  /** After a reconnect, a new scheduler or a new store: owns and stores everything again. */
  reassert(): void {
    const ids = [...this.#kept.keys()];
    for (let from = 0; from < ids.length; from += 1_000)
      this.#instruct('create', ids.slice(from, from + 1_000));
    for (const [id, kept] of this.#kept) {
      kept.stored = this.#putMissing(id);
      kept.stored.catch(() => undefined);
    }
  }

  async #putMissing(id: ObjectId): Promise<void> {
    await this.#link.run(async (store) => {
      const kept = this.#kept.get(id);
      if (kept === undefined || (await store.has(id))) return;
      await store.put(id, kept.bytes);
    });
  }

  /** Fetches somebody else's object, such as a result; undefined when it is gone. */
  fetch(id: ObjectId, waitMs: number): Promise<Uint8Array | undefined> {
    return this.#link.run((store) => store.getWithin(id, waitMs));
  }

  /**
   * Forgets and deletes objects, ours or a result's. Never for code, which other clients may use too: the
   * scheduler deletes that when its last owner is gone.
   */
  release(ids: readonly ObjectId[]): void {
    for (const id of ids) {
      const kept = this.#kept.get(id);
      if (kept === undefined) {
        this.#doom(id);
        continue;
      }
      this.#kept.delete(id);
      this.#bytes -= kept.bytes.length;
      // A put that is still under way would bring the object back after its deletion.
      void kept.stored.catch(() => undefined).then(() => this.#doom(id));
    }
  }

  #doom(id: ObjectId): void {
    if (this.#doomed.length === 0) setImmediate(() => this.#deleteDoomed());
    this.#doomed.push(id);
  }

  #deleteDoomed(): void {
    const ids = this.#doomed;
    this.#doomed = [];
    this.#instruct('delete', ids);
    if (this.#link.epoch !== '') void this.#link.run((store) => store.delete(ids)).catch(() => undefined);
  }
}
