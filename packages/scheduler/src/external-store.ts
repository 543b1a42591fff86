/** An object store that runs on its own: the scheduler tells its peers where it is and deletes what nobody owns. */
import type { Note } from '@muster/core/machine';
import type { ObjectStoreState } from '@muster/core/scheduler-types';
import { connectObjectStore } from '@muster/storage/client';
import type { TcpAddress } from './addresses.ts';
import { createDeleter, type StoreLink } from './store-link.ts';

/**
 * Connects to a store by address; the connection is made, and made again, in the background. Its identity is
 * what it says, or, for a stock store, a new one per connection.
 */
export const openExternalStore = (address: TcpAddress, log: (note: Note) => void): StoreLink => {
  let state: ObjectStoreState = { address, path: '', epoch: '' };
  let listener: (state: ObjectStoreState) => void = () => undefined;
  const change = (epoch: string): void => {
    if (epoch === state.epoch) return;
    state = { ...state, epoch };
    log({
      kind: 'note',
      level: epoch === '' ? 'warn' : 'info',
      event: epoch === '' ? 'store.lost' : 'store.found',
      fields: { address: `${address.host}:${address.port}`, epoch },
    });
    listener(state);
  };
  const client = connectObjectStore(
    { host: address.host.replace(/^\[|\]$/g, ''), port: address.port },
    { onConnection: (connection) => change(connection.state === 'up' ? connection.epoch : '') },
  );
  const deleter = createDeleter(client, ({ dropped, error }) =>
    log({ kind: 'note', level: 'warn', event: 'store.deleteFailed', fields: { objects: dropped, error } }),
  );
  return {
    onState: (react) => {
      listener = react;
      react(state);
    },
    delete: (ids) => deleter.add(ids),
    close: async () => {
      deleter.stop();
      await client.close();
    },
  };
};
