/** A processor as a child process in its own process group. What it did is read from its journal, not from its words. */
import type { Run } from '@muster/core/worker-types';
import * as frames from '../channel/frames.ts';
import type { LogStream, StoreAddress } from '../channel/frames.ts';
import { signalGroup } from '../processor/commands.ts';
import { Books } from './books.ts';
import { launchProcessor, PROCESSOR_MARK } from './launch.ts';
import type { Launched, ProcessorSettings } from './launch.ts';
import type { PortEvents, ProcessorPort } from './port.ts';
import { killMarked, treeRssBytes } from './proc.ts';
import { createTail } from './tail.ts';

/** The processor says little: larger messages are user code's. */
const MESSAGE_BYTES_MAX = 1024 * 1024;
/** The socket ends with the process, unless a descendant got hold of it. */
const SOCKET_AFTER_EXIT_MS = 500;

/** One life of one processor. */
interface Life extends Launched {
  readonly books: Books;
  readonly tail: ReturnType<typeof createTail>;
}

export class ProcessorProcess implements ProcessorPort {
  readonly #settings: ProcessorSettings;
  readonly #events: PortEvents;
  #life: Life | undefined;
  #store: StoreAddress | undefined;
  #closed = false;
  #onGone: () => void = () => undefined;

  constructor(settings: ProcessorSettings, events: PortEvents) {
    this.#settings = settings;
    this.#events = events;
  }

  get pid(): number | undefined {
    return this.#life?.pid;
  }

  start(): void {
    if (this.#closed) return;
    let launched: Launched;
    try {
      launched = launchProcessor(this.#settings);
    } catch (error) {
      // No descriptors, no memory, no disk: as good as a processor that ends at once.
      this.#events.onEvents([
        { kind: 'processorEnded', begun: undefined, detail: `it cannot be started: ${String(error)}` },
      ]);
      return;
    }
    const life: Life = { ...launched, books: new Books(launched.journal), tail: createTail() };
    this.#life = life;
    this.#settings.onGroup(life.pid, 'started');
    if (this.#store !== undefined) life.socket.write(frames.encodeStore(this.#store));
    this.#listen(life);
  }

  execute(runs: readonly Run[]): void {
    const life = this.#life;
    if (life === undefined) return;
    life.books.add(runs);
    const entries = runs.map(({ run, task }) => ({ run, attempt: task.attempt, ...task.frame }));
    life.socket.write(frames.encodeExecute(life.journal.generation, life.journal.position, entries));
  }

  recall(): void {
    const life = this.#life;
    if (life === undefined) return;
    life.journal.nextGeneration();
    const found = life.books.read();
    this.#events.onEvents([...found, { kind: 'recalled', runs: life.books.recall() }]);
  }

  stopRun(run: number, how: 'abort' | 'terminate'): void {
    const life = this.#life;
    if (life === undefined) return;
    if (how === 'abort') life.socket.write(frames.encodeAbort(run));
    else {
      this.#drain(life);
      terminate(life);
    }
  }

  kill(): void {
    const life = this.#life;
    if (life === undefined) return;
    signalGroup(life.pid, 'SIGKILL');
    life.books.read(); // of what it began last
    for (const pgid of life.books.groups) signalGroup(pgid, 'SIGKILL');
  }

  setStore(store: StoreAddress): void {
    const old = this.#store;
    if (old?.path === store.path && old.host === store.host && old.port === store.port) return;
    this.#store = store;
    this.#life?.socket.write(frames.encodeStore(store));
  }

  memoryBytes(): number | undefined {
    return this.#life === undefined ? undefined : treeRssBytes(this.#life.pid);
  }

  close(graceMs: number): Promise<void> {
    this.#closed = true;
    const life = this.#life;
    if (life === undefined) return Promise.resolve();
    const gone = new Promise<void>((resolve) => (this.#onGone = resolve));
    if (graceMs === 0 || life.books.handed.length === 0) {
      this.kill();
      return gone;
    }
    this.#drain(life);
    terminate(life);
    const late = setTimeout(() => this.kill(), graceMs);
    return gone.finally(() => clearTimeout(late));
  }

  #listen(life: Life): void {
    const { child, socket } = life;
    const split = frames.messageSplitter(
      (kind, body) => this.#onMessage(life, kind, body),
      MESSAGE_BYTES_MAX,
    );
    socket.on('data', (chunk: Buffer) => {
      try {
        split(chunk);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        child.kill('SIGKILL'); // user code wrote to our socket
      }
    });
    // Its end says more than the broken pipe of a write.
    socket.on('error', () => undefined);
    child.stdout?.on('data', (chunk: Buffer) => this.#onRawOutput(life, 'stdout', chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.#onRawOutput(life, 'stderr', chunk));
    child.once('exit', (code, signal) => {
      const detail = signal === null ? `exit code ${code}` : `signal ${signal}`;
      const late = setTimeout(() => socket.destroy(), SOCKET_AFTER_EXIT_MS);
      const end = (): void => {
        clearTimeout(late);
        this.#bury(life, detail);
      };
      if (socket.closed) end();
      else socket.once('close', end);
    });
  }

  #onMessage(life: Life, kind: number, body: Buffer): void {
    if (kind === frames.KIND.wake && body.length >= 4) this.#drain(life, body.readUInt32LE(0));
    else if (kind === frames.KIND.ready) this.#events.onEvents([{ kind: 'processorReady' }]);
    else if (kind === frames.KIND.log && body.length >= 5) {
      const { run, stream, text } = frames.decodeLog(body);
      const task = life.books.handed.find((one) => one.run === run)?.task;
      if (task?.streamOutput === true) this.#events.onLog(task.taskId, stream, text);
    }
  }

  /** What native code and child processes write past JavaScript. */
  #onRawOutput(life: Life, stream: LogStream, chunk: Buffer): void {
    life.tail.push(chunk);
    const task = life.books.handed[0]?.task;
    if (task?.streamOutput === true) this.#events.onLog(task.taskId, stream, chunk.toString('utf8'));
  }

  #drain(life: Life, tail?: number): void {
    const found = life.books.read(tail);
    if (found.length > 0) this.#events.onEvents(found);
  }

  #bury(life: Life, detail: string): void {
    signalGroup(life.pid, 'SIGKILL');
    this.#settings.onGroup(life.pid, 'ended');
    const found = life.books.read();
    for (const pgid of life.books.groups) signalGroup(pgid, 'SIGKILL');
    // Whoever left its group still carries the mark.
    if (life.books.begun !== undefined) killMarked(`${PROCESSOR_MARK}=${this.#settings.mark}`);
    life.child.stdout?.destroy();
    life.child.stderr?.destroy();
    life.dispose();
    this.#life = undefined;
    this.#onGone();
    if (this.#closed) return;
    const last = life.tail.text();
    const why = last === '' ? detail : `${detail}; it last printed: ${last}`;
    this.#events.onEvents([...found, { kind: 'processorEnded', begun: life.books.begun, detail: why }]);
  }
}

/** SIGTERM to the commands where there are any, so that they can end in peace; else to the processor. */
const terminate = (life: Life): void => {
  if (life.books.groups.size === 0) signalGroup(life.pid, 'SIGTERM');
  for (const pgid of life.books.groups) signalGroup(pgid, 'SIGTERM');
};
