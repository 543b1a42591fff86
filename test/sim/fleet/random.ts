/** A seeded source of chance: the same seed gives the same run. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995;
    for (let i = 0; i < 4; i++) this.next();
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from `low` up to, but not including, `high`. */
  int(low: number, high: number): number {
    return Math.floor(low + this.next() * (high - low));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[this.int(0, items.length)];
  }

  /** Mostly near `low`, seldom near `high`: delays and durations of the real world. */
  skewed(low: number, high: number): number {
    return Math.floor(low * (high / low) ** this.next());
  }

  hex(digits: number): string {
    let text = '';
    while (text.length < digits) text += this.int(0, 16).toString(16);
    return text;
  }

  /** A stream of its own, so that what one part draws does not shift another. */
  fork(): Random {
    return new Random(this.int(1, 0x7fffffff));
  }
}
