/** Things by small numbers from 1, so that a row of numbers can name them. Numbers are used again. */
import { InvariantError } from '../machine.ts';

interface Registered {
  /** Its number while it is registered. */
  index: number;
}

export class Registry<Thing extends Registered> {
  readonly #things: (Thing | undefined)[] = [undefined];
  readonly #free: number[] = [];

  get size(): number {
    return this.#things.length - 1 - this.#free.length;
  }

  /** No number is as large. */
  get end(): number {
    return this.#things.length;
  }

  *all(): Generator<Thing> {
    for (const thing of this.#things) if (thing !== undefined) yield thing;
  }

  add(thing: Thing): void {
    thing.index = this.#free.pop() ?? this.#things.length;
    this.#things[thing.index] = thing;
  }

  remove(thing: Thing): void {
    this.#things[thing.index] = undefined;
    this.#free.push(thing.index);
  }

  get(index: number): Thing {
    const thing = this.#things[index];
    if (thing === undefined) throw new InvariantError(`nothing is registered as ${index}`);
    return thing;
  }
}
