/** Options of `muster worker`, and the environment by which adapters start a worker host. */
import { randomBytes } from 'node:crypto';
import { WORKER_ENV } from '@muster/protocol/calls';
import { workerId } from '@muster/protocol/ids';
import type { Capabilities } from '@muster/protocol/ids';
import { logOptions, option, optional, required } from '@muster/runtime/config';
import type { CommandSpec, LogFormatName, LogLevelName, Option } from '@muster/runtime/config';
import { boolean, capabilities, duration, integer, list, size, text } from '@muster/runtime/config-kinds';
import type { WorkerHostConfig } from './host.ts';

/** What a worker host is told, resolved. Durations in milliseconds. */
export interface WorkerSettings {
  readonly scheduler: string;
  readonly groupId: string | undefined;
  readonly workerIds: readonly string[] | undefined;
  readonly workers: number;
  readonly capabilities: Capabilities;
  readonly deathTimeoutMs: number;
  readonly lifetimeMaxMs: number | undefined;
  readonly graceMs: number;
  readonly processorMemoryBytesMax: number | undefined;
  readonly inProcess: boolean;
  readonly logLevel: LogLevelName;
  readonly logFormat: LogFormatName;
}

const MIB = 1024 * 1024;
const ID = /^Worker\|[\x21-\x7e]{1,200}\|[0-9a-f]{1,64}$/;

export const workerCommand: CommandSpec<{ readonly [K in keyof WorkerSettings]: Option<WorkerSettings[K]> }> =
  {
    section: 'worker',
    options: {
      scheduler: required(text({ placeholder: '<address>' }), {
        positional: true,
        env: WORKER_ENV.scheduler,
        doc: 'the scheduler to work for: tcp://127.0.0.1:8516, ipc:///path',
      }),
      groupId: optional(
        text({ placeholder: '<id>', pattern: /^[\x21-\x7e]{1,128}$/, example: 'my-machine' }),
        {
          env: WORKER_ENV.groupId,
          doc: 'name of the worker group; default: a fresh one',
        },
      ),
      workerIds: optional(
        list(text({ placeholder: '<id>', pattern: ID, example: 'Worker|my-machine|0a1b' }), {
          min: 1,
          max: 1000,
        }),
        {
          env: WORKER_ENV.workerIds,
          doc: 'identities of the workers, one worker each; default: fresh ones',
        },
      ),
      workers: option(integer({ min: 1, max: 1000 }), {
        default: 1,
        doc: 'number of workers, each with a process of its own for tasks, where no identities are given',
      }),
      capabilities: option(capabilities(), {
        default: new Map(),
        env: WORKER_ENV.capabilities,
        doc: 'what each worker offers',
      }),
      deathTimeoutMs: option(duration({ min: 1000, bareUnit: 'ms' }), {
        default: 300_000,
        env: WORKER_ENV.deathTimeoutMs,
        doc: 'ends when the scheduler is silent for this long',
      }),
      lifetimeMaxMs: optional(duration({ min: 1000, bareUnit: 'ms' }), {
        flag: 'max-lifetime',
        env: WORKER_ENV.lifetimeMaxMs,
        doc: 'drains and ends after this',
      }),
      graceMs: option(duration({ min: 0, bareUnit: 'ms' }), {
        default: 10_000,
        env: WORKER_ENV.graceMs,
        doc: 'what running tasks get when the worker is told to end, and user code to react to SIGTERM',
      }),
      processorMemoryBytesMax: optional(size({ min: 16 * MIB }), {
        flag: 'max-processor-memory',
        env: WORKER_ENV.processorMemoryBytesMax,
        doc: 'memory of one running task with its children; default: an equal share of most of the memory',
      }),
      inProcess: option(boolean(), {
        default: false,
        doc: 'run functions inside this process, for a debugger; not safe: a task that loops or exits takes the worker with it',
      }),
      ...logOptions,
    },
  };

/** A group without a name gets one that no scheduler mints, so nobody takes it for a group of its own. */
export const workerHostConfigOf = (
  settings: WorkerSettings,
  random: (bytes: number) => string = (bytes) => randomBytes(bytes).toString('hex'),
): Omit<WorkerHostConfig, 'transport' | 'clock' | 'log'> => {
  const groupId = settings.groupId ?? `hand-${random(8)}`;
  const ids =
    settings.workerIds ?? Array.from({ length: settings.workers }, () => `Worker|${groupId}|${random(16)}`);
  const {
    scheduler,
    capabilities: offered,
    deathTimeoutMs,
    lifetimeMaxMs,
    graceMs,
    processorMemoryBytesMax,
    inProcess,
  } = settings;
  return {
    scheduler,
    groupId,
    workerIds: ids.map(workerId),
    capabilities: offered,
    deathTimeoutMs,
    lifetimeMaxMs,
    graceMs,
    processorMemoryBytesMax,
    inProcess,
  };
};
