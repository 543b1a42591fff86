/** Telling a worker of ours which results need not be sent again: together, because each frame costs. */
import type { TaskId } from '@muster/protocol/ids';
import { after, send } from './state.ts';
import type { SchedulerState } from './state.ts';
import type { Worker } from './worker.ts';

/**
 * Acknowledgements wait this long for company, or for a full batch: each frame costs as much as several tasks. A
 * worker sends a result again after seconds only, and one that drains is told at once.
 */
const ACK_DELAY_MS = 100;
/** Most tasks, results or acknowledgements in one frame. */
export const BATCH_MAX = 64;

export const acknowledge = (state: SchedulerState, worker: Worker, taskId: TaskId, attempt: number): void => {
  if (worker.acks.length === 0) {
    // A draining worker waits for nothing else.
    state.timers.set(worker.ackFlush, after(state, worker.phase === 'active' ? ACK_DELAY_MS : 0));
  }
  worker.acks.push({ taskId, attempt });
  if (worker.acks.length >= BATCH_MAX) flushAcks(state, worker);
};

export const flushAcks = (state: SchedulerState, worker: Worker): void => {
  state.timers.clear(worker.ackFlush);
  if (worker.acks.length === 0) return;
  send(state, worker.id, { kind: 'resultAck', tasks: worker.acks });
  worker.acks = [];
};
