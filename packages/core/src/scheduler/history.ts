/**
 * What was decided and what became of groups, kept for `explain`: bounded, oldest forgotten first.
 *
 * H1 A ring holds at most `max` entries, the latest ones, in the order in which they came.
 * H2 The life of a group that lives is at the group; `lives` holds those of groups that are gone.
 * H3 A life begins with its group's birth, and keeps that and the latest changes.
 */
import type { GroupId, Instant } from '@muster/protocol/ids';
import type { GroupPhase } from './group.ts';

export const RECORDS_KEPT = 256;
export const LIVES_KEPT = 512;
/** Changes of phase that are kept of one group. */
export const CHANGES_KEPT = 32;

/** The latest entries of an endless list. */
export class Ring<T> implements Iterable<T> {
  readonly #items: T[] = [];
  readonly #max: number;
  #next = 0;
  /** Entries ever pushed. */
  pushed = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    this.#items[this.#next] = item;
    this.#next = (this.#next + 1) % this.#max;
    this.pushed++;
  }

  /** In the place of what was pushed as the nth, from 0. @returns false when that is forgotten. */
  replace(nth: number, item: T): boolean {
    if (nth < 0 || nth < this.pushed - this.#max || nth >= this.pushed) return false;
    this.#items[nth % this.#max] = item;
    return true;
  }

  last(): T | undefined {
    return this.#items[(this.#next + this.#max - 1) % this.#max];
  }

  /** Oldest first. */
  *[Symbol.iterator](): Generator<T> {
    const { length } = this.#items;
    const first = length < this.#max ? 0 : this.#next;
    for (let i = 0; i < length; i++) {
      const item = this.#items[(first + i) % length];
      if (item !== undefined) yield item;
    }
  }
}

export interface LifeChange {
  readonly at: Instant;
  readonly phase: GroupPhase | 'gone';
  readonly reason: string;
}

/** A group's life. */
export class GroupLife {
  /** The provisional one until a stock adapter has answered with its own. */
  id: GroupId;
  /** Key of its adapter. */
  readonly adapter: string;
  readonly own: boolean;
  /** Oldest first; the first one is its birth. */
  readonly changes: LifeChange[] = [];
  /** Changes between the first and the second one that were forgotten. */
  forgotten = 0;

  constructor(id: GroupId, adapter: string, own: boolean) {
    this.id = id;
    this.adapter = adapter;
    this.own = own;
  }

  add(change: LifeChange): void {
    this.changes.push(change);
    if (this.changes.length <= CHANGES_KEPT) return;
    this.changes.splice(1, 1);
    this.forgotten++;
  }
}
