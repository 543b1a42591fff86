/** One seed from its first task to an empty fleet: a storm, then calm weather in which everything must come to its end. */
import { InvariantError } from '@muster/core/machine';
import type { ClientId } from '@muster/protocol/ids';
import { beginAudits } from './audits.ts';
import type { SimTask } from './book.ts';
import { heal, strike } from './faults.ts';
import { Fleet } from './fleet.ts';
import type { Incident } from './incidents.ts';
import { replayAll } from './machine.ts';
import { Random } from './random.ts';
import type { Scenario } from './scenario.ts';
import { settle, shutDown } from './settle.ts';
import { Violation } from './world.ts';
import type { Tells } from './world.ts';

export interface SeedFailure {
  readonly seed: number;
  readonly promise: string;
  readonly message: string;
  /** The end of the transcript; empty where it was not told. */
  readonly lines: readonly string[];
}

export interface SeedRun {
  /** Of the whole transcript; says nothing where it was not told. */
  readonly hash: string;
  readonly virtualMs: number;
  readonly events: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly failure: SeedFailure | undefined;
}

export interface RunOptions {
  /** Whether every machine checks itself after every step. */
  readonly checks: boolean;
  /** Whether every machine is told the same again, in the end (P6). */
  readonly replays: boolean;
  readonly tells: Tells;
}

export const runScenario = (scenario: Scenario, { checks, replays, tells }: RunOptions): SeedRun => {
  const fleet = new Fleet(scenario, { checks, recordings: replays ? [] : undefined }, tells);
  let failure: SeedFailure | undefined;
  try {
    live(fleet);
    replayAll(fleet.watch.recordings ?? []);
  } catch (error) {
    failure = failureOf(fleet, error);
  }
  return {
    hash: fleet.world.hash,
    virtualMs: fleet.world.now,
    events: fleet.world.events,
    counts: fleet.ledger.coverage.counts,
    failure,
  };
};

const failureOf = (fleet: Fleet, error: unknown): SeedFailure => {
  const promise =
    error instanceof Violation ? error.promise : error instanceof InvariantError ? 'invariant' : 'crash';
  const message =
    error instanceof Error ? (promise === 'crash' ? String(error.stack) : error.message) : String(error);
  return { seed: fleet.scenario.seed, promise, message, lines: fleet.world.lastLines };
};

const live = (fleet: Fleet): void => {
  const { world, scenario } = fleet;
  for (const incident of scenario.incidents) world.at(incident.at, () => befall(fleet, incident));
  beginAudits(fleet);
  world.run(scenario.stormMs);
  heal(fleet);
  settle(fleet, 'after the storm');
  // And it is of use again: work that comes now is done.
  const [client] = fleet.clients;
  client?.submit(open(fleet, new Random(scenario.seed + 3), client.id, true, 12));
  settle(fleet, 'with new work');
  shutDown(fleet);
};

const befall = (fleet: Fleet, incident: Incident): void => {
  const random = new Random(incident.seed);
  switch (incident.kind) {
    case 'fault':
      return strike(fleet, incident.name, incident.seed);
    case 'arrive':
      return fleet.arrive(incident.adapter);
    case 'submit': {
      // What a dead client would have asked for, the one that stays does.
      const asked = fleet.clients[incident.client];
      const asker = asked?.process.alive === true ? asked : fleet.clients[0];
      return asker?.submit(open(fleet, random, asker.id, true, incident.tasks));
    }
    case 'submitStock':
      return fleet.stockClient.submit(open(fleet, random, fleet.stockClient.id, false, incident.tasks));
    case 'submitIsland':
      return fleet.island?.submit(random, incident.tasks);
    case 'island':
      return fleet.island?.strike(random);
    case 'weather':
      if (incident.name === 'processors') fleet.processorFaults.startFails = incident.value;
      else fleet.network.weather[incident.name] = incident.value;
  }
};

const open = (fleet: Fleet, random: Random, client: ClientId, own: boolean, count: number): SimTask[] => {
  const { needs, taskMinMs, taskMs } = fleet.scenario;
  const [plain] = needs;
  // What a seed's bursts have in common: one kind of work, or all kinds.
  const mix = random.chance(0.5) ? needs : [random.pick(needs) ?? new Map<string, number>()];
  return Array.from({ length: count }, () =>
    fleet.book.open({
      client,
      own,
      durationMs: random.skewed(taskMinMs, taskMs),
      outcome: random.chance(0.1) ? 'failed' : 'success',
      timeoutMs: own && random.chance(0.1) ? 3_000 : 0,
      stubborn: random.chance(0.3),
      priority: random.chance(0.2) ? 1 : 0,
      needs: (own ? random.pick(mix) : plain) ?? new Map<string, number>(),
      fn: random.int(0, 4),
    }),
  );
};
