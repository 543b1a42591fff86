/** The public SDK of Muster, published as `muster`. */
import { existsSync } from 'node:fs';
import { systemClock } from '@muster/runtime/system-clock';
import { zeromqTransport } from '@muster/runtime/zeromq';
import { connectObjectStore } from '@muster/storage/client';
import type { Client } from './api/client.ts';
import { type ConnectOptions, connectIn } from './api/connect.ts';
import type { OpenStore } from './session/store-link.ts';

export { Client, type Sendable } from './api/client.ts';
export { command, type Command, type CommandOutput } from './api/command.ts';
export type { ConnectOptions } from './api/connect.ts';
export type { ConnectionDetail, OnConnection } from './api/connection.ts';
export {
  ClientClosedError,
  ConnectError,
  type ConnectErrorCode,
  ObjectLostError,
  ProcessorDiedError,
  RemoteError,
  ResultInvalidError,
  SchedulerUnreachableError,
  StoreUnreachableError,
  TaskCanceledError,
  TaskDefinitionError,
  TaskError,
  type TaskFailureCode,
  TaskInvalidError,
  TaskTimeoutError,
  WorkerLostError,
} from './api/errors.ts';
export type { TaskHandle } from './api/handle.ts';
export type { MapOptions, SubmitOptions, TaskLogEntry, TaskOptions } from './api/options.ts';
export type { ItemOutcome, TaskStream } from './api/stream.ts';
export { defineTask, isMain, type Task, type TaskFunction, type TaskReference } from './api/task.ts';
export type { TaskContext } from '@muster/protocol/calls';
export { ObjectRef, ValueError, type ValueErrorCode } from '@muster/protocol/values';

/** The local socket where it is on this machine, TCP from another one. */
const openStore: OpenStore = async ({ path, host, port }) =>
  connectObjectStore(path !== '' && existsSync(path) ? { path } : { host, port });

/**
 * Connects to a scheduler: the one named by `address`, by `MUSTER_SCHEDULER`, or the running `muster up` of
 * this user. Close the client when done: it keeps the process alive.
 *
 * @throws ConnectError when nobody answers within `connectTimeoutMs`, the address is none or there is none; its
 *   message says what to do. RangeError for options that do not exist or contradict each other.
 */
export const connect = (options: ConnectOptions = {}): Promise<Client> =>
  connectIn(
    async () => ({
      transport: zeromqTransport(),
      clock: systemClock(),
      openStore,
    }),
    options,
  );
