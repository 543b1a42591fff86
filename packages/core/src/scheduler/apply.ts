/** Carries out what was granted: starts and drains, and what came of it. */
import { capabilityKey, showId } from '@muster/protocol/ids';
import type { Capabilities } from '@muster/protocol/ids';
import type { GrantedTarget } from '../scaling/decide.ts';
import type { SupplyChange } from '../scaling/record.ts';
import { adapterTableKey } from './adapter.ts';
import type { Adapter } from './adapter.ts';
import { roomOf } from './breaker.ts';
import { drainGroup, requestGroup } from './groups.ts';
import type { SchedulerState } from './state.ts';

export const carryOut = (
  state: SchedulerState,
  own: boolean,
  targets: readonly GrantedTarget[],
  reason: string,
): readonly SupplyChange[] => {
  const changes: SupplyChange[] = [];
  for (const target of targets) {
    const adapter = state.adapters.get(adapterTableKey(own, target.adapter));
    const supply = adapter?.supplies.get(target.supply);
    if (adapter === undefined || supply === undefined) continue;
    const from = supply.live;
    const started = start(state, adapter, target, reason);
    const gone = release(state, adapter, target, reason);
    const to = from + started - gone;
    const cut = to < target.groups && target.limit === '' ? roomOf(state, adapter).limit : target.limit;
    const { asked } = target;
    changes.push({ adapter: adapter.key, supply: showKey(supply.offers), from, asked, to, limit: cut });
  }
  return changes;
};

/** Cause before effect: what was decided is told before what came of it, and known only afterwards. */
export const act = (
  state: SchedulerState,
  carry: () => readonly SupplyChange[],
  tell: (changes: readonly SupplyChange[]) => void,
): void => {
  const before = state.effects;
  state.effects = [];
  const changes = carry();
  const done = state.effects;
  state.effects = before;
  tell(changes);
  for (const effect of done) before.push(effect);
};

/** Names of a set of capabilities for people, '' for nothing special. */
export const showKey = (offers: Capabilities): string =>
  capabilityKey(offers).split('\u0000').map(showId).join('+');

/** A3: whatever was granted, the limit holds at every instant. */
const start = (
  state: SchedulerState,
  adapter: Adapter,
  { starts }: GrantedTarget,
  reason: string,
): number => {
  let started = 0;
  for (const { ask, groups } of starts) {
    for (let i = 0; i < groups && roomOf(state, adapter).room > 0; i++, started++)
      requestGroup(state, adapter, ask, reason);
  }
  return started;
};

const release = (
  state: SchedulerState,
  adapter: Adapter,
  { release: ids }: GrantedTarget,
  reason: string,
): number => {
  let gone = 0;
  for (const id of ids) {
    const group = state.groups.get(id);
    if (group === undefined || group.adapter !== adapter) continue;
    gone++;
    drainGroup(state, group, 'scaleDown', reason);
  }
  return gone;
};
