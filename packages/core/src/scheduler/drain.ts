/** What workers of ours say about their own draining. */
import { showId } from '@muster/protocol/ids';
import { drainGroup, settleDrain } from './groups.ts';
import { touch } from './indexes.ts';
import { note } from './state.ts';
import type { SchedulerState } from './state.ts';
import { NO_TASK } from './task-table.ts';
import type { Worker } from './worker.ts';
import { giveBack } from './workers.ts';

/** 'draining' comes unasked: on SIGTERM, or when the worker's life is over. */
export const onDrainStatus = (
  state: SchedulerState,
  worker: Worker,
  status: 'draining' | 'drained',
  reason: string,
): void => {
  if (status === 'draining') return onDraining(state, worker, reason);
  if (worker.phase === 'active') return; // an answer to a drain that was called off
  // It holds nothing, whatever we believe.
  for (let task = worker.holds.tail; task !== NO_TASK; task = worker.holds.tail)
    giveBack(state, worker, task);
  worker.phase = 'drained';
  touch(state, worker);
  if (worker.group !== undefined) settleDrain(state, worker.group);
};

const onDraining = (state: SchedulerState, worker: Worker, reason: string): void => {
  if (worker.phase === 'active') {
    worker.phase = 'draining';
    touch(state, worker);
    note(state, 'worker.draining', 'info', { worker: showId(worker.id), reason });
  }
  const { group } = worker;
  if (group === undefined || group.phase === 'stopping') return;
  // It cannot be called off: the worker will exit.
  if (group.state.phase === 'draining' && group.state.cause === 'worker') return;
  drainGroup(state, group, 'worker', reason === '' ? 'its workers drain by themselves' : reason);
};
