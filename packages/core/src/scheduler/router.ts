/** Which message goes where. Nothing that a peer sends makes this throw: what is out of place is noted, once. */
import { showId } from '@muster/protocol/ids';
import type { PeerId } from '@muster/protocol/ids';
import type { Message } from '@muster/protocol/messages';
import { onAdapterHeartbeat, onAdapterResponse } from './adapters.ts';
import { onCancel, onCancelConfirm } from './cancel.ts';
import type { Client } from './client.ts';
import { clientOf, onClientDisconnect, onClientFrame, onClientHeartbeat, onGraphTask } from './clients.ts';
import { onDrainStatus } from './drain.ts';
import { askForMissing } from './missing.ts';
import { onObjectInstruction } from './objects.ts';
import { rememberOrphans } from './orphans.ts';
import { unpark } from './parked.ts';
import { onResult, onResultAck, onSubmit, onTasksHeld } from './results.ts';
import { scaleOnHeartbeat } from './scale.ts';
import { noteOnce, send } from './state.ts';
import type { SchedulerState } from './state.ts';
import { NO_TASK } from './task-table.ts';
import type { Worker } from './worker.ts';
import { onDisconnectRequest, onTasksReturned, onWorkerFrame, onWorkerHeartbeat } from './workers.ts';

export const onMessage = (state: SchedulerState, from: PeerId, message: Message): void => {
  if (state.parked.size > 0) unpark(state, from);
  const worker = state.workers.get(from);
  if (worker !== undefined) {
    onWorkerFrame(state, worker);
    if (onWorkerMessage(state, worker, message)) return;
  }
  const client = state.clients.get(from);
  if (client !== undefined) {
    onClientFrame(state, client);
    if (onClientMessage(state, client, message)) return;
  }
  onOtherMessage(state, from, message, client);
};

const onWorkerMessage = (state: SchedulerState, worker: Worker, message: Message): boolean => {
  switch (message.kind) {
    case 'taskResultBatch':
      for (let i = 0; i < message.results.length; i++) {
        const result = message.results[i];
        if (result !== undefined) onResult(state, worker, result, message.attempts[i] ?? 0);
      }
      return true;
    case 'taskResult':
      onResult(state, worker, message.result, 0);
      return true;
    case 'taskCancelConfirm':
      onCancelConfirm(state, worker, message.taskId, message.confirm);
      return true;
    case 'tasksReturned':
      onTasksReturned(state, worker, message.returned, message.kept);
      return true;
    case 'tasksHeld':
      rememberOrphans(state, worker, onTasksHeld(state, worker, message.tasks));
      askForMissing(state, worker, message.tasks);
      return true;
    case 'drainStatus':
      onDrainStatus(state, worker, message.status, message.reason);
      return true;
    case 'taskLog':
      onTaskLog(state, message);
      return true;
    default:
      return false;
  }
};

const onTaskLog = (state: SchedulerState, message: Extract<Message, { kind: 'taskLog' }>): void => {
  const task = state.tasks.find(message.taskId);
  if (task === NO_TASK) return; // its result was faster
  const client = state.tasks.client(task);
  if (!client.gone) send(state, client.id, message);
};

const onClientMessage = (state: SchedulerState, client: Client, message: Message): boolean => {
  switch (message.kind) {
    case 'taskBatch':
      for (const task of message.tasks) onSubmit(state, client, task);
      return true;
    case 'task':
      onSubmit(state, client, message.task);
      return true;
    case 'resultAck':
      onResultAck(state, client, message.tasks);
      return true;
    case 'taskCancel':
      onCancel(state, client, message.taskId, message.force);
      return true;
    default:
      return false;
  }
};

const onOtherMessage = (
  state: SchedulerState,
  from: PeerId,
  message: Message,
  client: Client | undefined,
): void => {
  switch (message.kind) {
    case 'clientHeartbeat':
      return onClientHeartbeat(state, from, message.features);
    case 'workerHeartbeat':
      return onWorkerHeartbeat(state, from, message);
    case 'adapterHeartbeat':
      return scaleOnHeartbeat(state, onAdapterHeartbeat(state, from, message));
    case 'adapterCommandResponse':
      return onAdapterResponse(state, from, message);
    case 'objectInstruction':
      return onObjectInstruction(state, from, message);
    case 'clientDisconnect':
      return onClientDisconnect(state, from, message.type);
    case 'disconnectRequest':
      return onDisconnectRequest(state, from, message);
    case 'graphTask':
      return onGraphTask(state, from, message.graph);
    case 'task':
      if (client === undefined)
        onClientMessage(state, clientOf(state, from, message.task.source === undefined), message);
      return;
    case 'taskBatch':
      if (client === undefined) onClientMessage(state, clientOf(state, from, true), message);
      return;
    case 'taskCancel':
      return send(state, from, {
        kind: 'taskCancelConfirm',
        taskId: message.taskId,
        confirm: 'cancelNotFound',
      });
    case 'taskResult':
    case 'taskResultBatch':
    case 'tasksHeld':
    case 'tasksReturned':
    case 'drainStatus':
    case 'taskCancelConfirm':
    case 'taskLog':
    case 'resultAck':
      // From a worker or client that is no longer registered: its next heartbeat brings it back.
      return noteOnce(state, `early:${from}`, 'message.early', 'debug', {
        from: showId(from),
        message: message.kind,
      });
    default:
      return noteOnce(state, `odd:${message.kind}:${from}`, 'message.unexpected', 'warn', {
        from: showId(from),
        message: message.kind,
      });
  }
};
