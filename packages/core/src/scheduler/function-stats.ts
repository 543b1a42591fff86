/** How long the tasks of a function take, measured, to know how many of them make up the prefetch window. */
import { objectId } from '@muster/protocol/ids';
import type { ObjectId } from '@muster/protocol/ids';
import { Mean } from './mean.ts';
import type { TaskKind } from './task-kind.ts';

/** Longest service time that is told apart: anything beyond fills a worker by itself. 2^26 µs is 67 s. */
export const ESTIMATE_CODE_MAX = 26;
/** Even a task that does nothing costs its worker this much. 2^3 µs. */
const ESTIMATE_CODE_MIN = 3;
/** Weight of a new sample; a faster one counts more, because a first call pays for loading the code. */
const WEIGHT_SLOWER = 0.2;
const WEIGHT_FASTER = 0.5;

export class FunctionStats {
  readonly id: ObjectId;
  /** Kinds that tasks of this function have now, by {@link TaskKind.key}. */
  readonly kinds: Map<string, TaskKind> = new Map<string, TaskKind>();
  /** The kind asked for last: most tasks are of the kind of the one before. */
  lastKind: TaskKind | undefined = undefined;
  /** Unfinished tasks that refer to it. */
  tasks = 0;
  /** Service time; unlike the estimate below, not bent towards the fast ones. */
  readonly took: Mean = new Mean();
  #meanUs = -1;
  #code = ESTIMATE_CODE_MAX;

  constructor(id: ObjectId) {
    this.id = id;
  }

  observe(durationMs: number): void {
    if (!(durationMs >= 0)) return;
    this.took.add(durationMs);
    const us = Math.min(durationMs * 1_000, 1e9);
    const mean = this.#meanUs;
    this.#meanUs = mean < 0 ? us : mean + (us - mean) * (us < mean ? WEIGHT_FASTER : WEIGHT_SLOWER);
    const code = 32 - Math.clz32(this.#meanUs);
    this.#code =
      code < ESTIMATE_CODE_MIN ? ESTIMATE_CODE_MIN : code > ESTIMATE_CODE_MAX ? ESTIMATE_CODE_MAX : code;
  }

  /** Exponent of the next power of two of microseconds; the largest one while nothing is known. */
  get estimate(): number {
    return this.#code;
  }
}

/** Service times by function; at most `entriesMax` functions are told apart, the rest share one entry. */
export class FunctionTable {
  readonly #entries = new Map<ObjectId, FunctionStats>();
  readonly #rest = new FunctionStats(objectId(''));
  readonly #entriesMax: number;
  #last: FunctionStats = this.#rest;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  of(id: ObjectId): FunctionStats {
    if (this.#last.id === id) return this.#last;
    const known = this.#entries.get(id) ?? this.#add(id);
    this.#last = known;
    return known;
  }

  get size(): number {
    return this.#entries.size;
  }

  #add(id: ObjectId): FunctionStats {
    if (this.#entries.size >= this.#entriesMax && !this.#evict()) return this.#rest;
    const fresh = new FunctionStats(id);
    this.#entries.set(id, fresh);
    return fresh;
  }

  /** The oldest entry goes if no task needs it; otherwise it gets another turn. */
  #evict(): boolean {
    for (const oldest of this.#entries.values()) {
      this.#entries.delete(oldest.id);
      if (oldest.tasks === 0) return true;
      this.#entries.set(oldest.id, oldest);
      return false;
    }
    return false;
  }
}
