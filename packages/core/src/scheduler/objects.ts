/**
 * Who still needs which object. An object without an owner is deleted in the store, and stock workers are told
 * to drop their copies; deletions go out together, once a second.
 *
 * O1 `objects` and the clients' `objects` say the same.
 */
import { peerId, showId } from '@muster/protocol/ids';
import type { ObjectId, PeerId } from '@muster/protocol/ids';
import type { Message } from '@muster/protocol/messages';
import type { Client } from './client.ts';
import { after, armBy, note, noteOnce, send } from './state.ts';
import type { SchedulerState } from './state.ts';

const DELETION_DELAY_MS = 1_000;
const DELETION_BATCH_MAX = 1_000;

export const onObjectInstruction = (
  state: SchedulerState,
  from: PeerId,
  message: Extract<Message, { kind: 'objectInstruction' }>,
): void => {
  const client = state.clients.get(message.user);
  if (client === undefined) {
    noteOnce(state, `object.user:${message.user}`, 'object.refused', 'warn', {
      from: showId(from),
      user: showId(message.user),
      reason: 'its user is not a registered client',
    });
    return;
  }
  const { ids, types } = message.objects;
  switch (message.instruction) {
    case 'create':
      ids.forEach((id, index) => {
        own(state, client, id);
        if (types[index] === 'serializer') client.serializers.add(id);
      });
      return;
    case 'delete':
      for (const id of ids) disown(state, client, id);
      return;
    case 'clear':
      for (const id of [...client.objects]) if (!client.serializers.has(id)) disown(state, client, id);
  }
};

/** The client that waits for a result owns its objects. */
export const trackResult = (state: SchedulerState, client: Client, ids: readonly ObjectId[]): void => {
  if (client.gone) releaseUnowned(state, ids);
  else for (const id of ids) own(state, client, id);
};

/** Objects of a result that nobody will read. */
export const releaseUnowned = (state: SchedulerState, ids: readonly ObjectId[]): void => {
  for (const id of ids) if (!state.objects.has(id)) queueDeletion(state, id);
};

export const releaseAll = (state: SchedulerState, client: Client): void => {
  for (const id of [...client.objects]) disown(state, client, id);
};

export const flushDeletions = (state: SchedulerState): void => {
  // An id may have got an owner again since.
  const ids = state.deletions.filter((id) => !state.objects.has(id));
  state.deletions = [];
  for (let from = 0; from < ids.length; from += DELETION_BATCH_MAX) {
    const batch = ids.slice(from, from + DELETION_BATCH_MAX);
    state.effects.push({ kind: 'deleteObjects', ids: batch });
    if (state.stock.workers === 0) continue;
    for (const worker of state.workers.values()) {
      if (worker.own) continue;
      send(state, worker.id, {
        kind: 'objectInstruction',
        instruction: 'delete',
        user: peerId(''),
        objects: { ids: batch, types: [], names: [] },
      });
    }
  }
  if (ids.length > 0) note(state, 'objects.deleted', 'debug', { count: ids.length });
};

const own = (state: SchedulerState, client: Client, id: ObjectId): void => {
  if (client.objects.has(id)) return;
  client.objects.add(id);
  const owners = state.objects.get(id);
  if (owners === undefined) state.objects.set(id, client);
  else if (Array.isArray(owners)) owners.push(client);
  else state.objects.set(id, [owners, client]);
};

const disown = (state: SchedulerState, client: Client, id: ObjectId): void => {
  if (!client.objects.delete(id)) return;
  client.serializers.delete(id);
  const owners = state.objects.get(id);
  if (Array.isArray(owners)) {
    const others = owners.filter((owner) => owner !== client);
    const [only] = others;
    if (others.length === 1 && only !== undefined) state.objects.set(id, only);
    else state.objects.set(id, others);
    return;
  }
  state.objects.delete(id);
  queueDeletion(state, id);
};

const queueDeletion = (state: SchedulerState, id: ObjectId): void => {
  state.deletions.push(id);
  armBy(state, state.deletionsTimer, after(state, DELETION_DELAY_MS));
};
