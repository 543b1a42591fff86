/**
 * Shares capacity among demands so that no worker is counted twice: amounts flow from demands to kinds of capacity
 * that can serve them, as much as can be placed at all (a maximum flow). Who came first keeps what it got; later ones
 * make it move elsewhere, never less.
 *
 * F1 What a demand has placed is never taken away by another.
 * F2 Nothing is unplaced while a way leads, over moves, to capacity that is left.
 */
import { EPSILON } from './draft.ts';

const NOWHERE = new Uint8Array();

export class Flow {
  /** By kind. */
  readonly #left: Float64Array;
  /** By demand and kind: may it go there (1), and how much of it is there. */
  readonly #serves: readonly Uint8Array[];
  readonly #placed: readonly Float64Array[];
  /** Kinds from which no way leads to capacity that is left (1): found out once, true until there is more. */
  readonly #dead: Uint8Array;

  constructor(capacity: Float64Array, serves: readonly Uint8Array[]) {
    this.#left = capacity.slice();
    this.#dead = new Uint8Array(capacity.length);
    this.#serves = serves;
    this.#placed = serves.map((row) => new Float64Array(row.length));
  }

  /** @returns what found no place. */
  put(demand: number, amount: number): number {
    let rest = amount;
    const serves = this.#serves[demand] ?? NOWHERE;
    for (let kind = 0; kind < serves.length && rest > EPSILON; kind++) {
      if (serves[kind] === 1) rest -= this.#settle(demand, kind, rest);
    }
    while (rest > EPSILON) {
      const moved = this.#push(demand, rest);
      if (moved <= EPSILON) return rest;
      rest -= moved;
    }
    return 0;
  }

  add(kind: number, amount: number): void {
    this.#dead.fill(0);
    this.#left[kind] = this.left(kind) + amount;
  }

  left(kind: number): number {
    return this.#left[kind] ?? 0;
  }

  /** Takes so much of a kind's capacity away if all that is placed can stay placed; else changes nothing of that. */
  take(kind: number, amount: number): boolean {
    const spare = this.left(kind);
    let need = amount - spare;
    let freed = 0;
    this.#left[kind] = 0;
    for (let demand = 0; demand < this.#placed.length && need > EPSILON; demand++) {
      const here = this.#at(demand, kind);
      if (here <= EPSILON) continue;
      const moving = Math.min(here, need);
      this.#move(demand, kind, -moving);
      const stuck = this.#putBeside(demand, moving, kind);
      this.#move(demand, kind, stuck);
      need -= moving - stuck;
      freed += moving - stuck;
    }
    if (freed > 0) this.#dead.fill(0);
    const enough = need <= EPSILON;
    this.#left[kind] = Math.max(0, spare + freed - (enough ? amount : 0));
    return enough;
  }

  /** While a kind is being emptied it takes nothing in: what cannot go elsewhere is given back. */
  #putBeside(demand: number, amount: number, kind: number): number {
    let rest = amount;
    while (rest > EPSILON) {
      const moved = this.#push(demand, rest, kind);
      if (moved <= EPSILON) break;
      rest -= moved;
    }
    return rest;
  }

  #at(demand: number, kind: number): number {
    return this.#placed[demand]?.[kind] ?? 0;
  }

  #move(demand: number, kind: number, amount: number): void {
    const row = this.#placed[demand];
    if (row !== undefined) row[kind] = (row[kind] ?? 0) + amount;
  }

  #settle(demand: number, kind: number, most: number): number {
    const amount = Math.min(most, this.left(kind));
    if (amount <= EPSILON) return 0;
    this.#left[kind] = this.left(kind) - amount;
    this.#move(demand, kind, amount);
    return amount;
  }

  /** One way to capacity that is left, breadth first: kinds by the demand through which they were reached. */
  #push(demand: number, most: number, banned = -1): number {
    if (!this.#left.some((left) => left > EPSILON)) return 0;
    const through = new Map<number, { readonly demand: number; readonly from: number }>();
    const queue: { readonly demand: number; readonly from: number }[] = [{ demand, from: -1 }];
    const seen = new Set([demand]);
    for (const step of queue) {
      const serves = this.#serves[step.demand] ?? NOWHERE;
      for (let kind = 0; kind < serves.length; kind++) {
        if (serves[kind] !== 1 || kind === banned || through.has(kind) || this.#dead[kind] === 1) continue;
        through.set(kind, step);
        if (this.left(kind) > EPSILON) return this.#shift(through, kind, most);
        for (let other = 0; other < this.#placed.length; other++) {
          if (seen.has(other) || this.#at(other, kind) <= EPSILON) continue;
          seen.add(other);
          queue.push({ demand: other, from: kind });
        }
      }
    }
    if (banned < 0) for (const kind of through.keys()) this.#dead[kind] = 1;
    return 0;
  }

  #shift(
    through: ReadonlyMap<number, { readonly demand: number; readonly from: number }>,
    last: number,
    most: number,
  ): number {
    let amount = Math.min(most, this.left(last));
    for (let step = through.get(last); step !== undefined && step.from >= 0; step = through.get(step.from)) {
      amount = Math.min(amount, this.#at(step.demand, step.from));
    }
    this.#left[last] = this.left(last) - amount;
    let to = last;
    for (let step = through.get(last); step !== undefined; step = through.get(to)) {
      this.#move(step.demand, to, amount);
      if (step.from < 0) break;
      this.#move(step.demand, step.from, -amount);
      to = step.from;
    }
    return amount;
  }
}
