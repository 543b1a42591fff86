/** Clients come with their first heartbeat and go when they say so or fall silent. */
import { clientId, showId, taskId } from '@muster/protocol/ids';
import type { PeerId } from '@muster/protocol/ids';
import type { GraphTask } from '@muster/protocol/messages';
import { cancel } from './cancel.ts';
import { Client } from './client.ts';
import { echoEpoch, echoTo, lapse } from './echo.ts';
import { drop } from './moves.ts';
import { releaseAll } from './objects.ts';
import { after, armBy, deafForMs, note, noteOnce, send } from './state.ts';
import type { SchedulerState } from './state.ts';
import { beginShutdown } from './shutdown.ts';
import { FINISHED, NO_TASK } from './task-table.ts';

export const onClientHeartbeat = (state: SchedulerState, from: PeerId, features: number): void => {
  const known = state.clients.get(from);
  if (known !== undefined) {
    known.lastSeen = state.now;
    echoTo(state, known.id, 'client', known.own, known.epoch);
    return;
  }
  const client = register(state, from, features > 0);
  echoTo(state, client.id, 'client', client.own, client.epoch);
};

/**
 * The sender of a task that has not said hello: it was dropped for its silence, or knew a former scheduler.
 * Frames of our own clients leave their source out, which tells what it is.
 */
export const clientOf = (state: SchedulerState, from: PeerId, own: boolean): Client =>
  state.clients.get(from) ?? register(state, from, own);

const register = (state: SchedulerState, from: PeerId, own: boolean): Client => {
  const client = new Client(clientId(from), own, echoEpoch(state, from), state.now, state.tasks);
  state.clients.set(from, client);
  state.timers.set(client.timeout, after(state, state.config.clientTimeoutMs));
  note(state, 'client.registered', 'info', { client: showId(from), own });
  return client;
};

/** Of a client of ours whose link is down. One that lives is back at once: its connection is made again by itself. */
const GRACE_MS = 10_000;

/** A hint, taken for clients of ours alone: heartbeats decide about stock ones. */
export const onClientDown = (state: SchedulerState, client: Client): void => {
  if (!client.own || client.downAt !== undefined) return;
  client.downAt = state.now;
  armBy(state, client.timeout, after(state, state.config.clientGraceMs ?? GRACE_MS));
};

/** Any frame from it. */
export const onClientFrame = (state: SchedulerState, client: Client): void => {
  client.lastSeen = state.now;
  client.downAt = undefined;
};

export const onClientTimeoutDue = (state: SchedulerState, client: Client): void => {
  const { lastSeen, downAt = Infinity } = client;
  const { clientTimeoutMs, clientGraceMs = GRACE_MS } = state.config;
  const until = Math.min(lastSeen + clientTimeoutMs, downAt + clientGraceMs);
  const due = Math.max(until - state.now, deafForMs(state));
  if (due > 0) state.timers.set(client.timeout, after(state, due));
  else removeClient(state, client, downAt === Infinity ? 'timed out' : 'its link stayed down');
};

/** Why a client is gone that said so itself. */
const LEFT = 'disconnected';

/** Its tasks are canceled with force, so that they block no worker; its objects are released. */
export const removeClient = (state: SchedulerState, client: Client, reason: string): void => {
  note(state, 'client.gone', 'info', { client: showId(client.id), reason, tasks: client.tasks });
  client.gone = true;
  if (client.own && reason !== LEFT) lapse(state, client.id);
  state.clients.delete(client.id);
  state.parked.delete(client.id);
  state.echoesOwed.delete(client.id);
  state.timers.clear(client.timeout);
  state.timers.clear(client.resend);
  client.outResults = [];
  client.outAttempts = [];
  for (let task = client.firstTask; task !== NO_TASK;) {
    const next = state.tasks.clientNext(task);
    if (state.tasks.phase(task) === FINISHED) drop(state, task);
    else cancel(state, task, true);
    task = next;
  }
  releaseAll(state, client);
};

export const onClientDisconnect = (
  state: SchedulerState,
  from: PeerId,
  type: 'disconnect' | 'shutdown',
): void => {
  const client = state.clients.get(from);
  if (type === 'disconnect') {
    if (client !== undefined) removeClient(state, client, LEFT);
    return;
  }
  const accepted = !state.config.protected;
  send(state, from, { kind: 'clientShutdownResponse', accepted });
  note(state, 'shutdown.requested', accepted ? 'info' : 'warn', { by: showId(from), accepted });
  if (accepted)
    beginShutdown(state, `client ${showId(from)} asked for it`, state.config.stopTimeoutMs, 'now');
};

/** Not in this release. The client gets a definite answer for every future it made, instead of silence. */
export const onGraphTask = (state: SchedulerState, from: PeerId, graph: GraphTask): void => {
  noteOnce(state, `graph:${from}`, 'graph.refused', 'warn', {
    client: showId(from),
    reason: 'graph tasks are not served by this release',
  });
  for (const id of [...graph.graph.map((task) => task.taskId), graph.taskId]) {
    send(state, from, { kind: 'taskCancelConfirm', taskId: taskId(id), confirm: 'canceled' });
  }
};
