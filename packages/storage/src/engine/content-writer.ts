/**
 * Takes the bytes of one object as they arrive, copied once, into segments that grow with what has arrived. When
 * memory runs out and nothing colder is left, an unfinished large object goes to disk itself and follows from there.
 */
import { ObjectStoreError, StoreFullError } from '../errors.ts';
import { errorText } from '../log.ts';
import { Content, SPILL_BYTES_MIN } from './content.ts';
import type { Room, Victim } from './room.ts';
import type { SpillDirectory, SpillWriter } from './spill-directory.ts';

const SEGMENT_BYTES_MIN = 64 * 1024;
const SEGMENT_BYTES_MAX = 16 * 1024 * 1024;
/** What an object that goes straight to disk gathers before it writes. */
const DISK_SEGMENT_BYTES = 1024 * 1024;

/** Up to 64 bytes V8 keeps on its own heap, which is cheaper than an allocation outside. */
const allocate = (bytes: number): Uint8Array =>
  bytes <= 64 ? new Uint8Array(bytes) : Buffer.allocUnsafeSlow(bytes);

export class ContentWriter implements Victim {
  readonly #bytes: number;
  readonly #room: Room;
  readonly #spill: SpillDirectory | undefined;
  #segments: Uint8Array[] = [];
  /** Filled bytes of the last segment. */
  #filled = 0;
  #arrived = 0;
  /** Bytes counted in the room on behalf of what this holds in memory. */
  #charged = 0;
  /** Counted and not yet used. */
  #credit = 0;
  #disk: SpillWriter | undefined;
  /** While bytes are on their way to disk; nothing is appended meanwhile. */
  #moving: Promise<void> | undefined;
  /** Set when bytes were lost on the way to disk: this object can only be refused. */
  #broken: StoreFullError | undefined;
  #ended = false;

  constructor(bytes: number, room: Room, spill: SpillDirectory | undefined) {
    this.#bytes = bytes;
    this.#room = room;
    this.#spill = spill;
  }

  /**
   * Takes `part` (undefined), or a promise after which the caller offers the same part again; it rejects with
   * StoreFullError. Never more in total than was announced.
   */
  append(part: Uint8Array): Promise<void> | undefined {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    // A move that was asked for by another object may fail without harm to this one: offer again and see.
    if (this.#moving !== undefined) return this.#moving.catch(() => undefined);
    if (this.#disk !== undefined && this.#held() >= DISK_SEGMENT_BYTES)
      return this.#move().catch(() => undefined);
    if (this.#credit < part.length) {
      const wait = this.#reserve(part.length - this.#credit);
      if (wait !== undefined) return wait;
    }
    this.#credit -= part.length;
    for (let at = 0; at < part.length;) {
      const copied = this.#copy(part, at);
      at += copied;
      this.#arrived += copied;
    }
    if (this.#isVictim()) this.#room.touch(this);
    return undefined;
  }

  /** The finished content with one reference, the caller's. Rejects with StoreFullError. */
  finish(): Content | Promise<Content> {
    if (this.#moving !== undefined)
      return this.#moving.then(
        () => this.finish(),
        () => this.finish(),
      );
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    if (this.#disk !== undefined) return this.#finishOnDisk(this.#disk);
    this.#end();
    this.#room.free(this.#credit);
    return new Content(this.#arrived, { kind: 'memory', segments: this.#segments }, this.#room, this.#spill);
  }

  /** Gives everything back. Safe at any time, also twice; does nothing after `finish`. */
  abort(): void {
    if (this.#ended) return;
    this.#end();
    const giveBack = (): void => {
      this.#room.free(this.#charged);
      this.#charged = 0;
      this.#segments = [];
      // Never rejects.
      void this.#disk?.abort();
    };
    if (this.#moving === undefined) giveBack();
    else void this.#moving.then(giveBack, giveBack);
  }

  /** Called by the room when nothing colder is left to move. */
  spill(): Promise<void> {
    return this.#moving ?? this.#move();
  }

  #held(): number {
    return this.#charged - this.#credit;
  }

  #isVictim(): boolean {
    return (
      this.#spill !== undefined && this.#disk === undefined && this.#bytes >= SPILL_BYTES_MIN && !this.#ended
    );
  }

  #end(): void {
    this.#ended = true;
    this.#room.forget(this);
  }

  #reserve(bytes: number): Promise<void> | undefined {
    const counted = (): void => {
      this.#charged += bytes;
      this.#credit += bytes;
    };
    if (this.#disk !== undefined) {
      // At most one segment per connection: counted, but never refused, for it is what frees the rest.
      this.#room.charge(bytes);
      counted();
      return undefined;
    }
    const wait = this.#room.reserve(bytes);
    if (wait === undefined) {
      counted();
      return undefined;
    }
    return wait.then(
      () => {
        if (this.#ended) this.#room.free(bytes);
        else counted();
      },
      (error: unknown) => this.#goToDisk(error),
    );
  }

  /** Memory is full of what cannot move: a large object follows on disk from here. */
  async #goToDisk(refusal: unknown): Promise<void> {
    if (this.#moving === undefined && !this.#isVictim()) throw refusal;
    try {
      await (this.#moving ?? this.#move());
    } catch {
      // The disk does not want it either, which the room knows and the refusal says.
      throw refusal;
    }
  }

  #copy(part: Uint8Array, at: number): number {
    let last = this.#segments.at(-1);
    if (last === undefined || this.#filled === last.length) {
      last = allocate(this.#nextSegmentBytes(part.length - at));
      this.#segments.push(last);
      this.#filled = 0;
    }
    const bytes = Math.min(part.length - at, last.length - this.#filled);
    last.set(at === 0 && bytes === part.length ? part : part.subarray(at, at + bytes), this.#filled);
    this.#filled += bytes;
    return bytes;
  }

  #nextSegmentBytes(coming: number): number {
    const left = Math.max(this.#bytes - this.#arrived, coming);
    if (this.#disk !== undefined) return Math.min(left, DISK_SEGMENT_BYTES);
    const grown = Math.min(Math.max(this.#arrived, SEGMENT_BYTES_MIN), SEGMENT_BYTES_MAX);
    return Math.min(left, grown);
  }

  #move(): Promise<void> {
    this.#moving = this.#moveNow().finally(() => {
      this.#moving = undefined;
    });
    return this.#moving;
  }

  async #moveNow(): Promise<void> {
    if (this.#spill === undefined || this.#ended) return;
    const first = this.#disk === undefined;
    try {
      this.#disk ??= await this.#spill.create();
      const last = this.#segments.length - 1;
      for (const [index, segment] of this.#segments.entries()) {
        await this.#disk.append(index === last ? segment.subarray(0, this.#filled) : segment);
      }
    } catch (error) {
      await this.#disk?.abort();
      this.#disk = undefined;
      // All bytes are still here after a failed first move; later ones have let go of what was written before.
      if (!first)
        this.#broken = new StoreFullError(`object store is full: disk: ${errorText(error)}`, {
          cause: error,
        });
      throw error;
    }
    this.#segments = [];
    this.#filled = 0;
    this.#room.free(this.#held());
    this.#charged = this.#credit;
  }

  async #finishOnDisk(disk: SpillWriter): Promise<Content> {
    try {
      await this.#move();
      if (this.#ended) throw new ObjectStoreError('closed', 'the object was given up before it was complete');
    } catch (error) {
      throw this.#broken ?? error;
    }
    this.#end();
    this.#room.free(this.#charged);
    this.#charged = 0;
    const file = await disk.finish();
    return new Content(this.#arrived, { kind: 'disk', file }, this.#room, this.#spill);
  }
}
