/**
 * Deadlines of everything that waits, earliest first. A timer belongs to the thing that waits; nothing here
 * runs by itself: the machine asks for what is due at the start of a step.
 *
 * D1 A timer is in the heap exactly when its `index` is not negative, at that index.
 * D2 No timer is earlier than its parent in the heap.
 */
import type { Instant } from '@muster/protocol/ids';
import { InvariantError } from '../machine.ts';

export class Timer<Wake> {
  readonly wake: Wake;
  /** Meaningless while the timer is not armed. */
  at: Instant = 0 as Instant;
  index = -1;
  /** Order of arming: equal instants fire in it. */
  order = 0;

  constructor(wake: Wake) {
    this.wake = wake;
  }

  get armed(): boolean {
    return this.index >= 0;
  }
}

export class Timers<Wake> {
  readonly #heap: Timer<Wake>[] = [];
  #order = 0;

  /** Arms, or moves what is armed. */
  set(timer: Timer<Wake>, at: Instant): void {
    timer.at = at;
    timer.order = ++this.#order;
    if (timer.index < 0) {
      timer.index = this.#heap.length;
      this.#heap.push(timer);
    }
    this.#down(this.#up(timer.index));
  }

  clear(timer: Timer<Wake>): void {
    const index = timer.index;
    if (index < 0) return;
    timer.index = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === timer) return;
    this.#put(last, index);
    this.#down(this.#up(index));
  }

  next(): Instant | undefined {
    return this.#heap[0]?.at;
  }

  /** Disarms and returns the earliest timer that is due. */
  takeDue(now: Instant): Timer<Wake> | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.clear(first);
    return first;
  }

  check(): void {
    this.#heap.forEach((timer, index) => {
      if (timer.index !== index)
        throw new InvariantError(`D1: timer at ${index} believes to be at ${timer.index}`);
      const parent = this.#heap[(index - 1) >> 1];
      if (index > 0 && parent !== undefined && before(timer, parent)) {
        throw new InvariantError(`D2: timer at ${index} is earlier than its parent`);
      }
    });
  }

  #put(timer: Timer<Wake>, index: number): void {
    this.#heap[index] = timer;
    timer.index = index;
  }

  #up(start: number): number {
    let index = start;
    const timer = this.#heap[index];
    if (timer === undefined) return index;
    while (index > 0) {
      const parent = this.#heap[(index - 1) >> 1];
      if (parent === undefined || !before(timer, parent)) break;
      this.#put(parent, index);
      index = (index - 1) >> 1;
    }
    this.#put(timer, index);
    return index;
  }

  #down(start: number): void {
    let index = start;
    const timer = this.#heap[index];
    if (timer === undefined) return;
    for (;;) {
      const left = this.#heap[2 * index + 1];
      const right = this.#heap[2 * index + 2];
      const child = right !== undefined && left !== undefined && before(right, left) ? right : left;
      if (child === undefined || !before(child, timer)) break;
      const from = child.index;
      this.#put(child, index);
      index = from;
    }
    this.#put(timer, index);
  }
}

const before = (one: Timer<unknown>, other: Timer<unknown>): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order);
