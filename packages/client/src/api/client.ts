/** The public face of a connection: submit, map, put, run. */
import { ObjectRef, encodeValue, valueReferences } from '@muster/protocol/values';
import type { Backend } from './backend.ts';
import { type Command, type CommandOutput, command, encodeArgument } from './command.ts';
import { ClientClosedError } from './errors.ts';
import { SubmittedTask, type TaskHandle } from './handle.ts';
import { type MapOptions, mapSettings, type SubmitOptions, submitSettings } from './options.ts';
import { type ItemOutcome, MapStream, type TaskStream } from './stream.ts';
import type { Task } from './task.ts';

type Opaque =
  | Date
  | RegExp
  | Error
  | ArrayBuffer
  | ArrayBufferView
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>;

/** A value, or an {@link ObjectRef} in the place of it or of any field or element. */
export type Sendable<T> =
  | T
  | ObjectRef<T>
  | (T extends Opaque ? never : T extends object ? { readonly [K in keyof T]: Sendable<T[K]> } : never);

/** The argument may be left out where the function takes none. */
type Rest<Argument, Options> = undefined extends Argument
  ? [argument?: Sendable<Argument>, options?: Options]
  : [argument: Sendable<Argument>, options?: Options];

type Items<T> = Iterable<T> | AsyncIterable<T>;

export interface ClientLimits {
  /** Bytes of arguments in memory at which maps stop taking items. */
  readonly argumentBytesMax: number;
}

/** Made by `connect()`. Keeps the process alive until {@link Client.close}. */
export class Client implements AsyncDisposable {
  readonly #backend: Backend;
  readonly #limits: ClientLimits;
  #closed = false;

  constructor(backend: Backend, limits: ClientLimits) {
    this.#backend = backend;
    this.#limits = limits;
  }

  /**
   * Runs a function once.
   *
   * @throws TaskDefinitionError for a function that workers cannot load, ValueError for an argument that cannot
   *   travel, RangeError for an option: all at once. How the task itself fails is in {@link TaskHandle.result}.
   */
  submit<Argument, Result>(
    task: Task<Argument, Result>,
    ...[argument, options = {}]: Rest<NoInfer<Argument>, SubmitOptions>
  ): TaskHandle<Awaited<Result>> {
    this.#check();
    const settings = submitSettings(options);
    const opening = this.#backend.open(task, settings, 'client.submit()');
    // Heard by the handle, in a later microtask.
    opening.catch(() => undefined);
    return new SubmittedTask<Awaited<Result>>(
      this.#backend,
      opening,
      encodeArgument(task, argument, 'argument'),
      options,
    );
  }

  /**
   * Runs a function for each item. Holds `window` items at most, however many there are: the next ones are
   * taken as results are consumed. Results come as items do, unless `ordered: false` or `settle: true` is given.
   *
   * @throws TaskDefinitionError for a function that workers cannot load, RangeError for an option: at once. An
   *   argument that cannot travel, and what a task or the items themselves throw, are what the stream rejects with.
   */
  map<Argument, Result>(
    task: Task<Argument, Result>,
    items: Items<Sendable<NoInfer<Argument>>>,
    options: MapOptions & { readonly settle: true },
  ): TaskStream<ItemOutcome<Awaited<Result>>>;
  map<Argument, Result>(
    task: Task<Argument, Result>,
    items: Items<Sendable<NoInfer<Argument>>>,
    options: MapOptions & { readonly ordered: false; readonly settle?: false },
  ): TaskStream<{ readonly index: number; readonly value: Awaited<Result> }>;
  map<Argument, Result>(
    task: Task<Argument, Result>,
    items: Items<Sendable<NoInfer<Argument>>>,
    options?: MapOptions & { readonly ordered?: true; readonly settle?: false },
  ): TaskStream<Awaited<Result>>;
  map(task: Task<never, unknown>, items: Items<unknown>, options: MapOptions = {}): TaskStream<never> {
    this.#check();
    const settings = mapSettings(options);
    // A function that cannot be loaded is refused here, not at the first result.
    const opening = this.#backend.open(task, settings, 'client.map()');
    opening.catch(() => undefined);
    const isCrowded = (): boolean => this.#backend.heldBytes >= this.#limits.argumentBytesMax;
    return new MapStream({
      task,
      items,
      options,
      open: () => opening,
      isCrowded,
    });
  }

  /**
   * Runs a program on a worker. A program that ends with an exit code other than 0 is a result, not a failure.
   *
   * @throws RangeError for a command that no worker could run, and for an option.
   */
  run(given: Command, options: SubmitOptions = {}): TaskHandle<CommandOutput> {
    return this.submit(command, given, options);
  }

  /**
   * Stores a value once, for use in many arguments. Workers fetch and decode it once each: treat it as
   * read-only there. Its bytes stay in memory here, to be put again if the store loses them, until
   * {@link Client.release} or {@link Client.close}.
   *
   * @throws ValueError for a value that cannot travel, TypeError for one with an ObjectRef inside,
   *   StoreUnreachableError when the object store could not be used for `schedulerTimeoutMs` or takes no value so
   *   large, ClientClosedError.
   */
  async put<T>(value: T): Promise<ObjectRef<T>> {
    this.#check();
    const bytes = encodeValue(value, 'value');
    if (valueReferences(bytes).length > 0) {
      throw new TypeError(
        'client.put() takes values without ObjectRefs inside; pass both as arguments of the task instead',
      );
    }
    return new ObjectRef<T>(await this.#backend.put(bytes));
  }

  /** Deletes values that no task needs any more; a task that still does ends in ObjectLostError. Any number of times. */
  release(...refs: readonly ObjectRef[]): void {
    this.#backend.release(refs.map((ref) => ref.id));
  }

  /** Cancels what is unfinished, releases everything that was put and says good-bye. Any number of times. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#backend.close();
  }

  /** {@link Client.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #check(): void {
    if (this.#closed) throw new ClientClosedError();
  }
}
