/** The tasks of a simulation, column by column: a million of them are a handful of arrays, not a million objects. */

export interface Kind {
  /** What its tasks need, sorted. */
  readonly needs: readonly string[];
  /** The scheduler measures service times by function. */
  readonly functionName: string;
}

export interface Tasks {
  readonly count: number;
  /** Never falling, from the start of the simulation. */
  readonly submittedMs: Float64Array;
  readonly serviceMs: Float64Array;
  /** Index into `kinds`. */
  readonly kindOf: Uint16Array;
  readonly kinds: readonly Kind[];
}

export const TASKS_MAX = 10_000_000;
/** Distinct pairs of needs and function that are told apart. */
export const KINDS_MAX = 65_535;

/** Grows as tasks are added; `tasks()` sorts them by time of submit, in the order of adding where that is the same. */
export class TaskColumns {
  #submittedMs = new Float64Array(1_024);
  #serviceMs = new Float64Array(1_024);
  #kindOf = new Uint16Array(1_024);
  readonly #kinds: Kind[] = [];
  readonly #indexOf = new Map<string, number>();
  #count = 0;
  #sorted = true;

  get count(): number {
    return this.#count;
  }

  /** @returns undefined when there are as many kinds as can be told apart. */
  kind(needs: readonly string[], functionName: string): number | undefined {
    const key = `${needs.join('+')} ${functionName}`;
    const known = this.#indexOf.get(key);
    if (known !== undefined) return known;
    if (this.#kinds.length >= KINDS_MAX) return undefined;
    this.#indexOf.set(key, this.#kinds.length);
    return this.#kinds.push({ needs, functionName }) - 1;
  }

  add(submittedMs: number, serviceMs: number, kind: number): void {
    const at = this.#count++;
    if (at === this.#kindOf.length) this.#grow();
    if (at > 0 && submittedMs < (this.#submittedMs[at - 1] ?? 0)) this.#sorted = false;
    this.#submittedMs[at] = submittedMs;
    this.#serviceMs[at] = serviceMs;
    this.#kindOf[at] = kind;
  }

  tasks(): Tasks {
    const count = this.#count;
    const submittedMs = this.#submittedMs.subarray(0, count);
    const serviceMs = this.#serviceMs.subarray(0, count);
    const kindOf = this.#kindOf.subarray(0, count);
    const kinds = this.#kinds;
    if (this.#sorted) return { count, submittedMs, serviceMs, kindOf, kinds };
    const order = new Uint32Array(count).map((_, index) => index);
    order.sort((one, other) => (submittedMs[one] ?? 0) - (submittedMs[other] ?? 0) || one - other);
    const sorted = new Float64Array(count);
    const service = new Float64Array(count);
    const kind = new Uint16Array(count);
    order.forEach((from, to) => {
      sorted[to] = submittedMs[from] ?? 0;
      service[to] = serviceMs[from] ?? 0;
      kind[to] = kindOf[from] ?? 0;
    });
    return { count, submittedMs: sorted, serviceMs: service, kindOf: kind, kinds };
  }

  #grow(): void {
    const grown = <T extends Float64Array | Uint16Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    const size = this.#kindOf.length * 2;
    this.#submittedMs = grown(this.#submittedMs, new Float64Array(size));
    this.#serviceMs = grown(this.#serviceMs, new Float64Array(size));
    this.#kindOf = grown(this.#kindOf, new Uint16Array(size));
  }
}
