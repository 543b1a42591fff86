/**
 * Keeps one object store alive for a scheduler: adopts the one that its predecessor left, else starts one, watches it
 * over a connection that counts as the owner's, and starts another when it dies. The store outlives this process.
 *
 * V1. At most one store serves the path: a start that finds it served ends itself, and the living one is adopted.
 * V2. `onState` alternates between down and up, and each up after a death has a new epoch.
 */
import { connectObjectStore, type ObjectStoreClient, type StoreConnection } from './client.ts';
import { ObjectStoreError } from './errors.ts';
import { errorText, silentLog, type StoreLog } from './log.ts';
import { isSameProcess } from './process/start.ts';
import { isServed } from './server/local-path.ts';
import { StoreChild } from './supervisor/child.ts';

export interface SuperviseOptions {
  /** Program and arguments that run a store with `path`, `ownerMark` and an orphan time (`runObjectStore`). */
  readonly command: readonly string[];
  /** Local socket of the store. */
  readonly path: string;
  readonly ownerMark: string;
  /** Environment of the store's process. Default: this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** Where the store's log goes. Default: this process's standard error. */
  readonly stderr?: 'inherit' | 'ignore' | number;
  readonly log?: StoreLog;
  /** Called on every change, first with the first store that is up. */
  readonly onState: (state: SupervisedState) => void;
  /** How often the store is asked for a sign of life. Default 2,000. */
  readonly pingIntervalMs?: number;
  /** A start that has not served the path by then is ended and tried again. Default 15,000. */
  readonly startTimeoutMs?: number;
}

/** What a scheduler tells its peers. */
export interface SupervisedState {
  readonly address: { readonly host: string; readonly port: number };
  readonly path: string;
  /** Identity of the store process, '' while it is down. */
  readonly epoch: string;
}

export interface ObjectStoreSupervisor extends AsyncDisposable {
  readonly state: SupervisedState;
  /** Process that serves now; undefined while it is down. */
  readonly pid: number | undefined;
  /** For the owner's own requests. Ends with the supervisor. */
  readonly client: ObjectStoreClient;
  /** Resolves when the first store is up. Rejects with ObjectStoreError when the first start failed: it says why. */
  ready(): Promise<SupervisedState>;
  /** Ends the store, and resolves when its process is gone. */
  stop(): Promise<void>;
  /** Leaves the store to the next supervisor, or to its orphan time. */
  release(): Promise<void>;
}

const PING_INTERVAL_MS = 2000;
/** Signs of life that may fail in a row: a machine under load, a suspended one. */
const PING_MISSES_MAX = 10;
const START_TIMEOUT_MS = 15_000;
const STOP_GRACE_MS = 5000;
const RESTART_MS_MIN = 50;
const RESTART_MS_MAX = 5000;
/** A store that lived this long did not die of its start. */
const HEALTHY_MS = 1000;
const NO_ADDRESS = { host: '', port: 0 };

type Up = Extract<StoreConnection, { state: 'up' }>;

class Supervisor implements ObjectStoreSupervisor {
  state: SupervisedState;
  readonly client: ObjectStoreClient;
  readonly #options: SuperviseOptions;
  readonly #log: StoreLog;
  #up: Up | undefined;
  #upSince = 0;
  #child: StoreChild | undefined;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #pinger: NodeJS.Timeout | undefined;
  #misses = 0;
  #ended = false;
  #closing: Promise<void> | undefined;
  readonly #changed = new Set<() => void>();
  #firstTrouble: ObjectStoreError | undefined;

  constructor(options: SuperviseOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
    this.state = { address: NO_ADDRESS, path: options.path, epoch: '' };
    this.client = connectObjectStore(
      { path: options.path },
      {
        ownerMark: options.ownerMark,
        onConnection: (connection) => {
          if (connection.state === 'up') this.#onUp(connection);
          else this.#onDown(connection.error);
        },
      },
    );
    this.#schedule(0);
  }

  get pid(): number | undefined {
    return this.#up?.pid;
  }

  async ready(): Promise<SupervisedState> {
    for (;;) {
      if (this.#ended) throw new ObjectStoreError('closed', 'the object store is not supervised any more');
      if (this.state.epoch !== '') return this.state;
      if (this.#firstTrouble !== undefined) throw this.#firstTrouble;
      await this.#nextChange();
    }
  }

  stop(): Promise<void> {
    return (this.#closing ??= this.#stop());
  }

  release(): Promise<void> {
    return (this.#closing ??= this.#release());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #onUp(up: Up): void {
    if (this.#ended) return;
    if (!up.owner) {
      this.#log.error('store.foreign', { path: this.#options.path, epoch: up.epoch });
      this.#trouble(
        new ObjectStoreError('addressInUse', `${this.#options.path} is served for another owner`),
      );
      return;
    }
    const adopted = up.pid !== this.#child?.pid;
    if (this.#child !== undefined && !adopted) this.#child.hasServed = true;
    this.#log.info(adopted ? 'store.adopted' : 'store.up', { epoch: up.epoch, pid: up.pid ?? 0 });
    this.#up = up;
    this.#upSince = performance.now();
    this.#misses = 0;
    clearTimeout(this.#timer);
    this.#pinger = setInterval(() => {
      this.#ping();
    }, this.#options.pingIntervalMs ?? PING_INTERVAL_MS);
    this.#report({ address: up.address ?? NO_ADDRESS, path: this.#options.path, epoch: up.epoch });
  }

  #onDown(error: ObjectStoreError): void {
    clearInterval(this.#pinger);
    if (this.#up === undefined) return;
    const livedMs = performance.now() - this.#upSince;
    this.#failures = livedMs >= HEALTHY_MS ? 0 : this.#failures + 1;
    this.#log[this.#ended ? 'debug' : 'warn']('store.down', {
      epoch: this.#up.epoch,
      reason: error.message,
      livedMs: Math.round(livedMs),
    });
    this.#up = undefined;
    if (!this.#ended) this.#report({ ...this.state, epoch: '' });
    this.#notify();
    this.#schedule(this.#failures === 0 ? 0 : this.#backoffMs());
  }

  #report(state: SupervisedState): void {
    this.state = state;
    this.#options.onState(state);
    this.#notify();
  }

  #backoffMs(): number {
    return Math.min(RESTART_MS_MIN * 2 ** Math.min(this.#failures, 10), RESTART_MS_MAX);
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#ended) return;
    this.#timer = setTimeout(() => {
      // Rejects never: what goes wrong is told and tried again.
      void this.#ensureStore();
    }, delayMs);
  }

  /** While down: makes sure that somebody serves the path. The client then connects by itself. */
  async #ensureStore(): Promise<void> {
    try {
      const served = await isServed(this.#options.path);
      if (this.#ended || this.#up !== undefined) return;
      if (!served && this.#child === undefined) this.#start();
    } catch (error) {
      this.#log.error('store.path_unusable', { path: this.#options.path, error: errorText(error) });
      this.#trouble(new ObjectStoreError('config', `cannot use ${this.#options.path}: ${errorText(error)}`));
    }
    if (this.#up === undefined) this.#schedule(Math.max(this.#backoffMs(), 200));
  }

  #start(): void {
    const startTimeoutMs = this.#options.startTimeoutMs ?? START_TIMEOUT_MS;
    const child = new StoreChild(this.#options, startTimeoutMs, (trouble) => {
      this.#onChildEnd(child, trouble);
    });
    this.#child = child;
  }

  #onChildEnd(child: StoreChild, trouble: ObjectStoreError): void {
    if (this.#child === child) this.#child = undefined;
    if (this.#up !== undefined || this.#ended) return;
    if (!child.hasServed) {
      this.#failures += 1;
      this.#log.error('store.start_failed', { error: trouble.message, failures: this.#failures });
      // Once may mean that the other one of two supervisors was faster: its store is there to be adopted.
      if (trouble.code !== 'addressInUse' || this.#failures > 1) this.#trouble(trouble);
    }
    this.#schedule(this.#failures === 0 ? 0 : this.#backoffMs());
  }

  #trouble(trouble: ObjectStoreError): void {
    this.#firstTrouble ??= trouble;
    this.#notify();
  }

  #ping(): void {
    const up = this.#up;
    if (up === undefined) return;
    this.#misses += 1;
    if (this.#misses > PING_MISSES_MAX) {
      this.#log.error('store.hung', { epoch: up.epoch, pid: up.pid ?? 0, misses: this.#misses });
      this.#kill(up, 'SIGKILL');
    }
    if (this.#misses > 1) return;
    this.client.stats().then(
      () => {
        this.#misses = 0;
      },
      // The connection tells how it ends.
      () => undefined,
    );
  }

  #kill(up: Up, signal: NodeJS.Signals): void {
    const { pid, startTicks } = up;
    if (pid === undefined || startTicks === undefined || !isSameProcess(pid, startTicks)) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      this.#log.warn('store.kill_failed', { pid, error: errorText(error) });
    }
  }

  async #stop(): Promise<void> {
    const up = this.#up;
    this.#end();
    if (up !== undefined) {
      await this.client.stopStore(AbortSignal.timeout(STOP_GRACE_MS)).catch(() => false);
      await this.#gone(up, STOP_GRACE_MS);
      this.#kill(up, 'SIGKILL');
      await this.#gone(up, STOP_GRACE_MS);
    }
    await this.#child?.stop(STOP_GRACE_MS);
    await this.client.close();
  }

  async #release(): Promise<void> {
    this.#end();
    this.#child?.abandon();
    await this.client.close();
  }

  #end(): void {
    this.#ended = true;
    this.state = { ...this.state, epoch: '' };
    clearTimeout(this.#timer);
    clearInterval(this.#pinger);
    this.#notify();
  }

  async #gone(up: Up, graceMs: number): Promise<void> {
    const until = performance.now() + graceMs;
    const isThere = (): boolean =>
      up.pid !== undefined && up.startTicks !== undefined && isSameProcess(up.pid, up.startTicks);
    while (isThere() && this.#child?.hasExited !== true && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  #notify(): void {
    for (const wake of [...this.#changed]) wake();
    this.#changed.clear();
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed.add(resolve);
    });
  }
}

/** Starts at once; see {@link ObjectStoreSupervisor}. */
export const superviseObjectStore = (options: SuperviseOptions): ObjectStoreSupervisor =>
  new Supervisor(options);
