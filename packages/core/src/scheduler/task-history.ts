/**
 * What became of tasks that are no longer here, kept for `explain`: the latest endings, and the latest losses of tasks
 * with their workers. Both bounded, oldest forgotten first.
 */
import type { Instant, TaskId, WorkerId } from '@muster/protocol/ids';
import type { TaskOutcome } from '@muster/protocol/messages';

export const ENDINGS_KEPT = 8_192;
const LOSSES_KEPT = 1_024;
const LOSSES_KEPT_PER_TASK = 8;

export type TaskEnd = TaskOutcome | 'canceled';

export interface TaskEnding {
  readonly taskId: TaskId;
  readonly at: Instant;
  readonly end: TaskEnd;
  /** From its submission to here. */
  readonly ageMs: number;
  readonly attempts: number;
  readonly losses: number;
  /** Who ended it; undefined when nobody had it. */
  readonly worker: WorkerId | undefined;
}

export interface TaskLoss {
  readonly at: Instant;
  readonly worker: WorkerId;
  readonly attempt: number;
  /** It may have been running, so the loss counts against its limit. */
  readonly counted: boolean;
}

/** Every task passes here: one slot is overwritten, nothing is allocated. */
export class TaskEndings {
  readonly #slots: { -readonly [K in keyof TaskEnding]: TaskEnding[K] }[] = [];
  #next = 0;
  /** Endings ever noted. */
  noted = 0;

  // prettier-ignore
  add(taskId: TaskId, at: Instant, end: TaskEnd, ageMs: number, attempts: number, losses: number, worker: WorkerId | undefined): void {
    const slot = this.#slots[this.#next];
    if (slot === undefined) this.#slots.push({ taskId, at, end, ageMs, attempts, losses, worker });
    else {
      slot.taskId = taskId;
      slot.at = at;
      slot.end = end;
      slot.ageMs = ageMs;
      slot.attempts = attempts;
      slot.losses = losses;
      slot.worker = worker;
    }
    this.#next = this.#next + 1 === ENDINGS_KEPT ? 0 : this.#next + 1;
    this.noted++;
  }

  /** Latest first. */
  *latest(): Generator<TaskEnding> {
    const { length } = this.#slots;
    for (let i = 1; i <= length; i++) {
      const slot = this.#slots[(this.#next - i + length) % length];
      if (slot !== undefined) yield slot;
    }
  }
}

export class TaskLosses {
  readonly #byTask = new Map<TaskId, TaskLoss[]>();

  add(taskId: TaskId, loss: TaskLoss): void {
    const known = this.#byTask.get(taskId);
    if (known !== undefined) {
      known.push(loss);
      if (known.length > LOSSES_KEPT_PER_TASK) known.shift();
      return;
    }
    if (this.#byTask.size >= LOSSES_KEPT) {
      for (const oldest of this.#byTask.keys()) {
        this.#byTask.delete(oldest);
        break;
      }
    }
    this.#byTask.set(taskId, [loss]);
  }

  /** Oldest first; those that are remembered. */
  of(taskId: TaskId): readonly TaskLoss[] {
    return this.#byTask.get(taskId) ?? [];
  }
}
