/** `compat=stock`: one decision per heartbeat of an adapter, for that adapter, as Scaler 1.15.0 makes it. */
import { stockVanilla } from '../scaling/stock.ts';
import type { Adapter } from './adapter.ts';
import { carryOut } from './apply.ts';
import { remember } from './decisions.ts';
import { heldBy } from './group.ts';
import type { Group } from './group.ts';
import { side } from './state.ts';
import type { SchedulerState } from './state.ts';
import { viewOf } from './view.ts';

export const decideAsStock = (state: SchedulerState, adapter: Adapter): void => {
  let victim: Group | undefined;
  for (const group of adapter.groups) {
    if (group.phase === 'running' && (victim === undefined || heldBy(group) < heldBy(victim))) victim = group;
  }
  const { tasks, workers } = side(state, adapter.own);
  const { upperTaskRatio, lowerTaskRatio } = state.config.policy;
  const [supply] = adapter.supplies.values();
  if (supply === undefined) return;
  const old = {
    ...adapter.phases,
    key: adapter.key,
    groupsMax: adapter.groupsMax,
    workersPerGroup: adapter.workersPerGroup,
    serving: 0,
    idle: [],
    isWanted: false,
    blockedUntil: undefined,
  };
  const view = viewOf(state, adapter.own);
  const decision = stockVanilla(
    {
      now: state.now,
      tasks,
      unservableTasks: 0,
      ungroupedWorkers: 0,
      upperTaskRatio,
      lowerTaskRatio,
      idleBeforeStopMs: 0,
      adapters: [old],
    },
    old,
    workers,
    victim,
  );
  state.scalingLine = decision.reason;
  const targets = decision.targets.map(({ groups, release }) => ({
    adapter: adapter.key,
    supply: supply.key,
    groups,
    asked: groups,
    limit: '',
    release,
    starts: release.length > 0 ? [] : [{ ask: new Map(), groups: 1 }],
  }));
  const changes = carryOut(state, adapter.own, targets, decision.reason);
  remember(
    state,
    adapter.own,
    view,
    { ...decision, targets: [], rule: 'stock', alternatives: [], blockedBy: [], unservable: [] },
    changes,
  );
};
