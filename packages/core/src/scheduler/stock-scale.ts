/**
 * `compat=stock`: one decision per heartbeat of an adapter, for that adapter, as Scaler 1.15.0 makes it. Two things stay
 * as they are under any policy: the limit of an adapter is never exceeded, and a stock adapter has one start in flight,
 * because its answers do not say to what.
 */
import { capabilityKey, NO_CAPABILITIES, peerId } from '@muster/protocol/ids';
import type { GroupId } from '@muster/protocol/ids';
import type { SupplyChange } from '../scaling/record.ts';
import { decideStock } from '../scaling/stock/decide.ts';
import type { StockDecision, StockGroup, StockView } from '../scaling/stock/view.ts';
import type { Adapter } from './adapter.ts';
import { act, showKey } from './apply.ts';
import { remember } from './decisions.ts';
import type { Group } from './group.ts';
import { requestGroup, stopGroup } from './groups.ts';
import { side } from './state.ts';
import type { SchedulerState } from './state.ts';
import { expectedOffers } from './supply.ts';
import { viewOf } from './view.ts';

export const decideAsStock = (state: SchedulerState, adapter: Adapter): void => {
  const { own } = adapter;
  const decision = decideStock(state.config.policy, stockViewOf(state, own), adapter.key);
  const { rule, reason } = decision;
  state.scalingLine = reason;
  const view = viewOf(state, own);
  const told = { targets: [], rule, reason, alternatives: [], blockedBy: [], unservable: [] };
  act(
    state,
    () => carry(state, adapter, decision),
    (changes) => remember(state, own, view, { ...told, recheckAt: undefined }, changes, adapter),
  );
};

/** Costs time by groups and by distinct needs and offers. */
const stockViewOf = (state: SchedulerState, own: boolean): StockView => {
  const { upperTaskRatio, lowerTaskRatio } = state.config.policy;
  const adapters = [...state.adapters.values()].filter((adapter) => adapter.own === own);
  const workers = [...side(state, own).offers].map((one) => ({ offers: one.offers, workers: one.workers }));
  const groups: StockGroup[] = [];
  for (const adapter of adapters) {
    for (const group of adapter.groups) {
      const { size } = group.workers;
      if (size > 0) workers.push({ offers: group.supply.offers, workers: size });
    }
  }
  for (const group of state.groups.values())
    if (group.adapter.own === own && wasAnswered(group)) groups.push(stockGroup(state, group));
  return {
    upperTaskRatio,
    lowerTaskRatio,
    demands: state.demand.of(own),
    workers,
    groups,
    adapters: adapters.map(({ key, groupsMax, wasAsked }) => ({ key, groupsMax, wasStarted: wasAsked })),
  };
};

const wasAnswered = ({ state }: Group): boolean => state.phase !== 'requested' || state.confirmed;

/** Of workers that an answer names, most ids are made up: what they hold is seen by nobody. */
const stockGroup = (state: SchedulerState, group: Group): StockGroup => {
  const { id, adapter, announced, answered } = group;
  const offers = answered ?? (adapter.own ? group.supply.offers : NO_CAPABILITIES);
  let queued = 0;
  let workers = 0;
  if (adapter.own) for (const worker of group.workers) queued += worker.queued;
  else for (const named of announced) queued += state.workers.get(peerId(named))?.queued ?? 0;
  workers = adapter.own ? group.workers.size : announced.size;
  return { id, adapter: adapter.key, offers, workers, queued };
};

const carry = (
  state: SchedulerState,
  adapter: Adapter,
  { starts: wishes, stops, reason }: StockDecision,
): readonly SupplyChange[] => {
  const changes: SupplyChange[] = [];
  for (const { ask } of wishes) {
    const offers = expectedOffers(adapter, ask);
    const from = adapter.supplies.get(capabilityKey(offers))?.live ?? 0;
    const isFull = adapter.groups.size >= adapter.groupsMax;
    const starts = !isFull && adapter.starting === undefined;
    if (starts) requestGroup(state, adapter, ask, reason);
    const limit = isFull ? `its limit of ${adapter.groupsMax}` : starts ? '' : 'one start at a time';
    changes.push(change(adapter, showKey(offers), from, from + 1, starts ? from + 1 : from, limit));
  }
  for (const id of stops) changes.push(...stop(state, id, reason));
  return changes;
};

const stop = (state: SchedulerState, id: GroupId, reason: string): readonly SupplyChange[] => {
  const group = state.groups.get(id);
  if (group === undefined || group.phase === 'stopping') return [];
  const { supply, adapter } = group;
  const from = supply.live;
  stopGroup(state, group, reason);
  return [change(adapter, showKey(supply.offers), from, from - 1, supply.live, '')];
};

const change = (
  adapter: Adapter,
  supply: string,
  from: number,
  asked: number,
  to: number,
  limit: string,
): SupplyChange => ({ adapter: adapter.key, supply, from, asked, to, limit });
