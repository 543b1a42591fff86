/** Which worker belongs to which group, and what follows when the last one comes or goes. */
import { groupOfWorker } from '@muster/protocol/ids';
import type { Group } from './group.ts';
import { startFailed } from './breaker.ts';
import { awaitOthers, groupGone, groupRuns, settleDrain } from './groups.ts';
import { settleIdle, touch } from './indexes.ts';
import { after, send } from './state.ts';
import type { SchedulerState } from './state.ts';
import { attributeByArrival, doubt } from './stock-adapter.ts';
import { stray, unstray } from './strays.ts';
import { correct, recount } from './supply.ts';
import type { Worker } from './worker.ts';

/** The group of a newly registered worker, as far as it is known. */
export const groupFor = (state: SchedulerState, worker: Worker): Group | undefined => {
  if (!worker.own) return attributeByArrival(state, worker);
  const named = groupOfWorker(worker.id);
  return named === undefined ? undefined : state.groups.get(named);
};

/** Workers of no group that we know count as capacity and are never stopped. */
export const joinGroup = (state: SchedulerState, worker: Worker, group: Group | undefined): void => {
  if (group === undefined) stray(state, worker);
  else addMember(state, group, worker);
};

/** Also for a worker that registered before its group was known: adopted after a restart, or named late. */
export const addMember = (state: SchedulerState, group: Group, worker: Worker): void => {
  correct(group, 'worker', worker.capabilities);
  worker.group = group;
  group.workers.add(worker);
  group.supply.deserted.delete(group);
  doubt(state, group);
  if (group.phase === 'requested') groupRuns(state, group);
  else if (group.phase !== 'running') {
    worker.phase = 'draining';
    if (worker.own) send(state, worker.id, { kind: 'drain', action: 'drain' });
  }
  awaitOthers(state, group);
  state.scalingDirty = true;
  settleIdle(state, group);
  touch(state, worker);
};

export const adoptUngrouped = (state: SchedulerState, group: Group, worker: Worker): void => {
  unstray(state, worker);
  addMember(state, group, worker);
};

/** The worker is lost. */
export const leaveGroup = (state: SchedulerState, worker: Worker): void => {
  const { group } = worker;
  if (group === undefined) {
    unstray(state, worker);
    return;
  }
  group.workers.delete(worker);
  if (worker.countedBusy) {
    worker.countedBusy = false;
    group.busy--;
  }
  worker.group = undefined;
  doubt(state, group);
  recount(group);
  settleIdle(state, group);
  settleDrain(state, group);
  if (group.phase === 'stopping' && group.reported && group.workers.size === 0)
    groupGone(state, group, 'stopped');
  if (group.phase !== 'running' || group.workers.size > 0) return;
  group.supply.deserted.add(group);
  state.timers.set(group.timer, after(state, state.config.startTimeoutMs));
  if (!group.proved)
    startFailed(state, group, 'unknown', 'its workers were lost before they finished a task');
};
