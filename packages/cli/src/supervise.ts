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
export const supervise = (spec: ChildSpec): SupervisedChild => {
  const lastLines: string[] = [];
  let current: ChildProcess | undefined;
  let restart: NodeJS.Timeout | undefined;
  let backoffMs = BACKOFF_FIRST_MS;
  let isEnding = false;
  let wasReady = false;
  let markEnded: () => void;
  const ended = new Promise<void>((resolve) => (markEnded = resolve));
  let settleReady: { resolve(facts: ReadyFacts): void; reject(error: Error): void };
  const ready = new Promise<ReadyFacts>((resolve, reject) => (settleReady = { resolve, reject }));
  ready.catch(() => {}); // whoever awaits it hears of it; a fleet that is stopped early does not

  const failStart = (what: string): void => {
    isEnding = true;
    const shown = lastLines.length === 0 ? '' : `\nIts last lines:\n${lastLines.map((line) => `  ${line}`).join('\n')}`;
    settleReady.reject(new CliError('failed', `${spec.name} ${what}.${shown}`));
  };
  const slowStart = setTimeout(() => {
    failStart(`did not become ready within ${spec.readyWithinMs / 1000} s`);
    current?.kill('SIGKILL');
  }, spec.readyWithinMs);

  const readLines = (stream: Readable): void => {
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('line', (text) => {
      const line = text.slice(0, LINE_LENGTH_MAX);
      lastLines.push(line);
      if (lastLines.length > LAST_LINES_MAX) lastLines.shift();
      spec.onEvent({ kind: 'line', name: spec.name, line });
    });
  };

  const onExit = (code: number | null, signal: NodeJS.Signals | null, startedMs: number): void => {
    current = undefined;
    if (!wasReady && !isEnding) failStart(signal === null ? `ended with exit code ${code ?? 0} before it was ready` : `was ended by ${signal} before it was ready`);
    clearTimeout(slowStart);
    if (isEnding) {
      markEnded();
      return;
    }
    if (performance.now() - startedMs >= HEALTHY_MS) backoffMs = BACKOFF_FIRST_MS;
    spec.onEvent({ kind: 'died', name: spec.name, code: code ?? undefined, signal: signal ?? undefined, restartInMs: backoffMs });
    restart = setTimeout(start, backoffMs);
    backoffMs = Math.min(backoffMs * 2, BACKOFF_MAX_MS);
  };

  const start = (): void => {
    restart = undefined;
    const startedMs = performance.now();
    const child = spawn(process.execPath, [entry, ...spec.args], {
      detached: true,
      env: { ...process.env, ...spec.env, ...lifelineEnv },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    current = child;
    if (child.stdout !== null) readLines(child.stdout);
    if (child.stderr !== null) readLines(child.stderr);
    const line = lifelineOf(child);
    if (line !== undefined) {
      void readFirstWord(line).then((word) => {
        if (word?.kind === 'failed' && !wasReady) {
          isEnding = true;
          clearTimeout(slowStart);
          settleReady.reject(new CliError('failed', word.message, word.hint));
        } else if (word?.kind === 'ready') {
          clearTimeout(slowStart);
          wasReady = true;
          settleReady.resolve(word.facts);
        }
      });
    }
    child.once('error', (error) => {
      lastLines.push(error.message);
      if (child.pid === undefined) onExit(1, null, startedMs);
    });
    child.once('exit', (code, signal) => onExit(code, signal, startedMs));
    if (child.pid !== undefined) spec.onEvent({ kind: 'started', name: spec.name, pid: child.pid });
  };

  const expectEnd = (): void => {
    isEnding = true;
    clearTimeout(slowStart);
    if (restart !== undefined) clearTimeout(restart);
    if (current === undefined) markEnded();
  };

  start();
  return {
    ready,
    ended,
    expectEnd,
    pid: () => current?.pid,
    end: async (withinMs) => {
      expectEnd();
      lifelineOf(current)?.destroy();
      const late = setTimeout(() => current?.kill('SIGKILL'), withinMs);
      await ended;
      clearTimeout(late);
    },
  };
};

const lifelineOf = (child: ChildProcess | undefined): Socket | undefined => {
  const line = child?.stdio[3];
  return line instanceof Socket ? line : undefined;
};
