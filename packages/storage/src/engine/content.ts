/**
 * One immutable run of bytes, shared by reference: by the ids that name it and the answers that carry it. Two equal
 * runs that were stored separately stay two: identity costs nothing and is never wrong, while a hash that is strong
 * enough costs about a second of CPU for 512 MiB, and ids that repeat content are content-addressed already.
 */
import type { Room, Victim } from './room.ts';
import type { SpillDirectory, SpillFile } from './spill-directory.ts';

/** Smaller objects stay in memory: a file of its own would cost more than it frees. */
export const SPILL_BYTES_MIN: number = 16 * 1024;

type Place =
  | { readonly kind: 'memory'; readonly segments: readonly Uint8Array[] }
  | { readonly kind: 'disk'; readonly file: SpillFile }
  | { readonly kind: 'gone' };

export class Content implements Victim {
  readonly bytes: number;
  /** How many ids name it; kept by the catalogue. */
  names: number = 0;
  readonly #room: Room;
  readonly #spill: SpillDirectory | undefined;
  #place: Place;
  #references = 1;
  #moving = false;

  /** Bytes in memory are already counted in `room`. Starts with one reference, the caller's. */
  constructor(
    bytes: number,
    place: Exclude<Place, { kind: 'gone' }>,
    room: Room,
    spill: SpillDirectory | undefined,
  ) {
    this.bytes = bytes;
    this.#place = place;
    this.#room = room;
    this.#spill = spill;
    if (place.kind === 'memory' && spill !== undefined && bytes >= SPILL_BYTES_MIN) room.touch(this);
  }

  get onDisk(): boolean {
    return this.#place.kind === 'disk';
  }

  retain(): this {
    this.#references += 1;
    this.#room.warm(this);
    return this;
  }

  release(): void {
    this.#references -= 1;
    // A move in progress ends by itself and then frees both places.
    if (this.#references > 0 || this.#moving) return;
    this.#discard();
  }

  /** Up to `bytesMax` bytes from `offset` on, not copied where they are in memory. At least one, if any are left. */
  chunk(offset: number, bytesMax: number): Uint8Array | Promise<Uint8Array> {
    const place = this.#place;
    const wanted = Math.min(bytesMax, this.bytes - offset);
    if (wanted <= 0 || place.kind === 'gone') return new Uint8Array(0);
    if (place.kind === 'disk') {
      if (this.#spill === undefined) throw new Error('content on disk without a directory');
      return this.#spill.read(place.file, offset, wanted);
    }
    let start = 0;
    for (const segment of place.segments) {
      if (offset < start + segment.length) return segment.subarray(offset - start, offset - start + wanted);
      start += segment.length;
    }
    return new Uint8Array(0);
  }

  async spill(): Promise<void> {
    const place = this.#place;
    if (place.kind !== 'memory' || this.#spill === undefined) return;
    this.#moving = true;
    try {
      const file = await writeSegments(this.#spill, place.segments);
      this.#place = { kind: 'disk', file };
      this.#room.free(this.bytes);
    } catch (error) {
      if (this.#references > 0) this.#room.touch(this);
      throw error;
    } finally {
      this.#moving = false;
      if (this.#references === 0) this.#discard();
    }
  }

  #discard(): void {
    const place = this.#place;
    this.#place = { kind: 'gone' };
    this.#room.forget(this);
    if (place.kind === 'memory') this.#room.free(this.bytes);
    if (place.kind === 'disk') this.#spill?.remove(place.file);
  }
}

const writeSegments = async (spill: SpillDirectory, segments: readonly Uint8Array[]): Promise<SpillFile> => {
  const writer = await spill.create();
  try {
    for (const segment of segments) await writer.append(segment);
    return await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
};
