/**
 * Every unfinished task, and every finished one whose client has not acknowledged it, as one row of 64 bytes. A
 * million tasks may wait, so a task is no JavaScript object: its row lies in one Int32Array that the garbage
 * collector never walks, its frame stays where it arrived, what many tasks share is one {@link TaskKind}, and
 * being in a queue costs two numbers.
 *
 * K1 A row is found under its id exactly from `insert` to `remove`.
 * K2 `refs` of a kind counts the rows that name it, and it is registered exactly while there are any.
 */
import type { Instant, TaskId } from '@muster/protocol/ids';
import type { FrameSlice, TaskHead, TaskOutcome } from '@muster/protocol/messages';
import { InvariantError } from '../machine.ts';
import type { Client } from './client.ts';
import { Registry } from './registry.ts';
import { SlabTable } from './slab-table.ts';
import { hashOf, idOf, wordAt } from './task-id.ts';
import type { TaskKind } from './task-kind.ts';
import type { Worker } from './worker.ts';

declare const brand: unique symbol;
/** Number of a task's row. Rows are used again: whoever keeps one must be told when the task ends. */
export type TaskRow = number & { readonly [brand]: 'TaskRow' };
/** Row 0 is never used, so that lists can end with it. */
export const NO_TASK: TaskRow = 0 as TaskRow;

/**
 * | phase | list that the row is in | leaves when |
 * |---|---|---|
 * | waiting | its lane in its bucket | a worker has room; canceled; its client is gone |
 * | assigned | `worker.holds` | result; returned unstarted; the worker is lost; cancel |
 * | canceling | `worker.holds` | the worker's answer or a result, whichever is first; the worker is lost; deadline |
 * | finished | `client.finished` | the client acknowledges; its client is gone |
 */
export const WAITING = 0;
export const ASSIGNED = 1;
export const CANCELING = 2;
export const FINISHED = 3;
export type TaskPhase = 0 | 1 | 2 | 3;
export const PHASE_NAMES: readonly string[] = ['waiting', 'assigned', 'canceling', 'finished'];

/** Largest attempt number; a task that is lost more often keeps it (its worker still tells results apart). */
const ATTEMPT_MAX = 511;
const ATTEMPTS_MAX_MAX = 63;
const OUTCOMES: readonly TaskOutcome[] = ['success', 'failed', 'failedWorkerDied'];

// Cells of a row: the id in 0–3, then these.
const SLAB = 4;
const START = 5;
const END = 6;
const SINCE = 7;
const META = 8;
const KIND = 9;
const WORKER = 10;
const NEXT = 11;
const PREV = 12;
const CLIENT_NEXT = 13;
const CLIENT_PREV = 14;
const HASH_NEXT = 15;
const ROW_SHIFT = 4;

// Bits of META: phase 0–2, moving 3, estimate 4–8, losses 9–14, attemptsMax 15–20, attempt 21–29.
const PHASE_MASK = 0b111;
const MOVING_BIT = 1 << 3;
const ESTIMATE_SHIFT = 4;
const ESTIMATE_MASK = 31 << ESTIMATE_SHIFT;
const LOSSES_SHIFT = 9;
const LOSSES_MASK = 63 << LOSSES_SHIFT;
const ATTEMPTS_MAX_SHIFT = 15;
const ATTEMPTS_MAX_MASK = 63 << ATTEMPTS_MAX_SHIFT;
const ATTEMPT_SHIFT = 21;
const ATTEMPT_MASK = 511 << ATTEMPT_SHIFT;

const ROWS_MIN = 1_024;
/** An empty table that is larger than this gives its memory back. */
const ROWS_KEPT = 65_536;

export class TaskTable {
  #cells = new Int32Array(ROWS_MIN << ROW_SHIFT);
  #heads = new Int32Array(ROWS_MIN);
  /** Rows from here on were never used. */
  #fresh = 1;
  #free: number = NO_TASK;
  #size = 0;
  readonly #seed: number;
  readonly #kinds = new Registry<TaskKind>();
  readonly #slabs = new SlabTable();
  readonly #workers: Registry<Worker>;
  // The id at hand, as its cells.
  #id0 = 0;
  #id1 = 0;
  #id2 = 0;
  #id3 = 0;

  /** @param seed keeps peers from choosing ids that collide. @param workers where rows find their workers. */
  constructor(seed: number, workers: Registry<Worker>) {
    this.#seed = seed | 0;
    this.#workers = workers;
  }

  get size(): number {
    return this.#size;
  }

  find(id: TaskId): TaskRow {
    this.#pack(id);
    for (let row = this.#at(this.#heads, this.#slot()); row !== NO_TASK; row = this.#cell(row, HASH_NEXT)) {
      const at = row << ROW_SHIFT;
      const cells = this.#cells;
      if (
        cells[at] === this.#id0 &&
        cells[at + 1] === this.#id1 &&
        cells[at + 2] === this.#id2 &&
        cells[at + 3] === this.#id3
      ) {
        return row as TaskRow;
      }
    }
    return NO_TASK;
  }

  /** A waiting task under an id that `find` did not find. It is in no list yet. */
  insert(head: TaskHead, kind: TaskKind, now: Instant, attemptsMax: number): TaskRow {
    this.#pack(head.taskId);
    const row = this.#allocate();
    const at = row << ROW_SHIFT;
    const cells = this.#cells;
    cells[at] = this.#id0;
    cells[at + 1] = this.#id1;
    cells[at + 2] = this.#id2;
    cells[at + 3] = this.#id3;
    if (kind.refs++ === 0) this.#kinds.add(kind);
    cells[at + KIND] = kind.index;
    cells[at + SLAB] = this.#slabs.hold(head.bytes);
    cells[at + START] = head.start;
    cells[at + END] = head.end;
    cells[at + SINCE] = now;
    cells[at + META] = (1 << ATTEMPT_SHIFT) | (Math.min(attemptsMax, ATTEMPTS_MAX_MAX) << ATTEMPTS_MAX_SHIFT);
    for (let cell = WORKER; cell < HASH_NEXT; cell++) cells[at + cell] = 0;
    this.#link(row);
    this.#size++;
    return row;
  }

  /** Out of every list by now. */
  remove(row: TaskRow): void {
    this.#unlink(row);
    const kind = this.kind(row);
    if (--kind.refs === 0) this.#kinds.remove(kind);
    this.#slabs.drop(this.#cell(row, SLAB));
    this.#set(row, NEXT, this.#free);
    this.#set(row, KIND, 0);
    this.#free = row;
    if (--this.#size === 0 && this.#fresh > ROWS_KEPT) this.#reset();
  }

  id(row: TaskRow): TaskId {
    return idOf(this.#cell(row, 0), this.#cell(row, 1), this.#cell(row, 2), this.#cell(row, 3));
  }
  kind(row: TaskRow): TaskKind {
    return this.#kinds.get(this.#cell(row, KIND));
  }
  client(row: TaskRow): Client {
    return this.kind(row).client;
  }
  worker(row: TaskRow): Worker | undefined {
    const index = this.#cell(row, WORKER);
    return index === 0 ? undefined : this.#workers.get(index);
  }
  setWorker(row: TaskRow, worker: Worker | undefined): void {
    this.#set(row, WORKER, worker === undefined ? 0 : worker.index);
  }

  phase(row: TaskRow): TaskPhase {
    return (this.#cell(row, META) & PHASE_MASK) as TaskPhase;
  }
  setPhase(row: TaskRow, phase: TaskPhase): void {
    this.#setBits(row, PHASE_MASK, phase);
  }

  /** The worker was asked to give it back unstarted. */
  moving(row: TaskRow): boolean {
    return (this.#cell(row, META) & MOVING_BIT) !== 0;
  }
  setMoving(row: TaskRow, moving: boolean): void {
    this.#setBits(row, MOVING_BIT, moving ? MOVING_BIT : 0);
  }

  /** Expected service time when it was assigned, as a power of two of microseconds. */
  estimate(row: TaskRow): number {
    return (this.#cell(row, META) & ESTIMATE_MASK) >> ESTIMATE_SHIFT;
  }
  setEstimate(row: TaskRow, code: number): void {
    this.#setBits(row, ESTIMATE_MASK, code << ESTIMATE_SHIFT);
  }

  /** Of a finished task: takes the place of the estimate. */
  outcome(row: TaskRow): TaskOutcome {
    return OUTCOMES[this.estimate(row)] ?? 'failed';
  }
  setOutcome(row: TaskRow, outcome: TaskOutcome): void {
    this.setEstimate(row, OUTCOMES.indexOf(outcome));
  }

  /** Attempts lost with a worker while they may have been running. */
  losses(row: TaskRow): number {
    return (this.#cell(row, META) & LOSSES_MASK) >> LOSSES_SHIFT;
  }
  setLosses(row: TaskRow, losses: number): void {
    this.#setBits(row, LOSSES_MASK, Math.min(losses, 63) << LOSSES_SHIFT);
  }

  /** Losses that fail the task; 0: never. */
  attemptsMax(row: TaskRow): number {
    return (this.#cell(row, META) & ATTEMPTS_MAX_MASK) >> ATTEMPTS_MAX_SHIFT;
  }

  /** Number of the current or next hand-over, from 1. */
  attempt(row: TaskRow): number {
    return (this.#cell(row, META) & ATTEMPT_MASK) >> ATTEMPT_SHIFT;
  }
  setAttempt(row: TaskRow, attempt: number): void {
    this.#setBits(row, ATTEMPT_MASK, Math.max(1, Math.min(attempt, ATTEMPT_MAX)) << ATTEMPT_SHIFT);
  }

  /** How long ago it was submitted; once finished, how long ago its result was last sent. Up to 24 days. */
  age(row: TaskRow, now: Instant): number {
    return (now - this.#cell(row, SINCE)) | 0;
  }
  setSince(row: TaskRow, now: Instant): void {
    this.#set(row, SINCE, now);
  }

  /** The task's frame; once finished, that of its result. */
  frame(row: TaskRow): FrameSlice {
    return {
      bytes: this.#slabs.bytes(this.#cell(row, SLAB)),
      start: this.#cell(row, START),
      end: this.#cell(row, END),
    };
  }
  setFrame(row: TaskRow, frame: FrameSlice): void {
    const held = this.#slabs.hold(frame.bytes);
    this.#slabs.drop(this.#cell(row, SLAB));
    this.#set(row, SLAB, held);
    this.#set(row, START, frame.start);
    this.#set(row, END, frame.end);
  }

  /** What travels to a worker. */
  head(row: TaskRow): TaskHead {
    const { client, fn, priority, bucket } = this.kind(row);
    return {
      bytes: this.#slabs.bytes(this.#cell(row, SLAB)),
      start: this.#cell(row, START),
      end: this.#cell(row, END),
      taskId: this.id(row),
      source: client.own ? undefined : client.id,
      functionId: fn.id,
      priority,
      needs: bucket.needs,
      attemptsMax: this.attemptsMax(row),
    };
  }

  next(row: TaskRow): TaskRow {
    return this.#cell(row, NEXT) as TaskRow;
  }
  setNext(row: TaskRow, next: TaskRow): void {
    this.#set(row, NEXT, next);
  }
  prev(row: TaskRow): TaskRow {
    return this.#cell(row, PREV) as TaskRow;
  }
  setPrev(row: TaskRow, prev: TaskRow): void {
    this.#set(row, PREV, prev);
  }
  clientNext(row: TaskRow): TaskRow {
    return this.#cell(row, CLIENT_NEXT) as TaskRow;
  }
  setClientNext(row: TaskRow, next: TaskRow): void {
    this.#set(row, CLIENT_NEXT, next);
  }
  clientPrev(row: TaskRow): TaskRow {
    return this.#cell(row, CLIENT_PREV) as TaskRow;
  }
  setClientPrev(row: TaskRow, prev: TaskRow): void {
    this.#set(row, CLIENT_PREV, prev);
  }

  /** Tasks of each kind by phase, in one pass over the table. */
  countKinds(): Map<TaskKind, readonly number[]> {
    const counts = new Int32Array(this.#kinds.end << 2);
    for (let at = 1 << ROW_SHIFT; at < this.#fresh << ROW_SHIFT; at += 1 << ROW_SHIFT) {
      const slot = (this.#at(this.#cells, at + KIND) << 2) | (this.#at(this.#cells, at + META) & PHASE_MASK);
      counts[slot] = this.#at(counts, slot) + 1;
    }
    const of = ({ index }: TaskKind): readonly number[] => [...counts.subarray(index << 2, (index + 1) << 2)];
    return new Map([...this.#kinds.all()].map((kind) => [kind, of(kind)]));
  }

  /** All rows, in no order that matters. Costs time proportional to the table. */
  *rows(): Generator<TaskRow> {
    for (let row = 1; row < this.#fresh; row++) if (this.#cell(row, KIND) !== 0) yield row as TaskRow;
  }

  check(): void {
    let rows = 0;
    const slabs = new Map<number, number>();
    for (const row of this.rows()) {
      rows++;
      if (this.find(this.id(row)) !== row) throw new InvariantError('K1: a task is not found under its id');
      const slab = this.#cell(row, SLAB);
      slabs.set(slab, (slabs.get(slab) ?? 0) + 1);
    }
    if (rows !== this.#size) throw new InvariantError(`K1: ${rows} rows, ${this.#size} counted`);
    for (const [kind, counts] of this.countKinds()) {
      const refs = counts.reduce((sum, count) => sum + count, 0);
      if (kind.refs !== refs || refs === 0) throw new InvariantError(`K2: ${refs} tasks of a kind`);
    }
    this.#slabs.check(slabs);
  }

  #at(cells: Int32Array, index: number): number {
    return cells[index] ?? 0;
  }
  #cell(row: number, cell: number): number {
    return this.#cells[(row << ROW_SHIFT) + cell] ?? 0;
  }
  #set(row: number, cell: number, value: number): void {
    this.#cells[(row << ROW_SHIFT) + cell] = value;
  }
  #setBits(row: number, mask: number, bits: number): void {
    this.#set(row, META, (this.#cell(row, META) & ~mask) | bits);
  }

  #pack(id: TaskId): void {
    if (id.length !== 16) throw new InvariantError(`a task id of ${id.length} characters`);
    this.#id0 = wordAt(id, 0);
    this.#id1 = wordAt(id, 4);
    this.#id2 = wordAt(id, 8);
    this.#id3 = wordAt(id, 12);
  }
  #slot(): number {
    return hashOf(this.#id0, this.#id1, this.#id2, this.#id3, this.#seed) & (this.#heads.length - 1);
  }
  #slotOf(row: number): number {
    const hash = hashOf(
      this.#cell(row, 0),
      this.#cell(row, 1),
      this.#cell(row, 2),
      this.#cell(row, 3),
      this.#seed,
    );
    return hash & (this.#heads.length - 1);
  }

  #link(row: number): void {
    const slot = this.#slotOf(row);
    this.#set(row, HASH_NEXT, this.#at(this.#heads, slot));
    this.#heads[slot] = row;
  }

  #unlink(row: number): void {
    const slot = this.#slotOf(row);
    const next = this.#cell(row, HASH_NEXT);
    let at = this.#at(this.#heads, slot);
    if (at === row) {
      this.#heads[slot] = next;
      return;
    }
    while (this.#cell(at, HASH_NEXT) !== row) at = this.#cell(at, HASH_NEXT);
    this.#set(at, HASH_NEXT, next);
  }

  #allocate(): TaskRow {
    if (this.#free !== NO_TASK) {
      const row = this.#free;
      this.#free = this.#cell(row, NEXT);
      return row as TaskRow;
    }
    if ((this.#fresh + 1) << ROW_SHIFT > this.#cells.length) this.#grow();
    return this.#fresh++ as TaskRow;
  }

  /** Twice the rows. What the copy does not touch of the new array takes no memory yet. */
  #grow(): void {
    const cells = new Int32Array(this.#cells.length * 2);
    cells.set(this.#cells);
    this.#cells = cells;
    this.#heads = new Int32Array(this.#heads.length * 2);
    for (let row = 1; row < this.#fresh; row++) if (this.#cell(row, KIND) !== 0) this.#link(row);
  }

  #reset(): void {
    this.#cells = new Int32Array(ROWS_MIN << ROW_SHIFT);
    this.#heads = new Int32Array(ROWS_MIN);
    this.#fresh = 1;
    this.#free = NO_TASK;
  }
}
