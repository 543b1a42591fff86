/**
 * Tasks that a worker should hold and does not name: a link that broke may have swallowed them, or they are on their
 * way while its report was on the way here. It is asked to give them back: that request travels behind the tasks, so
 * what is on its way is given back unstarted or has begun, and what never arrived is given back as unknown.
 */
import { showId } from '@muster/protocol/ids';
import type { TaskAttempt } from '@muster/protocol/messages';
import { BATCH_MAX } from './acks.ts';
import { ANSWER_MS } from './balance.ts';
import { after, note, send } from './state.ts';
import type { SchedulerState } from './state.ts';
import { ASSIGNED, NO_TASK } from './task-table.ts';
import type { Worker } from './worker.ts';

export const askForMissing = (state: SchedulerState, worker: Worker, named: readonly TaskAttempt[]): void => {
  const { tasks: table } = state;
  const known = new Set(named.map(({ taskId }) => taskId));
  const missing: TaskAttempt[] = [];
  for (let task = worker.holds.head; task !== NO_TASK; task = table.next(task)) {
    const taskId = table.id(task);
    if (table.phase(task) !== ASSIGNED || known.has(taskId)) continue;
    if (!table.moving(task)) worker.moving++;
    table.setMoving(task, true);
    missing.push({ taskId, attempt: table.attempt(task) });
  }
  if (missing.length === 0) return;
  worker.movingUntil = after(state, ANSWER_MS);
  note(state, 'worker.tasks.unnamed', 'info', { worker: showId(worker.id), tasks: missing.length });
  const most = state.config.batchMax ?? BATCH_MAX;
  for (let at = 0; at < missing.length; at += most)
    send(state, worker.id, { kind: 'takeBack', tasks: missing.slice(at, at + most) });
};
