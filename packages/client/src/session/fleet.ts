/** Tasks run by the workers of a fleet, through its scheduler. */
import { createHash } from 'node:crypto';
import type { FunctionObject } from '@muster/protocol/calls';
import { COMMAND_FUNCTION, objectId, type ObjectId, type TaskId } from '@muster/protocol/ids';
import { ObjectStoreError } from '@muster/storage/errors';
import type { Backend, Lane, Ticket } from '../api/backend.ts';
import { command, commandOutput } from '../api/command.ts';
import { ObjectLostError, StoreUnreachableError, TaskDefinitionError } from '../api/errors.ts';
import type { TaskSettings } from '../api/options.ts';
import { locateTask, type TaskLocation } from '../api/task.ts';
import { bundleModule } from '../bundle/bundle.ts';
import { ObjectKeeper } from './objects.ts';
import { type Call, PendingTask } from './pending.ts';
import type { Session } from './session.ts';
import { StoreUnavailableError } from './store-link.ts';

interface StoredFunction {
  readonly functionId: ObjectId;
  readonly codeIds: readonly ObjectId[];
}

const FETCH_WAIT_MS = 1_000;

export class Fleet implements Backend {
  readonly #session: Session;
  /** By module and export: code is bundled and stored once. */
  readonly #functions = new Map<string, Promise<StoredFunction>>();

  constructor(session: Session) {
    this.#session = session;
  }

  get heldBytes(): number {
    return this.#session.heldBytes;
  }

  mintId(): TaskId {
    return this.#session.mintId();
  }

  open(task: unknown, settings: TaskSettings, where: string): Promise<Lane> {
    if (task === command) {
      const receive = (value: unknown): Promise<unknown> =>
        commandOutput(value, (hex) => this.#takeFile(hex));
      return Promise.resolve(this.#lane({ functionId: COMMAND_FUNCTION, codeIds: [], settings, receive }));
    }
    const location = locateTask(task, where);
    return this.#functionAt(location).then((stored) =>
      this.#lane({ ...stored, settings, receive: undefined }),
    );
  }

  async put(bytes: Uint8Array): Promise<ObjectId> {
    const id = ObjectKeeper.newId();
    await this.#keep(id, bytes);
    return id;
  }

  release(ids: readonly ObjectId[]): void {
    this.#session.objects.release(ids);
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  #lane(call: Call): Lane {
    const session = this.#session;
    return {
      submit: (argument, sink, slot, id) => session.submit(call, argument, sink, slot, id),
      cancel: (ticket: Ticket, reason) => {
        if (ticket instanceof PendingTask) session.cancel(ticket, reason);
      },
      withdraw: (ticket) => {
        if (ticket instanceof PendingTask) session.withdraw(ticket);
      },
    };
  }

  #functionAt(location: TaskLocation): Promise<StoredFunction> {
    const key = `${location.module}\0${location.export}`;
    const known = this.#functions.get(key);
    if (known !== undefined) return known;
    const storing = this.#storeFunction(location);
    this.#functions.set(key, storing);
    storing.catch(() => this.#functions.delete(key));
    return storing;
  }

  async #storeFunction(location: TaskLocation): Promise<StoredFunction> {
    const bundle = await bundleModule(location.module);
    if (!bundle.exports.includes(location.export)) {
      const others = bundle.exports.length === 0 ? 'nothing' : bundle.exports.join(', ');
      throw new TaskDefinitionError(
        'notExported',
        `${location.module} does not export "${location.export}"; it exports ${others}`,
      );
    }
    const named: FunctionObject = {
      muster: 'function/1',
      module: Buffer.from(bundle.id, 'latin1').toString('hex'),
      export: location.export,
    };
    const bytes = new TextEncoder().encode(JSON.stringify(named));
    const functionId = objectId(createHash('sha256').update(bytes).digest().toString('latin1'));
    await Promise.all([this.#keep(bundle.id, bundle.code), this.#keep(functionId, bytes)]);
    return { functionId, codeIds: [functionId, bundle.id] };
  }

  /** For bytes of no task in particular. */
  async #keep(id: ObjectId, bytes: Uint8Array): Promise<void> {
    try {
      await this.#session.objects.keep(id, bytes);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError || error instanceof ObjectStoreError)) throw error;
      throw new StoreUnreachableError('StoreUnreachableError', error.message, '', error);
    }
  }

  async #takeFile(hex: string): Promise<Uint8Array> {
    const id = objectId(Buffer.from(hex, 'hex').toString('latin1'));
    const bytes = await this.#session.objects.fetch(id, FETCH_WAIT_MS);
    this.release([id]);
    if (bytes === undefined)
      throw new ObjectLostError('ObjectLostError', 'a file of the result is gone from the object store', '');
    return bytes;
  }
}
