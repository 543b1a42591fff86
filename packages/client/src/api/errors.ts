/** Every error that the client throws by itself, with the codes that retry decisions are keyed on. */
import type { TaskErrorCode } from '@muster/protocol/calls';

/** Why there is no connection: what to decide on, where the message is for people. */
export type ConnectErrorCode =
  /** No address was given and no fleet of this user runs. */
  | 'noAddress'
  /** The address is not one. */
  | 'invalidAddress'
  /** Nobody answered in time. */
  | 'unreachable'
  /** Somebody answered who is not a Muster scheduler. */
  | 'notMuster';

/** No scheduler to talk to. The message says what to do. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
  readonly code: ConnectErrorCode;

  constructor(code: ConnectErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** A function was given that workers cannot load. The message has the line that mends it. */
export class TaskDefinitionError extends Error {
  override readonly name = 'TaskDefinitionError';
  /**
   * 'notATask': neither made by `defineTask` nor a `{ module, export }`. 'notExported': its module exports no such
   * function. 'bundleFailed': the module, or what it imports, cannot be read, parsed, resolved or shipped.
   * 'nativeModule': it imports native code.
   */
  readonly code: 'notATask' | 'notExported' | 'bundleFailed' | 'nativeModule';

  constructor(code: TaskDefinitionError['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** The client was closed; nothing more can be submitted. */
export class ClientClosedError extends Error {
  override readonly name = 'ClientClosedError';
  readonly code = 'clientClosed';

  constructor() {
    super('the client is closed');
  }
}

/** Code of a TaskError. Each but 'RemoteError' names a class below that has no other code. */
export type TaskFailureCode =
  TaskErrorCode | 'RemoteError' | 'SchedulerUnreachableError' | 'StoreUnreachableError';

/** How a task ended that has no result. What the fleet or the connection did to it is a class below. */
export class TaskError extends Error {
  override readonly name: string = 'TaskError';
  readonly code: TaskFailureCode;
  /** As in `handle.id` and the logs of the fleet; '' for an error of no task in particular, such as of `put()`. */
  readonly taskId: string;

  constructor(code: TaskFailureCode, message: string, taskId: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.taskId = taskId;
  }
}

/** The function threw. `cause` is what it threw, with its own fields; `stack` is the remote one. */
export class RemoteError extends TaskError {
  override readonly name = 'RemoteError';
  /** Name of the error in the worker, such as TypeError. */
  readonly remoteName: string;
  /** Stack in the worker, in terms of the task's own source files. */
  readonly remoteStack: string;

  constructor(taskId: string, thrown: unknown) {
    const error = thrown instanceof Error ? thrown : undefined;
    super('RemoteError', error?.message ?? String(thrown), taskId, thrown);
    this.remoteName = error?.name ?? typeof thrown;
    this.remoteStack = error?.stack ?? '';
    const [, ...frames] = this.remoteStack.split(/\n(?= {4}at )/);
    const where = frames.length === 0 ? '' : `\n${frames.join('\n')}`;
    this.stack = `RemoteError: ${this.remoteName}: ${this.message}${where}\n    (thrown in task ${taskId})`;
  }
}

/** Bytes of an argument, of code or of the result are gone and could not be put again. */
export class ObjectLostError extends TaskError {
  override readonly name = 'ObjectLostError';
}
/** The task ran longer than its `timeoutMs`. */
export class TaskTimeoutError extends TaskError {
  override readonly name = 'TaskTimeoutError';
}
/** The process that ran the function exited, was killed or ran out of memory. */
export class ProcessorDiedError extends TaskError {
  override readonly name = 'ProcessorDiedError';
}
/** Lost with its worker more often than `attemptsMax` allows. */
export class WorkerLostError extends TaskError {
  override readonly name = 'WorkerLostError';
}
/** Canceled: by `cancel()`, by an AbortSignal (its reason is the cause), by a failed sibling or by `close()`. */
export class TaskCanceledError extends TaskError {
  override readonly name = 'TaskCanceledError';
}
/** The worker cannot load the function, or cannot start the program. */
export class TaskInvalidError extends TaskError {
  override readonly name = 'TaskInvalidError';
}
/** What the function returned cannot travel back. */
export class ResultInvalidError extends TaskError {
  override readonly name = 'ResultInvalidError';
}
/** Nothing was heard of the scheduler for `schedulerTimeoutMs`, or it was shut down. The task may have run. */
export class SchedulerUnreachableError extends TaskError {
  override readonly name = 'SchedulerUnreachableError';
}
/** The object store could not be used for `schedulerTimeoutMs`, or does not take a value so large. */
export class StoreUnreachableError extends TaskError {
  override readonly name = 'StoreUnreachableError';
}

type TaskErrorClass = new (
  code: TaskFailureCode,
  message: string,
  taskId: string,
  cause?: unknown,
) => TaskError;

const CLASSES: Readonly<Record<TaskErrorCode, TaskErrorClass>> = {
  ObjectLostError,
  TaskTimeoutError,
  ProcessorDiedError,
  WorkerLostError,
  TaskCanceledError,
  TaskInvalidError,
  ResultInvalidError,
};

const isTaskErrorCode = (code: unknown): code is TaskErrorCode =>
  typeof code === 'string' && Object.hasOwn(CLASSES, code);

/** The error that a failed task rejects with, from the value the worker sent. */
export const taskErrorFrom = (taskId: string, thrown: unknown): TaskError => {
  const code: unknown = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (!(thrown instanceof Error) || !isTaskErrorCode(code)) return new RemoteError(taskId, thrown);
  return new CLASSES[code](code, thrown.message, taskId, thrown.cause);
};
