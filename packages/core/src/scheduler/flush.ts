/** What piled up during a step goes out, together for each peer. */
import { BATCH_MAX, flushAcks } from './acks.ts';
import type { Client } from './client.ts';
import { send } from './state.ts';
import type { SchedulerState } from './state.ts';
import type { Worker } from './worker.ts';

export const flush = (state: SchedulerState): void => {
  if (state.dirtyClients.length > 0) {
    for (const client of state.dirtyClients) flushResults(state, client);
    state.dirtyClients.length = 0;
  }
  if (state.dirtyWorkers.length > 0) {
    for (const worker of state.dirtyWorkers) flushTasks(state, worker);
    state.dirtyWorkers.length = 0;
  }
};

export const flushResults = (state: SchedulerState, client: Client): void => {
  const { outResults: results, outAttempts: attempts } = client;
  if (results.length === 0) return;
  client.outResults = [];
  client.outAttempts = [];
  if (!client.own) {
    for (const result of results) send(state, client.id, { kind: 'taskResult', result });
    return;
  }
  const most = state.config.batchMax ?? BATCH_MAX;
  if (results.length <= most) return send(state, client.id, { kind: 'taskResultBatch', results, attempts });
  for (let from = 0; from < results.length; from += most) {
    send(state, client.id, {
      kind: 'taskResultBatch',
      results: results.slice(from, from + most),
      attempts: attempts.slice(from, from + most),
    });
  }
};

const flushTasks = (state: SchedulerState, worker: Worker): void => {
  const { outTasks: tasks, outAttempts: attempts, outSources: sources, outSourceOf: sourceOf } = worker;
  if (tasks.length === 0) return;
  worker.outTasks = [];
  worker.outAttempts = [];
  worker.outSources = [];
  worker.outSourceOf = [];
  if (!worker.own) {
    for (const task of tasks) send(state, worker.id, { kind: 'task', task });
    return;
  }
  const most = state.config.batchMax ?? BATCH_MAX;
  if (tasks.length <= most) send(state, worker.id, { kind: 'taskBatch', tasks, attempts, sources, sourceOf });
  else {
    for (let from = 0; from < tasks.length; from += most) {
      send(state, worker.id, {
        kind: 'taskBatch',
        tasks: tasks.slice(from, from + most),
        attempts: attempts.slice(from, from + most),
        sources,
        sourceOf: sourceOf.slice(from, from + most),
      });
    }
  }
  // Acknowledgements ride along, so that they cost no wake-up of their own.
  if (worker.acks.length >= BATCH_MAX / 2) flushAcks(state, worker);
};
