/** What becomes of a task when its result arrives: a value, an error, another try. */
import { decodeTaskResult } from '@muster/protocol/codec';
import type { ObjectId, TaskId } from '@muster/protocol/ids';
import { showId } from '@muster/protocol/ids';
import type { TaskResult, TaskResultHead } from '@muster/protocol/messages';
import { decodeValue } from '@muster/protocol/values';
import { ObjectStoreError } from '@muster/storage/errors';
import {
  ObjectLostError,
  ResultInvalidError,
  StoreUnreachableError,
  TaskError,
  WorkerLostError,
  taskErrorFrom,
} from '../api/errors.ts';
import type { ObjectKeeper } from './objects.ts';
import type { PendingTask } from './pending.ts';

export interface ResultEffects {
  acknowledge(id: TaskId, attempt: number): void;
  /** The task has ended. */
  finish(task: PendingTask): void;
  /** The task is to be run again. */
  again(task: PendingTask): void;
}

/** A result object is stored before the result is sent: what is not there after this is gone. */
const FETCH_WAIT_MS = 1_000;
/** Failures that running again cannot change. */
const FINAL: ReadonlySet<string> = new Set(['TaskCanceledError', 'TaskInvalidError', 'ResultInvalidError']);

export class Results {
  readonly #objects: ObjectKeeper;
  readonly #effects: ResultEffects;

  constructor(objects: ObjectKeeper, effects: ResultEffects) {
    this.#objects = objects;
    this.#effects = effects;
  }

  /** The frame that holds `head` is only good during this call. */
  accept(task: PendingTask, head: TaskResultHead, attempt: number): void {
    // A duplicate of what is being fetched is acknowledged when that is done.
    if (task.state === 'fetching' || task.state === 'ended') return;
    let result: TaskResult;
    try {
      result = decodeTaskResult(head.bytes, head.start, head.end);
    } catch (error) {
      this.#effects.acknowledge(head.taskId, attempt);
      return this.fail(task, this.#invalid(task, error));
    }
    if (result.inline === undefined && result.objectIds.length === 0) {
      this.#effects.acknowledge(head.taskId, attempt);
      return this.#noBytes(task, result);
    }
    if (result.inline !== undefined && result.objectIds.length === 0 && task.call.receive === undefined) {
      this.#effects.acknowledge(head.taskId, attempt);
      return this.#settle(task, result, result.inline, false);
    }
    task.state = 'fetching';
    // The value may refer to the frame no longer than now.
    void this.#fetch(task, result, result.inline?.slice()).then(() =>
      this.#effects.acknowledge(head.taskId, attempt),
    );
  }

  fail(task: PendingTask, error: Error): void {
    if (task.state === 'ended') return;
    this.#end(task);
    task.sink.ended(task.slot, { ok: false, error });
  }

  failStoring(task: PendingTask, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    const isTooLarge = error instanceof ObjectStoreError && error.code === 'tooLarge';
    const what = isTooLarge
      ? `the argument is larger than the object store takes: ${text}`
      : `the argument could not be stored: ${text}`;
    this.fail(task, new StoreUnreachableError('StoreUnreachableError', what, showId(task.id), error));
  }

  #noBytes(task: PendingTask, result: TaskResult): void {
    const id = showId(task.id);
    if (result.outcome === 'success') {
      return this.fail(
        task,
        new ResultInvalidError('ResultInvalidError', `task ${id} ended without a result`, id),
      );
    }
    const text = `task ${id} was lost with its worker too often`;
    this.#failOrRepeat(task, new WorkerLostError('WorkerLostError', text, id));
  }

  async #fetch(task: PendingTask, result: TaskResult, inline: Uint8Array | undefined): Promise<void> {
    const objects: ObjectId[] = [...result.objectIds];
    try {
      const first = objects[0];
      const bytes =
        inline ?? (first === undefined ? undefined : await this.#objects.fetch(first, FETCH_WAIT_MS));
      if (bytes === undefined) return this.#repeatOrFail(task, this.#lost(task));
      if (result.outcome !== 'success' || task.call.receive === undefined)
        return this.#settle(task, result, bytes, true);
      const value = await task.call.receive(decodeValue(bytes, { adopt: true }));
      this.#succeed(task, value);
    } catch (error) {
      this.fail(task, error instanceof TaskError ? error : this.#unfetched(task, error));
    } finally {
      if (objects.length > 0) this.#objects.release(objects);
    }
  }

  #settle(task: PendingTask, result: TaskResult, bytes: Uint8Array, adopt: boolean): void {
    let value: unknown;
    try {
      value = decodeValue(bytes, { adopt });
    } catch (error) {
      return this.fail(task, this.#invalid(task, error));
    }
    if (result.outcome === 'success') return this.#succeed(task, value);
    this.#failOrRepeat(task, taskErrorFrom(showId(task.id), value));
  }

  #succeed(task: PendingTask, value: unknown): void {
    if (task.state === 'ended') return;
    this.#end(task);
    task.sink.ended(task.slot, { ok: true, value });
  }

  #failOrRepeat(task: PendingTask, error: TaskError): void {
    if (task.cancelAskedAt === undefined && error.code === 'ObjectLostError' && task.healsLeft > 0) {
      task.healsLeft--;
      return void this.#heal(task, error);
    }
    this.#repeatOrFail(task, error);
  }

  #repeatOrFail(task: PendingTask, error: TaskError): void {
    if (task.cancelAskedAt === undefined && !FINAL.has(error.code) && task.retriesLeft > 0) {
      task.retriesLeft--;
      return this.#effects.again(task);
    }
    this.fail(task, error);
  }

  /** Bytes that the worker missed are put again, where they are ours. */
  async #heal(task: PendingTask, error: TaskError): Promise<void> {
    const needed = [...task.call.codeIds, ...task.references];
    if (task.argument.kind === 'object') needed.push(task.argument.id);
    const ours = needed.filter((id) => this.#objects.has(id));
    if (ours.length === 0) return this.fail(task, error);
    task.state = 'fetching';
    try {
      await this.#objects.ensure(ours);
      if (task.state !== 'fetching') return;
      if (task.cancelAskedAt !== undefined) return this.fail(task, error);
      this.#effects.again(task);
    } catch {
      this.fail(task, error);
    }
  }

  #end(task: PendingTask): void {
    task.state = 'ended';
    this.#effects.finish(task);
  }

  #lost(task: PendingTask): TaskError {
    const id = showId(task.id);
    return new ObjectLostError(
      'ObjectLostError',
      `the result of task ${id} is gone from the object store`,
      id,
    );
  }

  #invalid(task: PendingTask, cause: unknown): TaskError {
    const id = showId(task.id);
    return new ResultInvalidError('ResultInvalidError', `the result of task ${id} cannot be read`, id, cause);
  }

  #unfetched(task: PendingTask, cause: unknown): TaskError {
    const id = showId(task.id);
    return new StoreUnreachableError(
      'StoreUnreachableError',
      `the result of task ${id} could not be fetched`,
      id,
      cause,
    );
  }
}
