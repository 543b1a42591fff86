/** Tasks run in this process, one after the other: for the debugger. Values are copied as they would be on a fleet. */
import { randomBytes } from 'node:crypto';
import { objectId, showId, type ObjectId, type TaskId, taskId } from '@muster/protocol/ids';
import { decodeValue, encodeValue, valueReferences } from '@muster/protocol/values';
import type { Backend, Lane, Ticket } from '../api/backend.ts';
import { command } from '../api/command.ts';
import {
  ClientClosedError,
  ObjectLostError,
  RemoteError,
  TaskCanceledError,
  TaskDefinitionError,
} from '../api/errors.ts';
import type { TaskSettings } from '../api/options.ts';
import { loadTask, locateTask } from '../api/task.ts';
import type { TaskContext } from '@muster/protocol/calls';
import type { TaskEnd, TaskSink } from '../session/pending.ts';
import { format } from 'node:util';

type Run = (argument: unknown, context: TaskContext) => unknown;

class LocalTask implements Ticket {
  readonly id: TaskId;
  readonly #sink: TaskSink;
  readonly #slot: number;
  readonly stop = new AbortController();
  isBegun = false;
  isOver = false;

  constructor(id: TaskId, sink: TaskSink, slot: number) {
    this.id = id;
    this.#sink = sink;
    this.#slot = slot;
  }

  end(end: TaskEnd): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#sink.ended(this.#slot, end);
  }

  log(content: string): void {
    if (!this.isOver) this.#sink.log(this.#slot, { stream: 'stdout', content });
  }
}

export class InProcess implements Backend {
  readonly heldBytes = 0;
  readonly #objects = new Map<ObjectId, Uint8Array>();
  readonly #open = new Set<LocalTask>();
  #last: Promise<void> = Promise.resolve();
  #closed = false;

  mintId(): TaskId {
    return taskId(randomBytes(16).toString('latin1'));
  }

  open(task: unknown, settings: TaskSettings, where: string): Promise<Lane> {
    if (task === command) {
      throw new TaskDefinitionError('notATask', 'commands need a fleet: connect without inProcess');
    }
    locateTask(task, where);
    return loadTask(task).then((run) => this.#lane(run, settings));
  }

  async put(bytes: Uint8Array): Promise<ObjectId> {
    const id = objectId(randomBytes(32).toString('latin1'));
    this.#objects.set(id, bytes);
    return id;
  }

  release(ids: readonly ObjectId[]): void {
    for (const id of ids) this.#objects.delete(id);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const task of this.#open) this.#cancel(task, new ClientClosedError());
  }

  #lane(run: Run, settings: TaskSettings): Lane {
    return {
      submit: (argument, sink, slot, id) => {
        if (this.#closed) throw new ClientClosedError();
        const task = new LocalTask(id ?? this.mintId(), sink, slot);
        this.#open.add(task);
        this.#last = this.#last
          .then(() => this.#run(task, run, argument, settings.retries))
          .finally(() => this.#open.delete(task));
        return task;
      },
      cancel: (ticket, reason) => {
        if (ticket instanceof LocalTask) this.#cancel(ticket, reason);
      },
      withdraw: (ticket) => {
        if (ticket instanceof LocalTask && !ticket.isBegun) this.#cancel(ticket, undefined);
      },
    };
  }

  #cancel(task: LocalTask, reason: unknown): void {
    const id = showId(task.id);
    task.stop.abort(reason);
    queueMicrotask(() =>
      task.end({
        ok: false,
        error: new TaskCanceledError('TaskCanceledError', `task ${id} was canceled`, id, reason),
      }),
    );
  }

  async #run(task: LocalTask, run: Run, argument: Uint8Array, retries: number): Promise<void> {
    if (task.isOver) return;
    task.isBegun = true;
    const context: TaskContext = {
      signal: task.stop.signal,
      log: (...parts) => task.log(`${format(...parts)}\n`),
    };
    try {
      const result = encodeValue(await run(this.#decode(task, argument), context), 'result');
      task.end({ ok: true, value: decodeValue(result, { adopt: true }) });
    } catch (thrown) {
      if (retries > 0 && !task.stop.signal.aborted) return this.#run(task, run, argument, retries - 1);
      task.end({
        ok: false,
        error: thrown instanceof ObjectLostError ? thrown : new RemoteError(showId(task.id), thrown),
      });
    }
  }

  #decode(task: LocalTask, argument: Uint8Array): unknown {
    const references = new Map<ObjectId, unknown>();
    for (const id of valueReferences(argument)) {
      const bytes = this.#objects.get(id);
      if (bytes === undefined)
        throw new ObjectLostError(
          'ObjectLostError',
          'the argument refers to an object that was released',
          showId(task.id),
        );
      references.set(id, decodeValue(bytes));
    }
    return decodeValue(argument, { references });
  }
}
