/**
 * One task as the scheduler keeps it. A million of them may wait, so a record holds plain fields and small
 * integers only: its frame stays where it arrived, what many tasks share is one {@link TaskKind}, and being in
 * a queue costs two links.
 *
 * Phases, and the list that a task is in through `next` and `prev`:
 *
 * | phase | list | leaves when |
 * |---|---|---|
 * | waiting | its lane in its bucket | a worker has room; canceled; its client is gone |
 * | assigned | `worker.holds` | result; returned unstarted; the worker is lost; cancel |
 * | canceling | `worker.holds` | the worker's answer or a result, whichever is first; the worker is lost; deadline |
 * | finished | `client.finished` | the client acknowledges; its client is gone |
 * | dropped | none | never: it is unknown from here on |
 */
import type { Instant, TaskId } from '@muster/protocol/ids';
import type { TaskHead, TaskOutcome } from '@muster/protocol/messages';
import type { Bucket } from './bucket.ts';
import type { Client } from './client.ts';
import type { FunctionStats } from './function-stats.ts';
import type { Linked } from './linked-list.ts';
import type { Worker } from './worker.ts';

export const WAITING = 0;
export const ASSIGNED = 1;
export const CANCELING = 2;
export const FINISHED = 3;
export const DROPPED = 4;
export type TaskPhase = 0 | 1 | 2 | 3 | 4;
export const PHASE_NAMES: readonly string[] = ['waiting', 'assigned', 'canceling', 'finished', 'dropped'];

/** Largest attempt number; a task that is lost more often keeps it (its worker still tells results apart). */
export const ATTEMPT_MAX = 511;
export const ATTEMPTS_MAX_MAX = 63;

const OUTCOMES: readonly TaskOutcome[] = ['success', 'failed', 'failedWorkerDied'];

/** What tasks of the same function, needs and priority share. */
export interface TaskKind {
  readonly fn: FunctionStats;
  readonly bucket: Bucket;
  readonly priority: number;
}

// Bits of `meta`: phase 0–2, moving 3, estimate 4–8, losses 9–14, attemptsMax 15–20, attempt 21–29.
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

export class Task implements Linked<Task> {
  readonly id: TaskId;
  readonly client: Client;
  readonly kind: TaskKind;
  /** The task's frame; once finished, the frame of its result. */
  bytes: Uint8Array;
  start: number;
  end: number;
  /** When it was submitted; once finished, when its result was last sent. */
  since: Instant;
  /** Packed; use the accessors. */
  meta: number;
  worker: Worker | undefined;
  next: Task | undefined;
  prev: Task | undefined;
  clientNext: Task | undefined;
  clientPrev: Task | undefined;

  constructor(head: TaskHead, client: Client, kind: TaskKind, now: Instant, attemptsMax: number) {
    this.id = head.taskId;
    this.client = client;
    this.kind = kind;
    this.bytes = head.bytes;
    this.start = head.start;
    this.end = head.end;
    this.since = now;
    this.meta = (1 << ATTEMPT_SHIFT) | (Math.min(attemptsMax, ATTEMPTS_MAX_MAX) << ATTEMPTS_MAX_SHIFT);
    this.worker = undefined;
    this.next = undefined;
    this.prev = undefined;
    this.clientNext = undefined;
    this.clientPrev = undefined;
  }

  get phase(): TaskPhase {
    return (this.meta & PHASE_MASK) as TaskPhase;
  }
  set phase(phase: TaskPhase) {
    this.meta = (this.meta & ~PHASE_MASK) | phase;
  }
  /** The worker was asked to give it back unstarted. */
  get moving(): boolean {
    return (this.meta & MOVING_BIT) !== 0;
  }
  set moving(moving: boolean) {
    this.meta = moving ? this.meta | MOVING_BIT : this.meta & ~MOVING_BIT;
  }
  /** Expected service time when it was assigned, as a power of two of microseconds. */
  get estimate(): number {
    return (this.meta & ESTIMATE_MASK) >> ESTIMATE_SHIFT;
  }
  set estimate(code: number) {
    this.meta = (this.meta & ~ESTIMATE_MASK) | (code << ESTIMATE_SHIFT);
  }
  /** Of a finished task: it takes the place of the estimate. */
  get outcome(): TaskOutcome {
    return OUTCOMES[this.estimate] ?? 'failed';
  }
  set outcome(outcome: TaskOutcome) {
    this.estimate = OUTCOMES.indexOf(outcome);
  }
  /** Attempts lost with a worker while they may have been running. */
  get losses(): number {
    return (this.meta & LOSSES_MASK) >> LOSSES_SHIFT;
  }
  set losses(losses: number) {
    this.meta = (this.meta & ~LOSSES_MASK) | (Math.min(losses, 63) << LOSSES_SHIFT);
  }
  /** Losses that fail the task; 0: never. */
  get attemptsMax(): number {
    return (this.meta & ATTEMPTS_MAX_MASK) >> ATTEMPTS_MAX_SHIFT;
  }
  /** Number of the current or next hand-over, from 1. */
  get attempt(): number {
    return (this.meta & ATTEMPT_MASK) >> ATTEMPT_SHIFT;
  }
  set attempt(attempt: number) {
    this.meta = (this.meta & ~ATTEMPT_MASK) | (Math.min(attempt, ATTEMPT_MAX) << ATTEMPT_SHIFT);
  }
}

/** What travels to a worker: a fresh plain object, because effects never share state with the machine. */
export const headOf = (task: Task): TaskHead => ({
  bytes: task.bytes,
  start: task.start,
  end: task.end,
  taskId: task.id,
  source: task.client.own ? undefined : task.client.id,
  functionId: task.kind.fn.id,
  priority: task.kind.priority,
  needs: task.kind.bucket.needs,
  attemptsMax: task.attemptsMax,
});
