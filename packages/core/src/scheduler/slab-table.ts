/**
 * The buffers that frames of tasks lie in, by number, so that a row can name one.
 *
 * K3 A buffer is known exactly while a row names it; `refs` counts these rows.
 */
import { InvariantError } from '../machine.ts';
import { Registry } from './registry.ts';

interface Slab {
  index: number;
  refs: number;
  readonly bytes: Uint8Array;
}

export class SlabTable {
  readonly #slabs = new Registry<Slab>();
  readonly #of = new Map<Uint8Array, Slab>();
  /** Frames that come together lie together. */
  #last: Slab | undefined = undefined;

  /** One more row names it. */
  hold(bytes: Uint8Array): number {
    let slab = this.#last;
    if (slab?.bytes !== bytes) {
      slab = this.#of.get(bytes) ?? this.#add(bytes);
      this.#last = slab;
    }
    slab.refs++;
    return slab.index;
  }

  drop(index: number): void {
    const slab = this.#slabs.get(index);
    if (--slab.refs > 0) return;
    this.#slabs.remove(slab);
    this.#of.delete(slab.bytes);
    if (this.#last === slab) this.#last = undefined;
  }

  bytes(index: number): Uint8Array {
    return this.#slabs.get(index).bytes;
  }

  /** @param refs rows that name each buffer, counted. */
  check(refs: ReadonlyMap<number, number>): void {
    for (const [index, count] of refs) {
      if (this.#slabs.get(index).refs !== count)
        throw new InvariantError(`K3: ${count} rows name slab ${index}`);
    }
    if (refs.size !== this.#slabs.size || refs.size !== this.#of.size) {
      throw new InvariantError(`K3: ${this.#slabs.size} slabs are known, ${refs.size} in use`);
    }
  }

  #add(bytes: Uint8Array): Slab {
    const slab: Slab = { index: 0, refs: 0, bytes };
    this.#slabs.add(slab);
    this.#of.set(bytes, slab);
    return slab;
  }
}
