/**
 * Answers to heartbeats. Stock peers send the next heartbeat only after the echo, and start work only when an
 * echo has named the object store, so an echo to them is never dropped: it waits until the store is up.
 *
 * A peer of ours whose state we gave up (timed out) finds another epoch in its next echo, exactly as after a
 * restart of the scheduler: it then offers or reports again what it has.
 */
import type { PeerId } from '@muster/protocol/ids';
import type { EchoExtras, Message, ObjectStorageAddress } from '@muster/protocol/messages';
import type { ObjectStoreState } from '../scheduler-types.ts';
import { note, send } from './state.ts';
import type { SchedulerState } from './state.ts';

const LAPSES_MAX = 4_096;
const NO_ADDRESS: ObjectStorageAddress = { host: '', port: 0 };

export const echoEpoch = (state: SchedulerState, peer: PeerId): string => {
  const lapses = state.lapses.get(peer);
  return lapses === undefined ? state.config.epoch : `${state.config.epoch}.${lapses}`;
};

/** Its state here is gone; should it come back, it must know. */
export const lapse = (state: SchedulerState, peer: PeerId): void => {
  const before = state.lapses.get(peer) ?? 0;
  state.lapses.delete(peer);
  for (const oldest of state.lapses.keys()) {
    if (state.lapses.size < LAPSES_MAX) break;
    state.lapses.delete(oldest);
  }
  state.lapses.set(peer, before + 1);
};

const extrasFor = (state: SchedulerState, epoch: string): EchoExtras =>
  epoch === state.extras.epoch ? state.extras : { ...state.extras, epoch };

const echoOf = (state: SchedulerState, to: 'client' | 'worker', own: boolean, epoch: string): Message => ({
  kind: to === 'client' ? 'clientHeartbeatEcho' : 'workerHeartbeatEcho',
  storage: state.store?.address ?? NO_ADDRESS,
  extras: own ? extrasFor(state, epoch) : undefined,
});

export const echoTo = (
  state: SchedulerState,
  peer: PeerId,
  to: 'client' | 'worker',
  own: boolean,
  epoch: string,
): void => {
  if (!own && state.store === undefined) {
    state.echoesOwed.set(peer, to);
    return;
  }
  send(state, peer, echoOf(state, to, own, epoch));
};

export const adapterExtras = (state: SchedulerState): EchoExtras => state.extras;

/** Own peers are told at once, so that nobody waits for a heartbeat to learn where the bytes are. */
export const onObjectStore = (state: SchedulerState, store: ObjectStoreState): void => {
  const before = state.store;
  state.store = store;
  state.extras = { ...state.extras, storePath: store.path, storeEpoch: store.epoch };
  const changed =
    before === undefined ||
    before.epoch !== store.epoch ||
    before.path !== store.path ||
    before.address.host !== store.address.host ||
    before.address.port !== store.address.port;
  if (changed) {
    note(state, store.epoch === '' ? 'store.down' : 'store.up', store.epoch === '' ? 'warn' : 'info', {
      host: store.address.host,
      port: store.address.port,
      epoch: store.epoch,
    });
    for (const client of state.clients.values()) {
      if (client.own) echoTo(state, client.id, 'client', true, client.epoch);
    }
    for (const worker of state.workers.values()) {
      if (worker.own) echoTo(state, worker.id, 'worker', true, worker.epoch);
    }
  }
  for (const [peer, to] of state.echoesOwed) {
    if (state.clients.has(peer) || state.workers.has(peer))
      echoTo(state, peer, to, false, state.config.epoch);
  }
  state.echoesOwed.clear();
};
