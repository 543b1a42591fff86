import { expect, test } from 'vitest';
import { peerId } from '@muster/protocol/ids';
import { memoryNetwork } from './memory.ts';
import { bytes, record } from './testing/endpoint.ts';

const scheduler = { identity: peerId('scheduler-1') };
const worker = { identity: peerId('Worker|a|1') };

const manual = async () => {
  const network = memoryNetwork({ delivery: 'manual' });
  const listener = await network.transport.listen(['mem'], scheduler);
  const connection = await network.transport.connect('mem', worker);
  return { network, listener, connection, atListener: record(listener), atConnection: record(connection) };
};

test('moves nothing by itself when delivery is manual, and everything of a turn at once', async () => {
  const { network, listener, connection, atListener, atConnection } = await manual();
  connection.trySend(bytes('a'));
  connection.trySend(bytes('b'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(atListener.events).toEqual([]);
  expect(network.deliver()).toBe(true);
  expect(atListener.turns).toHaveLength(1);
  expect(atListener.texts()).toEqual(['a', 'b']);
  expect(atConnection.events).toEqual([{ kind: 'peerUp', peer: 'scheduler' }]);
  expect(network.deliver()).toBe(false);
  listener.trySend(worker.identity, bytes('c'));
  expect(network.deliver()).toBe(true);
  expect(atConnection.texts()).toEqual(['c']);
});

test('a cut loses what the listener had under way, keeps what the connection says, and is told on both sides', async () => {
  const { network, listener, connection, atListener, atConnection } = await manual();
  connection.trySend(bytes('before'));
  network.deliver();
  listener.trySend(worker.identity, bytes('lost'));
  network.cut(worker.identity);
  connection.trySend(bytes('kept'));
  listener.trySend(worker.identity, bytes('unreachable'));
  network.deliver();
  expect(atListener.events.slice(2).map((event) => event.kind)).toEqual(['peerDown', 'undelivered']);
  network.mend(worker.identity);
  network.deliver();
  expect(atListener.texts()).toEqual(['before', 'kept']);
  expect(atConnection.events.map((event) => event.kind)).toEqual(['peerUp', 'peerDown', 'peerUp']);
});

test('networks do not see each other', async () => {
  const other = memoryNetwork();
  await other.transport.listen(['mem'], scheduler);
  const { network, connection, atConnection } = await manual();
  connection.trySend(bytes('a'));
  network.deliver();
  expect(atConnection.events).toHaveLength(1);
});
