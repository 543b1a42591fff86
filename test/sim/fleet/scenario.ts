/** What a seed stands for: the fleet's shape, its settings, its workload and its kinds of trouble. */
import { policyOf } from '@muster/core/policy-content';
import type { AdapterMachineConfig } from '@muster/core/provisioning';
import type { SchedulerConfig } from '@muster/core/scheduler-types';
import type { WorkerConfig } from '@muster/core/worker-types';
import { adapterId, NO_CAPABILITIES } from '@muster/protocol/ids';
import type { ProviderTraits } from './provider.ts';
import { Random } from './random.ts';
import type { StockWorkerTraits } from './stock.ts';

export interface Scenario {
  readonly seed: number;
  /** Whether every message goes through bytes. */
  readonly codec: boolean;
  readonly scheduler: Omit<SchedulerConfig, 'epoch'>;
  readonly adapters: readonly {
    readonly provider: ProviderTraits;
    readonly config: Omit<AdapterMachineConfig, 'mintHex' | 'random'>;
  }[];
  readonly stock: { readonly groupsMax: number; readonly worker: StockWorkerTraits };
  /** Whether trouble reaches stock peers too. Then what their wire cannot survive is not asked for. */
  readonly stockFaults: boolean;
  readonly clients: number;
  readonly tasks: number;
  readonly stockTasks: number;
  /** Longest task. */
  readonly taskMs: number;
  readonly faults: number;
  /** How long things go wrong. */
  readonly stormMs: number;
}

export const scenarioOf = (seed: number): Scenario => {
  const random = new Random(seed);
  const codec = random.chance(0.15);
  const allocate = random.chance(0.5) ? 'even_load' : 'capability';
  const upper = random.int(1, 11);
  const policy = policyOf(
    `allocate=${allocate}; scaling=vanilla; upper_task_ratio=${upper}; lower_task_ratio=1`,
  );
  const adapters = Array.from({ length: random.chance(0.4) ? 2 : 1 }, (_, at) => adapterOf(random, at));
  const taskMs = random.pick([200, 2_000, 20_000]) ?? 200;
  return {
    seed,
    codec,
    scheduler: {
      policy,
      compat: 'own',
      clientTimeoutMs: random.pick([8_000, 15_000, 60_000]) ?? 60_000,
      workerTimeoutMs: random.pick([10_000, 30_000, 60_000]) ?? 60_000,
      adapterTimeoutMs: 10_000,
      attemptsMax: random.pick([2, 3, 8]) ?? 3,
      prefetchMs: 20,
      resultResendMs: random.pick([1_000, 5_000]) ?? 5_000,
      startTimeoutMs: random.pick([10_000, 30_000, 60_000]) ?? 60_000,
      pendingTimeoutMs: 90_000,
      drainTimeoutMs: random.pick([2_000, 10_000, 30_000]) ?? 30_000,
      stopTimeoutMs: random.pick([3_000, 15_000]) ?? 15_000,
      idleBeforeStopMs: random.pick([0, 1_000, 5_000]) ?? 1_000,
      balanceIntervalMs: 1_000,
      protected: false,
    },
    adapters,
    stock: {
      groupsMax: random.int(1, 5),
      worker: { queueSize: random.pick([1, 10, 1_000]) ?? 10, deathTimeoutMs: 90_000 },
    },
    stockFaults: random.chance(0.35),
    clients: random.int(1, 3),
    tasks: random.int(90, 120),
    stockTasks: random.int(20, 40),
    taskMs,
    faults: random.int(5, 20),
    stormMs: random.int(30_000, 90_000),
  };
};

const adapterOf = (random: Random, at: number): Scenario['adapters'][number] => {
  const groupsMax = random.int(1, 6);
  const listLagMs = random.pick([0, 2_000, 6_000]) ?? 0;
  const name = adapterId(`adapter-${at}`);
  const provider: ProviderTraits = {
    name: `provider-${at}`,
    groupsMax,
    bootMs: random.pick([100, 2_000, 10_000]) ?? 100,
    listLagMs,
    stopGraceMs: random.pick([1_000, 10_000]) ?? 1_000,
    capabilities: NO_CAPABILITIES,
    worker: workerOf(random),
  };
  return {
    provider,
    config: {
      adapterId: name,
      provider: 'fake',
      workersPerGroup: random.int(1, 4),
      capabilities: NO_CAPABILITIES,
      caps: {
        groupsMax,
        vcpusPerGroup: 1,
        vcpusMax: 100,
        startsPerMinuteMax: random.pick([10, 60]) ?? 60,
        dollarsPerGroupHour: 0,
        dollarsPerHourMax: 0,
        dollarsPerDayMax: 0,
        lifetimeMaxMs: 86_400_000,
      },
      heartbeatMs: 2_000,
      listIntervalMs: 2_000,
      listBusyIntervalMs: 500,
      listLagMs,
      listTimeoutMs: 5_000,
      startTimeoutMs: 5_000,
      stopTimeoutMs: 5_000,
      startGiveUpMs: 120_000,
      stopRepeatMs: 10_000,
    },
  };
};

const workerOf = (random: Random): Omit<WorkerConfig, 'workerId'> => ({
  heartbeatMs: 2_000,
  deathTimeoutMs: 90_000,
  lifetimeMaxMs: random.chance(0.2) ? random.int(20_000, 60_000) : undefined,
  drainMs: random.pick([2_000, 30_000]) ?? 30_000,
  abortGraceMs: 1_000,
  killGraceMs: 2_000,
  resultResendMs: random.pick([1_000, 5_000]) ?? 5_000,
  resultBytesMax: random.chance(0.1) ? 2_000 : 1_000_000,
  tasksMax: random.chance(0.1) ? 3 : 1_000,
  pipelineMs: 5,
  pipelineTasksMax: 8,
  processorMemoryBytesMax: 1_000_000,
  processorStartMs: 10_000,
});
