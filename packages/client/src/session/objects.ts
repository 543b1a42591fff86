/**
 * Objects that this client answers for: code, arguments of unfinished tasks, values put by the user. Their bytes
 * are kept here for as long as they may be needed, so that they can be put again when the store loses them.
 */
import { randomBytes } from 'node:crypto';
import { instant, objectId, type ObjectId } from '@muster/protocol/ids';
import type { Clock } from '@muster/runtime/clock';
import type { StoreLink } from './store-link.ts';

/** Tells the scheduler which objects are ours, so that it deletes them when we vanish. */
export type Instruct = (instruction: 'create' | 'delete', ids: readonly ObjectId[]) => void;

interface Kept {
  readonly bytes: Uint8Array;
  /** Settles when the bytes are in the store that was there last. */
  stored: Promise<void>;
}

/** Deletions of this long go out together. */
const DELETE_DELAY_MS = 50;
const IDS_PER_INSTRUCTION = 1_000;

export class ObjectKeeper {
  readonly #link: StoreLink;
  readonly #clock: Clock;
  readonly #instruct: Instruct;
  readonly #kept = new Map<ObjectId, Kept>();
  #bytes = 0;
  /** Kept, and the scheduler is not told yet. */
  #unannounced: ObjectId[] = [];
  #doomed: ObjectId[] = [];

  constructor(link: StoreLink, clock: Clock, instruct: Instruct) {
    this.#link = link;
    this.#clock = clock;
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
    if (this.#unannounced.length === 0) setImmediate(() => this.announce());
    this.#unannounced.push(id);
    const kept: Kept = { bytes, stored: this.#link.run((store) => store.put(id, bytes)) };
    this.#kept.set(id, kept);
    this.#bytes += bytes.length;
    // Whoever waits hears of a failure; one that nobody waits for is put again when a task misses it.
    kept.stored.catch(() => undefined);
    return kept.stored;
  }

  /** Tells the scheduler of what was kept in this turn. */
  announce(): void {
    const ids = this.#unannounced;
    this.#unannounced = [];
    this.#instructAll('create', ids);
  }

  has(id: ObjectId): boolean {
    return this.#kept.has(id);
  }

  /** Puts back what is missing of these. Ids that are not ours are skipped. */
  async ensure(ids: readonly ObjectId[]): Promise<void> {
    const ours = ids.filter((id) => this.#kept.has(id));
    this.#instructAll('create', ours);
    await Promise.all(ours.map((id) => this.#putMissing(id)));
  }

  /** After a reconnect, a new scheduler or a new store: owns and stores everything again. */
  reassert(): void {
    this.#instructAll('create', [...this.#kept.keys()]);
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
    if (this.#doomed.length === 0) {
      this.#clock.wakeAt(instant(this.#clock.now() + DELETE_DELAY_MS), () => this.#deleteDoomed());
    }
    this.#doomed.push(id);
    if (this.#doomed.length >= IDS_PER_INSTRUCTION) this.#deleteDoomed();
  }

  #deleteDoomed(): void {
    const ids = this.#doomed;
    if (ids.length === 0) return;
    this.#doomed = [];
    this.#instructAll('delete', ids);
    if (this.#link.epoch !== '') void this.#link.run((store) => store.delete(ids)).catch(() => undefined);
  }

  #instructAll(instruction: 'create' | 'delete', ids: readonly ObjectId[]): void {
    for (let from = 0; from < ids.length; from += IDS_PER_INSTRUCTION) {
      this.#instruct(instruction, ids.slice(from, from + IDS_PER_INSTRUCTION));
    }
  }
}
