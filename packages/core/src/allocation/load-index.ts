/**
 * Workers by load, for two questions that must not cost time proportional to the number of workers: who is the
 * least loaded, and who is about the most loaded.
 *
 * L1 A node is linked in exactly the list of its `indexKey`, and in none while that is negative.
 * L2 No list below `#min` (above `#max`) holds a node.
 */
import { InvariantError } from '../machine.ts';

/** A place in one index; its owner has one for each index that it is in. */
export class LoadNode<Owner> {
  readonly owner: Owner;
  /** Load under which it is listed; negative while it is not. */
  indexKey = -1;
  indexPrev: LoadNode<Owner> | undefined = undefined;
  indexNext: LoadNode<Owner> | undefined = undefined;

  constructor(owner: Owner) {
    this.owner = owner;
  }
}

/**
 * Nodes with equal keys keep the order in which they reached the key, as the stock scheduler breaks ties; those put in
 * front come before all that are there.
 */
export class LoadIndex<Owner> {
  readonly #heads: (LoadNode<Owner> | undefined)[] = [];
  readonly #tails: (LoadNode<Owner> | undefined)[] = [];
  #min = 0;
  #max = -1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Inserts, or moves to the end (or the front) of the list of another key. */
  put(node: LoadNode<Owner>, key: number, place: 'back' | 'front' = 'back'): void {
    if (node.indexKey >= 0) this.remove(node);
    while (this.#heads.length <= key) {
      this.#heads.push(undefined);
      this.#tails.push(undefined);
    }
    node.indexKey = key;
    if (place === 'back') this.#append(node, key);
    else this.#prepend(node, key);
    if (this.#size === 0 || key < this.#min) this.#min = key;
    if (key > this.#max) this.#max = key;
    this.#size++;
  }

  #append(node: LoadNode<Owner>, key: number): void {
    const tail = this.#tails[key];
    node.indexPrev = tail;
    if (tail === undefined) this.#heads[key] = node;
    else tail.indexNext = node;
    this.#tails[key] = node;
  }

  #prepend(node: LoadNode<Owner>, key: number): void {
    const head = this.#heads[key];
    node.indexNext = head;
    if (head === undefined) this.#tails[key] = node;
    else head.indexPrev = node;
    this.#heads[key] = node;
  }

  remove(node: LoadNode<Owner>): void {
    const key = node.indexKey;
    if (key < 0) return;
    const { indexPrev: prev, indexNext: next } = node;
    if (prev === undefined) this.#heads[key] = next;
    else prev.indexNext = next;
    if (next === undefined) this.#tails[key] = prev;
    else next.indexPrev = prev;
    node.indexPrev = undefined;
    node.indexNext = undefined;
    node.indexKey = -1;
    this.#size--;
  }

  least(): Owner | undefined {
    if (this.#size === 0) return undefined;
    while (this.#heads[this.#min] === undefined) this.#min++;
    return this.#heads[this.#min]?.owner;
  }

  most(): Owner | undefined {
    if (this.#size === 0) return undefined;
    while (this.#heads[this.#max] === undefined) this.#max--;
    return this.#heads[this.#max]?.owner;
  }

  check(): void {
    let linked = 0;
    for (let key = 0; key < this.#heads.length; key++) {
      let prev: LoadNode<Owner> | undefined;
      for (let node = this.#heads[key]; node !== undefined; node = node.indexNext) {
        if (node.indexKey !== key || node.indexPrev !== prev)
          throw new InvariantError(`L1: broken list ${key}`);
        if (key < this.#min || key > this.#max)
          throw new InvariantError(`L2: list ${key} lies outside the bounds`);
        prev = node;
        linked++;
      }
      if (this.#tails[key] !== prev) throw new InvariantError(`L1: wrong tail of list ${key}`);
    }
    if (linked !== this.#size) throw new InvariantError(`L1: ${linked} nodes linked, ${this.#size} counted`);
  }
}
