/** How long groups of an adapter take to start, measured from the command to the first worker. */
const KEPT = 32;

export class StartTimes {
  readonly #latest: number[] = [];
  #next = 0;
  #median: number | undefined = undefined;

  add(ms: number): void {
    this.#latest[this.#next] = ms;
    this.#next = (this.#next + 1) % KEPT;
    const sorted = [...this.#latest].sort((one, other) => one - other);
    this.#median = sorted[sorted.length >> 1];
  }

  /** Of the latest ones; undefined before the first. */
  get medianMs(): number | undefined {
    return this.#median;
  }
}
