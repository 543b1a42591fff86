/**
 * A fleet on this machine: scheduler (with its object store) and native adapter as supervised child
 * processes. `muster up` is one that announces itself; `muster map` and examples start one of their own.
 */
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import type { SchedulerStatus } from '@muster/core/scheduler-types';
import { fleetEnv } from './host.ts';
import { connectable, withPorts } from './local-address.ts';
import { askScheduler, watchStatus } from './operator.ts';
import { createFleetDirectory, removeFleetDirectory } from './run-dir.ts';
import { supervise, type ChildEvent, type SupervisedChild } from './supervise.ts';

export type { SchedulerStatus } from '@muster/core/scheduler-types';

export interface FleetOptions {
  /** Where the scheduler listens. Default: a socket file in a private directory. */
  readonly addresses?: readonly string[];
  /** Most worker groups at a time. Default: one per processor core. */
  readonly groupsMax?: number;
  /** Default 1. */
  readonly workersPerGroup?: number;
  /** Default: one task per worker is enough to start another, so that the fleet fills the machine. */
  readonly policyContent?: string;
  /** How long a group must have been idle before it may be stopped. Default: the scheduler's, 1 s. */
  readonly idleBeforeStopMs?: number;
  /** Further arguments of `muster scheduler` and `muster adapter native`, after our own. */
  readonly schedulerArgs?: readonly string[];
  readonly adapterArgs?: readonly string[];
  readonly readyWithinMs?: number;
  /** Lines and lives of the child processes, as they happen. */
  readonly onEvent?: (event: ChildEvent) => void;
}

export interface Fleet extends AsyncDisposable {
  /** What clients connect to. */
  readonly address: string;
  readonly addresses: readonly string[];
  /** The scheduler's status, every `intervalMs`, until the signal is aborted or the fleet is stopped. */
  watch(intervalMs: number, signal?: AbortSignal): AsyncIterable<SchedulerStatus>;
  /** Resolves when the scheduler has ended for good: stopped from here, or asked to by a client or an operator. */
  readonly ended: Promise<void>;
  /** Process ids of scheduler and adapter, for people and tests. */
  pids(): Readonly<Record<string, number | undefined>>;
  /** Drains every group, then ends all processes; busy workers get `drainWithinMs` (default 30 s). Any number of times. */
  stop(drainWithinMs?: number): Promise<void>;
  /** Ends everything now: running tasks are killed. */
  kill(): Promise<void>;
}

const READY_WITHIN_MS = 20_000;
const DRAIN_WITHIN_MS = 30_000;
/** What ending the processes may take beyond the drain. */
const END_WITHIN_MS = 5_000;
/** Workers whose scheduler is gone end after this: the backstop when everything above them was killed. */
const DEATH_TIMEOUT_S = 30;

/** As above, for the object store. */
const STORE_ORPHAN_S = 8;

/** allocate=capability: what a task needs counts. Among workers that can serve a task it picks as even_load does. */
export const DEFAULT_POLICY = 'allocate=capability; scaling=vanilla; upper_task_ratio=1; lower_task_ratio=1';

/** Starts a fleet and resolves when it takes tasks. Rejects with a CliError that says what failed; nothing is left running then. */
export const startFleet = async (options: FleetOptions = {}): Promise<Fleet> => {
  const directory = createFleetDirectory();
  const addresses = await withPorts(options.addresses ?? [`ipc://${join(directory, 's')}`]);
  const children = startChildren(options, addresses, directory);
  const endAll = async (withinMs: number): Promise<void> => {
    await Promise.all([children.adapter.end(withinMs), children.scheduler.end(withinMs)]);
    removeFleetDirectory(directory);
  };
  let bound: readonly string[];
  try {
    const [scheduler] = await Promise.all([children.scheduler.ready, children.adapter.ready]);
    bound = (scheduler['addresses'] ?? '').split(' ');
  } catch (error) {
    await endAll(END_WITHIN_MS);
    throw error;
  }
  const address = connectable(bound[0] ?? '');
  let stopping: Promise<void> | undefined;
  const stopped = new AbortController();
  const stop = (drainWithinMs: number = DRAIN_WITHIN_MS): Promise<void> => {
    stopping ??= drain(address, children, drainWithinMs)
      .then(() => endAll(END_WITHIN_MS))
      .finally(() => stopped.abort());
    return stopping;
  };
  return {
    address,
    addresses: bound,
    watch: (intervalMs, signal) =>
      watchStatus(
        address,
        intervalMs,
        signal === undefined ? stopped.signal : AbortSignal.any([stopped.signal, signal]),
      ),
    pids: () => ({ scheduler: children.scheduler.pid(), adapter: children.adapter.pid() }),
    stop,
    kill: () => (stopping = endAll(END_WITHIN_MS).finally(() => stopped.abort())),
    ended: children.scheduler.ended,
    [Symbol.asyncDispose]: () => stop(),
  };
};

interface Children {
  readonly scheduler: SupervisedChild;
  readonly adapter: SupervisedChild;
}

const startChildren = (options: FleetOptions, addresses: readonly string[], directory: string): Children => {
  const common = {
    env: fleetEnv(directory),
    readyWithinMs: options.readyWithinMs ?? READY_WITHIN_MS,
    onEvent: options.onEvent ?? ((): void => {}),
  };
  const scheduler = supervise({
    ...common,
    name: 'scheduler',
    onSuccess: 'end',
    args: [
      'scheduler',
      ...addresses,
      ...['--policy-content', options.policyContent ?? DEFAULT_POLICY],
      ...(options.idleBeforeStopMs === undefined
        ? []
        : ['--idle-before-stop', `${options.idleBeforeStopMs}ms`]),
      ...['--store-socket', join(directory, 'o'), '--store-orphan-timeout', `${STORE_ORPHAN_S}s`],
      ...(options.schedulerArgs ?? []),
    ],
  });
  const adapter = supervise({
    ...common,
    name: 'adapter native',
    onSuccess: 'restart',
    args: [
      ...['adapter', 'native', connectable(addresses[0] ?? '')],
      ...['--max-workers', String(options.groupsMax ?? availableParallelism())],
      ...['--workers-per-group', String(options.workersPerGroup ?? 1)],
      ...['--death-timeout-seconds', String(DEATH_TIMEOUT_S)],
      // The name is the mark by which an adapter knows its groups: two fleets with one name would stop each other's.
      ...['--state-dir', join(directory, 'a'), '--adapter-name', `native-${basename(directory)}`],
      ...(options.adapterArgs ?? []),
    ],
  });
  return { scheduler, adapter };
};

/** Asks the scheduler to drain its groups and waits for its end; a scheduler that does not answer is ended by the caller. */
const drain = async (address: string, children: Children, withinMs: number): Promise<void> => {
  children.scheduler.expectEnd();
  try {
    await askScheduler(address, { query: 'shutdown', withinMs }, END_WITHIN_MS);
  } catch {
    return; // Nobody answers: there is nothing to drain through.
  }
  let late: NodeJS.Timeout | undefined;
  await Promise.race([
    children.scheduler.ended,
    new Promise<void>((resolve) => (late = setTimeout(resolve, withinMs + END_WITHIN_MS))),
  ]);
  clearTimeout(late);
};
