/** What is kept and said of decisions: every change, and every change of the reason why nothing changes. */
import { capabilityKey, showId } from '@muster/protocol/ids';
import { tunedKeys } from '../policy-content/text.ts';
import { holdKey } from '../scaling/record.ts';
import type { DecisionRecord, SupplyChange } from '../scaling/record.ts';
import { comingOf, workersOf } from '../scaling/view.ts';
import type { ScalingDecision, ScalingView, Unservable } from '../scaling/view.ts';
import type { Note } from '../machine.ts';
import { showKey } from './apply.ts';
import { note, side } from './state.ts';
import type { SchedulerState } from './state.ts';

const DECISIONS_MAX = 100;

/** Whoever is decided for: one side, or under `compat=stock` one adapter. */
export interface Keeper {
  /** The decision that is kept up: its {@link holdKey}, and its number among the records. */
  held: { readonly key: string; readonly at: number };
}

export const remember = (
  state: SchedulerState,
  own: boolean,
  view: ScalingView,
  decision: ScalingDecision,
  changes: readonly SupplyChange[],
  keeper: Keeper = side(state, own),
): void => {
  const record = recordOf(state, own, view, decision, changes);
  const changed = changes.filter(({ from, to }) => from !== to);
  const key = holdKey(record);
  if (changed.length > 0) {
    keeper.held = { key, at: -1 };
    state.records.push(record);
    for (const change of changed) tellChange(state, record, change);
  } else if (keeper.held.key !== key) {
    state.records.push(record);
    keeper.held = { key, at: state.records.pushed - 1 };
    tellHold(state, record);
  } else if (!state.records.replace(keeper.held.at, record)) {
    state.records.push(record);
    keeper.held = { key, at: state.records.pushed - 1 };
  }
};

const recordOf = (
  state: SchedulerState,
  own: boolean,
  view: ScalingView,
  decision: ScalingDecision,
  changes: readonly SupplyChange[],
): DecisionRecord => {
  const { rule, reason, alternatives, blockedBy } = decision;
  let tasks = 0;
  let waiting = 0;
  for (const demand of view.demands) {
    tasks += demand.tasks;
    waiting += demand.waiting;
  }
  return {
    at: state.now,
    side: own ? 'own' : 'stock',
    policy: state.config.policy.scaling,
    tasks,
    waiting,
    ...capacityOf(view),
    rule,
    reason,
    changes,
    alternatives,
    blockedBy,
  };
};

/** As the policy saw it. */
const capacityOf = (view: ScalingView): { readonly workers: number; readonly starting: number } => {
  let workers = 0;
  let starting = 0;
  for (const ungrouped of view.ungrouped) workers += ungrouped.workers;
  for (const adapter of view.adapters) {
    for (const supply of adapter.supplies) {
      workers += workersOf(supply, adapter);
      starting += comingOf(supply, adapter);
    }
  }
  return { workers, starting };
};

const fieldsOf = (record: DecisionRecord, change: SupplyChange | undefined): Note['fields'] => {
  const { side: whose, policy, tasks, waiting, workers, starting, rule, reason } = record;
  return {
    ...(change === undefined
      ? {}
      : {
          adapter: showId(change.adapter),
          ...(change.supply === '' ? {} : { supply: change.supply }),
          from: change.from,
          asked: change.asked,
          to: change.to,
          ...(change.limit === '' ? {} : { limit: change.limit }),
        }),
    side: whose,
    policy,
    tasks,
    waiting,
    workers,
    starting,
    rule,
    reason,
    ...(record.alternatives.length === 0 ? {} : { alternatives: record.alternatives.join('; ') }),
    ...(record.blockedBy.length === 0 ? {} : { blockedBy: record.blockedBy.join('; ') }),
  };
};

const tellChange = (state: SchedulerState, record: DecisionRecord, change: SupplyChange): void => {
  note(state, 'scaling.decided', 'info', fieldsOf(record, change));
  const seconds = ((state.now - state.startedAt) / 1_000).toFixed(1);
  const { from, to } = change;
  state.decisions.push(`+${seconds} s  ${from} → ${to} ${to === 1 ? 'group' : 'groups'}: ${record.reason}`);
  if (state.decisions.length > DECISIONS_MAX) state.decisions.shift();
};

const tellHold = (state: SchedulerState, record: DecisionRecord): void => {
  if (record.policy === 'no') return; // nothing is ever decided
  const limited = record.changes.find(({ limit }) => limit !== '');
  const isBlocked = record.blockedBy.length > 0 || (limited !== undefined && limited.asked > limited.from);
  const isStuck = record.blockedBy.length > 0 && record.waiting > 0 && record.workers + record.starting === 0;
  note(state, 'scaling.held', isStuck ? 'warn' : isBlocked ? 'info' : 'debug', fieldsOf(record, limited));
};

/** At once, and once more when it is over and comes back. */
export const tellUnservable = (
  state: SchedulerState,
  own: boolean,
  unservable: readonly Unservable[],
): void => {
  const { unservable: told } = side(state, own);
  if (unservable.length === 0 && told.size === 0) return;
  const now = new Set(unservable.map(({ needs }) => capabilityKey(needs)));
  for (const key of told) if (!now.has(key)) told.delete(key);
  for (const { needs, tasks, missing } of unservable) {
    const key = capabilityKey(needs);
    if (told.has(key)) continue;
    told.add(key);
    note(state, 'scaling.unservable', 'warn', {
      side: own ? 'own' : 'stock',
      needs: showKey(needs),
      tasks,
      missing: missing.length === 0 ? 'no single offer has them all' : missing.map(showId).join(', '),
    });
  }
};

/** What the text asks for and `compat=stock` does not have. */
const tellIgnored = (state: SchedulerState): void => {
  const keys = tunedKeys(state.config.policy);
  if (keys.length === 0) return;
  note(state, 'policy.ignored', 'warn', {
    keys: keys.join(', '),
    reason: 'compat=stock decides as Scaler 1.15.0 does, which has nothing of the kind',
  });
};

/** Founding advice: such a pair works, but groups are started for needs that allocation does not look at. */
export const tellPolicy = (state: SchedulerState): void => {
  const { allocate, scaling } = state.config.policy;
  if (state.toldPolicy) return;
  state.toldPolicy = true;
  if (state.config.compat === 'stock') tellIgnored(state);
  const looksAtNeeds = scaling === 'capability' || scaling === 'target' || scaling === 'waterfall';
  if (allocate !== 'even_load' || !looksAtNeeds) return;
  note(state, 'policy.mismatch', 'warn', {
    allocate,
    scaling,
    reason: `scaling=${scaling} starts groups for what tasks need, allocate=even_load gives tasks to any worker; use allocate=capability`,
  });
};
