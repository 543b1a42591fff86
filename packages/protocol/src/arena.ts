/**
 * Where frames live that outlive the turn in which they came: copied into slabs, because a small slice of a
 * received message would keep the whole native message alive. A slab is freed when the last slice into it is
 * dropped.
 */
import type { FrameSlice } from './messages.ts';

const SLAB_BYTES = 64 * 1024;
/** Larger frames get a buffer of their own, so that one of them does not leave half a slab unused. */
const SHARED_BYTES_MAX = SLAB_BYTES / 4;

export class FrameArena {
  #slab: Uint8Array = new Uint8Array(0);
  #used = 0;

  /** A copy of a frame, or of the part of a buffer between two positions. */
  keep(frame: Uint8Array, start = 0, end: number = frame.length): FrameSlice {
    const length = end - start;
    const part = length === frame.length ? frame : frame.subarray(start, end);
    if (length > SHARED_BYTES_MAX) return { bytes: new Uint8Array(part), start: 0, end: length };
    if (this.#used + length > this.#slab.length) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#used = 0;
    }
    const at = this.#used;
    this.#slab.set(part, at);
    this.#used = at + ((length + 7) & ~7);
    return { bytes: this.#slab, start: at, end: at + length };
  }
}
