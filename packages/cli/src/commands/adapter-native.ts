/** `muster adapter native`: worker groups as processes of this machine. */
import { fileURLToPath } from 'node:url';
import { startAdapter, type Adapter } from '@muster/adapter-kit/adapter';
import {
  nativeAdapterOf,
  nativeCommand,
  nativeConfigOf,
  nativeShortFlags,
  type NativeSettings,
} from '@muster/adapter-native/config';
import { AdapterBusyError } from '@muster/adapter-native/lock';
import {
  NativeConfigError,
  nativeProvisioner,
  type NativeProvisioner,
} from '@muster/adapter-native/provisioner';
import { createLog, noteLogger, type Log } from '@muster/runtime/log';
import { systemClock } from '@muster/runtime/system-clock';
import { TransportError } from '@muster/runtime/transport';
import { zeromqTransport } from '@muster/runtime/zeromq';
import { runCommand, type CommandExtra } from '../command.ts';
import { CliError, messageOf, systemCode } from '../errors.ts';
import { host, type Hosted } from '../host.ts';

const workerCommand = (): readonly string[] => [
  process.execPath,
  fileURLToPath(import.meta.resolve('@muster/worker/main')),
];

/** What a stop takes beyond what running tasks are given. */
const KILL_WITHIN_MS = 1_000;

const hosted = (
  adapter: Adapter,
  provisioner: NativeProvisioner,
  settings: NativeSettings,
  log: Log,
): Hosted => {
  const killAll = (): void => {
    void provisioner.killAll().then(() => adapter.stop('leave', KILL_WITHIN_MS));
  };
  return {
    facts: { adapter: nativeAdapterOf(settings).adapterId, scheduler: settings.schedulerAddress },
    drain: () => void adapter.stop(settings.onStop, settings.shutdownWithinMs),
    stop: killAll,
    orphan: killAll,
    ended: adapter.done.then(
      ({ left }) => {
        log.info('adapter.ended', { left: left.length });
        return 'ok';
      },
      (bug: unknown) => {
        log.error('adapter.bug', { bug });
        return 'failed';
      },
    ),
  };
};

/** What the system says of a state directory that is of no use. */
const FOLDER_CODES: ReadonlySet<string> = new Set([
  'EACCES',
  'EEXIST',
  'ENOENT',
  'ENOSPC',
  'ENOTDIR',
  'EPERM',
  'EROFS',
]);
const FOLDER_HINT = 'Name a directory of your own with --state-dir.';

/** What a person can do about an adapter that did not start. */
const explain = (error: unknown): unknown => {
  if (error instanceof AdapterBusyError)
    return new CliError('failed', error.message, 'Give it another --adapter-name.', { cause: error });
  if (!(error instanceof TransportError) && FOLDER_CODES.has(systemCode(error) ?? ''))
    return new CliError(
      'failed',
      `the records of the groups cannot be kept: ${messageOf(error)}`,
      FOLDER_HINT,
      {
        cause: error,
      },
    );
  return error instanceof NativeConfigError
    ? new CliError('usage', error.message, '', { cause: error })
    : error;
};

const serve = async (settings: NativeSettings, { ignored }: CommandExtra): Promise<number> => {
  const log = createLog({
    component: 'adapter.native',
    level: settings.logLevel,
    format: settings.logFormat,
  });
  if (ignored.length > 0) log.info('config.ignored', { options: ignored.join(' ') });
  const notes = noteLogger(log);
  const clock = systemClock();
  await using provisioner = nativeProvisioner({
    ...nativeConfigOf(settings),
    command: workerCommand(),
    clock,
    log: notes,
  });
  const adapter = await startAdapter({
    ...nativeAdapterOf(settings),
    provisioner,
    transport: zeromqTransport({ onNote: notes }),
    clock,
    log: notes,
  });
  return await host(hosted(adapter, provisioner, settings, log));
};

export const run = (argv: readonly string[]): Promise<number> =>
  runCommand(
    {
      name: 'adapter native',
      summary: 'Start and stop worker groups as processes of this machine, as a scheduler asks for them.',
      spec: nativeCommand,
      shortFlags: nativeShortFlags,
      examples: [
        'muster adapter native tcp://127.0.0.1:8516',
        'muster adapter native tcp://127.0.0.1:8516 --max-worker-groups 4 --per-worker-capabilities gpu,memory=16',
      ],
      notes: [
        '--max-workers is another name of --max-worker-groups, as in the stock adapter.',
        'A restart under the same name adopts the groups that still run. SIGTERM or Ctrl-C ends as --on-stop says; a second one kills the groups.',
        'Exit codes: 0 ended, 1 failed, 2 wrong usage, 130 ended by Ctrl-C.',
      ],
      run: async (settings, extra) => {
        try {
          return await serve(settings, extra);
        } catch (error) {
          throw explain(error);
        }
      },
    },
    argv,
  );
