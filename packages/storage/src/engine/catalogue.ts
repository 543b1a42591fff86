/**
 * Which id names which content, and who waits for an id. Semantics of the stock object store: a request for an id
 * that is not there is held, in order, until it is.
 *
 * C1. An id is in `#named` or in `#held`, never in both.
 * C2. Each name holds one reference to its content.
 */
import type { ObjectId } from '@muster/protocol/ids';
import type { Content } from './content.ts';
import type { Room } from './room.ts';

/** What waits for an id. */
export type Held =
  | { readonly kind: 'get'; readonly serve: (content: Content) => void }
  /** Will name the content `to` as well; `done` tells the one who asked. */
  | { readonly kind: 'duplicate'; readonly to: ObjectId; readonly done: () => void };

export interface Totals {
  readonly ids: number;
  /** Distinct contents, by identity. */
  readonly contents: number;
  /** Bytes of distinct contents, in memory or on disk. */
  readonly bytes: number;
}

/** What a name costs beside its bytes: map entry, key, content record and buffer header. Measured, for 100-byte objects. */
export const NAME_BYTES = 800;

export class Catalogue {
  readonly #room: Room;
  readonly #named = new Map<ObjectId, Content>();
  readonly #held = new Map<ObjectId, Set<Held>>();
  #contents = 0;
  #bytes = 0;

  constructor(room: Room) {
    this.#room = room;
  }

  /** Does not retain: use it in the same turn or `retain()` it. */
  get(id: ObjectId): Content | undefined {
    return this.#named.get(id);
  }

  /** Names `content`, taking over one reference, and serves everybody who waits for the id, in order. */
  set(id: ObjectId, content: Content): void {
    this.#name(id, content);
    this.#serve(id, content);
  }

  /** False when the id names nothing. Who waits for the id goes on waiting. */
  delete(id: ObjectId): boolean {
    const content = this.#named.get(id);
    if (content === undefined) return false;
    this.#named.delete(id);
    this.#room.free(NAME_BYTES);
    this.#unname(content);
    return true;
  }

  /** Makes `to` name what `from` names; false when that is nothing. */
  duplicate(from: ObjectId, to: ObjectId): boolean {
    const content = this.#named.get(from);
    if (content === undefined) return false;
    this.set(to, content.retain());
    return true;
  }

  /** Keeps a request until the id is set. The answer lets go of it, at any time. */
  hold(id: ObjectId, held: Held): () => void {
    let waiting = this.#held.get(id);
    if (waiting === undefined) this.#held.set(id, (waiting = new Set()));
    waiting.add(held);
    return () => {
      if (!waiting.delete(held) || waiting.size > 0) return;
      if (this.#held.get(id) === waiting) this.#held.delete(id);
    };
  }

  totals(): Totals {
    return { ids: this.#named.size, contents: this.#contents, bytes: this.#bytes };
  }

  /** Requests that wait for an id. Costs time proportional to the ids waited for. */
  heldCount(): number {
    let count = 0;
    for (const waiting of this.#held.values()) count += waiting.size;
    return count;
  }

  clear(): void {
    this.#held.clear();
    for (const id of [...this.#named.keys()]) this.delete(id);
  }

  #name(id: ObjectId, content: Content): void {
    const before = this.#named.get(id);
    this.#named.set(id, content);
    if (before === undefined) this.#room.charge(NAME_BYTES);
    if (content.names === 0) {
      this.#contents += 1;
      this.#bytes += content.bytes;
    }
    content.names += 1;
    if (before !== undefined) this.#unname(before);
  }

  #unname(content: Content): void {
    content.names -= 1;
    if (content.names === 0) {
      this.#contents -= 1;
      this.#bytes -= content.bytes;
    }
    content.release();
  }

  /** Depth first, as the stock store does it, but with a list instead of recursion: chains may be long. */
  #serve(id: ObjectId, content: Content): void {
    const waiting: Iterator<Held>[] = [];
    const take = (named: ObjectId): void => {
      const held = this.#held.get(named);
      if (held === undefined) return;
      this.#held.delete(named);
      waiting.push([...held].values());
      held.clear();
    };
    take(id);
    for (let last = waiting.at(-1); last !== undefined; last = waiting.at(-1)) {
      const next = last.next();
      if (next.done === true) waiting.pop();
      else if (next.value.kind === 'get') next.value.serve(content);
      else {
        this.#name(next.value.to, content.retain());
        next.value.done();
        take(next.value.to);
      }
    }
  }
}
