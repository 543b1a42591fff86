/** How the scheduler of a simulation is set: as the production one, but for what only guards against lost peers. */
import type { PolicyConfig, SchedulerConfig } from '@muster/core/scheduler-types';

/** Durations in milliseconds; the defaults of `muster scheduler`, which a test compares. */
export const SCHEDULER_DEFAULTS = {
  attemptsMax: 3,
  prefetchMs: 20,
  resultResendMs: 5_000,
  startTimeoutMs: 60_000,
  pendingTimeoutMs: 900_000,
  drainTimeoutMs: 60_000,
  stopTimeoutMs: 15_000,
  idleBeforeStopMs: 1_000,
  balanceIntervalMs: 1_000,
} as const;

/** Durations in milliseconds; the pace of the production adapters, which a test compares. */
export const ADAPTER_DEFAULTS = {
  heartbeatMs: 2_000,
  listIntervalMs: 2_000,
  listBusyIntervalMs: 500,
} as const;

/** Nobody falls silent here. */
const NEVER_MS = 1e12;
/** The stock scheduler runs a task again however often its worker is stopped; this is the most that ours counts. */
const STOCK_ATTEMPTS_MAX = 63;

export const schedulerConfig = (policy: PolicyConfig, compat: 'own' | 'stock'): SchedulerConfig => ({
  ...SCHEDULER_DEFAULTS,
  ...(compat === 'stock' ? { attemptsMax: STOCK_ATTEMPTS_MAX } : {}),
  epoch: 'sim',
  policy,
  compat,
  clientTimeoutMs: NEVER_MS,
  workerTimeoutMs: NEVER_MS,
  adapterTimeoutMs: NEVER_MS,
  protected: true,
});
