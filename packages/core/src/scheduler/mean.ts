/** Mean of the latest samples: plain at first, then the newest ones count more. */
const SAMPLES = 64;
/** Longer ones, of more than a day, count as this. */
const MS_MAX = 1e8;

export class Mean {
  #ms = 0;
  #samples = 0;

  /** A negative or missing number is no sample. */
  add(ms: number): void {
    if (!(ms >= 0)) return;
    if (this.#samples < SAMPLES) this.#samples++;
    this.#ms += (Math.min(ms, MS_MAX) - this.#ms) / this.#samples;
  }

  /** Undefined before the first sample. */
  get ms(): number | undefined {
    return this.#samples === 0 ? undefined : this.#ms;
  }
}
