/** P1, P2, P5 and I10 at the end: nothing is left to do, nothing is left over, and it did not take for ever. */
import type { Fleet } from './fleet.ts';
import { Violation } from './world.ts';

/** Every task ends, and every group is gone, within this much calm weather. */
const CALM_MS = 900_000;
/** `compat=stock` promises no end; this is how long it is watched. */
const STOCK_CALM_MS = 60_000;
const LOOK_MS = 200;
const SHUTDOWN_MS = 300_000;

export const settle = (fleet: Fleet, when: string): void => {
  const from = fleet.world.now;
  // As the stock system does, it may stop what runs for ever again, and keep groups that nobody needs.
  if (fleet.scenario.scheduler.compat === 'stock') return fleet.world.run(from + STOCK_CALM_MS);
  const left = waitFor(fleet, () => waiting(fleet));
  if (left !== undefined)
    throw new Violation(left.promise, `${when}: ${left.what}, ${CALM_MS / 1000} s after all trouble ended`);
  fleet.ledger.coverage.most('settled within seconds', Math.ceil((fleet.world.now - from) / 1_000));
};

/** What a policy keeps for good goes when an operator ends it all. */
export const shutDown = (fleet: Fleet): void => {
  if (!keepsGroups(fleet) && fleet.scenario.seed % 4 !== 0) return;
  fleet.scheduler.operate({ action: 'shutdown', withinMs: SHUTDOWN_MS });
  const left = waitFor(fleet, () =>
    fleet.scheduler.isOver
      ? leftAtProviders(fleet, 0)
      : { promise: 'P5', what: 'the scheduler is still there' },
  );
  if (left !== undefined) throw new Violation(left.promise, `after a shutdown: ${left.what}`);
};

const waitFor = (fleet: Fleet, look: () => Left | undefined): Left | undefined => {
  const { world } = fleet;
  let lookAt = world.now;
  world.run(world.now + CALM_MS, () => {
    if (world.now < lookAt) return false;
    lookAt = world.now + LOOK_MS;
    return look() === undefined;
  });
  return look();
};

interface Left {
  readonly promise: string;
  readonly what: string;
}

/** Groups of one side that the policy keeps without any work: as many as it must have, and each primary. */
const keptOf = (fleet: Fleet, groupsMax: readonly number[]): number => {
  const { scaling, tuning } = fleet.scenario.scheduler.policy;
  const primaries = scaling === 'fixed_elastic' ? groupsMax.filter((most) => most === 1).length : 0;
  return Math.max(tuning.minGroups, primaries);
};

const ownKept = (fleet: Fleet): number =>
  keptOf(
    fleet,
    fleet.adapters.map(({ config }) => config.caps.groupsMax),
  );

const stockKept = (fleet: Fleet): number => keptOf(fleet, [fleet.scenario.stock.groupsMax]);

const keepsGroups = (fleet: Fleet): boolean =>
  fleet.scenario.scheduler.compat === 'stock' || ownKept(fleet) + stockKept(fleet) > 0;

const waiting = (fleet: Fleet): Left | undefined => {
  for (const client of fleet.clients) {
    if (client.open > 0)
      return { promise: 'P1', what: `${client.open} tasks of ${client.id} have not ended` };
  }
  if (fleet.isStockCertain && fleet.stockClient.open > 0)
    return { promise: 'P1', what: `${fleet.stockClient.open} tasks of the stock client have not ended` };
  const island = fleet.island?.left();
  if (island !== undefined) return { promise: 'P2', what: `left are ${island}` };
  return leftAtProviders(fleet) ?? waitingAtScheduler(fleet);
};

/** @param most groups of ours that may stay; undefined: what the policy keeps. */
const leftAtProviders = (fleet: Fleet, most: number = ownKept(fleet)): Left | undefined => {
  const alive = fleet.adapters.flatMap(({ provider }) => provider.alive);
  if (alive.length > most)
    return { promise: 'P2', what: `${alive.length} groups are left: ${alive[0]?.id ?? ''}` };
  let known = 0;
  let intents = 0;
  for (const adapter of fleet.adapters) {
    const { wanted, leaving } = adapter.snapshot();
    known += wanted.length + leaving.length;
    intents += adapter.intents;
  }
  if (known > most || intents > most)
    return { promise: 'P2', what: `adapters believe in ${known} groups, and have ${intents} intents` };
  return undefined;
};

const waitingAtScheduler = (fleet: Fleet): Left | undefined => {
  const status = fleet.scheduler.status();
  if (status === undefined) return { promise: 'P5', what: 'there is no scheduler' };
  const own = new Set(fleet.adapters.map((adapter) => String(adapter.config.adapterId)));
  const groups = keepsGroups(fleet)
    ? status.groups.filter((group) => group.phase === 'stopping')
    : status.groups;
  const group = groups.find((one) => own.has(one.adapter) || fleet.isStockCertain);
  if (group !== undefined)
    return { promise: 'P5', what: `the scheduler has ${group.id}, ${group.phase}: ${group.reason}` };
  if (!fleet.isStockCertain) return undefined;
  if (fleet.stockAdapter.groups.size > stockKept(fleet))
    return { promise: 'P2', what: 'stock groups are left' };
  const { waiting: waits, assigned, canceling } = status.tasks;
  if (waits + assigned + canceling > 0)
    return {
      promise: 'P1',
      what: `the scheduler holds ${waits} waiting, ${assigned} assigned, ${canceling} canceling tasks`,
    };
  return undefined;
};
