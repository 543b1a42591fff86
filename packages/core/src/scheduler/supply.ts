/**
 * Groups of one adapter by what they offer, the way scaling policies look at them. Announced offers and evidence of
 * what a group really offers (the answer to its start, its first worker) meet here.
 *
 * V1 Every group is in exactly one supply of its adapter, and the supply counts its groups by phase.
 * V2 `idleGroups` lists exactly its groups with `idleSince`, longest idle first.
 * V3 `deserted` holds exactly its running groups without a live worker: they count against the limit, not as capacity.
 * V4 A supply is there exactly while its adapter can start it or has groups of it; its key is that of its offers.
 * V5 `workers` are the live workers of its running groups, `awaited` those that such a group with a live worker lacks
 *    while its `fillsUntil` is set: a worker that never comes is capacity only as long as a start may take.
 */
import { capabilityKey } from '@muster/protocol/ids';
import type { Capabilities } from '@muster/protocol/ids';
import type { AdapterHeartbeat, GroupOffer } from '@muster/protocol/messages';
import { InvariantError } from '../machine.ts';
import type { IdleGroup } from '../scaling/view.ts';
import type { Adapter } from './adapter.ts';
import type { Evidence, Group, GroupPhase } from './group.ts';

/** Kinds of groups of one adapter that are told apart; the cheapest ones. */
export const OFFERS_MAX = 64;

export class SupplyEntry {
  readonly adapter: Adapter;
  readonly key: string;
  readonly offers: Capabilities;
  dollarsPerHour = 0;
  billedMinimumMs = 0;
  /** Whether its adapter can start one. */
  offered = false;
  readonly phases: Record<GroupPhase, number> = { requested: 0, running: 0, draining: 0, stopping: 0 };
  readonly idleGroups: Set<Group> = new Set<Group>();
  readonly deserted: Set<Group> = new Set<Group>();
  workers = 0;
  awaited = 0;
  /** As policies may take them; made when first asked for. */
  idle: Iterable<IdleGroup> | undefined = undefined;

  constructor(adapter: Adapter, offers: Capabilities) {
    this.adapter = adapter;
    this.key = capabilityKey(offers);
    this.offers = offers;
  }

  /** Live ones. */
  get live(): number {
    return this.phases.requested + this.phases.running;
  }
  /** Those of them that are there and have a worker. */
  get serving(): number {
    return this.phases.running - this.deserted.size;
  }
  get groups(): number {
    const { requested, running, draining, stopping } = this.phases;
    return requested + running + draining + stopping;
  }
}

/** What an adapter can start, cheapest first; never empty. */
export const offersOf = (beat: AdapterHeartbeat): readonly GroupOffer[] => {
  if (beat.offers.length === 0)
    return [{ name: '', capabilities: beat.capabilities, dollarsPerHour: 0, billedMinimumMs: 0 }];
  const sorted = [...beat.offers].sort((one, other) => one.dollarsPerHour - other.dollarsPerHour);
  const byKey = new Map<string, GroupOffer>();
  for (const offer of sorted) {
    const key = capabilityKey(offer.capabilities);
    if (!byKey.has(key) && byKey.size < OFFERS_MAX) byKey.set(key, offer);
  }
  return [...byKey.values()];
};

/** Cheap where nothing changed: the codec gives equal capabilities as one map, mostly. */
export const sameOffers = (adapter: Adapter, beat: AdapterHeartbeat): boolean =>
  sameNames(adapter.capabilities, beat.capabilities) &&
  adapter.announced.length === beat.offers.length &&
  beat.offers.every((offer, index) => {
    const before = adapter.announced[index];
    return (
      before !== undefined &&
      before.dollarsPerHour === offer.dollarsPerHour &&
      before.billedMinimumMs === offer.billedMinimumMs &&
      sameNames(before.capabilities, offer.capabilities)
    );
  });

const sameNames = (one: Capabilities, other: Capabilities): boolean =>
  one === other || (one.size === other.size && capabilityKey(one) === capabilityKey(other));

export const announce = (adapter: Adapter, beat: AdapterHeartbeat): void => {
  adapter.capabilities = beat.capabilities;
  adapter.announced = beat.offers;
  adapter.offers = offersOf(beat);
  for (const supply of adapter.supplies.values()) supply.offered = false;
  for (const { capabilities, dollarsPerHour, billedMinimumMs } of adapter.offers) {
    const supply = supplyOf(adapter, capabilities);
    supply.offered = true;
    supply.dollarsPerHour = dollarsPerHour;
    supply.billedMinimumMs = billedMinimumMs;
  }
  for (const supply of [...adapter.supplies.values()]) dissolve(supply);
};

export const supplyOf = (adapter: Adapter, offers: Capabilities): SupplyEntry => {
  const key = capabilityKey(offers);
  const known = adapter.supplies.get(key);
  if (known !== undefined) return known;
  const supply = new SupplyEntry(adapter, offers);
  const [cheapest] = adapter.offers.filter((offer) => hasAll(offers, offer.capabilities));
  supply.dollarsPerHour = cheapest?.dollarsPerHour ?? 0;
  supply.billedMinimumMs = cheapest?.billedMinimumMs ?? 0;
  adapter.supplies.set(key, supply);
  return supply;
};

/** What a group will offer that is asked for this: the cheapest offer that has it, else that and what was asked for. */
export const expectedOffers = (adapter: Adapter, ask: Capabilities): Capabilities => {
  const able = adapter.offers.find((offer) => hasAll(offer.capabilities, ask));
  if (able !== undefined) return able.capabilities;
  return new Map([...(adapter.offers[0]?.capabilities ?? []), ...ask]);
};

export const hasAll = (offered: Capabilities, needs: Capabilities): boolean => {
  for (const name of needs.keys()) if (!offered.has(name)) return false;
  return true;
};

export const enlist = (group: Group): void => {
  const { supply, counted } = group;
  supply.phases[group.phase]++;
  supply.workers += counted.workers;
  supply.awaited += counted.awaited;
};

/** Workers came or went, its phase has changed, or how many it should have (V5). */
export const recount = (group: Group): void => {
  const { supply, counted } = group;
  const now = countOf(group);
  supply.workers += now.workers - counted.workers;
  supply.awaited += now.awaited - counted.awaited;
  group.counted = now;
};

export const countOf = (group: Group): Group['counted'] => {
  const workers = group.phase === 'running' ? group.workers.size : 0;
  const fills = workers > 0 && group.fillsUntil !== undefined;
  return { workers, awaited: fills ? Math.max(0, group.adapter.workersPerGroup - workers) : 0 };
};

export const delist = (group: Group): void => {
  const { supply } = group;
  supply.phases[group.phase]--;
  supply.workers -= group.counted.workers;
  supply.awaited -= group.counted.awaited;
  supply.idleGroups.delete(group);
  supply.deserted.delete(group);
  dissolve(supply);
};

const RANK: Readonly<Record<Evidence, number>> = { asked: 0, answer: 1, worker: 2 };

/** Better evidence than there was moves the group to where it belongs. It is not idle then: its first worker proves it. */
export const correct = (group: Group, evidence: Evidence, offers: Capabilities): void => {
  if (RANK[evidence] <= RANK[group.evidence]) return;
  group.evidence = evidence;
  const { adapter } = group;
  if (capabilityKey(offers) === group.supply.key) return;
  if (group.idleSince !== undefined) throw new InvariantError('V2: an idle group changes its supply');
  const isDeserted = group.supply.deserted.has(group);
  delist(group);
  group.supply = supplyOf(adapter, offers);
  enlist(group);
  if (isDeserted) group.supply.deserted.add(group);
};

const dissolve = (supply: SupplyEntry): void => {
  if (!supply.offered && supply.groups === 0) supply.adapter.supplies.delete(supply.key);
};
