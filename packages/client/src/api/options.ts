/** What callers may say about a task, and what it becomes on the wire. */
import { type Capabilities, NO_CAPABILITIES } from '@muster/protocol/ids';
import type { TaskMetadata } from '@muster/protocol/messages';
import { refuseUnknownKeys } from './keys.ts';

/** One piece of output of a running task, as it was written: not cut at line ends. */
export interface TaskLogEntry {
  readonly stream: 'stdout' | 'stderr';
  readonly content: string;
}

/** What `submit` and `map` both take. A key that is none of these is a RangeError. */
export interface TaskOptions {
  /**
   * Names a worker must offer: `['gpu']`, or with quantities, which are shown but reserve nothing: `{ gpu: 1 }`.
   * Default: none. A task that no worker can run waits.
   */
  readonly capabilities?: readonly string[] | Readonly<Record<string, number>>;
  /** Higher runs first; a whole number from 0. Default 0. */
  readonly priority?: number;
  /** Wall time of one attempt, in milliseconds; then the process is killed and the task ends in TaskTimeoutError. Default: no limit. */
  readonly timeoutMs?: number;
  /** How often the task may be lost with its worker before it ends in WorkerLostError. Default: the scheduler's (3). */
  readonly attemptsMax?: number;
  /** How often a task that *failed* (threw, timed out, killed its process) is run again. Default 0. */
  readonly retries?: number;
  /** Cancels the task; it ends in TaskCanceledError at once, with the signal's reason as the cause. */
  readonly signal?: AbortSignal;
}

/** Options of `client.submit` and `client.run`. */
export interface SubmitOptions extends TaskOptions {
  /** Streams what the task writes to `handle.logs`. Default false. */
  readonly streamOutput?: boolean;
}

/** Options of `client.map`; those of a task count for each item. */
export interface MapOptions extends TaskOptions {
  /** Results in the order of the items, or (false) as they come, with their index. Default true. */
  readonly ordered?: boolean;
  /** Yields an outcome per item instead of throwing at the first failure. Default false. */
  readonly settle?: boolean;
  /** Items submitted and not yet consumed, at most. The fleet never sees more waiting tasks than this. Default 10,000. */
  readonly window?: number;
  /** Called with what the tasks write; without it their output is not streamed. */
  readonly onLog?: (entry: TaskLogEntry & { readonly index: number }) => void;
}

/** What all tasks of one call have in common. */
export interface TaskSettings {
  readonly metadata: TaskMetadata | undefined;
  readonly needs: Capabilities;
  readonly timeoutMs: number;
  readonly attemptsMax: number;
  readonly retries: number;
}

const U32_MAX = 2 ** 32 - 1;
const PRIORITY_MAX = 2 ** 31 - 1;

const whole = (name: string, value: number | undefined, max: number): number => {
  if (value === undefined) return 0;
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new RangeError(`${name} must be a whole number from 0 to ${max}, not ${String(value)}`);
};

const isList = (given: object): given is readonly string[] => Array.isArray(given);

const needsFrom = (given: TaskOptions['capabilities']): Capabilities => {
  if (given === undefined) return NO_CAPABILITIES;
  if (isList(given)) return new Map(given.map((name) => [name, 'present']));
  const entries = Object.entries(given).map(([name, quantity]): [string, number] => [
    name,
    whole(`capabilities.${name}`, quantity, PRIORITY_MAX),
  ]);
  return entries.length === 0 ? NO_CAPABILITIES : new Map(entries);
};

const TASK_KEYS = {
  capabilities: true,
  priority: true,
  timeoutMs: true,
  attemptsMax: true,
  retries: true,
  signal: true,
} as const satisfies Record<keyof TaskOptions, true>;

const SUBMIT_KEYS = {
  ...TASK_KEYS,
  streamOutput: true,
} as const satisfies Record<keyof SubmitOptions, true>;

const MAP_KEYS = {
  ...TASK_KEYS,
  ordered: true,
  settle: true,
  window: true,
  onLog: true,
} as const satisfies Record<keyof MapOptions, true>;

/** @throws RangeError for numbers out of range and for unknown keys. */
export const submitSettings = (options: SubmitOptions): TaskSettings => {
  refuseUnknownKeys(options, SUBMIT_KEYS, 'client.submit()');
  return settingsFrom(options, options.streamOutput === true);
};

/** @throws RangeError for numbers out of range and for unknown keys. */
export const mapSettings = (options: MapOptions): TaskSettings => {
  refuseUnknownKeys(options, MAP_KEYS, 'client.map()');
  return settingsFrom(options, options.onLog !== undefined);
};

const settingsFrom = (options: TaskOptions, streamOutput: boolean): TaskSettings => {
  const priority = whole('priority', options.priority, PRIORITY_MAX);
  return {
    metadata: priority === 0 && !streamOutput ? undefined : { profiling: true, priority, streamOutput },
    needs: needsFrom(options.capabilities),
    timeoutMs: whole('timeoutMs', options.timeoutMs, U32_MAX),
    attemptsMax: whole('attemptsMax', options.attemptsMax, 65_535),
    retries: whole('retries', options.retries, U32_MAX),
  };
};
