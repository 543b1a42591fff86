/** Doubly linked list whose links live in its items: an item costs no memory of its own for being listed. */
import { InvariantError } from '../machine.ts';

export interface Linked<Self> {
  next: Self | undefined;
  prev: Self | undefined;
}

/** An item is in one list at a time; putting it into a second one without removing it is our bug. */
export class LinkedList<Item extends Linked<Item>> {
  head: Item | undefined = undefined;
  tail: Item | undefined = undefined;
  length = 0;

  pushBack(item: Item): void {
    const tail = this.tail;
    item.prev = tail;
    if (tail === undefined) this.head = item;
    else tail.next = item;
    this.tail = item;
    this.length++;
  }

  pushFront(item: Item): void {
    const head = this.head;
    item.next = head;
    if (head === undefined) this.tail = item;
    else head.prev = item;
    this.head = item;
    this.length++;
  }

  remove(item: Item): void {
    const { prev, next } = item;
    if (prev === undefined) this.head = next;
    else prev.next = next;
    if (next === undefined) this.tail = prev;
    else next.prev = prev;
    item.prev = undefined;
    item.next = undefined;
    this.length--;
  }

  shift(): Item | undefined {
    const head = this.head;
    if (head !== undefined) this.remove(head);
    return head;
  }

  check(what: string): void {
    let count = 0;
    let prev: Item | undefined;
    for (let item = this.head; item !== undefined; item = item.next) {
      if (item.prev !== prev) throw new InvariantError(`${what}: broken links`);
      prev = item;
      count++;
    }
    if (this.tail !== prev || count !== this.length) {
      throw new InvariantError(`${what}: ${count} items linked, ${this.length} counted`);
    }
  }
}
