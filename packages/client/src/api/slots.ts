/** Ends of the items of one map, between the wire and the consumer. Never holds more than the window. */
import type { TaskEnd } from '../session/pending.ts';

export interface ItemEnd {
  readonly index: number;
  readonly end: TaskEnd;
}

export interface Slots {
  /** Whether as many items are submitted and not yet consumed as the window allows. */
  readonly isFull: boolean;
  /** Nothing is submitted that was not consumed. */
  readonly isEmpty: boolean;
  /** Index of the next item. */
  take(): number;
  put(index: number, end: TaskEnd): void;
  /** The next end to consume; undefined when it is not there yet. */
  shift(): ItemEnd | undefined;
}

/** Hands ends out in the order of their items: a ring. */
export class OrderedSlots implements Slots {
  readonly #ring: (TaskEnd | undefined)[];
  readonly #window: number;
  #head = 0;
  #tail = 0;

  constructor(window: number) {
    this.#window = window;
    this.#ring = [];
  }

  get isFull(): boolean {
    return this.#tail - this.#head >= this.#window;
  }

  get isEmpty(): boolean {
    return this.#tail === this.#head;
  }

  take(): number {
    return this.#tail++;
  }

  put(index: number, end: TaskEnd): void {
    this.#ring[index % this.#window] = end;
  }

  shift(): ItemEnd | undefined {
    const at = this.#head % this.#window;
    const end = this.#ring[at];
    if (end === undefined) return undefined;
    this.#ring[at] = undefined;
    return { index: this.#head++, end };
  }
}

/** Hands ends out as they come. */
export class CompletedSlots implements Slots {
  readonly #window: number;
  #ready: ItemEnd[] = [];
  #next = 0;
  #taken = 0;
  #inside = 0;

  constructor(window: number) {
    this.#window = window;
  }

  get isFull(): boolean {
    return this.#inside >= this.#window;
  }

  get isEmpty(): boolean {
    return this.#inside === 0;
  }

  take(): number {
    this.#inside++;
    return this.#taken++;
  }

  put(index: number, end: TaskEnd): void {
    this.#ready.push({ index, end });
  }

  shift(): ItemEnd | undefined {
    const item = this.#ready[this.#next];
    if (item === undefined) return undefined;
    this.#inside--;
    if (++this.#next === this.#ready.length) {
      this.#ready = [];
      this.#next = 0;
    }
    return item;
  }
}
