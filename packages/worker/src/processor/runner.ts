/**
 * Runs what a processor was given, one after the other. A synchronous function with a small argument and a small
 * result takes no promise and no round trip. Between two runs the event loop turns once, so that what the first left
 * behind (a rejected promise, a thrown callback) is still the first one's failure.
 */
import { INLINE_BYTES_MAX } from '@muster/protocol/calls';
import type { CommandResult } from '@muster/protocol/calls';
import { decodeTask } from '@muster/protocol/codec';
import { COMMAND_FUNCTION } from '@muster/protocol/ids';
import type { ObjectId } from '@muster/protocol/ids';
import type { Task } from '@muster/protocol/messages';
import { encodeValue, ValueError } from '@muster/protocol/values';
import { TaskFailure } from '../errors.ts';
import { encodeError } from './errors.ts';
import { Execution, FunctionContext } from './execution.ts';
import type { Entry, Sink } from './execution.ts';
import type { Functions, TaskFunction } from './functions.ts';
import type { Objects } from './objects.ts';
import { decodeArgument, referencesOf } from './references.ts';
import type { References } from './references.ts';

export type RunCommand = (spec: unknown, execution: Execution) => Promise<CommandResult>;

export interface RunnerParts {
  readonly sink: Sink;
  readonly objects: Objects;
  readonly functions: Functions;
  readonly references: References;
  readonly runCommand: RunCommand;
}

const cpuUs = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

export class Runner {
  readonly #parts: RunnerParts;
  #queue: Entry[] = [];
  #at = 0;
  #current: Execution | undefined;
  #lastCpuUs = 0;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  /** The run that is under way, for whoever writes to stdout. */
  get current(): Execution | undefined {
    return this.#current;
  }

  execute(entries: readonly Entry[]): void {
    for (const entry of entries) this.#queue.push(entry);
    if (this.#current !== undefined) return;
    this.#lastCpuUs = cpuUs();
    this.#startNext();
  }

  abort(run: number): void {
    if (this.#current?.entry.run === run) this.#current.abort();
  }

  /** An error that no task caught: the run under way fails with it, and the process is not to be trusted any more. */
  crash(error: unknown): void {
    // A run that has ended but was not reported yet left this error behind: it is its failure all the same.
    this.#current?.end('failed', encodeError(error), [], performance.now(), cpuUs());
    this.close();
  }

  /** Runs nothing more, and reports a run that had just ended. */
  close(): void {
    const record = this.#current?.ended;
    this.#current = undefined;
    this.#queue = [];
    this.#at = 0;
    if (record !== undefined) this.#parts.sink.finished(record);
    this.#parts.sink.idle();
  }

  readonly #advance = (): void => {
    const record = this.#current?.ended;
    this.#current = undefined;
    if (record !== undefined) this.#parts.sink.finished(record);
    this.#startNext();
  };

  #startNext(): void {
    const { sink } = this.#parts;
    for (;;) {
      const entry = this.#queue[this.#at++];
      if (entry === undefined) break;
      if (!sink.begin(entry, this.#queue.length - this.#at)) continue;
      this.#current = new Execution(entry, sink, performance.now(), this.#lastCpuUs);
      return this.#start(this.#current);
    }
    this.#queue = [];
    this.#at = 0;
    sink.idle();
  }

  #start(execution: Execution): void {
    try {
      const task = readTask(execution.entry);
      execution.task = task;
      const argument = task.args[0];
      const target = this.#parts.functions.get(task.functionId);
      if (target === undefined || argument?.kind !== 'inline' || referencesOf(argument.bytes).length > 0) {
        this.#prepare(execution, task).catch((error: unknown) => this.#fail(execution, error));
      } else this.#call(execution, target, decodeArgument(argument.bytes));
    } catch (error) {
      this.#fail(execution, error);
    }
  }

  /** Whatever has to be fetched first. */
  async #prepare(execution: Execution, task: Task): Promise<void> {
    const { functions, runCommand } = this.#parts;
    const isCommand = task.functionId === COMMAND_FUNCTION;
    const target = isCommand
      ? undefined
      : (functions.get(task.functionId) ?? (await functions.load(task.functionId, execution.signal)));
    execution.restartClock(performance.now());
    const [given, ...more] = task.args;
    if (given === undefined || more.length > 0 || given.kind === 'task') {
      throw new TaskFailure('TaskInvalidError', 'a task takes exactly one argument');
    }
    const argument =
      given.kind === 'inline'
        ? await this.#decode(given.bytes, execution)
        : await this.#fetch(given.id, execution);
    execution.throwIfAborted();
    if (target === undefined) this.#succeed(execution, await runCommand(argument, execution));
    else this.#call(execution, target, argument);
  }

  async #fetch(id: ObjectId, execution: Execution): Promise<unknown> {
    return this.#decode(await this.#parts.objects.get(id, execution.signal), execution);
  }

  async #decode(bytes: Uint8Array, execution: Execution): Promise<unknown> {
    const ids = referencesOf(bytes);
    if (ids.length === 0) return decodeArgument(bytes);
    return decodeArgument(bytes, await this.#parts.references.resolve(ids, execution.signal));
  }

  #call(execution: Execution, target: TaskFunction, argument: unknown): void {
    const result = target(argument, new FunctionContext(execution));
    if (!isThenable(result)) return this.#succeed(execution, result);
    Promise.resolve(result).then(
      (value) => this.#succeed(execution, value),
      (error: unknown) => this.#fail(execution, error),
    );
  }

  #succeed(execution: Execution, value: unknown): void {
    let bytes: Uint8Array;
    try {
      bytes = encodeValue(value, 'result');
    } catch (cause) {
      const why = cause instanceof ValueError ? cause.message : String(cause);
      return this.#fail(execution, new TaskFailure('ResultInvalidError', `the result cannot travel: ${why}`));
    }
    if (bytes.length <= INLINE_BYTES_MAX) return this.#end(execution, 'success', bytes, []);
    this.#parts.objects.put(bytes, execution.signal).then(
      (id) => this.#end(execution, 'success', undefined, [id]),
      (error: unknown) => this.#fail(execution, error),
    );
  }

  #fail(execution: Execution, error: unknown): void {
    this.#end(execution, 'failed', encodeError(error), []);
  }

  #end(
    execution: Execution,
    outcome: 'success' | 'failed',
    inline: Uint8Array | undefined,
    ids: readonly string[],
  ): void {
    if (execution !== this.#current || execution.ended !== undefined) return;
    this.#lastCpuUs = cpuUs();
    execution.end(outcome, inline, ids, performance.now(), this.#lastCpuUs);
    setImmediate(this.#advance);
  }
}

const readTask = ({ bytes, start, end }: Entry): Task => {
  try {
    return decodeTask(bytes, start, end);
  } catch (cause) {
    throw new TaskFailure('TaskInvalidError', 'the task cannot be read', { cause });
  }
};

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  (typeof value === 'object' || typeof value === 'function') &&
  value !== null &&
  'then' in value &&
  typeof value.then === 'function';
