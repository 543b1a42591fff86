/** Options of `muster scheduler`: the stock names where the stock system has the option, ours for the rest. */
import type { PolicyConfig } from '@muster/core/scheduler-types';
import {
  logOptions,
  option,
  optional,
  required,
  type CommandSpec,
  type LogFormatName,
  type LogLevelName,
  type Option,
} from '@muster/runtime/config';
import {
  boolean,
  choice,
  duration,
  integer,
  list,
  size,
  text,
  type Kind,
} from '@muster/runtime/config-kinds';
import type { SchedulerShellConfig } from './server.ts';

const SECOND_MS = 1_000;
const seconds = (min: number = SECOND_MS): Kind<number> => duration({ min, bareUnit: 's' });

/** What `muster scheduler` is told, resolved. Durations in milliseconds. */
export interface SchedulerSettings {
  readonly addresses: readonly string[];
  readonly objectStorageAddress: string | undefined;
  readonly storeSocket: string | undefined;
  readonly storeAdvertiseHost: string | undefined;
  readonly storeMemoryBytesMax: number | undefined;
  readonly storeOrphanMs: number;
  readonly policyContent: string;
  readonly insecure: boolean;
  readonly protected: boolean;
  readonly compat: 'own' | 'stock';
  readonly clientTimeoutMs: number;
  readonly clientGraceMs: number;
  readonly workerTimeoutMs: number;
  readonly adapterTimeoutMs: number;
  readonly balanceIntervalMs: number;
  readonly batchMax: number;
  readonly attemptsMax: number;
  readonly prefetchMs: number;
  readonly resultResendMs: number;
  readonly startTimeoutMs: number;
  readonly pendingTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly idleBeforeStopMs: number;
  readonly shutdownWithinMs: number;
  readonly record: string | undefined;
  readonly logLevel: LogLevelName;
  readonly logFormat: LogFormatName;
}

/**
 * The table. Names, short names and meanings of the stock options.
 * Source: OpenGRIS Scaler 1.15.0, `scaler_scheduler --help`.
 */
export const schedulerCommand: CommandSpec<{
  readonly [K in keyof SchedulerSettings]: Option<SchedulerSettings[K]>;
}> = {
  section: 'scheduler',
  options: {
    addresses: required(list(text({ placeholder: '<address>' }), { min: 1 }), {
      positional: true,
      flag: 'scheduler-address',
      doc: 'where to listen: tcp://127.0.0.1:8516, ipc:///path; several may be given',
    }),
    objectStorageAddress: optional(
      text({
        pattern: /^tcp:\/\/(\d+\.\d+\.\d+\.\d+|\[[\da-fA-F:]+\]):\d+$/,
        example: 'tcp://127.0.0.1:8517',
      }),
      {
        doc: 'object store that already runs, by IP address; default: one is started on the port after ours and supervised',
      },
    ),
    storeSocket: optional(text({ placeholder: '<path>' }), {
      doc: 'local socket of the supervised object store; default: in a private directory',
    }),
    storeAdvertiseHost: optional(text({ placeholder: '<ip>' }), {
      doc: 'IP address of the supervised object store that peers are told, where they reach this machine under another one',
    }),
    storeMemoryBytesMax: optional(size({ min: 1024 * 1024 }), {
      flag: 'store-memory',
      doc: 'objects beyond this go to disk; default: 1 GiB',
    }),
    storeOrphanMs: option(seconds(), {
      default: 60_000,
      flag: 'store-orphan-timeout',
      doc: 'the supervised object store ends when no scheduler has come back for this long',
    }),
    policyContent: option(text({ placeholder: '<policies>' }), {
      default: 'allocate=even_load; scaling=no',
      doc: 'how tasks are assigned and how the fleet grows: allocate=even_load|capability; scaling=no|vanilla|capability|fixed_elastic|target|waterfall, and keys of the policy (docs/policies.md)',
    }),
    insecure: option(boolean(), {
      default: false,
      doc: 'bind addresses that other machines can reach, without keys',
    }),
    protected: option(boolean(), {
      default: false,
      short: 'p',
      doc: 'refuse clients that ask the whole cluster to shut down',
    }),
    compat: option(choice(['own', 'stock']), {
      default: 'own',
      doc: 'stock: assign and scale as OpenGRIS Scaler 1.15.0 does, for comparison',
    }),
    clientTimeoutMs: option(seconds(), {
      default: 60_000,
      aliases: ['client-timeout-seconds'],
      doc: 'a silent client is given up after this',
    }),
    clientGraceMs: option(duration({ min: 0, bareUnit: 's' }), {
      default: 10_000,
      doc: 'a client of ours that is killed, or whose connection breaks, is given up after this unless it comes back; its tasks are canceled',
    }),
    workerTimeoutMs: option(seconds(), {
      default: 60_000,
      aliases: ['worker-timeout-seconds'],
      doc: 'a silent worker is lost after this; its tasks run elsewhere',
    }),
    adapterTimeoutMs: option(seconds(), {
      default: 10_000,
      doc: 'a silent adapter is not asked for groups after this; its groups stay',
    }),
    balanceIntervalMs: option(seconds(10), {
      default: 1_000,
      flag: 'load-balance',
      aliases: ['load-balance-seconds'],
      doc: 'how often waiting tasks are moved from full to idle workers',
    }),
    batchMax: option(integer({ min: 1, max: 1_024 }), {
      default: 64,
      doc: 'most tasks, and most results, in one frame; less lets large ones overtake each other on slow links, 1 shows each task by itself in a capture',
    }),
    attemptsMax: option(integer({ min: 1, max: 1_000 }), {
      default: 3,
      doc: 'how often a task may be lost with its worker before it fails',
    }),
    prefetchMs: option(duration({ min: 0, max: 10_000 }), {
      default: 20,
      doc: 'how much work, by measured service time, a worker is given ahead',
    }),
    resultResendMs: option(duration({ min: 100 }), {
      default: 5_000,
      doc: 'results that a client has not acknowledged are sent again after this',
    }),
    startTimeoutMs: option(seconds(), {
      default: 60_000,
      doc: 'a group whose workers have not come by then is given up and stopped',
    }),
    pendingTimeoutMs: option(seconds(), {
      default: 900_000,
      doc: 'as start-timeout, for a start that keeps reporting that it is pending',
    }),
    drainTimeoutMs: option(seconds(), {
      default: 60_000,
      doc: 'a scale-down whose group is still busy by then is called off',
    }),
    stopTimeoutMs: option(seconds(), {
      default: 15_000,
      doc: 'a group that has not ended by then is told again',
    }),
    idleBeforeStopMs: option(duration({ min: 0 }), {
      default: 1_000,
      doc: 'how long a group must have been idle before it may be stopped',
    }),
    shutdownWithinMs: option(duration({ min: 0, bareUnit: 's' }), {
      default: 30_000,
      doc: 'what running tasks get on SIGTERM or SIGINT before the scheduler ends without them',
    }),
    record: optional(text({ placeholder: '<file>' }), {
      doc: 'keep all that the scheduler hears, for muster replay: a new file, or a directory in which each run makes one; it holds what tasks are given, so only you can read it',
    }),
    ...logOptions,
  },
  ignored: [
    'event-loop',
    'monitor-address',
    'max-number-of-tasks-waiting',
    'object-retention-seconds',
    'load-balance-trigger-times',
    'worker-io-threads',
    'policy-engine-type',
    'logging-paths',
    'logging-config-file',
    'logging-level',
  ],
};

/** The stock short flags with more than one letter. */
export const schedulerShortFlags: Readonly<Record<string, string>> = {
  '-osa': '--object-storage-address',
  '-ma': '--monitor-address',
  '-mt': '--max-number-of-tasks-waiting',
  '-ct': '--client-timeout-seconds',
  '-wt': '--worker-timeout-seconds',
  '-ot': '--object-retention-seconds',
  '-ls': '--load-balance-seconds',
  '-lbt': '--load-balance-trigger-times',
  '-el': '--event-loop',
  '-wit': '--worker-io-threads',
  '-et': '--policy-engine-type',
  '-pc': '--policy-content',
  '-lp': '--logging-paths',
  '-lcf': '--logging-config-file',
  '-ll': '--logging-level',
};

/** What {@link startScheduler} takes. @param policy what `policyContent` says, parsed */
export const shellConfig = (settings: SchedulerSettings, policy: PolicyConfig): SchedulerShellConfig => ({
  addresses: settings.addresses,
  insecure: settings.insecure,
  machine: {
    policy,
    compat: settings.compat,
    clientTimeoutMs: settings.clientTimeoutMs,
    clientGraceMs: settings.clientGraceMs,
    workerTimeoutMs: settings.workerTimeoutMs,
    adapterTimeoutMs: settings.adapterTimeoutMs,
    attemptsMax: settings.attemptsMax,
    prefetchMs: settings.prefetchMs,
    resultResendMs: settings.resultResendMs,
    startTimeoutMs: settings.startTimeoutMs,
    pendingTimeoutMs: settings.pendingTimeoutMs,
    drainTimeoutMs: settings.drainTimeoutMs,
    stopTimeoutMs: settings.stopTimeoutMs,
    idleBeforeStopMs: settings.idleBeforeStopMs,
    balanceIntervalMs: settings.balanceIntervalMs,
    batchMax: settings.batchMax,
    protected: settings.protected,
  },
});
