/** What will happen, earliest first; at equal times, what was planned first. */
interface Entry<T> {
  readonly atMs: number;
  readonly order: number;
  readonly what: T;
}

const before = <T>(one: Entry<T>, other: Entry<T>): boolean =>
  one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);

export class Agenda<T> {
  readonly #heap: Entry<T>[] = [];
  #order = 0;

  /** Infinity when nothing is planned. */
  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Infinity;
  }

  plan(atMs: number, what: T): void {
    const entry = { atMs, order: ++this.#order, what };
    let index = this.#heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.#heap[parent];
      if (above === undefined || !before(entry, above)) break;
      this.#heap[index] = above;
      index = parent;
    }
    this.#heap[index] = entry;
  }

  /** The next thing that happens at `nowMs` or before. */
  take(nowMs: number): T | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.atMs > nowMs) return undefined;
    const last = this.#heap.pop();
    if (last !== undefined && last !== first) this.#sink(last);
    return first.what;
  }

  #sink(entry: Entry<T>): void {
    let index = 0;
    for (;;) {
      const left = this.#heap[2 * index + 1];
      const right = this.#heap[2 * index + 2];
      const isRight = right !== undefined && left !== undefined && before(right, left);
      const child = isRight ? right : left;
      if (child === undefined || !before(child, entry)) break;
      this.#heap[index] = child;
      index = 2 * index + (isRight ? 2 : 1);
    }
    this.#heap[index] = entry;
  }
}
