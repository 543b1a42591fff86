/** What was asked for, and what became of it: the truth that the fleet is measured against. */
import { encodeTask } from '@muster/protocol/codec';
import { objectId, taskId } from '@muster/protocol/ids';
import type { Capabilities, ClientId, TaskId } from '@muster/protocol/ids';
import type { TaskHead } from '@muster/protocol/messages';

export type TaskEnd = 'success' | 'failed' | 'lost' | 'canceled';

export interface SimTask {
  readonly id: TaskId;
  readonly client: string;
  readonly own: boolean;
  /** How long one attempt takes. */
  readonly durationMs: number;
  readonly outcome: 'success' | 'failed';
  readonly timeoutMs: number;
  /** Does not end when it is asked to. */
  readonly stubborn: boolean;
  readonly head: TaskHead;
  end: TaskEnd | undefined;
  /** Its client died: nobody waits for it. */
  abandoned: boolean;
  begun: number;
}

export interface TaskWish {
  readonly client: ClientId;
  readonly own: boolean;
  readonly durationMs: number;
  readonly outcome: 'success' | 'failed';
  readonly timeoutMs: number;
  readonly stubborn: boolean;
  readonly priority: number;
  readonly needs: Capabilities;
  readonly fn: number;
}

const NO_BYTES = new Uint8Array(8);

export class Book {
  readonly tasks = new Map<TaskId, SimTask>();
  readonly #codec: boolean;

  constructor(codec: boolean) {
    this.#codec = codec;
  }

  open(wish: TaskWish): SimTask {
    const id = taskId(`t${this.tasks.size}`.padEnd(16, '.'));
    const functionId = objectId(`f${wish.fn}`.padEnd(32, '.'));
    const source = wish.own ? undefined : wish.client;
    const { needs, timeoutMs, priority } = wish;
    const bytes = this.#codec
      ? encodeTask({
          taskId: id,
          source,
          metadata: { profiling: true, priority, streamOutput: false },
          functionId,
          args: [{ kind: 'inline', bytes: new Uint8Array([this.tasks.size & 0xff]) }],
          needs,
          timeoutMs: wish.own ? timeoutMs : 0,
          attemptsMax: 0,
        })
      : NO_BYTES;
    const head = {
      bytes,
      start: 0,
      end: bytes.length,
      taskId: id,
      source,
      functionId,
      priority,
      needs,
      attemptsMax: 0,
    };
    const task: SimTask = {
      id,
      client: wish.client,
      own: wish.own,
      durationMs: wish.durationMs,
      outcome: wish.outcome,
      timeoutMs,
      stubborn: wish.stubborn,
      head,
      end: undefined,
      abandoned: false,
      begun: 0,
    };
    this.tasks.set(id, task);
    return task;
  }

  isWanted(id: TaskId): boolean {
    const task = this.tasks.get(id);
    return task !== undefined && task.end === undefined && !task.abandoned;
  }
}
