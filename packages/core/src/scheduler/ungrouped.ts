/**
 * Workers without a group by what they offer: capacity that is never stopped.
 *
 * U1 An entry counts exactly the workers without a group that offer this, and is there while there are any. Beyond
 *    OFFERS_MAX different offers they count as workers that offer nothing special.
 */
import { capabilityKey, NO_CAPABILITIES } from '@muster/protocol/ids';
import type { Capabilities } from '@muster/protocol/ids';
import { InvariantError } from '../machine.ts';
import type { Ungrouped } from '../scaling/view.ts';
import type { Worker } from './worker.ts';

export const UNGROUPED_MAX = 1_024;

interface Entry {
  readonly key: string;
  readonly offers: Capabilities;
  workers: number;
}

export class UngroupedIndex {
  readonly #entries = new Map<string, Entry>();
  readonly #entryOf = new Map<Worker, Entry>();

  add(worker: Worker): void {
    const key = capabilityKey(worker.capabilities);
    const entry = this.#entries.get(key) ?? this.#create(key, worker.capabilities);
    entry.workers++;
    this.#entryOf.set(worker, entry);
  }

  remove(worker: Worker): void {
    const entry = this.#entryOf.get(worker);
    if (entry === undefined) return;
    this.#entryOf.delete(worker);
    if (--entry.workers === 0) this.#entries.delete(entry.key);
  }

  /** What it offers has changed. */
  update(worker: Worker): void {
    if (!this.#entryOf.has(worker)) return;
    this.remove(worker);
    this.add(worker);
  }

  [Symbol.iterator](): Iterator<Ungrouped> {
    return this.#entries.values();
  }

  /** @param workers those without a group. */
  check(workers: readonly Worker[]): void {
    const found = new Map<Entry, number>();
    for (const worker of workers) {
      const entry = this.#entryOf.get(worker);
      if (entry === undefined || this.#entries.get(entry.key) !== entry)
        throw new InvariantError('U1: a worker without a group is not counted');
      if (entry.key !== '' && entry.key !== capabilityKey(worker.capabilities))
        throw new InvariantError('U1: a worker counts for what it does not offer');
      found.set(entry, (found.get(entry) ?? 0) + 1);
    }
    if (this.#entryOf.size !== workers.length)
      throw new InvariantError('U1: counted workers that have a group');
    for (const entry of this.#entries.values())
      if (found.get(entry) !== entry.workers)
        throw new InvariantError('U1: workers without a group miscounted');
  }

  #create(key: string, capabilities: Capabilities): Entry {
    if (this.#entries.size >= UNGROUPED_MAX && key !== '')
      return this.#entries.get('') ?? this.#create('', NO_CAPABILITIES);
    const entry: Entry = { key, offers: capabilities, workers: 0 };
    this.#entries.set(key, entry);
    return entry;
  }
}
