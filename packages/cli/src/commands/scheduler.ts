/** `muster scheduler ADDRESS…`: the scheduler and, unless one is named, its object store. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Note } from '@muster/core/machine';
import type { Clock } from '@muster/runtime/clock';
import { createLog, noteLogger, type Log } from '@muster/runtime/log';
import { systemClock } from '@muster/runtime/system-clock';
import { zeromqTransport } from '@muster/runtime/zeromq';
import { AddressError, parseTcp, storeAddressFor } from '@muster/scheduler/addresses';
import {
  schedulerCommand,
  schedulerShortFlags,
  shellConfig,
  type SchedulerSettings,
} from '@muster/scheduler/config';
import { openExternalStore } from '@muster/scheduler/external-store';
import { openRecorder, type Recorder } from '@muster/scheduler/recorder';
import { startScheduler, type RunningScheduler } from '@muster/scheduler/server';
import type { StoreLink } from '@muster/scheduler/store-link';
import { openSupervisedStore } from '@muster/scheduler/supervised-store';
import { runCommand, type CommandExtra } from '../command.ts';
import { CliError, messageOf, systemCode } from '../errors.ts';
import { host, type Hosted } from '../host.ts';
import { ordinaryEnd } from '../ordinary-end.ts';
import { policyOf } from '../policy.ts';
import { ensureBaseDirectory } from '../run-dir.ts';
import { version } from '../version.ts';

/** Found again by the next scheduler on the same addresses. */
const defaultSocket = (addresses: readonly string[]): string =>
  join(
    ensureBaseDirectory(),
    `store-${createHash('sha256').update(addresses.join(' ')).digest('hex').slice(0, 12)}`,
    'o',
  );

const storeCommand = (
  settings: SchedulerSettings,
  socket: string,
  bound: readonly string[],
): readonly string[] => {
  const tcp = storeAddressFor(bound);
  return [
    process.execPath,
    fileURLToPath(new URL('../child.js', import.meta.url)),
    'object-store',
    ...(tcp === undefined ? [] : [`tcp://${tcp.host}:${tcp.port}`]),
    ...[
      '--socket',
      socket,
      '--orphan-timeout',
      `${settings.storeOrphanMs}ms`,
      '--log-level',
      settings.logLevel,
      '--log-format',
      settings.logFormat,
    ],
    ...(settings.storeMemoryBytesMax === undefined ? [] : ['--memory', String(settings.storeMemoryBytesMax)]),
    ...(settings.storeAdvertiseHost === undefined ? [] : ['--advertise-host', settings.storeAdvertiseHost]),
    ...(settings.insecure ? ['--insecure'] : []),
  ];
};

const openStore = (
  settings: SchedulerSettings,
  log: Log,
): ((bound: readonly string[]) => Promise<StoreLink>) => {
  const external =
    settings.objectStorageAddress === undefined ? undefined : parseTcp(settings.objectStorageAddress);
  if (external !== undefined) return () => Promise.resolve(openExternalStore(external, noteLogger(log)));
  return (bound) => {
    const socket = settings.storeSocket ?? defaultSocket(bound);
    return openSupervisedStore({ command: storeCommand(settings, socket, bound), socket, log });
  };
};

/** What a person can do about a scheduler that did not start. */
const explain = (error: unknown): unknown => {
  if (error instanceof AddressError) return new CliError('usage', error.message, '', { cause: error });
  const code = systemCode(error);
  if (code === 'EADDRINUSE' || code === 'addressInUse') {
    const hint =
      'The object store takes the port after the one of the scheduler, so choose one with two free in a row.';
    return new CliError('failed', messageOf(error), hint, { cause: error });
  }
  return code === undefined
    ? error
    : new CliError('failed', `the scheduler cannot start: ${messageOf(error)}`, '', { cause: error });
};

const recordHint = (error: unknown): string => {
  const code = systemCode(error);
  if (code === 'EEXIST')
    return 'A recording is never overwritten. Name a new file, or a directory: there each run makes a file of its own.';
  return code === 'EISDIR' || code === 'ENOENT' ? 'There is no such directory: make it first.' : '';
};

const recorderFor = (
  path: string | undefined,
  clock: Clock,
  log: (note: Note) => void,
): Recorder | undefined => {
  if (path === undefined) return undefined;
  try {
    const startedAt = new Date().toISOString();
    const recorder = openRecorder({ path, muster: version(), startedAt, clock, log });
    log({ kind: 'note', level: 'info', event: 'record.started', fields: { path: recorder.path } });
    return recorder;
  } catch (error) {
    throw new CliError('failed', `cannot record: ${messageOf(error)}`, recordHint(error), { cause: error });
  }
};

const hosted = (
  scheduler: RunningScheduler,
  settings: SchedulerSettings,
  log: Log,
  onSignal: (signal: NodeJS.Signals) => void,
): Hosted => {
  const stop = (): void => void scheduler.stop();
  return {
    facts: { addresses: scheduler.addresses.join(' '), epoch: scheduler.epoch },
    drain: (signal) => {
      onSignal(signal);
      scheduler.shutdown(settings.shutdownWithinMs);
    },
    stop,
    orphan: stop,
    ended: scheduler.ended.then((end) => {
      if (end.kind === 'bug') log.error('scheduler.bug', { bug: end.bug });
      else log.info('scheduler.ended', { reason: end.reason });
      return end.kind === 'bug' ? 'failed' : 'ok';
    }),
  };
};

const serve = async (settings: SchedulerSettings, { ignored }: CommandExtra): Promise<number> => {
  const policy = policyOf(settings.policyContent);
  let signalled: NodeJS.Signals | undefined;
  const log = ordinaryEnd(
    createLog({ component: 'scheduler', level: settings.logLevel, format: settings.logFormat }),
    () => signalled,
  );
  if (ignored.length > 0) log.info('config.ignored', { options: ignored.join(' ') });
  const notes = noteLogger(log);
  const clock = systemClock();
  const recorder = recorderFor(settings.record, clock, notes);
  let scheduler: RunningScheduler;
  try {
    scheduler = await startScheduler(shellConfig(settings, policy), {
      transport: zeromqTransport({ onNote: notes }),
      clock,
      recorder,
      log: notes,
      openStore: openStore(settings, log),
    });
  } catch (error) {
    throw explain(error);
  }
  return host(
    hosted(scheduler, settings, log, (signal) => {
      signalled = signal;
    }),
  );
};

export const run = (argv: readonly string[]): Promise<number> =>
  runCommand(
    {
      name: 'scheduler',
      summary: 'Run the scheduler, with an object store of its own unless one is named.',
      spec: schedulerCommand,
      shortFlags: schedulerShortFlags,
      examples: [
        'muster scheduler tcp://127.0.0.1:8516',
        'muster scheduler tcp://127.0.0.1:8516 --policy-content "allocate=even_load; scaling=vanilla"',
        'muster scheduler ipc:///run/user/1000/s.sock tcp://127.0.0.1:8516',
        'muster scheduler tcp://10.0.0.5:8516 --insecure --object-storage-address tcp://10.0.0.5:8517',
        'muster scheduler tcp://127.0.0.1:8516 --record recordings/',
      ],
      notes: [
        'Policies: allocate=even_load|capability; scaling=no|vanilla|capability|fixed_elastic|target|waterfall; each has keys of its own: docs/policies.md.',
        'A directory that --record names must be there.',
        'SIGTERM or Ctrl-C drains the worker groups and ends; a second one ends at once and leaves them to the next scheduler.',
        'Exit codes: 0 ended, 1 failed, 2 wrong usage, 130 ended by Ctrl-C.',
      ],
      run: serve,
    },
    argv,
  );
