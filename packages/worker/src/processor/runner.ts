/**
 * Runs what a processor was given, one after the other. A synchronous function with a small argument and a small
 * result takes no promise and no round trip. Between two runs the event loop turns once, so that what the first left
 * behind (a rejected promise, a thrown callback) is still the first one's failure.
 */
import { INLINE_BYTES_MAX } from '@muster/protocol/calls';
import type { CommandResult } from '@muster/protocol/calls';
import { decodeTask } from '@muster/protocol/codec';
import { COMMAND_FUNCTION } from '@muster/protocol/ids';
import type { Task } from '@muster/protocol/messages';
import { encodeValue, ValueError, valueReferences } from '@muster/protocol/values';
import { TaskFailure } from '../errors.ts';
import { encodeError } from './errors.ts';
import { Execution, FunctionContext } from './execution.ts';
import type { Entry, Sink } from './execution.ts';
import type { Functions, TaskFunction } from './functions.ts';
import type { Objects } from './objects.ts';
import { decodeArgument } from './references.ts';
import type { References } from './references.ts';

export type RunCommand = (spec: unknown, execution: Execution) => Promise<CommandResult>;

export interface RunnerParts {
  readonly sink: Sink;
  readonly objects: Objects;
  readonly functions: Functions;
  readonly references: References;
  readonly runCommand: RunCommand;
}

export interface Runner {
  execute(entries: readonly Entry[]): void;
  abort(run: number): void;
  /** The run that is under way, for whoever writes to stdout. */
  readonly current: Execution | undefined;
  /** An error that no task caught: the run under way fails with it, and the process is not to be trusted any more. */
  crash(error: unknown): void;
  /** Reports a run that had ended when the process was asked to exit. */
  close(): void;
}

const cpuUs = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

export const createRunner = (parts: RunnerParts): Runner => {
  const { sink } = parts;
  let queue: Entry[] = [];
  let at = 0;
  let current: Execution | undefined;
  let lastCpuUs = 0;

  const advance = (): void => {
    const record = current?.ended;
    current = undefined;
    if (record !== undefined) sink.finished(record);
    startNext();
  };
  const startNext = (): void => {
    for (;;) {
      const entry = queue[at++];
      if (entry === undefined) break;
      if (!sink.begin(entry)) continue;
      current = new Execution(entry, sink, performance.now(), lastCpuUs);
      return start(current);
    }
    queue = [];
    at = 0;
    sink.idle();
  };
  const end = (
    execution: Execution,
    outcome: 'success' | 'failed',
    inline: Uint8Array | undefined,
    ids: readonly string[],
  ): void => {
    if (execution !== current || execution.ended !== undefined) return;
    lastCpuUs = cpuUs();
    execution.end(outcome, inline, ids, performance.now(), lastCpuUs);
    setImmediate(advance);
  };
  const fail = (execution: Execution, error: unknown): void =>
    end(execution, 'failed', encodeError(error), []);

  const succeed = (execution: Execution, value: unknown): void => {
    let bytes: Uint8Array;
    try {
      bytes = encodeValue(value, 'result');
    } catch (cause) {
      const why = cause instanceof ValueError ? cause.message : String(cause);
      return fail(execution, new TaskFailure('ResultInvalidError', `the result cannot travel: ${why}`));
    }
    if (bytes.length <= INLINE_BYTES_MAX) return end(execution, 'success', bytes, []);
    parts.objects.put(bytes, execution.signal).then(
      (id) => end(execution, 'success', undefined, [id]),
      (error: unknown) => fail(execution, error),
    );
  };
  const call = (execution: Execution, target: TaskFunction, argument: unknown): void => {
    const result = target(argument, new FunctionContext(execution));
    if (!isThenable(result)) return succeed(execution, result);
    Promise.resolve(result).then(
      (value) => succeed(execution, value),
      (error: unknown) => fail(execution, error),
    );
  };
  const start = (execution: Execution): void => {
    try {
      const task = readTask(execution.entry);
      execution.task = task;
      const argument = task.args[0];
      const target = parts.functions.get(task.functionId);
      if (target === undefined || argument?.kind !== 'inline' || valueReferences(argument.bytes).length > 0) {
        prepare(execution, task).catch((error: unknown) => fail(execution, error));
      } else call(execution, target, decodeArgument(argument.bytes));
    } catch (error) {
      fail(execution, error);
    }
  };
  /** Whatever has to be fetched first. */
  const prepare = async (execution: Execution, task: Task): Promise<void> => {
    const { signal } = execution;
    const isCommand = task.functionId === COMMAND_FUNCTION;
    const target = isCommand
      ? undefined
      : (parts.functions.get(task.functionId) ?? (await parts.functions.load(task.functionId, signal)));
    execution.restartClock(performance.now());
    const argument = await argumentOf(task, signal);
    signal.throwIfAborted();
    if (target === undefined) succeed(execution, await parts.runCommand(argument, execution));
    else call(execution, target, argument);
  };
  const argumentOf = async (task: Task, signal: AbortSignal): Promise<unknown> => {
    const [argument, ...more] = task.args;
    if (argument === undefined || more.length > 0 || argument.kind === 'task') {
      throw new TaskFailure('TaskInvalidError', 'a task takes exactly one argument');
    }
    const bytes = argument.kind === 'inline' ? argument.bytes : await parts.objects.get(argument.id, signal);
    const ids = valueReferences(bytes);
    return ids.length === 0
      ? decodeArgument(bytes)
      : decodeArgument(bytes, await parts.references.resolve(ids, signal));
  };
  const close = (): void => {
    const record = current?.ended;
    current = undefined;
    queue = [];
    if (record !== undefined) sink.finished(record);
    sink.idle();
  };
  return {
    get current() {
      return current;
    },
    execute: (entries) => {
      for (const entry of entries) queue.push(entry);
      if (current !== undefined) return;
      lastCpuUs = cpuUs();
      startNext();
    },
    abort: (run) => {
      if (current?.entry.run === run) current.abort();
    },
    crash: (error) => {
      const execution = current;
      // A run that has ended but was not reported yet left this error behind: it is its failure all the same.
      execution?.end('failed', encodeError(error), [], performance.now(), cpuUs());
      close();
    },
    close,
  };
};

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
