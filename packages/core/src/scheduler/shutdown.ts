/** The end of the scheduler, on request: drain, stop, and leave when nothing is left or time is up. */
import type { Group } from './group.ts';
import { drainGroup, stopGroup } from './groups.ts';
import { after, note, send } from './state.ts';
import type { SchedulerState } from './state.ts';

/** @param how 'drain': running tasks may finish; 'now': workers are told to stop, as a stock scheduler does. */
export const beginShutdown = (
  state: SchedulerState,
  reason: string,
  withinMs: number,
  how: 'drain' | 'now',
): void => {
  const until = after(state, withinMs);
  if (state.shutdown !== undefined && state.shutdown.until <= until && how === 'drain') return;
  state.shutdown = { reason, until, told: state.shutdown?.told ?? false };
  note(state, 'shutdown.begin', 'info', { reason, withinMs, groups: state.groups.size });
  state.timers.set(state.shutdownTimer, until);
  for (const group of [...state.groups.values()]) {
    if (how === 'drain') drainGroup(state, group, 'operator', reason);
    else if (group.phase !== 'stopping') stopGroup(state, group, reason);
  }
  if (how === 'now') tellWorkers(state);
};

/** A group that turns up only now: its adapter lists what a former scheduler started. Its workers have joined it. */
export const shutDownLate = (state: SchedulerState, group: Group): void => {
  if (state.shutdown === undefined || group.phase === 'stopping') return;
  if (state.shutdown.told) stopGroup(state, group, state.shutdown.reason);
  else drainGroup(state, group, 'operator', state.shutdown.reason);
};

/** At the end of each step. */
export const checkShutdown = (state: SchedulerState): void => {
  if (state.shutdown !== undefined && !state.exited && state.groups.size === 0)
    exit(state, state.shutdown.reason);
};

export const onShutdownDue = (state: SchedulerState): void => {
  if (state.shutdown === undefined) return;
  note(state, 'shutdown.timeout', 'warn', { groups: state.groups.size });
  exit(state, `${state.shutdown.reason}; time is up`);
};

const exit = (state: SchedulerState, reason: string): void => {
  if (state.exited) return;
  state.exited = true;
  state.timers.clear(state.shutdownTimer);
  if (state.shutdown?.told !== true) tellWorkers(state);
  tellClients(state);
  state.effects.push({ kind: 'exit', reason });
};

/** Workers without a group have nobody else who stops them. */
const tellWorkers = (state: SchedulerState): void => {
  if (state.shutdown !== undefined) state.shutdown.told = true;
  for (const worker of state.workers.values())
    send(state, worker.id, { kind: 'clientDisconnect', type: 'shutdown' });
};

/** What is unfinished now never will be: clients of ours need not wait for their time-out to hear it. */
const tellClients = (state: SchedulerState): void => {
  for (const client of state.clients.values())
    if (client.own) send(state, client.id, { kind: 'clientDisconnect', type: 'shutdown' });
};
