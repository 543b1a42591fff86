/** A value over time, kept in a fixed number of slices: their width doubles when time runs out of them. */

export interface Point {
  readonly atMs: number;
  readonly mean: number;
  readonly most: number;
}

const SLICES = 1_024;
const WIDTH_MS = 10;

export class Series {
  #widthMs = WIDTH_MS;
  readonly #sums = new Float64Array(SLICES);
  readonly #most = new Float64Array(SLICES);
  /** Most ever. */
  peak = 0;

  /** The value was the same from one time to the other. */
  add(value: number, fromMs: number, toMs: number): void {
    if (value > this.peak) this.peak = value;
    while (toMs > this.#widthMs * SLICES) this.#widen();
    const width = this.#widthMs;
    for (let atMs = fromMs, slice = Math.floor(fromMs / width); atMs < toMs; slice++) {
      const endMs = Math.min(toMs, (slice + 1) * width);
      this.#sums[slice] = (this.#sums[slice] ?? 0) + value * (endMs - atMs);
      if (value > (this.#most[slice] ?? 0)) this.#most[slice] = value;
      atMs = endMs;
    }
  }

  /** From the start up to `untilMs`, none wider than the other. */
  points(untilMs: number): readonly Point[] {
    const count = Math.min(SLICES, Math.ceil(untilMs / this.#widthMs));
    return Array.from({ length: count }, (_, slice) => {
      const atMs = slice * this.#widthMs;
      const lengthMs = Math.min(this.#widthMs, untilMs - atMs);
      return { atMs, mean: (this.#sums[slice] ?? 0) / lengthMs, most: this.#most[slice] ?? 0 };
    });
  }

  #widen(): void {
    this.#widthMs *= 2;
    for (let slice = 0; slice < SLICES; slice++) {
      const [left, right] = [2 * slice, 2 * slice + 1];
      const inside = right < SLICES;
      this.#sums[slice] = inside ? (this.#sums[left] ?? 0) + (this.#sums[right] ?? 0) : 0;
      this.#most[slice] = inside ? Math.max(this.#most[left] ?? 0, this.#most[right] ?? 0) : 0;
    }
  }
}
