/**
 * A scheduler with its workers and object store, small enough for tests: speaks the real wire over any
 * transport, loads real bundles, remembers what it was told, and misbehaves on request.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { type FunctionObject, INLINE_BYTES_MAX, type TaskContext } from '@muster/protocol/calls';
import { decodeMessage, decodeTask, encodeMessage, encodeTaskResult } from '@muster/protocol/codec';
import { objectId, type ObjectId, type PeerId, peerId, type TaskId } from '@muster/protocol/ids';
import type { Message, Task, TaskHead, TaskOutcome } from '@muster/protocol/messages';
import { decodeValue, encodeValue, valueReferences } from '@muster/protocol/values';
import type { Listener, Transport } from '@muster/runtime/transport';
import type { ObjectStore } from '@muster/storage/object-store';

type Run = (argument: unknown, context: TaskContext) => unknown;

export interface DoubleOptions {
  readonly transport: Transport;
  readonly address: string;
  readonly store: ObjectStore;
  readonly epoch?: string;
  readonly storeEpoch?: string;
  /** Local socket of a real store, told to clients. */
  readonly storePath?: string;
  /** A stock scheduler announces no features. */
  readonly isStock?: boolean;
}

interface Held {
  readonly client: PeerId;
  readonly task: Task;
  readonly stop: AbortController;
}

const CODE = new Map<string, Promise<Readonly<Record<string, unknown>>>>();

export class SchedulerDouble {
  readonly #options: DoubleOptions;
  #listener: Listener | undefined;
  /** Tasks that were offered and have not ended, by id. */
  readonly held = new Map<TaskId, Held>();
  readonly received: Message[] = [];
  readonly acknowledged: TaskId[] = [];
  readonly owned = new Set<ObjectId>();
  /** Offers per task id, duplicates included. */
  readonly offers = new Map<TaskId, number>();
  /** Tasks per frame, in order of arrival. */
  readonly batchSizes: number[] = [];
  /** Names of clients in order of their first heartbeat, and of good-byes. */
  readonly clients: string[] = [];
  echoes = true;
  /** Whether offered tasks are run at once; held otherwise, until {@link SchedulerDouble.release}. */
  runs = true;
  /** Whether results are sent twice. */
  stutters = false;
  /** What happens instead of running, decided per task; undefined: runs. */
  intervene:
    | ((task: Task) => { outcome: TaskOutcome; error?: unknown; objectIds?: readonly ObjectId[] } | undefined)
    | undefined;
  confirm: 'canceled' | 'cancelFailed' | 'cancelNotFound' | 'none' = 'canceled';
  storeEpoch: string;

  private constructor(options: DoubleOptions) {
    this.#options = options;
    this.storeEpoch = options.storeEpoch ?? 's1';
  }

  static async start(options: DoubleOptions): Promise<SchedulerDouble> {
    const double = new SchedulerDouble(options);
    const listener = await options.transport.listen([options.address], { identity: peerId('scheduler') });
    double.#listener = listener;
    listener.onTurn((turn) => {
      for (const event of turn)
        if (event.kind === 'frame') double.#onMessage(event.from, decodeMessage(event.frame));
    });
    return double;
  }

  get address(): string {
    return this.#listener?.addresses[0] ?? this.#options.address;
  }

  /** Ends like a killed process: nothing is said, everything is forgotten. */
  async kill(): Promise<void> {
    this.runs = false;
    this.held.clear();
    await this.#listener?.close();
  }

  async close(): Promise<void> {
    await this.kill();
  }

  /** Runs what was held. */
  release(): void {
    this.runs = true;
    for (const held of this.held.values()) void this.#run(held);
  }

  send(to: PeerId, message: Message): void {
    this.#listener?.trySend(to, encodeMessage(message));
  }

  /** Says hello once more, as a scheduler does in answer to each heartbeat. */
  echo(to: PeerId): void {
    if (!this.echoes) return;
    const extras = {
      features: 1,
      epoch: this.#options.epoch ?? 'e1',
      storePath: this.#options.storePath ?? '/no/where',
      storeEpoch: this.storeEpoch,
    };
    this.send(to, {
      kind: 'clientHeartbeatEcho',
      storage: { host: '127.0.0.1', port: 1 },
      extras: this.#options.isStock === true ? undefined : extras,
    });
  }

  #onMessage(from: PeerId, message: Message): void {
    if (message.kind === 'taskBatch') {
      this.batchSizes.push(message.tasks.length);
      for (const head of message.tasks) this.#offer(from, head);
      return;
    }
    this.received.push(message);
    switch (message.kind) {
      case 'clientHeartbeat':
        if (!this.clients.includes(from)) this.clients.push(from);
        return this.echo(from);
      case 'task':
        return this.#offer(from, message.task);
      case 'resultAck':
        return void this.acknowledged.push(...message.tasks.map((one) => one.taskId));
      case 'objectInstruction':
        for (const id of message.objects.ids) {
          if (message.instruction === 'create') this.owned.add(id);
          else this.owned.delete(id);
        }
        return;
      case 'taskCancel':
        return this.#cancel(from, message.taskId);
      case 'clientDisconnect':
        return void this.clients.push(`bye ${from}`);
      default:
        return;
    }
  }

  #offer(client: PeerId, head: TaskHead): void {
    this.offers.set(head.taskId, (this.offers.get(head.taskId) ?? 0) + 1);
    if (this.held.has(head.taskId)) return;
    const task = decodeTask(head.bytes.slice(head.start, head.end), 0, head.end - head.start);
    const held: Held = { client, task, stop: new AbortController() };
    this.held.set(head.taskId, held);
    if (this.runs) void this.#run(held);
  }

  #cancel(from: PeerId, taskId: TaskId): void {
    const held = this.held.get(taskId);
    if (this.confirm === 'none') return;
    if (this.confirm === 'canceled' && held !== undefined) {
      held.stop.abort();
      this.held.delete(taskId);
    }
    const confirm = held === undefined ? 'cancelNotFound' : this.confirm;
    this.send(from, { kind: 'taskCancelConfirm', taskId, confirm });
  }

  async #run(held: Held): Promise<void> {
    const { task, client } = held;
    const other = this.intervene?.(task);
    if (other !== undefined) {
      const inline = other.error === undefined ? undefined : encodeValue(other.error);
      return this.finish(held, other.outcome, inline, other.objectIds ?? []);
    }
    try {
      const log = (...parts: unknown[]): void =>
        this.send(client, {
          kind: 'taskLog',
          taskId: task.taskId,
          stream: 'stdout',
          content: `${format(...parts)}\n`,
        });
      const run = await this.#load(task.functionId);
      const value = await run(await this.#argument(task), { signal: held.stop.signal, log });
      const bytes = encodeValue(value, 'result');
      if (bytes.length <= INLINE_BYTES_MAX) return this.finish(held, 'success', bytes, []);
      const id = objectId(`result-${task.taskId}`.padEnd(32, '.'));
      await this.#options.store.put(id, bytes);
      this.finish(held, 'success', undefined, [id]);
    } catch (error) {
      this.finish(held, 'failed', encodeValue(error), []);
    }
  }

  finish(
    held: Held,
    outcome: TaskOutcome,
    inline: Uint8Array | undefined,
    objectIds: readonly ObjectId[],
  ): void {
    const { taskId } = held.task;
    if (this.held.get(taskId) !== held) return;
    this.held.delete(taskId);
    const frame = encodeTaskResult({ taskId, outcome, metadata: undefined, objectIds, inline });
    const head = {
      bytes: frame,
      start: 0,
      end: frame.length,
      taskId,
      outcome,
      durationMs: undefined,
      objectIds,
    };
    for (let times = this.stutters ? 2 : 1; times > 0; times--) {
      this.send(held.client, { kind: 'taskResultBatch', results: [head], attempts: [1] });
    }
  }

  async #argument(task: Task): Promise<unknown> {
    const argument = task.args[0];
    if (argument === undefined || argument.kind === 'task') throw new Error('one argument expected');
    const bytes = argument.kind === 'inline' ? argument.bytes : await this.#get(argument.id);
    const references = new Map<ObjectId, unknown>();
    for (const id of valueReferences(bytes)) references.set(id, decodeValue(await this.#get(id)));
    return decodeValue(bytes, { references });
  }

  async #load(functionId: ObjectId): Promise<Run> {
    const named = JSON.parse(new TextDecoder().decode(await this.#get(functionId))) as FunctionObject;
    const bytes = await this.#get(objectId(Buffer.from(named.module, 'hex').toString('latin1')));
    let loading = CODE.get(named.module);
    if (loading === undefined) {
      loading = this.#import(named.module, bytes);
      CODE.set(named.module, loading);
    }
    const run = (await loading)[named.export];
    if (typeof run !== 'function')
      throw Object.assign(new Error(`no export ${named.export}`), { code: 'TaskInvalidError' });
    return run as Run;
  }

  async #import(name: string, code: Uint8Array): Promise<Readonly<Record<string, unknown>>> {
    const folder = await mkdtemp(join(tmpdir(), 'muster-double-'));
    try {
      const path = join(folder, `${name}.mjs`);
      await writeFile(path, code);
      return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #get(id: ObjectId): Promise<Uint8Array> {
    const bytes = await this.#options.store.getWithin(id, 100);
    if (bytes === undefined) throw Object.assign(new Error('an object is gone'), { code: 'ObjectLostError' });
    return bytes;
  }
}
