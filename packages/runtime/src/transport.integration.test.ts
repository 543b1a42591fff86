/** One suite for both transports: what the contract in transport.ts says, and nothing about how it is done. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { peerId } from '@muster/protocol/ids';
import { memoryNetwork } from './memory.ts';
import { bytes, record } from './testing/endpoint.ts';
import type { Connection, ConnectOptions, Listener, ListenOptions, Transport } from './transport.ts';
import { zeromqTransport } from './zeromq.ts';

const scheduler = { identity: peerId('scheduler-1') };
const open: (Listener | Connection)[] = [];
const folders: string[] = [];
const keep = <T extends Listener | Connection>(one: T): T => {
  open.push(one);
  return one;
};

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

const kinds: { name: string; transport: () => Transport; address: () => Promise<string> }[] = [
  { name: 'zeromq over tcp', transport: () => zeromqTransport(), address: async () => 'tcp://127.0.0.1:0' },
  {
    name: 'zeromq over ipc',
    transport: () => zeromqTransport(),
    address: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'muster-'));
      folders.push(folder);
      return `ipc://${join(folder, 's')}`;
    },
  },
  { name: 'memory', transport: () => memoryNetwork().transport, address: async () => 'tcp://127.0.0.1:0' },
];

describe.each(kinds)('$name', ({ transport, address }) => {
  const pair = async (extra: Partial<ListenOptions> = {}, extraConnect: Partial<ConnectOptions> = {}) => {
    const network = transport();
    const listener = keep(await network.listen([await address()], { ...scheduler, ...extra }));
    const target = listener.addresses[0] ?? '';
    const connect = async (id: string): Promise<Connection> =>
      keep(await network.connect(target, { identity: peerId(id), ...extraConnect }));
    return { network, listener, target, connect };
  };

  test('carries frames both ways, in order, with the identity of the sender', async () => {
    const { listener, connect } = await pair();
    const atListener = record(listener);
    const worker = await connect('Worker|g-1-1|00');
    const atWorker = record(worker);
    const sent = Array.from({ length: 500 }, (_, i) => `${i} ${'x'.repeat(i)}`);
    for (const text of sent) expect(worker.trySend(bytes(text))).toBe('queued');
    await atListener.until('all frames', () => atListener.texts().length === sent.length);
    expect(atListener.texts()).toEqual(sent);
    expect(new Set(atListener.events.map((event) => ('from' in event ? event.from : '')))).toEqual(
      new Set(['', worker.identity]),
    );
    for (const text of sent) expect(listener.trySend(worker.identity, bytes(text))).toBe('queued');
    await atWorker.until('all answers', () => atWorker.texts().length === sent.length);
    expect(atWorker.texts()).toEqual(sent);
    expect(atWorker.events.every((event) => event.kind !== 'frame' || event.from === 'scheduler')).toBe(true);
  });

  test('tells that a peer is up before its first frame, once', async () => {
    const { listener, connect } = await pair();
    const atListener = record(listener);
    const client = await connect('Client|1');
    client.trySend(bytes('a'));
    client.trySend(bytes('b'));
    await atListener.until('two frames', () => atListener.texts().length === 2);
    expect(atListener.events.map((event) => event.kind)).toEqual(['peerUp', 'frame', 'frame']);
  });

  test('tells that a peer is gone', async () => {
    const { listener, connect } = await pair();
    const atListener = record(listener);
    const client = await connect('Client|1');
    client.trySend(bytes('a'));
    await atListener.until('a frame', () => atListener.texts().length === 1);
    await client.close();
    await atListener.until('peerDown', () => atListener.events.some((event) => event.kind === 'peerDown'));
    expect(atListener.events.at(-1)).toEqual({ kind: 'peerDown', peer: 'Client|1' });
  });

  test('gives frames for an unknown peer back, in order, as undelivered', async () => {
    const { listener } = await pair();
    const atListener = record(listener);
    const nobody = peerId('Client|nobody');
    for (const text of ['one', 'two', 'three']) expect(listener.trySend(nobody, bytes(text))).toBe('queued');
    await atListener.until('all given back', () => atListener.events.length === 3);
    expect(atListener.events).toEqual(
      ['one', 'two', 'three'].map((text) => ({
        kind: 'undelivered',
        to: nobody,
        frame: bytes(text),
        why: 'unreachable',
      })),
    );
  });

  test('gives frames for a peer that has gone back as undelivered', async () => {
    const { listener, connect } = await pair();
    const atListener = record(listener);
    const client = await connect('Client|1');
    client.trySend(bytes('a'));
    await atListener.until('a frame', () => atListener.texts().length === 1);
    await client.close();
    await atListener.until('peerDown', () => atListener.events.some((event) => event.kind === 'peerDown'));
    listener.trySend(client.identity, bytes('late'));
    await atListener.until('undelivered', () =>
      atListener.events.some((event) => event.kind === 'undelivered'),
    );
    expect(atListener.events.at(-1)).toMatchObject({
      kind: 'undelivered',
      to: 'Client|1',
      why: 'unreachable',
    });
  });

  test('connects before anybody listens, keeps what was sent, and says when the peer is up', async () => {
    const first = await pair();
    await first.listener.close();
    const client = await first.connect('Client|early');
    const atClient = record(client);
    for (const text of ['a', 'b', 'c']) expect(client.trySend(bytes(text))).toBe('queued');
    const listener = keep(await first.network.listen([first.target], scheduler));
    const atListener = record(listener);
    await atListener.until('three frames', () => atListener.texts().length === 3);
    expect(atListener.texts()).toEqual(['a', 'b', 'c']);
    await atClient.until('peerUp', () => atClient.events.length > 0);
    expect(atClient.events).toEqual([{ kind: 'peerUp', peer: 'scheduler' }]);
  });

  test('connects again after the listener was restarted, and tells both the loss and the return', async () => {
    const first = await pair();
    const atFirst = record(first.listener);
    const client = await first.connect('Client|1');
    const atClient = record(client);
    client.trySend(bytes('to the first'));
    await atFirst.until('a frame', () => atFirst.texts().length === 1);
    await first.listener.close();
    await atClient.until('peerDown', () => atClient.events.some((event) => event.kind === 'peerDown'));
    const second = keep(await first.network.listen([first.target], scheduler));
    const atSecond = record(second);
    await atClient.until(
      'peerUp again',
      () => atClient.events.filter((event) => event.kind === 'peerUp').length === 2,
    );
    client.trySend(bytes('to the second'));
    await atSecond.until('a frame', () => atSecond.texts().length === 1);
    expect(atSecond.texts()).toEqual(['to the second']);
    expect(atClient.events.map((event) => event.kind)).toEqual(['peerUp', 'peerDown', 'peerUp']);
  });

  test('a peer that comes back under the same identity is the one that is answered', async () => {
    const { listener, connect } = await pair();
    const atListener = record(listener, (turn) => {
      for (const event of turn) if (event.kind === 'frame') listener.trySend(event.from, event.frame);
    });
    const old = await connect('Worker|a|1');
    const atOld = record(old);
    old.trySend(bytes('old'));
    await atOld.until('an answer', () => atOld.texts().length === 1);
    const restarted = await connect('Worker|a|1');
    const atRestarted = record(restarted);
    restarted.trySend(bytes('new'));
    await atRestarted.until('an answer', () => atRestarted.texts().length === 1);
    expect(atRestarted.texts()).toEqual(['new']);
    expect(atOld.texts()).toEqual(['old']);
    expect(atListener.texts()).toEqual(['old', 'new']);
  });

  test('refuses what does not fit the queue of the connection, and takes it again later', async () => {
    const first = await pair({}, { queueBytesMax: 100_000 });
    await first.listener.close();
    const client = await first.connect('Client|1');
    const frame = Buffer.alloc(10_000, 1);
    let queued = 0;
    while (queued < 100_000 && client.trySend(frame) === 'queued') queued += 1;
    expect(queued).toBeGreaterThanOrEqual(9);
    expect(queued).toBeLessThan(100_000);
    const listener = keep(await first.network.listen([first.target], scheduler));
    const atListener = record(listener);
    await atListener.until('what was queued', () => atListener.texts().length === queued);
    expect(client.trySend(frame)).toBe('queued');
    await atListener.until('one more', () => atListener.texts().length === queued + 1);
  });

  test('one frame larger than the queue fits an empty queue; one over the frame limit never does', async () => {
    const limits = { queueBytesMax: 1000, frameBytesMax: 50_000 };
    const { listener, connect } = await pair(limits, limits);
    const atListener = record(listener);
    const client = await connect('Client|1');
    expect(client.trySend(Buffer.alloc(50_000, 7))).toBe('queued');
    await atListener.until('the frame', () => atListener.texts().length === 1);
    expect(client.trySend(Buffer.alloc(50_001, 7))).toBe('full');
    expect(listener.trySend(client.identity, Buffer.alloc(50_001, 7))).toBe('full');
  });

  test('a slice of a larger buffer carries its own bytes only', async () => {
    const { listener, connect } = await pair();
    const atListener = record(listener);
    const client = await connect('Client|1');
    const pool = new Uint8Array(64 * 1024).map((_, i) => i % 251);
    for (const [start, end] of [
      [10, 20],
      [1000, 1300],
      [60_000, 65_000],
    ] as const)
      client.trySend(pool.subarray(start, end));
    await atListener.until('three frames', () => atListener.texts().length === 3);
    const frames = atListener.events.flatMap((event) =>
      event.kind === 'frame' ? [Uint8Array.from(event.frame)] : [],
    );
    expect(frames).toEqual([pool.slice(10, 20), pool.slice(1000, 1300), pool.slice(60_000, 65_000)]);
  });

  test('identities are bytes: any value but a leading zero survives', async () => {
    const { listener, connect } = await pair();
    const atListener = record(listener, (turn) => {
      for (const event of turn) if (event.kind === 'frame') listener.trySend(event.from, event.frame);
    });
    const odd = String.fromCharCode(...Array.from({ length: 255 }, (_, i) => 255 - i));
    const client = await connect(odd);
    const atClient = record(client);
    client.trySend(bytes('hello'));
    await atClient.until('an answer', () => atClient.texts().length === 1);
    expect(atListener.events).toContainEqual({ kind: 'peerUp', peer: odd });
  });

  test('close may be called at any time and any number of times; nothing is delivered or taken after it', async () => {
    const { listener, connect } = await pair();
    const client = await connect('Client|1');
    const atListener = record(listener);
    client.trySend(bytes('a'));
    await atListener.until('a frame', () => atListener.texts().length === 1);
    await Promise.all([client.close(), client.close(), listener.close(), listener.close()]);
    const seen = atListener.events.length;
    expect(client.trySend(bytes('b'))).toBe('full');
    expect(listener.trySend(client.identity, bytes('b'))).toBe('full');
    await listener.close();
    expect(atListener.events.length).toBe(seen);
  });

  test('what was sent just before close arrives', async () => {
    const { listener, connect } = await pair();
    const atListener = record(listener);
    const client = await connect('Client|1');
    client.trySend(bytes('first'));
    await atListener.until('a frame', () => atListener.texts().length === 1);
    for (let i = 0; i < 100; i++) client.trySend(bytes(`last ${i} ${'x'.repeat(1000)}`));
    await client.close();
    await atListener.until('all frames', () => atListener.texts().length === 101);
  });

  test('frames of a turn arrive together, not one call each', async () => {
    const { listener, connect } = await pair();
    const atListener = record(listener);
    const client = await connect('Client|1');
    for (let i = 0; i < 2000; i++) client.trySend(bytes(String(i)));
    await atListener.until('all frames', () => atListener.texts().length === 2000);
    expect(atListener.turns.length).toBeLessThan(1000);
  });

  test('an address in use is refused with its code and what to do', async () => {
    const { network, target } = await pair();
    await expect(network.listen([target], scheduler)).rejects.toMatchObject({
      name: 'TransportError',
      code: 'EADDRINUSE',
      address: target,
    });
  });
});
