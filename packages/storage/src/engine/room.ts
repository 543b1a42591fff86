/**
 * Who may hold how many bytes in memory.
 *
 * R1. `used` counts bytes that arrived, never bytes that were announced: a lying header reserves nothing.
 * R2. A reservation is granted in the order it was asked for, or refused; it never waits for a peer.
 * R3. One spill runs at a time; its bytes stay counted until the disk has them.
 */
import { StoreFullError } from '../errors.ts';
import { errorText, type StoreLog } from '../log.ts';

/** Holds bytes in memory that could be on disk instead. */
export interface Victim {
  /** Moves its bytes to disk and frees them here. Rejects when the disk does not take them; nothing is lost then. */
  spill(): Promise<void>;
}

export interface RoomOptions {
  readonly memoryBytesMax: number;
  readonly log: StoreLog;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

interface Reservation {
  readonly bytes: number;
  readonly grant: () => void;
  readonly refuse: (error: StoreFullError) => void;
}

/** After a disk refused bytes it is not asked again for this long. */
const DISK_RETRY_MS = 1000;

export class Room {
  #used = 0;
  #spills = 0;
  readonly #options: RoomOptions;
  /** Coldest first. */
  readonly #victims = new Set<Victim>();
  readonly #waiting: Reservation[] = [];
  #making = false;
  #diskTrouble: { readonly error: unknown; readonly until: number } | undefined;

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  get used(): number {
    return this.#used;
  }

  /** Moves to disk since the start. */
  get spills(): number {
    return this.#spills;
  }

  /** Counts bytes without asking: for the few that are already there. */
  charge(bytes: number): void {
    this.#used += bytes;
  }

  free(bytes: number): void {
    this.#used -= bytes;
  }

  /** Makes a victim the warmest one. */
  touch(victim: Victim): void {
    this.#victims.delete(victim);
    this.#victims.add(victim);
  }

  /** Marks as used now, if it is a victim at all. */
  warm(victim: Victim): void {
    if (this.#victims.delete(victim)) this.#victims.add(victim);
  }

  forget(victim: Victim): void {
    this.#victims.delete(victim);
  }

  /**
   * Counts `bytes` if there is room now (undefined), else a promise that resolves when they are counted and rejects
   * with StoreFullError when nothing more can go to disk. Zero bytes: asks whether the limit is kept at all.
   */
  reserve(bytes: number): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.#fits(bytes)) {
      this.#used += bytes;
      return undefined;
    }
    return new Promise((grant, refuse) => {
      this.#waiting.push({ bytes, grant, refuse });
      // Never rejects: each failure ends in the reservations.
      if (!this.#making) void this.#makeRoom();
    });
  }

  #fits(bytes: number): boolean {
    return this.#used + bytes <= this.#options.memoryBytesMax;
  }

  async #makeRoom(): Promise<void> {
    this.#making = true;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (this.#fits(first.bytes)) {
        this.#waiting.shift();
        this.#used += first.bytes;
        first.grant();
        continue;
      }
      const [victim] = this.#victims;
      if (victim === undefined || this.#diskRefuses()) {
        this.#refuse(this.#waiting.splice(0, 1));
        continue;
      }
      this.#victims.delete(victim);
      try {
        await victim.spill();
        this.#spills += 1;
      } catch (error) {
        this.#diskTrouble = { error, until: this.#options.now() + DISK_RETRY_MS };
        this.#options.log.error('store.spill_failed', { error: errorText(error) });
        this.#refuse(this.#waiting.splice(0));
      }
    }
    this.#making = false;
  }

  #diskRefuses(): boolean {
    if (this.#diskTrouble !== undefined && this.#options.now() >= this.#diskTrouble.until) {
      this.#diskTrouble = undefined;
    }
    return this.#diskTrouble !== undefined;
  }

  #refuse(reservations: readonly Reservation[]): void {
    const trouble = this.#diskTrouble;
    const why = trouble === undefined ? 'nothing more can go to disk' : `disk: ${errorText(trouble.error)}`;
    const text = `object store is full: ${this.#used} of ${this.#options.memoryBytesMax} bytes in memory, ${why}`;
    for (const { refuse } of reservations) {
      refuse(new StoreFullError(text, trouble === undefined ? undefined : { cause: trouble.error }));
    }
  }
}
