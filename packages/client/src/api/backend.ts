/** What runs tasks: a fleet behind a scheduler, or this process. */
import type { ObjectId, TaskId } from '@muster/protocol/ids';
import type { TaskSettings } from './options.ts';
import type { TaskSink } from '../session/pending.ts';

/** A task that was submitted. */
export interface Ticket {
  readonly id: TaskId;
}

/** The way to run one function with one set of options, any number of times. */
export interface Lane {
  /** @param argument An encoded value. */
  submit(argument: Uint8Array, sink: TaskSink, slot: number, id?: TaskId): Ticket;
  /** The sink hears of the end, whichever it is. */
  cancel(ticket: Ticket, reason: unknown): void;
  /** The sink hears of the end, unless the task has begun. */
  withdraw(ticket: Ticket): void;
}

export interface Backend {
  /** Bytes that unfinished tasks hold in memory. */
  readonly heldBytes: number;
  mintId(): TaskId;
  /** @throws TaskDefinitionError synchronously 'notATask'; later 'notExported', 'bundleFailed', 'nativeModule' */
  open(task: unknown, settings: TaskSettings, where: string): Promise<Lane>;
  put(bytes: Uint8Array): Promise<ObjectId>;
  release(ids: readonly ObjectId[]): void;
  close(): Promise<void>;
}
