/** One run in a processor, from its begin to what it says at its end. */
import { format } from 'node:util';
import type { TaskContext } from '@muster/protocol/calls';
import type { Task } from '@muster/protocol/messages';
import type { ExecuteRun, LogStream } from '../channel/frames.ts';
import type { FinishedRecord } from '../channel/journal.ts';
import { TaskFailure } from '../errors.ts';

/** A run with the generation under which it was handed over (channel/journal.ts). */
export interface Entry extends ExecuteRun {
  readonly generation: number;
}

/** Where a runner's findings go. */
export interface Sink {
  /** False: taken back, do not run it. `behind`: how many wait behind it. */
  begin(entry: Entry, behind: number): boolean;
  finished(record: FinishedRecord): void;
  /** Nothing is left to run. */
  idle(): void;
  log(run: number, stream: LogStream, text: string): void;
  group(pgid: number, state: 'started' | 'ended'): void;
}

/** What a task function may know of its run. The last two are ours alone and promised to nobody. */
export interface RunContext extends TaskContext {
  readonly taskId: string;
  readonly attempt: number;
}

export class Execution {
  readonly entry: Entry;
  readonly #sink: Sink;
  readonly #startedCpuUs: number;
  #startedMs: number;
  #controller: AbortController | undefined;
  task: Task | undefined;
  /** Told to stop before it had ended. */
  aborted = false;
  ended: FinishedRecord | undefined;
  /** For whoever needs no signal: called once when the run is told to stop. */
  onAbort: (() => void) | undefined;

  constructor(entry: Entry, sink: Sink, startedMs: number, startedCpuUs: number) {
    this.entry = entry;
    this.#sink = sink;
    this.#startedMs = startedMs;
    this.#startedCpuUs = startedCpuUs;
  }

  get streams(): boolean {
    return this.task?.metadata?.streamOutput === true;
  }

  /** Made when first asked for: most functions never look. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.aborted) this.#controller.abort(stopped());
    return this.#controller.signal;
  }

  abort(): void {
    if (this.ended !== undefined) return;
    this.aborted = true;
    this.#controller?.abort(stopped());
    this.onAbort?.();
  }

  throwIfAborted(): void {
    if (this.aborted) throw stopped();
  }

  log(stream: LogStream, text: string): void {
    this.#sink.log(this.entry.run, stream, text);
  }

  /** Loading code is not the task's own time. */
  restartClock(nowMs: number): void {
    this.#startedMs = nowMs;
  }

  end(
    outcome: 'success' | 'failed',
    inline: Uint8Array | undefined,
    objectIds: readonly string[],
    nowMs: number,
    cpuUs: number,
  ): void {
    this.ended = {
      run: this.entry.run,
      outcome,
      aborted: this.aborted,
      durationS: (nowMs - this.#startedMs) / 1000,
      cpuS: (cpuUs - this.#startedCpuUs) / 1e6,
      objectIds,
      inline,
    };
  }
}

const stopped = (): TaskFailure =>
  new TaskFailure('TaskCanceledError', 'the task was canceled or ran out of time');

/** Lazy: a destructured `signal` or `log` costs only whoever takes it. */
export class FunctionContext implements RunContext {
  readonly #execution: Execution;

  constructor(execution: Execution) {
    this.#execution = execution;
  }

  get signal(): AbortSignal {
    return this.#execution.signal;
  }

  get log(): (...parts: unknown[]) => void {
    return (...parts) => {
      const line = `${format(...parts)}\n`;
      if (this.#execution.streams) this.#execution.log('stdout', line);
      else process.stdout.write(line);
    };
  }

  get taskId(): string {
    return Buffer.from(this.#execution.task?.taskId ?? '', 'latin1').toString('hex');
  }

  get attempt(): number {
    return this.#execution.entry.attempt;
  }
}
