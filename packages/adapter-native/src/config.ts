/** Options of `muster adapter native`: the stock names where the stock adapter has the option, ours for the rest. */
import { createHash } from 'node:crypto';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AdapterOptions } from '@muster/adapter-kit/adapter';
import { WORKER_ENV } from '@muster/protocol/calls';
import { adapterId } from '@muster/protocol/ids';
import type { AdapterId, Capabilities } from '@muster/protocol/ids';
import { logOptions, option, optional, required } from '@muster/runtime/config';
import type { CommandSpec, LogFormatName, LogLevelName, Option } from '@muster/runtime/config';
import { capabilities, choice, duration, integer, size, text } from '@muster/runtime/config-kinds';
import { processorMemoryShare } from '@muster/runtime/machine-memory';
import type { NativeConfig } from './provisioner.ts';

/** What `muster adapter native` is told, resolved. Durations in milliseconds. */
export interface NativeSettings {
  readonly schedulerAddress: string;
  readonly groupsMax: number;
  readonly workersPerGroup: number;
  readonly capabilities: Capabilities;
  readonly startsPerMinuteMax: number;
  readonly adapterName: string | undefined;
  readonly stateDir: string | undefined;
  readonly graceMs: number;
  readonly deathTimeoutMs: number;
  readonly lifetimeMaxMs: number | undefined;
  readonly processorMemoryBytesMax: number | undefined;
  readonly onStop: 'drain' | 'stop' | 'leave';
  readonly shutdownWithinMs: number;
  readonly logLevel: LogLevelName;
  readonly logFormat: LogFormatName;
}

/**
 * The table. Names, short names and meanings of the stock options.
 * Source: OpenGRIS Scaler 1.15.0, `scaler_worker_adapter_native --help`.
 */
export const nativeCommand: CommandSpec<{ readonly [K in keyof NativeSettings]: Option<NativeSettings[K]> }> =
  {
    section: 'native-worker-adapter',
    options: {
      schedulerAddress: required(text({ placeholder: '<address>' }), {
        positional: true,
        doc: 'the scheduler to serve: tcp://127.0.0.1:8516, ipc:///path',
      }),
      groupsMax: option(integer({ min: 1, max: 10_000 }), {
        default: Math.max(1, availableParallelism() - 1),
        flag: 'max-worker-groups',
        aliases: ['max-workers'],
        doc: 'worker groups that may exist at once, whatever the scheduler asks for; there is no "unlimited"',
      }),
      workersPerGroup: option(integer({ min: 1, max: 1_000 }), {
        default: 1,
        doc: 'workers that are started and stopped together',
      }),
      capabilities: option(capabilities(), {
        default: new Map(),
        flag: 'per-worker-capabilities',
        doc: 'what each worker offers',
      }),
      startsPerMinuteMax: option(integer({ min: 1, max: 100_000 }), {
        default: 300,
        flag: 'max-starts-per-minute',
        doc: 'worker groups that may be launched in a minute, repeats included',
      }),
      adapterName: optional(
        text({ placeholder: '<name>', pattern: /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, example: 'native-blue' }),
        {
          doc: 'a restart under the same name adopts the groups; default: derived from the scheduler address',
        },
      ),
      stateDir: optional(text({ placeholder: '<folder>' }), {
        doc: 'records and logs of the groups; default: a private folder of the user',
      }),
      graceMs: option(duration({ min: 0, bareUnit: 's' }), {
        default: 10_000,
        doc: 'what a running task gets when its group is stopped, and again to react to SIGTERM',
      }),
      deathTimeoutMs: option(duration({ min: 1_000, bareUnit: 's' }), {
        default: 300_000,
        aliases: ['death-timeout-seconds'],
        doc: 'workers end by themselves when the scheduler is silent for this long',
      }),
      lifetimeMaxMs: optional(duration({ min: 1_000 }), {
        flag: 'max-lifetime',
        doc: 'workers drain and end by themselves after this',
      }),
      processorMemoryBytesMax: optional(size({ min: 16 * 1024 * 1024 }), {
        flag: 'max-processor-memory',
        doc: 'memory of one running task with its children; more costs it that attempt; default: an equal share of 80 % of the memory among all workers that may exist at once',
      }),
      onStop: option(choice(['drain', 'stop', 'leave']), {
        default: 'stop',
        doc: 'what becomes of the groups when the adapter ends: drained through the scheduler, stopped, or left for its successor',
      }),
      shutdownWithinMs: option(duration({ min: 0, bareUnit: 's' }), {
        default: 60_000,
        doc: 'how long that may take',
      }),
      ...logOptions,
    },
    ignored: [
      'object-storage-address',
      'per-worker-task-queue-size',
      'heartbeat-interval-seconds',
      'task-timeout-seconds',
      'garbage-collect-interval-seconds',
      'trim-memory-threshold-bytes',
      'hard-processor-suspend',
      'preload',
      'event-loop',
      'worker-io-threads',
      'logging-paths',
      'logging-config-file',
      'logging-level',
    ],
  };

/** The stock short flags with more than one letter. */
export const nativeShortFlags: Readonly<Record<string, string>> = {
  '-mw': '--max-workers',
  '-pwc': '--per-worker-capabilities',
  '-dts': '--death-timeout-seconds',
  '-osa': '--object-storage-address',
  '-wtqs': '--per-worker-task-queue-size',
  '-his': '--heartbeat-interval-seconds',
  '-tts': '--task-timeout-seconds',
  '-gc': '--garbage-collect-interval-seconds',
  '-tm': '--trim-memory-threshold-bytes',
  '-hps': '--hard-processor-suspend',
  '-el': '--event-loop',
  '-wit': '--worker-io-threads',
  '-lp': '--logging-paths',
  '-lcf': '--logging-config-file',
  '-ll': '--logging-level',
};

/**
 * Which groups on this machine are this adapter's. Two adapters of one user must not share a name, so the default differs
 * by scheduler; it is the same after a restart.
 */
export const adapterNameOf = (
  settings: Pick<NativeSettings, 'adapterName' | 'schedulerAddress'>,
): AdapterId =>
  adapterId(
    settings.adapterName ??
      `native-${createHash('sha256').update(settings.schedulerAddress).digest('hex').slice(0, 12)}`,
  );

/** A folder that only this user can open; gone after a reboot, like the processes that it speaks of. */
export const defaultStateDir = (env: Readonly<Record<string, string | undefined>> = process.env): string => {
  const runtime = env['XDG_RUNTIME_DIR'];
  const base =
    runtime !== undefined && runtime !== '' ? runtime : join(tmpdir(), `muster-${process.getuid?.() ?? 0}`);
  return join(base, 'muster', 'adapters');
};

/** A worker host drains for one grace and gives user code another; killing it earlier would be our doing. */
const KILL_MARGIN_MS = 5_000;

/** For {@link nativeProvisioner}; the caller adds the command, the clock and the log. */
export const nativeConfigOf = (
  settings: NativeSettings,
): Pick<NativeConfig, 'stateDir' | 'ownerMark' | 'graceMs'> => ({
  stateDir: settings.stateDir ?? defaultStateDir(),
  ownerMark: adapterNameOf(settings),
  graceMs: 2 * settings.graceMs + KILL_MARGIN_MS,
});

type AdapterPart =
  | 'scheduler'
  | 'adapterId'
  | 'workersPerGroup'
  | 'capabilities'
  | 'limits'
  | 'intentsFile'
  | 'workerEnv'
  | 'pace'
  | 'cost';

/** For `startAdapter`; the caller adds the provisioner, the transport, the clock and the log. */
export const nativeAdapterOf = (settings: NativeSettings): Pick<AdapterOptions, AdapterPart> => {
  const name = adapterNameOf(settings);
  return {
    scheduler: settings.schedulerAddress,
    adapterId: name,
    workersPerGroup: settings.workersPerGroup,
    capabilities: settings.capabilities,
    limits: { groupsMax: settings.groupsMax, startsPerMinuteMax: settings.startsPerMinuteMax },
    cost: settings.lifetimeMaxMs === undefined ? {} : { lifetimeMaxMs: settings.lifetimeMaxMs },
    intentsFile: join(settings.stateDir ?? defaultStateDir(), name, 'intents'),
    workerEnv: workerEnvOf(settings),
    pace: NATIVE_PACE,
  };
};

/** Processes come and go in milliseconds, and /proc never lags. */
export const NATIVE_PACE: NonNullable<AdapterOptions['pace']> = {
  listLagMs: 0,
  listBusyIntervalMs: 250,
  startTimeoutMs: 30_000,
};

const workerEnvOf = (settings: NativeSettings): Readonly<Record<string, string>> => {
  const { lifetimeMaxMs, groupsMax, workersPerGroup } = settings;
  // A host knows only its own workers: left to each of them, the limits of several hosts would sum up to more than there is.
  const processorMemoryBytesMax =
    settings.processorMemoryBytesMax ?? processorMemoryShare(groupsMax * workersPerGroup);
  return {
    [WORKER_ENV.deathTimeoutMs]: String(settings.deathTimeoutMs),
    [WORKER_ENV.graceMs]: String(settings.graceMs),
    ...(lifetimeMaxMs === undefined ? {} : { [WORKER_ENV.lifetimeMaxMs]: String(lifetimeMaxMs) }),
    [WORKER_ENV.processorMemoryBytesMax]: String(processorMemoryBytesMax),
  };
};
