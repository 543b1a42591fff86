/** One child process, started again with back-off when it dies, until it is told to end. */
import { spawn, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { CliError } from './errors.ts';
import { lifelineEnv, readFirstWord } from './lifeline.ts';

export type ReadyFacts = Readonly<Record<string, string>>;

const BACKOFF_FIRST_MS = 100;
const BACKOFF_MAX_MS = 5_000;
/** A child that lived this long has started well: the next back-off begins anew. */
const HEALTHY_MS = 10_000;
const LAST_LINES_MAX = 30;
const LINE_LENGTH_MAX = 4_000;

export type ChildEvent =
  | { readonly kind: 'started'; readonly name: string; readonly pid: number }
  | { readonly kind: 'line'; readonly name: string; readonly line: string }
  | {
      readonly kind: 'died';
      readonly name: string;
      readonly code: number | undefined;
      readonly signal: string | undefined;
      readonly restartInMs: number;
    };

export interface ChildSpec {
  /** For people: `scheduler`, `adapter native`. */
  readonly name: string;
  /** Arguments of the `muster` command. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly readyWithinMs: number;
  /** What follows when it ends with exit code 0 without being told from here. */
  readonly onSuccess: 'end' | 'restart';
  onEvent(event: ChildEvent): void;
}

export interface SupervisedChild {
  /** What the first process said when it served. Rejects with a CliError that shows its last lines when it ends before, or is too slow. */
  readonly ready: Promise<ReadyFacts>;
  pid(): number | undefined;
  /** Cuts the lifeline: the process ends at once and cleans up after itself. No restart; after `withinMs` it is killed. Resolves when it is gone. */
  end(withinMs: number): Promise<void>;
  /** The process is expected to end by itself from here on: no restart. */
  expectEnd(): void;
  /** Resolves when the process has ended and will not be started again. */
  readonly ended: Promise<void>;
}

const entry = fileURLToPath(new URL('./child.js', import.meta.url));

/** Starts the child at once, in a session of its own, so that a terminal's Ctrl-C reaches the supervisor alone. */
export const supervise = (spec: ChildSpec): SupervisedChild => new Supervisor(spec);

class Supervisor implements SupervisedChild {
  readonly ready: Promise<ReadyFacts>;
  readonly ended: Promise<void>;
  readonly #spec: ChildSpec;
  readonly #lastLines: string[] = [];
  #current: ChildProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  #backoffMs = BACKOFF_FIRST_MS;
  #phase: 'starting' | 'running' | 'ending' = 'starting';
  readonly #slowStart: NodeJS.Timeout;
  #markEnded: () => void = () => undefined;
  #markReady: (facts: ReadyFacts) => void = () => undefined;
  #failReady: (error: CliError) => void = () => undefined;

  constructor(spec: ChildSpec) {
    this.#spec = spec;
    this.ended = new Promise((resolve) => (this.#markEnded = resolve));
    this.ready = new Promise((resolve, reject) => {
      this.#markReady = resolve;
      this.#failReady = reject;
    });
    this.ready.catch(() => undefined); // whoever awaits it hears of it; a fleet that is stopped early does not
    this.#slowStart = setTimeout(() => {
      this.#failStart(`did not become ready within ${spec.readyWithinMs / 1000} s`);
      this.#current?.kill('SIGKILL');
    }, spec.readyWithinMs);
    this.#start();
  }

  pid(): number | undefined {
    return this.#current?.pid;
  }

  expectEnd(): void {
    this.#phase = 'ending';
    clearTimeout(this.#slowStart);
    clearTimeout(this.#restart);
    if (this.#current === undefined) this.#markEnded();
  }

  async end(withinMs: number): Promise<void> {
    this.expectEnd();
    lifelineOf(this.#current)?.destroy();
    const late = setTimeout(() => this.#current?.kill('SIGKILL'), withinMs);
    await this.ended;
    clearTimeout(late);
  }

  #start(): void {
    const startedMs = performance.now();
    const { name, args, env, onEvent } = this.#spec;
    const child = spawn(process.execPath, [entry, ...args], {
      detached: true,
      env: { ...process.env, ...env, ...lifelineEnv },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    this.#current = child;
    for (const stream of [child.stdout, child.stderr]) if (stream !== null) this.#readLines(stream);
    const heard = this.#listen(lifelineOf(child));
    child.once('error', (error) => {
      this.#lastLines.push(error.message);
      if (child.pid === undefined) this.#onExit(1, null, startedMs);
    });
    // What it said last, such as why it could not start, is read before its end is judged.
    child.once('exit', (code, signal) => void heard.then(() => this.#onExit(code, signal, startedMs)));
    if (child.pid !== undefined) onEvent({ kind: 'started', name, pid: child.pid });
  }

  async #listen(line: Socket | undefined): Promise<void> {
    const word = line === undefined ? undefined : await readFirstWord(line);
    if (word === undefined) return;
    clearTimeout(this.#slowStart);
    if (word.kind === 'ready') {
      if (this.#phase === 'starting') this.#phase = 'running';
      this.#markReady(word.facts);
    } else if (this.#phase === 'starting') {
      this.#phase = 'ending';
      this.#failReady(new CliError('failed', word.message, word.hint));
    }
  }

  #readLines(stream: Readable): void {
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('line', (text) => {
      const line = text.slice(0, LINE_LENGTH_MAX);
      this.#lastLines.push(line);
      if (this.#lastLines.length > LAST_LINES_MAX) this.#lastLines.shift();
      this.#spec.onEvent({ kind: 'line', name: this.#spec.name, line });
    });
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null, startedMs: number): void {
    this.#current = undefined;
    clearTimeout(this.#slowStart);
    if (this.#phase === 'starting')
      this.#failStart(
        signal === null
          ? `ended with exit code ${code ?? 0} before it was ready`
          : `was ended by ${signal} before it was ready`,
      );
    if (this.#phase === 'running' && code === 0 && this.#spec.onSuccess === 'end') this.#phase = 'ending';
    if (this.#phase === 'ending') {
      this.#markEnded();
      return;
    }
    if (performance.now() - startedMs >= HEALTHY_MS) this.#backoffMs = BACKOFF_FIRST_MS;
    const restartInMs = this.#backoffMs;
    this.#spec.onEvent({
      kind: 'died',
      name: this.#spec.name,
      code: code ?? undefined,
      signal: signal ?? undefined,
      restartInMs,
    });
    this.#restart = setTimeout(() => this.#start(), restartInMs);
    this.#backoffMs = Math.min(restartInMs * 2, BACKOFF_MAX_MS);
  }

  #failStart(what: string): void {
    this.#phase = 'ending';
    const shown =
      this.#lastLines.length === 0
        ? ''
        : `\nIts last lines:\n${this.#lastLines.map((line) => `  ${line}`).join('\n')}`;
    this.#failReady(new CliError('failed', `${this.#spec.name} ${what}.${shown}`));
  }
}

const lifelineOf = (child: ChildProcess | undefined): Socket | undefined => {
  const line = child?.stdio[3];
  return line instanceof Socket ? line : undefined;
};
