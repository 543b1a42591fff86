/** What a seed stands for: the fleet's shape, its settings, its workload and its trouble. */
import { policyOf } from '@muster/core/policy-content';
import type { SchedulerConfig } from '@muster/core/scheduler-types';
import type { WorkerConfig } from '@muster/core/worker-types';
import { adapterId } from '@muster/protocol/ids';
import type { Capabilities } from '@muster/protocol/ids';
import type { GroupOffer } from '@muster/protocol/messages';
import type { AdapterSettings } from './adapter.ts';
import { incidentsOf } from './incidents.ts';
import type { Incident } from './incidents.ts';
import type { IslandScenario } from './island.ts';
import { policyTextOf } from './policies.ts';
import type { ProviderTraits } from './provider.ts';
import { Random } from './random.ts';
import type { StockWorkerTraits } from './stock.ts';

export interface AdapterScenario {
  readonly provider: ProviderTraits;
  readonly config: AdapterSettings;
}

export interface Scenario {
  readonly seed: number;
  /** Whether every message goes through bytes. */
  readonly codec: boolean;
  readonly policyText: string;
  readonly scheduler: Omit<SchedulerConfig, 'epoch'>;
  readonly adapters: readonly AdapterScenario[];
  /** Those of `adapters` that arrive in the midst of it. */
  readonly late: readonly number[];
  readonly stock: { readonly groupsMax: number; readonly worker: StockWorkerTraits };
  /** Workers of ours, and stock ones, that belong to no group: they come back when they end. */
  readonly statics: { readonly own: number; readonly stock: number };
  /** Whether trouble reaches stock peers too. Then what their wire cannot survive is not asked for. */
  readonly stockFaults: boolean;
  readonly clients: number;
  /** What tasks need, each as often as the others. */
  readonly needs: readonly Capabilities[];
  /** Shortest and longest task. */
  readonly taskMinMs: number;
  readonly taskMs: number;
  /** Ours under a stock scheduler, in the same storm. */
  readonly island: IslandScenario | undefined;
  readonly incidents: readonly Incident[];
  readonly tasks: number;
  readonly faults: number;
  /** How long things go wrong. */
  readonly stormMs: number;
}

const TASKS_MIN = 100;
const FAULTS_MIN = 5;

export const scenarioOf = (seed: number): Scenario => {
  const random = new Random(seed);
  const names = random.chance(0.5) ? ['gpu', 'ssd'] : [];
  const adapters = Array.from({ length: random.pick([1, 2, 2, 3]) ?? 1 }, (_, at) =>
    adapterOf(random, at, names),
  );
  const late = adapters.length > 1 && random.chance(0.4) ? [adapters.length - 1] : [];
  const tiers = [...adapters.map(({ config }) => config.adapterId), 'worker_adapter_native'];
  const policyText = policyTextOf(random, tiers);
  const policy = policyOf(policyText);
  const isFounding = policy.scaling !== 'target' && policy.scaling !== 'waterfall';
  const compat = random.chance(0.1) && isFounding ? 'stock' : 'own';
  const needsWorkers = policy.scaling === 'no' || random.chance(0.15);
  const clients = random.int(1, 4);
  const wishes = {
    clients,
    tasks: random.int(95, 120),
    stockTasks: random.int(20, 40),
    faults: random.int(FAULTS_MIN, 20),
    stormMs: random.int(30_000, 90_000),
    late,
    island: random.chance(0.2),
  };
  const incidents = incidentsOf(random, wishes);
  return {
    seed,
    codec: random.chance(0.1),
    policyText,
    scheduler: {
      policy,
      compat,
      clientTimeoutMs: random.pick([8_000, 15_000, 60_000]) ?? 60_000,
      clientGraceMs: seed % 2 === 0 ? 10_000 : 2_000,
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
    late,
    stock: {
      groupsMax: random.int(1, 5),
      worker: { queueSize: random.pick([1, 10, 1_000]) ?? 10, deathTimeoutMs: 90_000 },
    },
    statics: needsWorkers ? { own: random.int(1, 4), stock: 1 } : { own: 0, stock: 0 },
    stockFaults: random.chance(0.35),
    clients,
    needs: needsOf(random, adapters, policy.scaling === 'no'),
    taskMinMs: 1,
    taskMs: random.pick([200, 2_000, 20_000]) ?? 200,
    incidents,
    island: wishes.island ? islandOf(random) : undefined,
    tasks: incidents.reduce((sum, one) => sum + ('tasks' in one ? one.tasks : 0), 0),
    faults: incidents.filter((one) => one.kind === 'fault').length,
    stormMs: wishes.stormMs,
  };
};

/** @throws Error where a seed asks less of a fleet than every default seed must. */
export const assertFull = ({ seed, adapters, stock, tasks, faults }: Scenario): void => {
  if (adapters.length < 1 || stock.groupsMax < 1)
    throw new Error(`seed ${seed} lacks an adapter of ours or a stock one`);
  if (tasks < TASKS_MIN || faults < FAULTS_MIN)
    throw new Error(`seed ${seed} has ${tasks} tasks and ${faults} faults`);
};

const capabilities = (names: readonly string[]): Capabilities => new Map(names.map((name) => [name, 1]));

/** Plain tasks, and those that need what some adapter offers, here or late. Nobody is started under `no`. */
const needsOf = (
  random: Random,
  adapters: readonly AdapterScenario[],
  plain: boolean,
): readonly Capabilities[] => {
  const needs: Capabilities[] = [capabilities([])];
  if (plain) return needs;
  for (const { config } of adapters) {
    const names = [...config.capabilities.keys()];
    if (names.length > 0) needs.push(capabilities(random.chance(0.5) ? names : names.slice(0, 1)));
  }
  return needs;
};

const adapterOf = (random: Random, at: number, names: readonly string[]): AdapterScenario => {
  const groupsMax = random.pick([1, 1, 2, 3, 4, 5, 6]) ?? 1;
  const listLagMs = random.pick([0, 2_000, 6_000]) ?? 0;
  const offers = capabilities(names.slice(0, random.int(0, names.length + 1)));
  const price = random.pick([0, 0.04, 0.2]) ?? 0;
  const workersPerGroup = random.int(1, 4);
  const caps = {
    groupsMax,
    vcpusPerGroup: workersPerGroup,
    vcpusMax: random.chance(0.2) ? workersPerGroup * Math.max(1, groupsMax - 1) : 100,
    startsPerMinuteMax: random.pick([10, 60]) ?? 60,
    dollarsPerGroupHour: price,
    dollarsPerHourMax: random.chance(0.3) ? price * Math.max(1, groupsMax - 1) : 100,
    dollarsPerDayMax: 1_000,
    lifetimeMaxMs: 86_400_000,
  };
  const provider: ProviderTraits = {
    name: `provider-${at}`,
    groupsMax,
    bootMs: random.pick([100, 2_000, 10_000]) ?? 100,
    listLagMs,
    stopGraceMs: random.pick([1_000, 10_000]) ?? 1_000,
    capabilities: offers,
    dollarsPerHour: price,
    billedMinimumMs: price > 0 ? (random.pick([0, 10_000, 60_000]) ?? 0) : 0,
    caps,
    worker: workerOf(random),
  };
  const kinds = offersOf(random, offers, price, provider.billedMinimumMs);
  return {
    provider,
    config: {
      adapterId: adapterId(`adapter-${at}`),
      provider: 'fake',
      workersPerGroup,
      capabilities: offers,
      ...(kinds.length > 0 ? { offers: kinds } : {}),
      caps,
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

/** None: groups of `capabilities` that cost nothing. Else those, and now and then plain ones that cost less. */
const offersOf = (
  random: Random,
  best: Capabilities,
  dollarsPerHour: number,
  billedMinimumMs: number,
): readonly GroupOffer[] => {
  if (dollarsPerHour === 0) return [];
  const one = { name: 'best', capabilities: best, dollarsPerHour, billedMinimumMs };
  if (best.size === 0 || random.chance(0.5)) return [one];
  return [{ ...one, name: 'plain', capabilities: capabilities([]), dollarsPerHour: dollarsPerHour / 4 }, one];
};

/**
 * One adapter only: a stock scheduler orders the groups of one adapter to stop from another. One worker a group, as stock
 * adapters have: with more it stops the group that runs the last task, for ever again.
 */
const islandOf = (random: Random): IslandScenario => {
  const scaling = random.chance(0.5) ? 'vanilla' : 'capability';
  const { config, provider } = adapterOf(random, 9, scaling === 'capability' ? ['gpu'] : []);
  const offers = config.capabilities;
  const worker = { ...provider.worker, tasksMax: 1_000, lifetimeMaxMs: undefined };
  return {
    scaling,
    adapter: { config: { ...config, workersPerGroup: 1 }, provider: { ...provider, worker } },
    needs: offers.size > 0 ? [capabilities([]), offers] : [capabilities([])],
  };
};

export const workerOf = (random: Random): Omit<WorkerConfig, 'workerId'> => ({
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
