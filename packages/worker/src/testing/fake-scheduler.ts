/** A scheduler that does what a test says, over the real wire and the real transport, beside a real object store. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandResult, CommandSpec } from '@muster/protocol/calls';
import { decodeMessage, decodeTaskResult, encodeMessage, encodeTask, taskHead } from '@muster/protocol/codec';
import { COMMAND_FUNCTION, NO_CAPABILITIES, objectId, peerId, taskId } from '@muster/protocol/ids';
import type { ObjectId, PeerId, TaskId } from '@muster/protocol/ids';
import { FEATURES } from '@muster/protocol/messages';
import type { Message, TaskArgument, TaskOutcome, TaskResult } from '@muster/protocol/messages';
import { decodeValue, encodeValue } from '@muster/protocol/values';
import type { Listener } from '@muster/runtime/transport';
import { zeromqTransport } from '@muster/runtime/zeromq';
import { connectObjectStore } from '@muster/storage/client';
import type { ObjectStore } from '@muster/storage/object-store';
import { startObjectStoreServer } from '@muster/storage/server';
import type { ObjectStoreServer } from '@muster/storage/server';

export interface Seen {
  readonly from: PeerId;
  readonly message: Message;
}

export interface TaskWish {
  readonly functionId: ObjectId;
  readonly argument?: unknown;
  readonly args?: readonly TaskArgument[];
  readonly timeoutMs?: number;
  readonly streamOutput?: boolean;
  readonly priority?: number;
  readonly attempt?: number;
}

export interface Answer {
  readonly taskId: TaskId;
  readonly attempt: number;
  readonly outcome: TaskOutcome;
  readonly value: unknown;
  readonly result: TaskResult;
}

/** Generous: the machine may be loaded. Nothing waits for so long when all is well. */
const WITHIN_MS = 40_000;

export class FakeScheduler implements AsyncDisposable {
  readonly folder: string;
  readonly address: string;
  readonly store: ObjectStore;
  epoch: string = 'epoch1';
  acknowledges: boolean = true;
  /** In order of arrival; heartbeats are left out. */
  readonly seen: Seen[] = [];
  readonly answers: Map<TaskId, Answer> = new Map();
  readonly workers: Set<PeerId> = new Set();
  heartbeats: number = 0;
  answersHeartbeats: boolean = true;
  /** Takes batches of results instead of {@link answers}: for throughput. */
  onResults: ((from: PeerId, batch: Message & { readonly kind: 'taskResultBatch' }) => void) | undefined;
  readonly #listener: Listener;
  readonly #server: ObjectStoreServer;
  readonly #looks = new Set<() => void>();

  private constructor(folder: string, listener: Listener, server: ObjectStoreServer, store: ObjectStore) {
    this.folder = folder;
    this.#listener = listener;
    this.#server = server;
    this.store = store;
    this.address = listener.addresses[0] ?? '';
    listener.onTurn((turn) => {
      for (const event of turn) {
        if (event.kind === 'frame') this.#onMessage(event.from, decodeMessage(Buffer.from(event.frame)));
        if (event.kind === 'peerDown') this.workers.delete(event.peer);
      }
      for (const look of [...this.#looks]) look();
    });
  }

  static async start(): Promise<FakeScheduler> {
    const folder = mkdtempSync(join(tmpdir(), 'muster-fake-'));
    const server = await startObjectStoreServer({ path: join(folder, 'store') });
    const store = connectObjectStore({ path: join(folder, 'store') });
    const listener = await zeromqTransport().listen([`ipc://${folder}/scheduler`], {
      identity: peerId('scheduler'),
    });
    return new FakeScheduler(folder, listener, server, store);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.close();
    await this.store.close();
    await this.#server[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }

  send(to: PeerId, message: Message): void {
    this.#listener.trySend(to, encodeMessage(message));
  }

  #onMessage(from: PeerId, message: Message): void {
    if (message.kind === 'workerHeartbeat') {
      this.heartbeats++;
      this.workers.add(from);
      if (!this.answersHeartbeats) return;
      const storage = this.#server.address ?? { host: '127.0.0.1', port: 1 };
      const extras = {
        features: FEATURES,
        epoch: this.epoch,
        storePath: this.#server.path ?? '',
        storeEpoch: this.#server.epoch,
      };
      return this.send(from, { kind: 'workerHeartbeatEcho', storage, extras });
    }
    if (message.kind === 'taskResultBatch' && this.onResults !== undefined)
      return this.onResults(from, message);
    this.seen.push({ from, message });
    if (message.kind !== 'taskResultBatch') return;
    const tasks = message.results.map((head, at) => ({
      taskId: head.taskId,
      attempt: message.attempts[at] ?? 0,
    }));
    for (const [at, { bytes, start, end }] of message.results.entries()) {
      const result = decodeTaskResult(bytes, start, end);
      const value = result.inline === undefined ? undefined : decodeValue(result.inline);
      this.answers.set(result.taskId, {
        taskId: result.taskId,
        attempt: message.attempts[at] ?? 0,
        outcome: result.outcome,
        value,
        result,
      });
    }
    if (this.acknowledges) this.send(from, { kind: 'resultAck', tasks });
  }

  /** Resolves once `test` holds. */
  until(what: string, test: () => boolean, withinMs: number = WITHIN_MS): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#looks.delete(look);
        clearTimeout(limit);
        clearInterval(poll);
      };
      const look = (): void => {
        if (!test()) return;
        end();
        resolve();
      };
      const limit = setTimeout(() => {
        end();
        const last = this.seen.slice(-10).map(({ message }) => message.kind);
        reject(
          new Error(
            `${what}: not within ${withinMs} ms; ${this.workers.size} workers, ${this.answers.size} answers, last seen ${last.join(', ')}`,
          ),
        );
      }, withinMs);
      // For conditions that are not about messages, such as the end of a process.
      const poll = setInterval(look, 50);
      this.#looks.add(look);
      look();
    });
  }

  async worker(): Promise<PeerId> {
    await this.until('a worker registers', () => this.workers.size > 0);
    return [...this.workers][0] ?? peerId('');
  }

  /** Stores the code of a module and gives the ids of its exports. */
  async functions<const Names extends readonly string[]>(
    code: string,
    names: Names,
  ): Promise<{ readonly [Name in Names[number]]: ObjectId }> {
    const module = Buffer.from(code, 'utf8');
    await this.store.put(idOf(module), module);
    const ids: Record<string, ObjectId> = {};
    for (const name of names) {
      const described = {
        muster: 'function/1',
        module: Buffer.from(idOf(module), 'latin1').toString('hex'),
        export: name,
      };
      const bytes = Buffer.from(JSON.stringify(described));
      await this.store.put(idOf(bytes), bytes);
      ids[name] = idOf(bytes);
    }
    return ids as { readonly [Name in Names[number]]: ObjectId };
  }

  submit(
    to: PeerId,
    wishes: readonly TaskWish[],
    ids: readonly TaskId[] = wishes.map(() => freshTaskId()),
  ): readonly TaskId[] {
    const tasks = wishes.map((wish, at) => {
      const { streamOutput = false, priority = 0 } = wish;
      const frame = encodeTask({
        taskId: ids[at] ?? freshTaskId(),
        source: undefined,
        metadata: streamOutput || priority !== 0 ? { profiling: true, priority, streamOutput } : undefined,
        functionId: wish.functionId,
        args: wish.args ?? [{ kind: 'inline', bytes: encodeValue(wish.argument) }],
        needs: NO_CAPABILITIES,
        timeoutMs: wish.timeoutMs ?? 0,
        attemptsMax: 0,
      });
      return taskHead(frame);
    });
    const attempts = wishes.map((wish) => wish.attempt ?? 1);
    this.send(to, { kind: 'taskBatch', tasks, attempts, sources: [], sourceOf: [] });
    return ids;
  }

  async answer(id: TaskId): Promise<Answer> {
    await this.until('the answer of a task', () => this.answers.has(id));
    const answer = this.answers.get(id);
    if (answer === undefined) throw new Error('gone');
    return answer;
  }

  /** Runs one task to its end. */
  async run(to: PeerId, wish: TaskWish): Promise<Answer> {
    const [id] = this.submit(to, [wish]);
    return this.answer(id ?? taskId(''));
  }

  async command(
    to: PeerId,
    spec: Partial<CommandSpec>,
    wish: Partial<TaskWish> = {},
  ): Promise<CommandResult> {
    const { value, outcome } = await this.run(to, {
      ...wish,
      functionId: COMMAND_FUNCTION,
      argument: commandSpec(spec),
    });
    if (outcome !== 'success') throw value;
    return value as CommandResult;
  }

  logsOf(id: TaskId, stream: 'stdout' | 'stderr'): string {
    return this.seen
      .flatMap(({ message }) =>
        message.kind === 'taskLog' && message.taskId === id && message.stream === stream
          ? [message.content]
          : [],
      )
      .join('');
  }
}

export const commandSpec = (spec: Partial<CommandSpec>): CommandSpec => ({
  argv: ['/bin/true'],
  env: {},
  cwd: undefined,
  stdin: undefined,
  filesIn: new Map(),
  filesOut: [],
  outputBytesMax: 1024 * 1024,
  ...spec,
});

export const idOf = (bytes: Uint8Array): ObjectId =>
  objectId(createHash('sha256').update(bytes).digest().toString('latin1'));
export const freshTaskId = (): TaskId => taskId(randomBytes(16).toString('latin1'));
