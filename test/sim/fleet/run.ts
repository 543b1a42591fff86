/** One seed from its first task to an empty fleet: a storm, then calm weather in which everything must come to its end. */
import { InvariantError } from '@muster/core/machine';
import { NO_CAPABILITIES } from '@muster/protocol/ids';
import { Fleet } from './fleet.ts';
import { heal, storm } from './faults.ts';
import { Random } from './random.ts';
import { scenarioOf } from './scenario.ts';
import type { Scenario } from './scenario.ts';
import type { SimTask } from './book.ts';
import { Violation } from './world.ts';

export interface SeedFailure {
  readonly seed: number;
  readonly promise: string;
  readonly message: string;
  /** The end of the transcript. */
  readonly lines: readonly string[];
}

export interface SeedRun {
  readonly hash: string;
  readonly virtualMs: number;
  readonly events: number;
  readonly faults: number;
  readonly tasks: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly failure: SeedFailure | undefined;
}

/** Every task ends, and every group is gone, within this much calm weather. */
const CALM_MS = 900_000;

/**
 * @param checks whether every machine checks itself after every step.
 * @param full whether a failure holds the whole transcript.
 */
export const runSeed = (seed: number, checks: boolean, full = false): SeedRun => {
  const scenario = scenarioOf(seed);
  const fleet = new Fleet(scenario, checks, full);
  let failure: SeedFailure | undefined;
  try {
    live(fleet, scenario);
  } catch (error) {
    failure = failureOf(seed, fleet, error);
  }
  return {
    hash: fleet.world.hash,
    virtualMs: fleet.world.now,
    events: fleet.world.events,
    faults: scenario.faults,
    tasks: fleet.book.tasks.size,
    counts: fleet.ledger.coverage.counts,
    failure,
  };
};

const failureOf = (seed: number, fleet: Fleet, error: unknown): SeedFailure => {
  const promise =
    error instanceof Violation ? error.promise : error instanceof InvariantError ? 'invariant' : 'crash';
  const message =
    error instanceof Error ? (promise === 'crash' ? String(error.stack) : error.message) : String(error);
  return { seed, promise, message, lines: fleet.world.lastLines };
};

const live = (fleet: Fleet, scenario: Scenario): void => {
  const { world } = fleet;
  submitAll(fleet, scenario);
  storm(fleet);
  const audit = (): void => {
    auditLeaks(fleet);
    auditWaits(fleet);
    world.after(AUDIT_MS, audit);
  };
  world.after(AUDIT_MS, audit);
  world.run(scenario.stormMs);
  heal(fleet);
  settle(fleet, 'after the storm');
  // And it is of use again: work that comes now is done.
  const random = new Random(scenario.seed + 3);
  fleet.clients[0]?.submit(open(fleet, random, fleet.clients[0].id, true, 12));
  settle(fleet, 'with new work');
};

const submitAll = (fleet: Fleet, scenario: Scenario): void => {
  const random = new Random(scenario.seed * 3 + 2);
  const share = Math.ceil(scenario.tasks / fleet.clients.length / 3);
  for (const client of fleet.clients) {
    for (let part = 0; part < 3; part++) {
      fleet.world.at(random.int(1, scenario.stormMs * 0.6), () => {
        // What a dead client would have asked for, the one that stays does.
        const asker = client.process.alive ? client : fleet.clients[0];
        asker?.submit(open(fleet, random, asker.id, true, share));
      });
    }
  }
  const { stockClient } = fleet;
  fleet.world.at(random.int(1, 20_000), () => {
    stockClient.submit(open(fleet, random, stockClient.id, false, scenario.stockTasks));
  });
};

const open = (
  fleet: Fleet,
  random: Random,
  client: SimTask['head']['source'],
  own: boolean,
  count: number,
): SimTask[] =>
  Array.from({ length: count }, () =>
    fleet.book.open({
      client: client ?? fleet.stockClient.id,
      own,
      durationMs: random.skewed(1, fleet.scenario.taskMs),
      outcome: random.chance(0.1) ? 'failed' : 'success',
      timeoutMs: own && random.chance(0.1) ? 3_000 : 0,
      stubborn: random.chance(0.3),
      priority: random.chance(0.2) ? 1 : 0,
      needs: NO_CAPABILITIES,
      fn: random.int(0, 4),
    }),
  );

/** P1, P2 and P5 at the end: nothing is left to do, nothing is left over. */
const settle = (fleet: Fleet, when: string): void => {
  const { world } = fleet;
  const until = world.now + CALM_MS;
  let lookAt = world.now;
  world.run(until, () => {
    if (world.now < lookAt) return false;
    lookAt = world.now + 200;
    return waiting(fleet) === undefined;
  });
  const left = waiting(fleet);
  if (left !== undefined)
    throw new Violation(left.promise, `${when}: ${left.what}, ${CALM_MS / 1000} s after all trouble ended`);
};

interface Left {
  readonly promise: string;
  readonly what: string;
}

const waiting = (fleet: Fleet): Left | undefined => {
  for (const client of fleet.clients) {
    if (client.open > 0)
      return { promise: 'P1', what: `${client.open} tasks of ${client.id} have not ended` };
  }
  if (fleet.isStockCertain && fleet.stockClient.open > 0)
    return { promise: 'P1', what: `${fleet.stockClient.open} tasks of the stock client have not ended` };
  for (const adapter of fleet.adapters) {
    const { alive, traits } = adapter.provider;
    if (alive.length > 0)
      return {
        promise: 'P2',
        what: `${alive.length} groups are left at ${traits.name}: ${alive[0]?.id ?? ''}`,
      };
    const { wanted, leaving } = adapter.snapshot();
    if (wanted.length + leaving.length + adapter.intents > 0)
      return {
        promise: 'P2',
        what: `${traits.name} believes in ${wanted.join(' ')} ${leaving.join(' ')}, ${adapter.intents} intents`,
      };
  }
  return waitingAtScheduler(fleet);
};

const waitingAtScheduler = (fleet: Fleet): Left | undefined => {
  const status = fleet.scheduler.status();
  if (status === undefined) return { promise: 'P5', what: 'there is no scheduler' };
  const own = new Set(fleet.adapters.map((adapter) => String(adapter.config.adapterId)));
  const groups = status.groups.filter((group) => own.has(group.adapter) || fleet.isStockCertain);
  const [group] = groups;
  if (group !== undefined)
    return { promise: 'P5', what: `the scheduler has ${group.id}, ${group.phase}: ${group.reason}` };
  if (!fleet.isStockCertain) return undefined;
  if (fleet.stockAdapter.groups.size > 0) return { promise: 'P2', what: 'stock groups are left' };
  const { waiting: waits, assigned, canceling } = status.tasks;
  if (waits + assigned + canceling > 0)
    return {
      promise: 'P1',
      what: `the scheduler holds ${waits} waiting, ${assigned} assigned, ${canceling} canceling tasks`,
    };
  return undefined;
};

const AUDIT_MS = 5_000;
/** The longest time that the scheduler may have been stalled, and what it takes to be seen. */
const LATE_MS = 25_000;

/** P5 at any time: no group is in a phase much longer than its deadline. */
const auditWaits = (fleet: Fleet): void => {
  const { startTimeoutMs, pendingTimeoutMs, drainTimeoutMs } = fleet.scenario.scheduler;
  const deserted = new Set<string>();
  for (const { id, phase, sinceMs, workers } of fleet.scheduler.status()?.groups ?? []) {
    const most = phase === 'requested' ? pendingTimeoutMs : phase === 'draining' ? drainTimeoutMs : Infinity;
    if (sinceMs > most + LATE_MS) throw new Violation('P5', `${id} has been ${phase} for ${sinceMs} ms`);
    if (phase === 'running' && workers === 0) deserted.add(id);
  }
  for (const id of fleet.desertedSince.keys()) if (!deserted.has(id)) fleet.desertedSince.delete(id);
  for (const id of deserted) {
    const since = fleet.desertedSince.get(id) ?? fleet.world.now;
    fleet.desertedSince.set(id, since);
    if (fleet.world.now - since > startTimeoutMs + LATE_MS)
      throw new Violation('P5', `${id} runs without a worker for ${fleet.world.now - since} ms`);
  }
};

/** P2 at any time: what exists at a provider is known to its adapter, unless that is down or blind. */
const LEAK_MS = 60_000;

const auditLeaks = (fleet: Fleet): void => {
  const { now } = fleet.world;
  for (const adapter of fleet.adapters) {
    const { wanted, leaving } = adapter.snapshot();
    const known = new Set<string>([...wanted, ...leaving]);
    const isBlind = !adapter.isUp || adapter.provider.faults.listFails > 0;
    for (const group of adapter.provider.alive) {
      if (isBlind || known.has(group.id)) fleet.unknownSince.delete(group.id);
      else {
        const since = fleet.unknownSince.get(group.id) ?? now;
        fleet.unknownSince.set(group.id, since);
        if (now - since > LEAK_MS)
          throw new Violation('P2', `${group.id} has been unknown to its adapter for ${now - since} ms`);
      }
    }
  }
};
