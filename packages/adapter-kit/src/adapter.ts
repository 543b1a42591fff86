/** The one runtime of every worker adapter: a loop around core/provisioning, a connection, and calls to the provider. */
import { randomBytes } from 'node:crypto';
import type { Note } from '@muster/core/machine';
import { createAdapterMachine } from '@muster/core/provisioning';
import type {
  AdapterEffect,
  AdapterEvent,
  AdapterMachineConfig,
  AdapterSnapshot,
  Intent,
  StopPolicy,
} from '@muster/core/provisioning';
import { instant, peerId } from '@muster/protocol/ids';
import type { AdapterId, Capabilities, GroupId } from '@muster/protocol/ids';
import type { GroupOffer } from '@muster/protocol/messages';
import type { Clock } from '@muster/runtime/clock';
import { drive } from '@muster/runtime/drive';
import type { Connection, Transport } from '@muster/runtime/transport';
import { offersOf, resolveCaps } from './limits.ts';
import type { AdapterLimits, GroupCost } from './limits.ts';
import type { GroupSpec, Provisioner, ProvisionFailure } from './provisioner.ts';
import { groupEnv } from './runtime/env.ts';
import { fileIntents, volatileIntents } from './runtime/intents.ts';
import type { Intents } from './runtime/intents.ts';
import { outcome } from './runtime/outcome.ts';
import { providerCalls } from './runtime/provider-calls.ts';
import { applyEffect, eventsOf, noteOf, record } from './runtime/shell.ts';
import type { Shell } from './runtime/shell.ts';

export interface AdapterOptions {
  readonly provisioner: Provisioner;
  /** Address of the scheduler. */
  readonly scheduler: string;
  /** Address at which the workers reach it, where that is another one. */
  readonly schedulerForWorkers?: string;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: (note: Note) => void;
  /** Stable name of this adapter: a restart under the same name adopts its groups. */
  readonly adapterId: AdapterId;
  readonly workersPerGroup: number;
  /** Offered by every worker of every group. */
  readonly capabilities: Capabilities;
  /** Several kinds of groups, each with its price. Default: one, of `capabilities`, at the price of `cost`. */
  readonly offers?: readonly GroupOffer[];
  readonly limits: AdapterLimits;
  readonly cost?: GroupCost;
  /** Where intents survive a crash; undefined: in memory only. */
  readonly intentsFile?: string;
  /** Further `MUSTER_…` settings of the worker hosts. No secrets. */
  readonly workerEnv?: Readonly<Record<string, string>>;
  readonly pace?: Partial<AdapterPace>;
  /** Sources of ids and of jitter; replaced in tests. */
  readonly chance?: Pick<AdapterMachineConfig, 'mintHex' | 'random'>;
}

/** Times of the runtime; the defaults suit a provider that answers within seconds and lists what it started. */
export type AdapterPace = Pick<
  AdapterMachineConfig,
  | 'heartbeatMs'
  | 'listIntervalMs'
  | 'listBusyIntervalMs'
  | 'listLagMs'
  | 'listTimeoutMs'
  | 'startTimeoutMs'
  | 'stopTimeoutMs'
  | 'startGiveUpMs'
  | 'stopRepeatMs'
  | 'upBy'
  | 'restoreGraceMs'
> & { readonly prepareTimeoutMs: number };

/** Calls that were aborted get this long to return before the adapter ends without them. */
const ABORTED_CALLS_MS = 2_000;

export const ADAPTER_PACE: AdapterPace = {
  heartbeatMs: 2_000,
  listIntervalMs: 2_000,
  listBusyIntervalMs: 500,
  listLagMs: 10_000,
  listTimeoutMs: 15_000,
  startTimeoutMs: 60_000,
  stopTimeoutMs: 30_000,
  startGiveUpMs: 600_000,
  stopRepeatMs: 10_000,
  prepareTimeoutMs: 60_000,
};

export interface AdapterEnd {
  /** Groups that may still exist. */
  readonly left: readonly GroupId[];
}

export interface Adapter extends AsyncDisposable {
  /** How it ended; rejects only with a bug of ours. */
  readonly done: Promise<AdapterEnd>;
  /** Any number of times; a later call may be harsher. Defaults: `stop`, 60 s. */
  stop(policy?: StopPolicy, withinMs?: number): Promise<AdapterEnd>;
  snapshot(): AdapterSnapshot;
}

/**
 * Verifies the provider, reads the intents, connects and serves until stopped.
 * Rejects where `prepare` does, where the limits are unusable (LimitsError) or where the intent file's folder cannot be
 * written. Disposal is `stop('stop')`.
 */
export const startAdapter = async (options: AdapterOptions): Promise<Adapter> => {
  const pace = { ...ADAPTER_PACE, ...options.pace };
  const config = machineConfig(options, pace);
  await prepare(options, pace.prepareTimeoutMs);
  const { intentsFile } = options;
  const intents = intentsFile === undefined ? volatileIntents() : fileIntents(intentsFile, options.adapterId);
  if (!intents.trusted) options.log(noteOf('warn', 'adapter.intents.untrusted', { file: intentsFile ?? '' }));
  const identity = peerId(`worker_adapter_${options.provisioner.name}|${config.mintHex()}`);
  const connection = await options.transport.connect(options.scheduler, { identity });
  return run(options, config, intents, connection);
};

const machineConfig = (options: AdapterOptions, pace: AdapterPace): AdapterMachineConfig => ({
  ...pace,
  adapterId: options.adapterId,
  provider: options.provisioner.name,
  workersPerGroup: options.workersPerGroup,
  capabilities: options.capabilities,
  offers: options.offers ?? offersOf(options.capabilities, options.cost),
  caps: resolveCaps(options.limits, options.workersPerGroup, options.cost),
  mintHex: options.chance?.mintHex ?? (() => randomBytes(16).toString('hex')),
  random: options.chance?.random ?? Math.random,
});

const prepare = async (options: AdapterOptions, timeoutMs: number): Promise<void> => {
  const controller = new AbortController();
  const { clock, provisioner } = options;
  const alarm = clock.wakeAt(instant(clock.now() + timeoutMs), () =>
    controller.abort(new Error(`${provisioner.name}: not prepared within ${timeoutMs} ms`)),
  );
  try {
    await provisioner.prepare(controller.signal);
  } finally {
    alarm.cancel();
  }
};

const run = (
  options: AdapterOptions,
  config: AdapterMachineConfig,
  intents: Intents,
  connection: Connection,
): Adapter => {
  const { clock, log } = options;
  const machine = createAdapterMachine(config, intents.restored, intents.trusted, clock.now());
  const ended = outcome<AdapterEnd>();
  const feed = (event: AdapterEvent): void => loop.feed([event]);
  const calls = providerCalls(
    options.provisioner,
    (intent) => specOf(options, intent),
    feed,
    (failure) => log(failureNote(failure)),
  );
  const finish = async (end: AdapterEnd): Promise<void> => {
    loop.stop();
    await connection.close();
    await Promise.race([calls.settled(), wait(clock, ABORTED_CALLS_MS)]);
    record({ log }, 'dispose', () => intents.dispose());
    ended.resolve(end);
  };
  const onExit = (left: readonly GroupId[]): void => void finish({ left }).catch(ended.reject);
  const shell: Shell = { log, connection, intents, calls, feed, onExit };
  const loop = drive<AdapterEvent, AdapterEffect>(
    machine,
    clock,
    { kind: 'deadline' },
    (effects) => effects.forEach((effect) => applyEffect(shell, effect)),
    ended.reject,
  );
  connection.onTurn((turn) => loop.feed(turn.flatMap((event) => eventsOf(event, log))));
  loop.feed([{ kind: 'deadline' }]);

  const stop = (policy: StopPolicy = 'stop', withinMs = 60_000): Promise<AdapterEnd> => {
    loop.feed([{ kind: 'shutdown', policy, withinMs }]);
    return ended.promise;
  };
  return {
    done: ended.promise,
    stop,
    snapshot: () => machine.snapshot(),
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
};

const specOf = (options: AdapterOptions, intent: Intent): GroupSpec => ({
  groupId: intent.groupId,
  token: intent.token,
  workerIds: intent.workerIds,
  capabilities: intent.capabilities,
  ...(intent.mayExist === true ? { mayExist: true } : {}),
  env: groupEnv(
    options.adapterId,
    options.schedulerForWorkers ?? options.scheduler,
    options.workerEnv ?? {},
    intent,
  ),
});

const wait = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.wakeAt(instant(clock.now() + ms), () => resolve()));

const failureNote = ({ groupId, kind, detail, cause }: ProvisionFailure): Note =>
  noteOf('debug', 'provider.failure', {
    group: groupId,
    failure: kind,
    detail,
    cause: cause instanceof Error ? cause.message : '',
  });
