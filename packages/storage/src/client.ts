/**
 * The object store from another process: many requests at a time over one connection, which is made again after a
 * loss. Every request may safely be repeated, so those that were open at a loss are sent again until their deadline.
 */
import type { ObjectId } from '@muster/protocol/ids';
import { Call, tooLarge, type Answer, type Question } from './client/call.ts';
import { ownDialect, stockDialect, type Dialect } from './client/dialect.ts';
import { Link, type StoreTarget } from './client/link.ts';
import { ObjectStoreError } from './errors.ts';
import type { ObjectStore } from './object-store.ts';
import { RESPONSE, type StoreStats, type Welcome } from './wire/types.ts';

export { ObjectStoreError, StoreFullError, type ObjectStoreErrorCode } from './errors.ts';
export type { StoreTarget } from './client/link.ts';
export type { StoreStats } from './wire/types.ts';

export interface ObjectStoreClientOptions {
  /** How long a request may go without an answer or progress. A wait for an object adds to it. Default 30,000. */
  readonly requestTimeoutMs?: number;
  /** Requests on the wire at a time, waits for objects not counted; the others queue. Default 1,024. */
  readonly inFlightMax?: number;
  /** Requests that may queue before further ones are refused as 'unavailable'. Default 1,000,000. */
  readonly queueMax?: number;
  /** Presented to the store; a connection that knows the mark keeps the store alive. Local socket only. */
  readonly ownerMark?: string;
  /** The store's identity is known: at the first connection (`before` undefined), and when it is another one: bytes are gone. */
  readonly onEpoch?: (epoch: string, before: string | undefined) => void;
  /** Connected, or no longer so. */
  readonly onConnection?: (state: StoreConnection) => void;
}

export type StoreConnection =
  | {
      readonly state: 'up';
      readonly epoch: string;
      /** Of the store's process, where it is ours and on this machine. */
      readonly pid: number | undefined;
      /** When that process started, to tell it from a later one with its number. */
      readonly startTicks: string | undefined;
      /** What stock peers are told. */
      readonly address: { readonly host: string; readonly port: number } | undefined;
      /** Whether the store knows this connection as its owner's. */
      readonly owner: boolean;
    }
  | { readonly state: 'down'; readonly error: ObjectStoreError };

export interface ObjectStoreClient extends ObjectStore {
  /** Identity of the store process last connected to; undefined before. Stock stores have none: each connection counts as one. */
  readonly epoch: string | undefined;
  readonly isConnected: boolean;
  /** Resolves when connected; rejects with ObjectStoreError 'unavailable' after the request timeout. */
  ready(signal?: AbortSignal): Promise<void>;
  /** Stores unless the id is taken. On a stock store: always stores. */
  putIfAbsent(id: ObjectId, body: Uint8Array, signal?: AbortSignal): Promise<'stored' | 'present'>;
  /** Undefined on a stock store. */
  stats(signal?: AbortSignal): Promise<StoreStats | undefined>;
  /** Ends the store; false when this connection may not. Owners only. */
  stopStore(signal?: AbortSignal): Promise<boolean>;
}

const REQUEST_TIMEOUT_MS = 30_000;
const IN_FLIGHT_MAX = 1024;
const QUEUE_MAX = 1_000_000;
/** Longer waits are asked for in pieces: a store lets none wait for ever. */
const WAIT_MS_MAX = 300_000;
const BACKOFF_MS_MIN = 20;
const BACKOFF_MS_MAX = 1000;

class StoreClient implements ObjectStoreClient {
  epoch: string | undefined;
  readonly #target: StoreTarget;
  readonly #options: ObjectStoreClientOptions;
  readonly #timeoutMs: number;
  readonly #inFlightMax: number;
  #link: Link | undefined;
  #dialect: Dialect | undefined;
  #objectBytesMax = Infinity;
  #connections = 0;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;
  /** Not sent on the present connection; settled ones are dropped when met. */
  #queue: Call[] = [];
  #queueFirst = 0;
  /** Sent on the present connection. */
  readonly #asked = new Set<Call>();
  /** Of those, the ones that count against the limit. */
  #inFlight = 0;
  readonly #readyWaiters = new Set<() => void>();

  constructor(target: StoreTarget, options: ObjectStoreClientOptions) {
    this.#target = target;
    this.#options = options;
    this.#timeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
    this.#inFlightMax = options.inFlightMax ?? IN_FLIGHT_MAX;
    this.#connect();
  }

  get isConnected(): boolean {
    return this.#dialect !== undefined;
  }

  async ready(signal?: AbortSignal): Promise<void> {
    if (this.isConnected) return;
    const { promise, resolve, reject } = withResolvers<undefined>();
    const up = (): void => {
      resolve(undefined);
    };
    const abort = (): void => {
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      reject(new ObjectStoreError('unavailable', `no object store at ${showTarget(this.#target)}`));
    }, this.#timeoutMs);
    this.#readyWaiters.add(up);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      signal?.throwIfAborted();
      await promise;
    } finally {
      clearTimeout(timer);
      this.#readyWaiters.delete(up);
      signal?.removeEventListener('abort', abort);
    }
    if (this.#closed) throw closedError();
  }

  async put(id: ObjectId, body: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#ask({ kind: 'put', id, body, ifAbsent: false }, signal);
  }

  async putIfAbsent(id: ObjectId, body: Uint8Array, signal?: AbortSignal): Promise<'stored' | 'present'> {
    const { type } = await this.#ask({ kind: 'put', id, body, ifAbsent: true }, signal);
    return type === RESPONSE.present ? 'present' : 'stored';
  }

  get(id: ObjectId, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    return this.getWithin(id, 0, signal);
  }

  async getWithin(id: ObjectId, waitMs: number, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const until = performance.now() + waitMs;
    for (let leftMs = Math.max(0, waitMs); ; leftMs = until - performance.now()) {
      const question: Question = { kind: 'get', id, waitMs: Math.min(leftMs, WAIT_MS_MAX) };
      const { type, payload } = await this.#ask(question, signal);
      if (type === RESPONSE.getOK) return payload;
      if (until - performance.now() < 1) return undefined;
    }
  }

  async has(id: ObjectId, signal?: AbortSignal): Promise<boolean> {
    const { type } = await this.#ask({ kind: 'has', id }, signal);
    return type === RESPONSE.present;
  }

  async delete(ids: readonly ObjectId[], signal?: AbortSignal): Promise<void> {
    if (ids.length > 0) await this.#ask({ kind: 'delete', ids }, signal);
  }

  async stats(signal?: AbortSignal): Promise<StoreStats | undefined> {
    const { type, payload } = await this.#ask({ kind: 'stats' }, signal);
    if (type !== RESPONSE.statsOK) return undefined;
    // Our own store's words, on a connection whose welcome was checked.
    return JSON.parse(Buffer.from(payload).toString('utf8')) as StoreStats;
  }

  async stopStore(signal?: AbortSignal): Promise<boolean> {
    const { type } = await this.#ask({ kind: 'stop' }, signal);
    return type === RESPONSE.stopping;
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    clearTimeout(this.#retry);
    for (const call of [...this.#asked, ...this.#queue.slice(this.#queueFirst)]) call.fail(closedError());
    this.#queue = [];
    this.#queueFirst = 0;
    for (const up of [...this.#readyWaiters]) up();
    this.#link?.destroy();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #ask(question: Question, signal: AbortSignal | undefined): Promise<Answer> {
    signal?.throwIfAborted();
    if (this.#closed) throw closedError();
    if (question.kind === 'put' && question.body.length > this.#objectBytesMax) throw tooLarge();
    if (this.#queue.length - this.#queueFirst >= (this.#options.queueMax ?? QUEUE_MAX)) {
      throw new ObjectStoreError('unavailable', 'too many requests wait for the object store');
    }
    const call = new Call(question, performance.now());
    if (signal !== undefined) {
      const abort = (): void => {
        call.fail(signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
      call.onEnd(() => {
        signal.removeEventListener('abort', abort);
      });
    }
    this.#limit(call);
    this.#queue.push(call);
    this.#flush();
    return call.promise;
  }

  /** Ends the call at its deadline, put off while a large transfer that it may be part of moves. */
  #limit(call: Call): void {
    let movedBefore: number | undefined;
    const check = (): void => {
      const link = this.#link;
      const moved = link?.bytesMoved;
      if (link?.isMoving === true && moved !== movedBefore) {
        movedBefore = moved;
        timer = setTimeout(check, this.#timeoutMs);
        return;
      }
      const code = this.isConnected ? 'timeout' : 'unavailable';
      const text = this.isConnected ? 'no answer from the object store' : 'no connection to the object store';
      call.fail(
        new ObjectStoreError(code, `${text} within ${this.#timeoutMs} ms at ${showTarget(this.#target)}`),
      );
      // A connection that has gone silent is of no use to the others either.
      if (this.isConnected) link?.destroy(new Error('silent'));
    };
    const waitMs = call.question.kind === 'get' ? call.question.waitMs : 0;
    let timer = setTimeout(check, this.#timeoutMs + waitMs);
    call.onEnd(() => {
      clearTimeout(timer);
    });
  }

  #flush(): void {
    const link = this.#link;
    const dialect = this.#dialect;
    if (link === undefined || dialect === undefined) return;
    while (this.#inFlight < this.#inFlightMax) {
      const call = this.#queue[this.#queueFirst];
      if (call === undefined) break;
      this.#queueFirst += 1;
      if (!call.isSettled) this.#send(link, dialect, call);
    }
    if (this.#queueFirst === this.#queue.length || this.#queueFirst > 4096) {
      this.#queue = this.#queue.slice(this.#queueFirst);
      this.#queueFirst = 0;
    }
  }

  #send(link: Link, dialect: Dialect, call: Call): void {
    const { question } = call;
    if (question.kind === 'put' && question.body.length > this.#objectBytesMax) {
      call.fail(tooLarge());
      return;
    }
    const counts = call.isWait ? 0 : 1;
    this.#asked.add(call);
    this.#inFlight += counts;
    call.onEnd(() => {
      // After a loss it was taken off already, and may be in the queue or on another connection.
      if (this.#link !== link || !this.#asked.delete(call)) return;
      this.#inFlight -= counts;
      this.#flush();
    });
    dialect.ask(link, call, performance.now());
  }

  #connect(): void {
    const { ownerMark } = this.#options;
    this.#link = new Link(this.#target, ownerMark === undefined ? { muster: 1 } : { muster: 1, ownerMark }, {
      onReady: (welcome) => {
        this.#onReady(welcome);
      },
      onClosed: (error) => {
        this.#onClosed(error);
      },
    });
  }

  #onReady(welcome: Welcome | undefined): void {
    this.#failures = 0;
    this.#connections += 1;
    this.#objectBytesMax = welcome?.objectBytesMax ?? Infinity;
    this.#dialect = welcome === undefined ? stockDialect : ownDialect;
    const before = this.epoch;
    const epoch = welcome?.epoch ?? `stock-${this.#connections}`;
    this.epoch = epoch;
    if (epoch !== before) this.#options.onEpoch?.(epoch, before);
    const { pid, startTicks, address, owner } = welcome ?? {};
    this.#options.onConnection?.({ state: 'up', epoch, pid, startTicks, address, owner: owner === true });
    for (const up of [...this.#readyWaiters]) up();
    this.#flush();
  }

  #onClosed(error: ObjectStoreError): void {
    const wasUp = this.isConnected;
    this.#link = undefined;
    this.#dialect = undefined;
    const again = [...this.#asked].filter((call) => !call.isSettled);
    this.#asked.clear();
    this.#inFlight = 0;
    if (this.#closed) return;
    this.#queue = [...again, ...this.#queue.slice(this.#queueFirst)];
    this.#queueFirst = 0;
    if (wasUp) this.#options.onConnection?.({ state: 'down', error });
    const backoffMs = Math.min(BACKOFF_MS_MIN * 2 ** Math.min(this.#failures, 10), BACKOFF_MS_MAX);
    this.#failures += 1;
    // Half of it by chance: many clients of a store that comes back do not knock at once.
    this.#retry = setTimeout(
      () => {
        this.#connect();
      },
      backoffMs * (0.5 + Math.random() / 2),
    );
  }
}

interface Resolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

const withResolvers = <T>(): Resolvers<T> => {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
};

const showTarget = (target: StoreTarget): string =>
  'path' in target ? target.path : `${target.host}:${target.port}`;

const closedError = (): ObjectStoreError =>
  new ObjectStoreError('closed', 'the object store client is closed');

/**
 * Connects in the background, now and after every loss; returns at once. Requests wait for the connection until their
 * deadline. Bodies given to `put` are read until it ends: do not change them before.
 */
export const connectObjectStore = (
  target: StoreTarget,
  options: ObjectStoreClientOptions = {},
): ObjectStoreClient => new StoreClient(target, options);
