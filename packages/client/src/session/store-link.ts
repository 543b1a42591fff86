/** The way to the object store: found in the scheduler's echoes, opened when first needed, opened again after a loss. */
import type { Clock } from '@muster/runtime/clock';
import { ObjectStoreError } from '@muster/storage/errors';
import type { ObjectStore } from '@muster/storage/object-store';
import { type Instant, instant } from '@muster/protocol/ids';
import { ClientClosedError } from '../api/errors.ts';

/** Where the store is, as the scheduler tells. */
export interface StorePlace {
  /** Local socket, '' where there is none. */
  readonly path: string;
  readonly host: string;
  readonly port: number;
  /** Identity of the store process, '' while it is down. */
  readonly epoch: string;
}

export type OpenStore = (place: StorePlace) => Promise<ObjectStore>;

/** Nothing could be done with the store for the whole time allowed; the cause is the last attempt's error. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
}

export interface StoreLinkOptions {
  readonly open: OpenStore;
  readonly clock: Clock;
  /** How long an operation is tried, over any number of connections. */
  readonly timeoutMs: number;
  /** The store was started anew: what it held is gone. Not called for the first one. */
  readonly onNewStore: () => void;
  /** Somebody waits for the store: the scheduler may know by now where it is. Called once per attempt. */
  readonly onTrouble: () => void;
}

const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 500;
const OPERATIONS_MAX = 16;

export class StoreLink {
  readonly #options: StoreLinkOptions;
  #place: StorePlace | undefined;
  #lastEpoch = '';
  #store: Promise<ObjectStore> | undefined;
  #closed = false;
  #running = 0;
  readonly #queue: (() => void)[] = [];
  /** Those who wait for a place or for the time of their next attempt. */
  readonly #sleepers = new Set<() => void>();

  constructor(options: StoreLinkOptions) {
    this.#options = options;
  }

  /** What the latest echo says. */
  announce(place: StorePlace): void {
    const before = this.#place;
    this.#place = place;
    const moved = before?.epoch !== place.epoch || before.path !== place.path || before.port !== place.port;
    if (!moved) return;
    this.#drop();
    if (place.epoch === '') return;
    const isNew = this.#lastEpoch !== '' && this.#lastEpoch !== place.epoch;
    this.#lastEpoch = place.epoch;
    for (const wake of this.#sleepers) wake();
    if (isNew) this.#options.onNewStore();
  }

  /** Epoch of the store that is there now, '' while it is down. */
  get epoch(): string {
    return this.#place?.epoch ?? '';
  }

  /**
   * Runs an operation, which must be safe to repeat, until it has worked.
   *
   * @throws StoreUnavailableError after `timeoutMs`, the wait for its turn included; ObjectStoreError 'tooLarge' at
   * once; ClientClosedError.
   */
  async run<T>(operation: (store: ObjectStore) => Promise<T>): Promise<T> {
    const { clock, timeoutMs } = this.#options;
    const deadline = instant(clock.now() + timeoutMs);
    if (this.#running >= OPERATIONS_MAX) await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#running++;
    try {
      return await this.#persist(operation, deadline);
    } finally {
      this.#running--;
      this.#queue.shift()?.();
    }
  }

  /** At least one attempt, also when the deadline passed in the queue. */
  async #persist<T>(operation: (store: ObjectStore) => Promise<T>, deadline: Instant): Promise<T> {
    const { clock, timeoutMs } = this.#options;
    let pauseMs = RETRY_MS_MIN;
    let failure: unknown;
    do {
      if (this.#closed) throw new ClientClosedError();
      const used = this.#open();
      if (used !== undefined) {
        try {
          return await operation(await used);
        } catch (error) {
          if (!(error instanceof ObjectStoreError) || error.code === 'tooLarge') throw error;
          failure = error;
          if (error.code !== 'full') this.#drop(used);
        }
      }
      this.#options.onTrouble();
      await this.#sleep(Math.min(pauseMs, Math.max(0, deadline - clock.now())));
      pauseMs = Math.min(RETRY_MS_MAX, pauseMs * 2);
    } while (clock.now() < deadline);
    throw new StoreUnavailableError(`the object store could not be used for ${timeoutMs / 1000} s`, {
      cause: failure,
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const wake of this.#sleepers) wake();
    const store = this.#store;
    this.#store = undefined;
    await (await store?.catch(() => undefined))?.close();
  }

  #open(): Promise<ObjectStore> | undefined {
    const place = this.#place;
    if (place === undefined || place.epoch === '') return undefined;
    return (this.#store ??= this.#options.open(place));
  }

  /** Forgets the connection, unless a newer one took its place. */
  #drop(used = this.#store): void {
    if (used === undefined || used !== this.#store) return;
    this.#store = undefined;
    void used.then((store) => store.close()).catch(() => undefined);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const { clock } = this.#options;
      const wake = (): void => {
        timer.cancel();
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = clock.wakeAt(instant(clock.now() + ms), wake);
      this.#sleepers.add(wake);
      if (this.#closed) wake();
    });
  }
}
