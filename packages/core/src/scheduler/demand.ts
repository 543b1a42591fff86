/**
 * Unfinished tasks by what they say they need, whatever the allocation policy makes of it, and how long those that
 * wait will take. Moving a task costs a few additions; asking costs time by the number of distinct needs and
 * functions, never of tasks.
 *
 * N1 An entry counts the unfinished tasks that state its needs, in all and waiting; its works count the same tasks by
 *    function.
 * N2 At most DEMANDS_MAX entries and WORKS_MAX works are told apart, whatever peers name. Tasks beyond count in one
 *    entry that nobody serves under `capability`, and in one work of their needs.
 * N3 An entry or work that is `gone` counts no task.
 */
import { capabilityKey, NO_CAPABILITIES } from '@muster/protocol/ids';
import type { Capabilities, ObjectId } from '@muster/protocol/ids';
import { InvariantError } from '../machine.ts';
import type { Demand } from '../scaling/view.ts';
import type { FunctionStats } from './function-stats.ts';
import { Mean } from './mean.ts';
import type { TaskKind } from './task-kind.ts';
import { FINISHED, WAITING } from './task-table.ts';
import type { TaskTable } from './task-table.ts';

export const DEMANDS_MAX = 1_024;
export const WORKS_MAX = 8_192;

/** Tasks of one function with the same needs. */
export class Work {
  readonly demand: DemandEntry;
  /** Undefined: several functions, beyond those that are told apart. */
  fn: FunctionStats | undefined;
  tasks = 0;
  waiting = 0;
  /** Service time with these needs: the same function may take longer elsewhere. */
  readonly took: Mean = new Mean();
  gone = false;

  constructor(demand: DemandEntry, fn: FunctionStats | undefined) {
    this.demand = demand;
    this.fn = fn;
  }

  /** Of one task, in milliseconds; undefined while neither it nor its function was measured. */
  get meanMs(): number | undefined {
    return this.took.ms ?? this.fn?.took.ms;
  }
}

export class DemandEntry {
  readonly key: string;
  readonly own: boolean;
  readonly needs: Capabilities;
  tasks = 0;
  waiting = 0;
  readonly works: Set<Work> = new Set<Work>();
  readonly rest: Work;
  gone = false;

  constructor(key: string, own: boolean, needs: Capabilities) {
    this.key = key;
    this.own = own;
    this.needs = needs;
    this.rest = new Work(this, undefined);
    this.works.add(this.rest);
  }
}

const BEYOND: Capabilities = new Map([[`(more than ${DEMANDS_MAX} different needs)`, 'present' as const]]);

export class DemandIndex {
  /** By side and key, longest unused first. */
  readonly #entries = new Map<string, DemandEntry>();
  /** By entry and function, oldest first. */
  readonly #works = new Map<string, Work>();
  readonly #beyond = {
    own: new DemandEntry(capabilityKey(BEYOND), true, BEYOND),
    stock: new DemandEntry(capabilityKey(BEYOND), false, BEYOND),
  };
  readonly #plain = {
    own: new DemandEntry('', true, NO_CAPABILITIES),
    stock: new DemandEntry('', false, NO_CAPABILITIES),
  };

  /** Where tasks of this function with these needs are counted. */
  workOf(own: boolean, needs: Capabilities, fn: FunctionStats): Work {
    const demand = this.#entryOf(own, needs);
    const key = workKey(demand, fn.id);
    const known = this.#works.get(key);
    if (known !== undefined) {
      known.fn = fn;
      return known;
    }
    if (this.#works.size >= WORKS_MAX && !this.#evictWork()) return demand.rest;
    const work = new Work(demand, fn);
    this.#works.set(key, work);
    demand.works.add(work);
    return work;
  }

  /** With unfinished tasks, of one side. */
  of(own: boolean): readonly Demand[] {
    const demands: Demand[] = [];
    for (const entry of this.all()) if (entry.own === own && entry.tasks > 0) demands.push(demandOf(entry));
    return demands;
  }

  /** Those without unfinished tasks too. */
  *all(): Generator<DemandEntry> {
    yield this.#plain.own;
    yield this.#plain.stock;
    yield* this.#entries.values();
    yield this.#beyond.own;
    yield this.#beyond.stock;
  }

  get size(): number {
    return this.#entries.size;
  }

  get works(): number {
    return this.#works.size;
  }

  check(tasks: TaskTable): void {
    if (this.#entries.size > DEMANDS_MAX || this.#works.size > WORKS_MAX)
      throw new InvariantError('N2: more needs or functions than are told apart');
    const counted = countWork(tasks.countKinds());
    for (const entry of this.all()) {
      const sum = { tasks: 0, waiting: 0 };
      for (const work of entry.works) {
        const { tasks: all, waiting } = counted.get(work) ?? NOTHING;
        counted.delete(work);
        if (work.gone) throw new InvariantError('N3: a work that is gone is listed');
        if (work.tasks !== all || work.waiting !== waiting)
          throw new InvariantError(
            `N1: ${work.tasks}/${work.waiting} tasks of a work, counted ${all}/${waiting}`,
          );
        sum.tasks += all;
        sum.waiting += waiting;
      }
      if (entry.gone || entry.tasks !== sum.tasks || entry.waiting !== sum.waiting)
        throw new InvariantError(
          `N1: ${entry.tasks}/${entry.waiting} tasks of needs, not ${sum.tasks}/${sum.waiting}`,
        );
    }
    for (const [work, { tasks: all }] of counted)
      if (all > 0) throw new InvariantError(`N3: ${all} tasks count where nobody looks (gone: ${work.gone})`);
  }

  #entryOf(own: boolean, needs: Capabilities): DemandEntry {
    const side = own ? 'own' : 'stock';
    if (needs.size === 0) return this.#plain[side];
    const key = capabilityKey(needs);
    const known = this.#entries.get(side + key);
    if (known !== undefined) return known;
    if (this.#entries.size >= DEMANDS_MAX && !this.#evictEntry()) return this.#beyond[side];
    const entry = new DemandEntry(key, own, needs);
    this.#entries.set(side + key, entry);
    return entry;
  }

  /** The oldest one goes if no task states it; otherwise it gets another turn. */
  #evictEntry(): boolean {
    for (const [key, oldest] of this.#entries) {
      this.#entries.delete(key);
      if (oldest.tasks > 0) {
        this.#entries.set(key, oldest);
        return false;
      }
      oldest.gone = true;
      for (const work of oldest.works) {
        work.gone = true;
        if (work.fn !== undefined) this.#works.delete(workKey(oldest, work.fn.id));
      }
      return true;
    }
    return false;
  }

  #evictWork(): boolean {
    for (const [key, oldest] of this.#works) {
      this.#works.delete(key);
      if (oldest.tasks > 0) {
        this.#works.set(key, oldest);
        return false;
      }
      oldest.gone = true;
      oldest.demand.works.delete(oldest);
      return true;
    }
    return false;
  }
}

const workKey = (demand: DemandEntry, fn: ObjectId): string =>
  `${demand.own ? 'own' : 'stock'}${fn}${demand.key}`;

const demandOf = (entry: DemandEntry): Demand => {
  let waitingMs = 0;
  let unmeasured = 0;
  let slowestMs: number | undefined = 0;
  for (const work of entry.works) {
    if (work.tasks === 0) continue;
    const { meanMs } = work;
    slowestMs = meanMs === undefined || slowestMs === undefined ? undefined : Math.max(slowestMs, meanMs);
    if (meanMs === undefined) unmeasured += work.waiting;
    else waitingMs += work.waiting * meanMs;
  }
  const { key, needs, tasks, waiting } = entry;
  return { key, needs, tasks, waiting, waitingMs, unmeasured, slowestMs };
};

interface Count {
  readonly tasks: number;
  readonly waiting: number;
}
const NOTHING: Count = { tasks: 0, waiting: 0 };

/** The same numbers from the task table: what `check` compares with, and what the index saves. */
export const countWork = (kinds: ReadonlyMap<TaskKind, readonly number[]>): Map<Work, Count> => {
  const counted = new Map<Work, Count>();
  for (const [{ work }, phases] of kinds) {
    const before = counted.get(work) ?? NOTHING;
    const waiting = phases[WAITING] ?? 0;
    let tasks = 0;
    phases.forEach((count, phase) => (tasks += phase === FINISHED ? 0 : count));
    counted.set(work, { tasks: before.tasks + tasks, waiting: before.waiting + waiting });
  }
  return counted;
};
