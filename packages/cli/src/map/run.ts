/** Runs jobs with a bounded window over anything that can run one: starts, retries, halts, keeps order, counts. */
import type { CommandResult } from '@muster/protocol/calls';
import { isHalted, type HaltRule } from './halt.ts';
import type { Template } from './template.ts';

/** What a command left, however it was run. */
export type JobResult = Pick<CommandResult, 'exitCode' | 'signal' | 'stdout' | 'stderr' | 'truncated'>;

export interface Job {
  /** From 1, in input order. */
  readonly sequence: number;
  readonly values: readonly string[];
  readonly argv: readonly string[];
}

/** How one try of a job ended. */
export type Attempted =
  | { readonly kind: 'ran'; readonly result: JobResult; readonly durationS: number | undefined }
  /** It never ran to its end: no such program, time limit, lost worker. */
  | { readonly kind: 'broken'; readonly code: string; readonly message: string }
  | { readonly kind: 'canceled' };

export interface Finished {
  readonly job: Job;
  readonly attempted: Exclude<Attempted, { kind: 'canceled' }>;
  /** Wall clock in milliseconds since 1970: when the last try was submitted, and when it was over. */
  readonly submittedMs: number;
  readonly finishedMs: number;
}

export interface RunOptions {
  readonly template: Template;
  readonly inputs: AsyncIterable<readonly string[]>;
  /** Most jobs submitted at a time. */
  readonly window: number;
  /** Tries of a job that fails, the first included. */
  readonly tries: number;
  readonly halt: HaltRule | undefined;
  readonly keepOrder: boolean;
  /** Aborted: no further job and no further try; who calls takes back what has not begun. Default: never. */
  readonly drain?: AbortSignal;
  /** Aborted: no further job, and running ones are cancelled. */
  readonly signal: AbortSignal;
  attempt(job: Job, signal: AbortSignal): Promise<Attempted>;
  /** Called for each finished job, in input order with `keepOrder`. May wait for the reader of the output. */
  emit(finished: Finished): void | Promise<void>;
  /** Called for each finished job as it ends, whatever the order. */
  onFinished(finished: Finished): void;
}

export interface RunSummary {
  readonly succeeded: number;
  readonly failed: number;
  /** Submitted, but cancelled by a halt or an interrupt. */
  readonly canceled: number;
  /** The job whose end made the halt rule hold. */
  readonly haltedBy: Finished | undefined;
}

/** A job succeeded when its command ran and exited with 0. */
export const isSuccess = (finished: Finished): boolean =>
  finished.attempted.kind === 'ran' &&
  finished.attempted.result.exitCode === 0 &&
  finished.attempted.result.signal === undefined;

/** Rejects only when reading inputs or emitting fails; how jobs end is in the summary. */
export const runJobs = async (options: RunOptions): Promise<RunSummary> => {
  const stopStarting = new AbortController();
  const cancelRunning = new AbortController();
  const onAbort = (): void => {
    stopStarting.abort();
    cancelRunning.abort();
  };
  if (options.signal.aborted) onAbort();
  options.signal.addEventListener('abort', onAbort, { once: true });
  const onDrain = (): void => stopStarting.abort();
  if (options.drain?.aborted === true) onDrain();
  options.drain?.addEventListener('abort', onDrain, { once: true });

  const tally = { succeeded: 0, failed: 0, canceled: 0 };
  const output = createOutput(options);
  const slots = createSlots(options.window);
  const running = new Set<Promise<void>>();
  let haltedBy: Finished | undefined;
  let broken: { readonly error: unknown } | undefined;

  const count = (finished: Finished): void => {
    if (isSuccess(finished)) tally.succeeded += 1;
    else tally.failed += 1;
    options.onFinished(finished);
    if (haltedBy !== undefined || options.halt === undefined || !isHalted(options.halt, tally)) return;
    haltedBy = finished;
    stopStarting.abort();
    if (options.halt.when === 'now') cancelRunning.abort();
  };
  const runOne = async (job: Job): Promise<void> => {
    try {
      const finished = await tryJob(job, options, cancelRunning.signal, stopStarting.signal);
      if (finished === undefined) {
        tally.canceled += 1;
        await output.skip(job.sequence);
      } else {
        count(finished);
        await output.done(finished);
      }
    } catch (error) {
      broken ??= { error };
      onAbort();
    } finally {
      slots.release();
    }
  };

  try {
    let sequence = 0;
    for await (const values of untilAborted(options.inputs, stopStarting.signal)) {
      await slots.take();
      if (stopStarting.signal.aborted) break;
      sequence += 1;
      const job: Job = { sequence, values, argv: options.template.render(values, sequence) };
      const promise = runOne(job).finally(() => running.delete(promise));
      running.add(promise);
    }
  } catch (error) {
    broken ??= { error };
    onAbort();
  }
  await Promise.all(running);
  options.signal.removeEventListener('abort', onAbort);
  options.drain?.removeEventListener('abort', onDrain);
  if (broken !== undefined) throw broken.error;
  return { ...tally, haltedBy };
};

/** All tries of one job; undefined when it was cancelled. */
const tryJob = async (
  job: Job,
  options: RunOptions,
  cancel: AbortSignal,
  noMore: AbortSignal,
): Promise<Finished | undefined> => {
  for (let tries = 1; ; tries++) {
    if (cancel.aborted) return undefined;
    const submittedMs = Date.now();
    const attempted = await options.attempt(job, cancel);
    if (attempted.kind === 'canceled') return undefined;
    const finished: Finished = { job, attempted, submittedMs, finishedMs: Date.now() };
    if (isSuccess(finished) || tries >= options.tries || noMore.aborted) return finished;
  }
};

/** Emits one job at a time, in input order where asked for. */
const createOutput = (
  options: Pick<RunOptions, 'keepOrder' | 'emit'>,
): { done(finished: Finished): Promise<void>; skip(sequence: number): Promise<void> } => {
  const held = new Map<
    number,
    { readonly finished: Finished | undefined; resolve(): void; reject(error: unknown): void }
  >();
  let next = 1;
  let tail: Promise<void> = Promise.resolve();
  const emitInTurn = (finished: Finished): Promise<void> => {
    const emitted = tail.then(() => options.emit(finished));
    tail = emitted.catch(() => {}); // the job that waits for it hears of it
    return emitted;
  };
  const place = (sequence: number, finished: Finished | undefined): Promise<void> =>
    new Promise((resolve, reject) => {
      held.set(sequence, { finished, resolve, reject });
      for (let entry = held.get(next); entry !== undefined; entry = held.get(next)) {
        held.delete(next);
        next += 1;
        if (entry.finished === undefined) entry.resolve();
        else emitInTurn(entry.finished).then(entry.resolve, entry.reject);
      }
    });
  return options.keepOrder
    ? {
        done: (finished) => place(finished.job.sequence, finished),
        skip: (sequence) => place(sequence, undefined),
      }
    : { done: emitInTurn, skip: () => Promise.resolve() };
};

/** Windows from this size on are refilled several jobs at a time, so that these travel in one frame. */
const REFILL_WINDOW_MIN = 512;
const REFILL_JOBS = 64;

/**
 * A job keeps its slot until its output is written, so that a slow reader or a slow first job bounds what is held.
 * One taker at a time.
 */
const createSlots = (count: number): { take(): Promise<void>; release(): void } => {
  const refill = count >= REFILL_WINDOW_MIN ? REFILL_JOBS : 1;
  let free = count;
  let wake: (() => void) | undefined;
  return {
    take: async () => {
      if (free === 0) await new Promise<void>((resolve) => (wake = resolve));
      free -= 1;
    },
    release: () => {
      free += 1;
      if (free < refill) return;
      wake?.();
      wake = undefined;
    },
  };
};

/** The values of an iterable, ending early when the signal is aborted, also while the next value is awaited. */
async function* untilAborted<T>(values: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void> {
  const iterator = values[Symbol.asyncIterator]();
  // One promise per value: racing against one that lives long would keep a reaction for every value ever read.
  let interrupt: (() => void) | undefined;
  const onAbort = (): void => interrupt?.();
  if (signal.aborted) return;
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      const next = await new Promise<IteratorResult<T, unknown>>((resolve, reject) => {
        interrupt = (): void => resolve({ done: true, value: undefined });
        iterator.next().then(resolve, reject);
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // A read in progress (a terminal, a pipe) ends when it ends; nobody waits for it.
    if (signal.aborted) void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}
