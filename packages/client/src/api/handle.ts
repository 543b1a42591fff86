/** One submitted task, as its submitter holds it. */
import { showId, type TaskId } from '@muster/protocol/ids';
import type { TaskEnd, TaskSink } from '../session/pending.ts';
import type { Backend, Lane, Ticket } from './backend.ts';
import { ClientClosedError, TaskCanceledError } from './errors.ts';
import { LogBuffer } from './logs.ts';
import type { SubmitOptions, TaskLogEntry } from './options.ts';

/** Await it for the result; it rejects with a TaskError. */
export interface TaskHandle<T> extends PromiseLike<T> {
  /** As the logs of the fleet show it. A retry runs under an id of its own. */
  readonly id: string;
  /** The result as a real promise; rejects with a TaskError or, for code that cannot be shipped, a TaskDefinitionError. */
  readonly result: Promise<T>;
  /** What the task writes, when it was submitted with `streamOutput`; ends with the task. Keeps the last 1 MiB until it is read. */
  readonly logs: AsyncIterable<TaskLogEntry>;
  /** Resolves when the task has ended: true if by this cancel, false if it had a result or failed before. Any number of times. */
  cancel(): Promise<boolean>;
  /** Takes the task back if nobody has begun it: then it ends as canceled. What runs goes on to its result. */
  withdraw(): void;
}

interface Settle<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export class SubmittedTask<T> implements TaskHandle<T>, TaskSink {
  readonly result: Promise<T>;
  readonly #id: TaskId;
  readonly #logs: LogBuffer;
  readonly #settle: Settle<T>;
  #lane: Lane | undefined;
  #ticket: Ticket | undefined;
  #end: TaskEnd | undefined;
  #cancelReason: { readonly reason: unknown } | undefined;
  readonly #ended: Promise<void>;
  #onEnd: () => void = () => undefined;

  constructor(backend: Backend, opening: Promise<Lane>, argument: Uint8Array, options: SubmitOptions) {
    this.#id = backend.mintId();
    this.#logs = new LogBuffer(options.streamOutput === true);
    let settle: Settle<T> | undefined;
    this.result = new Promise<T>((resolve, reject) => (settle = { resolve, reject }));
    this.#settle = settle ?? NEVER;
    this.#ended = new Promise((resolve) => (this.#onEnd = resolve));
    this.#watch(options.signal);
    void this.#start(opening, argument);
  }

  get id(): string {
    return showId(this.#id);
  }

  get logs(): AsyncIterable<TaskLogEntry> {
    return this.#logs;
  }

  then<A = T, B = never>(
    onValue?: ((value: T) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    return this.result.then(onValue, onError);
  }

  async cancel(): Promise<boolean> {
    // Whoever cancels knows how it ends: nobody has to catch the rejection as well.
    this.result.catch(() => undefined);
    this.#cancel(undefined);
    await this.#ended;
    return this.#end?.ok === false && this.#end.error instanceof TaskCanceledError;
  }

  withdraw(): void {
    if (this.#ticket === undefined) this.#cancel(undefined);
    else this.#lane?.withdraw(this.#ticket);
  }

  ended(_slot: number, end: TaskEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    // Whoever closes the client, or leaves its scope by an error, need not catch what that cancels.
    if (!end.ok && end.error.cause instanceof ClientClosedError) this.result.catch(() => undefined);
    this.#logs.end();
    this.#onEnd();
    if (end.ok) this.#settle.resolve(end.value as T);
    else this.#settle.reject(end.error);
  }

  log(_slot: number, entry: TaskLogEntry): void {
    this.#logs.push(entry);
  }

  async #start(opening: Promise<Lane>, argument: Uint8Array): Promise<void> {
    try {
      const lane = await opening;
      if (this.#end !== undefined) return;
      if (this.#cancelReason !== undefined) return this.#endCanceled(this.#cancelReason.reason);
      this.#lane = lane;
      this.#ticket = lane.submit(argument, this, 0, this.#id);
    } catch (error) {
      if (error instanceof ClientClosedError) return this.#endCanceled(error);
      this.ended(0, { ok: false, error: error instanceof Error ? error : new Error(String(error)) });
    }
  }

  #cancel(reason: unknown): void {
    this.#cancelReason ??= { reason };
    if (this.#ticket !== undefined) this.#lane?.cancel(this.#ticket, reason);
  }

  /** An abort is answered at once; the scheduler hears of it meanwhile. */
  #watch(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    const onAbort = (): void => {
      this.#cancel(signal.reason);
      this.#endCanceled(signal.reason);
    };
    if (signal.aborted) return queueMicrotask(onAbort);
    signal.addEventListener('abort', onAbort, { once: true });
    void this.#ended.then(() => signal.removeEventListener('abort', onAbort));
  }

  #endCanceled(reason: unknown): void {
    this.ended(0, {
      ok: false,
      error: new TaskCanceledError('TaskCanceledError', `task ${this.id} was canceled`, this.id, reason),
    });
  }
}

const NEVER = { resolve: () => undefined, reject: () => undefined };
