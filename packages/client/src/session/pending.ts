/** A task that has not ended, as the client remembers it. */
import type { ObjectId, TaskId } from '@muster/protocol/ids';
import type { TaskArgument } from '@muster/protocol/messages';
import type { TaskLogEntry, TaskSettings } from '../api/options.ts';

/** What all tasks of one `submit` or `map` have in common. */
export interface Call {
  readonly functionId: ObjectId;
  /** The function object and its module; empty for commands. */
  readonly codeIds: readonly ObjectId[];
  readonly settings: TaskSettings;
  /** Turns the decoded result into what the caller sees; may fetch more. Undefined: the value as it is. */
  readonly receive: ((value: unknown) => Promise<unknown>) | undefined;
}

export type TaskEnd =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: Error };

/** Who is told about a task. Called synchronously, many times in one turn of the event loop; must not throw. */
export interface TaskSink {
  /** Exactly once. `slot` is the number given at submit. */
  ended(slot: number, end: TaskEnd): void;
  log(slot: number, entry: TaskLogEntry): void;
}

/** `storing` → `ready` → `sent` ⇄ `ready` (offered again, retried) → `fetching` → `ended`. */
export type PendingState = 'storing' | 'ready' | 'sent' | 'fetching' | 'ended';

export class PendingTask {
  readonly call: Call;
  readonly sink: TaskSink;
  readonly slot: number;
  readonly argument: TaskArgument;
  /** Objects that the argument refers to. */
  readonly references: readonly ObjectId[];
  readonly bytes: number;
  id: TaskId;
  state: PendingState = 'storing';
  frame: Uint8Array | undefined = undefined;
  retriesLeft: number;
  /** How often lost objects may be put again for it. */
  healsLeft = 3;
  /** When cancel was asked for last; undefined: not at all. */
  cancelAskedAt: number | undefined = undefined;
  /** The scheduler may know it under this id. */
  wasSent = false;
  /** Waiting in the outbox, at most once. */
  isQueued = false;

  constructor(
    id: TaskId,
    call: Call,
    argument: TaskArgument,
    references: readonly ObjectId[],
    bytes: number,
    sink: TaskSink,
    slot: number,
  ) {
    this.id = id;
    this.call = call;
    this.argument = argument;
    this.references = references;
    this.bytes = bytes;
    this.sink = sink;
    this.slot = slot;
    this.retriesLeft = call.settings.retries;
  }
}
