/** `client.map`: items in, results out, a bounded number of tasks between the two. */
import type { ValueError } from '@muster/protocol/values';
import type { TaskEnd, TaskSink } from '../session/pending.ts';
import type { Lane, Ticket } from './backend.ts';
import { encodeArgument } from './command.ts';
import { ClientClosedError, TaskCanceledError } from './errors.ts';
import type { MapOptions, TaskLogEntry } from './options.ts';
import { CompletedSlots, type ItemEnd, OrderedSlots, type Slots } from './slots.ts';

/** Results of a map. Nothing is submitted before the first of them is asked for; leaving a loop over them cancels the rest. */
export interface TaskStream<T> extends AsyncIterableIterator<T, undefined, undefined> {
  /** All results. Rejects as soon as one item has failed, unless the map settles. */
  toArray(): Promise<T[]>;
  /** Cancels what has not ended; a `for await` does it when it is left. */
  return(): Promise<IteratorResult<T, undefined>>;
}

/** How one item ended, of a map with `settle`. `index` counts the items from 0; `reason` is a TaskError, mostly. */
export type ItemOutcome<T> =
  | { readonly index: number; readonly status: 'fulfilled'; readonly value: T }
  | { readonly index: number; readonly status: 'rejected'; readonly reason: Error };

export interface StreamSource {
  readonly task: unknown;
  readonly items: Iterable<unknown> | AsyncIterable<unknown>;
  readonly options: MapOptions;
  readonly open: () => Promise<Lane>;
  /** Whether arguments hold as much memory as they may. */
  readonly isCrowded: () => boolean;
}

const WINDOW_DEFAULT = 10_000;
/** Items submitted before the event loop gets a turn. */
const BURST = 1_024;

interface Consumer<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/** `T` is what the options of the map make of a result; see the overloads of `Client.map`. */
export class MapStream<T> implements TaskStream<T>, TaskSink {
  readonly #source: StreamSource;
  readonly #slots: Slots;
  readonly #isOrdered: boolean;
  readonly #settles: boolean;
  readonly #tickets = new Map<number, Ticket>();
  #lane: Lane | undefined;
  #iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined;
  #isAsync = false;
  /** A promise of the source is being waited for. */
  #isPulling = false;
  #sourceEnded = false;
  #started = false;
  /** Nothing more is submitted. */
  #stopped = false;
  /** What consumers hear from now on; undefined: nothing went wrong. */
  #failure: { readonly error: unknown } | undefined;
  /** A failed item that the ordered consumer has not reached yet. */
  #firstFailed = Infinity;
  #over = false;
  #scheduled = false;
  readonly #consumers: Consumer<T>[] = [];
  #collected: { readonly values: T[]; readonly consumer: Consumer<T> } | undefined;
  #unwatch: () => void = () => undefined;

  constructor(source: StreamSource) {
    const { window = WINDOW_DEFAULT, ordered = true, settle = false } = source.options;
    if (!Number.isInteger(window) || window < 1)
      throw new RangeError(`window must be a whole number from 1, not ${window}`);
    this.#source = source;
    this.#isOrdered = ordered;
    this.#settles = settle;
    this.#slots = ordered ? new OrderedSlots(window) : new CompletedSlots(window);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#consumers.length === 0 && this.#collected === undefined && this.#failure === undefined) {
      const item = this.#slots.shift();
      if (item !== undefined) {
        this.#schedule();
        return this.#yield(item);
      }
    }
    return new Promise((resolve, reject) => {
      this.#consumers.push({ resolve, reject });
      this.#start();
      this.#schedule();
    });
  }

  toArray(): Promise<T[]> {
    const values: T[] = [];
    return new Promise((resolve, reject) => {
      this.#collected = { values, consumer: { resolve: () => resolve(values), reject } };
      this.#start();
      this.#schedule();
    });
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#finish();
    this.#schedule();
    return { done: true, value: undefined };
  }

  ended(index: number, end: TaskEnd): void {
    this.#tickets.delete(index);
    if (this.#over || index > this.#firstFailed) return;
    this.#slots.put(index, end);
    if (!end.ok && !this.#settles) this.#itemFailed(index, end.error);
    this.#schedule();
  }

  log(index: number, entry: TaskLogEntry): void {
    try {
      this.#source.options.onLog?.({ ...entry, index });
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Fail fast, except that an ordered loop first sees what comes before the failed item. */
  #itemFailed(index: number, error: Error): void {
    if (!this.#isOrdered || this.#collected !== undefined) return this.#fail(error);
    this.#firstFailed = index;
    this.#stopped = true;
    this.#cancel((other) => other > index);
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#failure = { error };
    this.#finish();
    this.#schedule();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopped = true;
    this.#unwatch();
    this.#cancel(() => true);
    if (!this.#sourceEnded && this.#iterator !== undefined) {
      this.#sourceEnded = true;
      void this.#closeSource(this.#iterator);
    }
  }

  async #closeSource(iterator: Iterator<unknown> | AsyncIterator<unknown>): Promise<void> {
    try {
      await iterator.return?.();
    } catch {
      // The stream has ended for another reason, which its consumer knows.
    }
  }

  #cancel(which: (index: number) => boolean): void {
    for (const [index, ticket] of [...this.#tickets]) {
      if (which(index)) this.#lane?.cancel(ticket, this.#failure?.error);
    }
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#watch(this.#source.options.signal);
    void this.#open();
  }

  async #open(): Promise<void> {
    try {
      this.#lane = await this.#source.open();
      const { items } = this.#source;
      this.#isAsync = Symbol.asyncIterator in items;
      this.#iterator =
        Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
      this.#schedule();
    } catch (error) {
      this.#fail(error);
    }
  }

  #watch(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    const onAbort = (): void => this.#fail(canceled(signal.reason));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    this.#unwatch = () => signal.removeEventListener('abort', onAbort);
  }

  /** Everything that happens in one turn is looked at once, at its end. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#deliver();
      this.#pump();
      // The source may have ended just now, with nothing outstanding.
      this.#deliver();
    });
  }

  #deliver(): void {
    while (this.#failure === undefined && (this.#collected !== undefined || this.#consumers.length > 0)) {
      const item = this.#over ? undefined : this.#slots.shift();
      if (item === undefined) break;
      if (this.#collected !== undefined) this.#collect(this.#collected.values, item);
      else this.#hand(item);
    }
    if (this.#sourceEnded && this.#slots.isEmpty) this.#finish();
    if (this.#over) this.#dismiss();
  }

  #collect(values: T[], item: ItemEnd): void {
    if (!item.end.ok && !this.#settles) this.#fail(item.end.error);
    else values.push(this.#shape(item));
  }

  #hand(item: ItemEnd): void {
    const consumer = this.#consumers.shift();
    if (consumer !== undefined) void this.#yield(item).then(consumer.resolve, consumer.reject);
  }

  #yield(item: ItemEnd): Promise<IteratorResult<T, undefined>> {
    if (item.end.ok || this.#settles) return Promise.resolve({ done: false, value: this.#shape(item) });
    // Whoever asks again after the error hears that it is over.
    this.#finish();
    return Promise.reject(item.end.error);
  }

  #shape({ index, end }: ItemEnd): T {
    let shaped: unknown = end.ok ? end.value : undefined;
    if (this.#settles) {
      shaped = end.ok
        ? { index, status: 'fulfilled', value: end.value }
        : { index, status: 'rejected', reason: end.error };
    } else if (!this.#isOrdered) {
      shaped = { index, value: shaped };
    }
    return shaped as T;
  }

  /** The failure goes to the first who asks; after it the stream is just over. */
  #dismiss(): void {
    const waiting =
      this.#collected === undefined
        ? this.#consumers.splice(0)
        : [this.#collected.consumer, ...this.#consumers.splice(0)];
    this.#collected = undefined;
    for (const consumer of waiting) {
      if (this.#failure !== undefined) consumer.reject(this.#failure.error);
      else consumer.resolve({ done: true, value: undefined });
      this.#failure = undefined;
    }
  }

  #pump(): void {
    const iterator = this.#iterator;
    if (iterator === undefined || this.#isPulling) return;
    for (let burst = 0; burst < BURST; burst++) {
      if (this.#stopped || this.#sourceEnded || this.#slots.isFull) return;
      if (this.#source.isCrowded() && this.#tickets.size > 0) return;
      if (this.#isAsync) return void this.#pull(iterator as AsyncIterator<unknown>);
      try {
        this.#take((iterator as Iterator<unknown>).next());
      } catch (error) {
        this.#sourceEnded = true;
        return this.#fail(error);
      }
    }
    setImmediate(() => this.#schedule());
  }

  async #pull(iterator: AsyncIterator<unknown>): Promise<void> {
    this.#isPulling = true;
    try {
      this.#take(await iterator.next());
    } catch (error) {
      this.#sourceEnded = true;
      this.#fail(error);
    } finally {
      this.#isPulling = false;
      this.#schedule();
    }
  }

  #take(result: IteratorResult<unknown>): void {
    if (result.done === true) this.#sourceEnded = true;
    else if (!this.#stopped) this.#submit(result.value);
  }

  #submit(item: unknown): void {
    const index = this.#slots.take();
    try {
      const argument = this.#encode(item, index);
      const ticket = this.#lane?.submit(argument, this, index);
      if (ticket !== undefined) this.#tickets.set(index, ticket);
    } catch (error) {
      if (error instanceof ClientClosedError) return this.#fail(canceled(error));
      this.ended(index, { ok: false, error: error instanceof Error ? error : new Error(String(error)) });
    }
  }

  #encode(item: unknown, index: number): Uint8Array {
    const { task } = this.#source;
    try {
      return encodeArgument(task, item, 'item');
    } catch (error) {
      // Once more, to name the item: naming each one beforehand would cost every item a string.
      if ((error as Partial<ValueError>).name === 'ValueError')
        return encodeArgument(task, item, `items[${index}]`);
      throw error;
    }
  }
}

const canceled = (reason: unknown): TaskCanceledError =>
  new TaskCanceledError('TaskCanceledError', 'the map was canceled', '', reason);
