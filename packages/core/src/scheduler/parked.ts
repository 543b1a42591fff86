/**
 * What could not be delivered. Tasks go back to waiting and results to our own clients are sent again by
 * themselves; answers that a peer waits for and results for stock clients, who would never ask again, are kept
 * and sent at the peer's next frame, or after a while: a few at first, and more once none of those came back.
 */
import { showId } from '@muster/protocol/ids';
import type { PeerId } from '@muster/protocol/ids';
import type { Message, TaskHead } from '@muster/protocol/messages';
import { onCommandUndelivered } from './adapters.ts';
import { removeClient } from './clients.ts';
import { stopMoving } from './moves.ts';
import { Parked } from './parked-messages.ts';
import { after, armBy, note, noteOnce, send } from './state.ts';
import type { SchedulerState } from './state.ts';
import { ASSIGNED, NO_TASK } from './task-table.ts';
import type { Worker } from './worker.ts';
import { giveBack, mute, onWorkerDown } from './workers.ts';

const RETRY_MS = 1_000;
/** What was sent again and has not come back by then was taken, so more may follow. */
const PROOF_MS = 50;
/** Of one peer. A client that has left so much unread is given up. */
const PARKED_BYTES_MAX = 64 * 1024 * 1024;

export const onUndelivered = (
  state: SchedulerState,
  peer: PeerId,
  message: Message,
  why: 'unreachable' | 'full',
): void => {
  const worker = state.workers.get(peer);
  if (worker !== undefined) {
    onWorkerUndelivered(state, worker, message);
    if (why === 'full') mute(state, worker, 'skipped');
    else onWorkerDown(state, worker);
    return;
  }
  const client = state.clients.get(peer);
  if (client !== undefined) {
    if (isAwaited(message) || (!client.own && message.kind === 'taskResult')) park(state, peer, message);
    return;
  }
  if (message.kind === 'adapterCommand') onCommandUndelivered(state, peer, message.command, message.groupId);
};

const isAwaited = (message: Message): boolean =>
  message.kind === 'taskCancelConfirm' ||
  message.kind === 'clientHeartbeatEcho' ||
  message.kind === 'workerHeartbeatEcho' ||
  message.kind === 'clientShutdownResponse' ||
  message.kind === 'disconnectResponse';

const onWorkerUndelivered = (state: SchedulerState, worker: Worker, message: Message): void => {
  switch (message.kind) {
    case 'task':
      return returnTasks(state, worker, [message.task]);
    case 'taskBatch':
      return returnTasks(state, worker, message.tasks);
    case 'takeBack':
      for (const { taskId } of message.tasks) {
        const task = state.tasks.find(taskId);
        if (task !== NO_TASK && state.tasks.worker(task) === worker) stopMoving(state, task, worker);
      }
      return;
    case 'taskCancel': {
      // A client's cancel is repeated by itself; one that was to move the task may be asked for again.
      const task = state.tasks.find(message.taskId);
      if (task === NO_TASK || state.tasks.worker(task) !== worker || state.tasks.phase(task) !== ASSIGNED)
        return;
      return stopMoving(state, task, worker);
    }
    default:
      if (isAwaited(message)) park(state, worker.id, message);
  }
};

/** They never left, so no attempt is counted. */
const returnTasks = (state: SchedulerState, worker: Worker, heads: readonly TaskHead[]): void => {
  let returned = 0;
  for (let i = heads.length - 1; i >= 0; i--) {
    const head = heads[i];
    const task = head === undefined ? NO_TASK : state.tasks.find(head.taskId);
    if (task === NO_TASK || state.tasks.worker(task) !== worker) continue;
    giveBack(state, worker, task);
    returned++;
  }
  note(state, 'tasks.undelivered', 'info', { worker: showId(worker.id), tasks: returned });
};

const park = (state: SchedulerState, peer: PeerId, message: Message): void => {
  let parked = state.parked.get(peer);
  if (parked === undefined) {
    parked = new Parked();
    state.parked.set(peer, parked);
  }
  parked.add(message);
  parked.dueAt = after(state, RETRY_MS);
  armBy(state, state.parkedTimer, parked.dueAt);
  if (parked.bytes <= PARKED_BYTES_MAX) return;
  const client = state.clients.get(peer);
  if (client !== undefined) return removeClient(state, client, 'it does not read what it is sent');
  state.parked.delete(peer);
  noteOnce(state, `parked:${peer}`, 'message.dropped', 'warn', {
    peer: showId(peer),
    reason: 'too many are parked',
  });
};

/** The peer spoke: it can be reached, but may still read nothing. */
export const unpark = (state: SchedulerState, peer: PeerId): void => {
  const parked = state.parked.get(peer);
  if (parked !== undefined && !parked.isUnderWay) release(state, peer, parked);
};

export const onParkedDue = (state: SchedulerState): void => {
  for (const [peer, parked] of [...state.parked]) {
    if (parked.dueAt <= state.now) release(state, peer, parked);
    else armBy(state, state.parkedTimer, parked.dueAt);
  }
};

const release = (state: SchedulerState, peer: PeerId, parked: Parked): void => {
  for (const message of parked.take()) send(state, peer, message);
  if (parked.size === 0) {
    state.parked.delete(peer);
    return;
  }
  parked.dueAt = after(state, PROOF_MS);
  armBy(state, state.parkedTimer, parked.dueAt);
};
