import { linkSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StoreLog } from './log.ts';
import { startObjectStoreServer, type ObjectStoreServer, type ObjectStoreServerOptions } from './server.ts';
import { frame, RawPeer, requestFrame, testId } from './testing/raw-peer.ts';
import { encodeObjectId } from '@muster/protocol/object-storage';
import { WANT_ALL } from './wire/headers.ts';
import { REQUEST, RESPONSE } from './wire/types.ts';

// A loaded machine may take its time; nothing here waits for time to pass.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const A = testId('a');
const B = testId('b');
const C = testId('c');
const DEADLINE_MS = 20_000;

let notes: string[] = [];
let server: ObjectStoreServer;
let address: { readonly host: string; readonly port: number };

const note = (level: string) => (event: string, fields?: Readonly<Record<string, unknown>>) => {
  notes.push(`${level} ${event} ${JSON.stringify(fields ?? {})}`);
};
const log: StoreLog = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };

const start = async (options: ObjectStoreServerOptions = {}): Promise<void> => {
  server = await startObjectStoreServer({ tcp: { host: '127.0.0.1', port: 0 }, log, ...options });
  if (server.address === undefined) throw new Error('no TCP address');
  address = server.address;
};

const set = (id: typeof A, body: string, request = 0): Buffer[] => [
  requestFrame(REQUEST.setObject, id, body.length, request),
  frame(Buffer.from(body)),
];
const get = (id: typeof A, request = 0): Buffer => requestFrame(REQUEST.getObject, id, WANT_ALL, request);
const duplicate = (from: typeof A, to: typeof A, request = 0): Buffer[] => [
  requestFrame(REQUEST.duplicateObject, to, 48, request),
  frame(encodeObjectId(from)),
];

/** The peer's earlier requests have been seen: requests of one connection are taken in order. */
const seen = async (peer: RawPeer): Promise<readonly number[]> => {
  peer.send(requestFrame(REQUEST.infoGetTotal, A, 0, 999));
  const answer = await peer.answer();
  expect(answer).toMatchObject({ type: RESPONSE.infoGetTotalOK, requestId: 999 });
  return [0, 8, 16].map((at) => Number(answer.payload.readBigUInt64LE(at)));
};

const until = async (what: string, isSo: () => boolean): Promise<void> => {
  const end = performance.now() + DEADLINE_MS;
  while (!isSo()) {
    if (performance.now() > end)
      throw new Error(`waited in vain until ${what}: ${JSON.stringify(server.stats())}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

beforeEach(() => {
  notes = [];
});
afterEach(async () => {
  await server.close();
});

describe('the stock protocol', () => {
  it('says its identity at once, without waiting for the peer', async () => {
    await start();
    const peer = new RawPeer(address);
    expect((await peer.frame()).toString()).toBe('ObjectStorageServer');
    await peer.close();
  });

  it('tolerates peers that connect and close, also in the middle of a request', async () => {
    await start();
    for (let i = 0; i < 20; i++) await new RawPeer(address).close();
    const half = await RawPeer.open(address);
    half.send(requestFrame(REQUEST.setObject, A, 1000), frame(Buffer.alloc(1000)).subarray(0, 500));
    await seen(await RawPeer.open(address));
    await half.close();
    await until('the connections are gone', () => server.stats().connections === 1);
    await until('the half object is gone', () => server.stats().memoryBytes === 0);
    expect(notes).toEqual([]);
  });

  it('holds gets until the object is set, answers them in order, then the set', async () => {
    await start();
    const peer = await RawPeer.open(address);
    const other = await RawPeer.open(address);
    peer.send(get(A, 1), get(B, 2), get(A, 3));
    await seen(peer);
    expect(server.stats().held).toBe(3);
    other.send(...set(A, 'hello', 7));
    expect(await other.answer()).toMatchObject({ type: RESPONSE.setOK, requestId: 7, payloadLength: 0 });
    expect(await peer.answer()).toMatchObject({
      type: RESPONSE.getOK,
      requestId: 1,
      payload: Buffer.from('hello'),
    });
    expect(await peer.answer()).toMatchObject({
      type: RESPONSE.getOK,
      requestId: 3,
      payload: Buffer.from('hello'),
    });
    peer.send(...set(B, 'own', 4));
    expect(await peer.answer()).toMatchObject({ type: RESPONSE.getOK, requestId: 2, id: B });
    expect(await peer.answer()).toMatchObject({ type: RESPONSE.setOK, requestId: 4 });
    expect(server.stats().held).toBe(0);
  });

  it('answers a get with at most the bytes wanted', async () => {
    await start();
    const peer = await RawPeer.open(address);
    peer.send(
      ...set(A, 'hello'),
      requestFrame(REQUEST.getObject, A, 2, 1),
      requestFrame(REQUEST.getObject, A, 0, 2),
    );
    expect(await peer.answer()).toMatchObject({ type: RESPONSE.setOK });
    expect((await peer.answer()).payload.toString()).toBe('he');
    expect(await peer.answer()).toMatchObject({ type: RESPONSE.getOK, requestId: 2, payloadLength: 0 });
    await seen(peer);
  });

  it('sends no payload frame for an empty object', async () => {
    await start();
    const peer = await RawPeer.open(address);
    peer.send(...set(A, '', 1), get(A, 2), requestFrame(REQUEST.deleteObject, A, 0, 3));
    expect(await peer.answer()).toMatchObject({ type: RESPONSE.setOK, requestId: 1 });
    expect(await peer.answer()).toMatchObject({ type: RESPONSE.getOK, requestId: 2, payloadLength: 0 });
    expect(await peer.answer()).toMatchObject({ type: RESPONSE.delOK, requestId: 3 });
    expect(peer.unread).toBe(0);
  });

  it('replaces, deletes and counts', async () => {
    await start();
    const peer = await RawPeer.open(address);
    peer.send(...set(A, 'one'), ...set(A, 'three'), ...set(B, 'x'), ...duplicate(A, C));
    for (let i = 0; i < 4; i++) await peer.answer();
    expect(await seen(peer)).toEqual([3, 2, 6]);
    peer.send(requestFrame(REQUEST.deleteObject, A), requestFrame(REQUEST.deleteObject, A), get(C));
    expect((await peer.answer()).type).toBe(RESPONSE.delOK);
    expect((await peer.answer()).type).toBe(RESPONSE.delNotExists);
    expect((await peer.answer()).payload.toString()).toBe('three');
    expect(await seen(peer)).toEqual([2, 2, 6]);
    peer.send(requestFrame(REQUEST.deleteObject, B), requestFrame(REQUEST.deleteObject, C));
    await peer.answer();
    await peer.answer();
    expect(await seen(peer)).toEqual([0, 0, 0]);
    expect(server.stats().memoryBytes).toBe(0);
  });

  it('duplicates by reference, and holds a duplicate of what is not there', async () => {
    await start();
    const peer = await RawPeer.open(address);
    const other = await RawPeer.open(address);
    // c waits for b, b for a: all of it is released by the one set.
    peer.send(...duplicate(B, C, 1), ...duplicate(A, B, 2), get(C, 3), get(B, 4));
    await seen(peer);
    other.send(get(C, 5));
    await seen(other);
    other.send(...set(A, 'bytes', 6));
    expect(await peer.answer()).toMatchObject({ type: RESPONSE.duplicateOK, requestId: 2 });
    expect(await peer.answer()).toMatchObject({ type: RESPONSE.duplicateOK, requestId: 1 });
    expect(await peer.answer()).toMatchObject({
      type: RESPONSE.getOK,
      requestId: 3,
      payload: Buffer.from('bytes'),
    });
    expect(await peer.answer()).toMatchObject({
      type: RESPONSE.getOK,
      requestId: 4,
      payload: Buffer.from('bytes'),
    });
    expect(await other.answer()).toMatchObject({ type: RESPONSE.getOK, requestId: 5 });
    expect(await other.answer()).toMatchObject({ type: RESPONSE.setOK, requestId: 6 });
    expect(await seen(peer)).toEqual([3, 1, 5]);
    // The copy is of what the name meant then.
    peer.send(...set(A, 'other'), get(C));
    await peer.answer();
    expect((await peer.answer()).payload.toString()).toBe('bytes');
  });

  it('serves a chain of thirty thousand held duplicates without recursion', async () => {
    await start();
    const peer = await RawPeer.open(address);
    const other = await RawPeer.open(address);
    const count = 30_000;
    const link = (i: number): typeof A => testId(`link-${i}`);
    for (let i = 0; i < count; i++) (i % 2 === 0 ? peer : other).send(...duplicate(link(i), link(i + 1), i));
    await seen(peer);
    await seen(other);
    other.send(...set(link(0), 'x', count));
    for (let i = 0; i < count; i++) {
      expect((await (i % 2 === 0 ? peer : other).answer()).requestId).toBe(i);
    }
    expect(server.stats()).toMatchObject({ ids: count + 1, contents: 1, bytes: 1, held: 0 });
  });

  it('purges what a vanished peer waited for', async () => {
    await start();
    const gone = await RawPeer.open(address);
    gone.send(get(A), ...duplicate(A, B));
    await seen(gone);
    expect(server.stats().held).toBe(2);
    await gone.close();
    await until('nothing is held', () => server.stats().held === 0);
    const peer = await RawPeer.open(address);
    peer.send(...set(A, 'x'));
    expect((await peer.answer()).type).toBe(RESPONSE.setOK);
    expect(server.stats().ids).toBe(1);
  });

  it('answers on the connection the request came from, whatever identity two peers share', async () => {
    await start();
    const one = await RawPeer.open(address, 'Same|name');
    const two = await RawPeer.open(address, 'Same|name');
    one.send(requestFrame(REQUEST.setObject, A, 5, 1));
    two.send(...set(B, 'of two', 2));
    expect(await two.answer()).toMatchObject({ type: RESPONSE.setOK, requestId: 2 });
    one.send(frame(Buffer.from('of 1.')));
    expect(await one.answer()).toMatchObject({ type: RESPONSE.setOK, requestId: 1 });
    one.send(get(C, 3));
    await seen(one);
    two.send(get(B, 4));
    expect((await two.answer()).payload.toString()).toBe('of two');
    await two.close();
    const three = await RawPeer.open(address, 'Same|name');
    three.send(...set(C, 'late'));
    expect((await three.answer()).type).toBe(RESPONSE.setOK);
    expect((await one.answer()).payload.toString()).toBe('late');
  });

  it('ignores requests it does not know and stays in step', async () => {
    await start();
    const peer = await RawPeer.open(address);
    peer.send(
      requestFrame(77, A, 0, 1),
      requestFrame(78, A, 5, 2),
      frame(Buffer.from('what?')),
      ...set(A, 'x', 3),
    );
    expect(await peer.answer()).toMatchObject({ type: RESPONSE.setOK, requestId: 3 });
    peer.send(requestFrame(79, A, 5, 4), get(A, 5));
    expect((await peer.answer()).requestId).toBe(5);
  });

  it('reads requests in pieces of any size', async () => {
    await start();
    const peer = await RawPeer.open(address);
    const bytes = Buffer.concat([...set(A, 'in pieces', 1), ...duplicate(A, B, 2), get(B, 3)]);
    for (let at = 0; at < bytes.length; at += 7) {
      peer.send(bytes.subarray(at, at + 7));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await peer.answer()).type).toBe(RESPONSE.setOK);
    expect((await peer.answer()).type).toBe(RESPONSE.duplicateOK);
    expect((await peer.answer()).payload.toString()).toBe('in pieces');
  });
});

describe('bad input', () => {
  const violations: readonly [string, readonly Buffer[]][] = [
    ['a header that is too short', [frame(Buffer.alloc(16))]],
    ['a header of zero bytes', [frame(Buffer.alloc(80))]],
    ['an endless frame', [Buffer.alloc(8, 0xff)]],
    ['a payload of another length', [requestFrame(REQUEST.setObject, A, 5), frame(Buffer.from('four'))]],
    ['an endless object', [requestFrame(REQUEST.setObject, A, WANT_ALL)]],
    ['an object beyond the limit', [requestFrame(REQUEST.setObject, A, 1001)]],
    ['a duplicate of nothing', [requestFrame(REQUEST.duplicateObject, A, 0)]],
    ['a duplicate of no id', [requestFrame(REQUEST.duplicateObject, A, 48), frame(Buffer.alloc(48))]],
    ['a hello that is none', [requestFrame(REQUEST.hello, A, 2), frame(Buffer.from('{}'))]],
    ['half an id in a list', [requestFrame(REQUEST.deleteMany, A, 3), frame(Buffer.from('abc'))]],
    ['a list of ids beyond the limit', [requestFrame(REQUEST.deleteMany, A, 2 ** 20)]],
  ];
  for (const [name, bytes] of violations) {
    it(`ends only the connection that sent it: ${name}`, async () => {
      await start({ objectBytesMax: 1000 });
      const good = await RawPeer.open(address);
      const bad = await RawPeer.open(address, 'Bad|peer');
      bad.send(...bytes);
      await bad.closed();
      await seen(good);
      expect(notes.filter((line) => !line.startsWith('debug'))).toEqual([
        expect.stringMatching(/^warn store.connection_closed .*Bad\|peer/),
      ]);
      expect(server.stats().memoryBytes).toBe(0);
    });
  }

  it('is noted in words that fit a line, whatever a peer calls itself or announces', async () => {
    await start();
    const named = await RawPeer.open(address, '\u0001'.repeat(255));
    named.send(Buffer.alloc(8, 0xff));
    await named.closed();
    const [note = ''] = notes.filter((line) => line.startsWith('warn'));
    expect(note).toContain(`${'01'.repeat(32)}…`);
    expect(note).not.toContain('01'.repeat(33));
    expect(note).toContain('frame of far too many bytes where a header was due');
  });

  it('of random bytes and mutated requests never harms others', async () => {
    await start();
    const good = await RawPeer.open(address);
    let seed = 11;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return (seed >>> 8) % below;
    };
    const conversation = Buffer.concat([
      ...set(A, 'x'.repeat(300), 1),
      get(A, 2),
      ...duplicate(A, B, 3),
      get(C, 4),
    ]);
    for (let round = 0; round < 300; round++) {
      const bad = round % 3 === 0 ? new RawPeer(address) : await RawPeer.open(address);
      const bytes = Buffer.from(conversation);
      for (let edits = 1 + random(6); edits > 0; edits--) bytes[random(bytes.length)] = random(256);
      bad.send(bytes.subarray(0, random(bytes.length)));
      bad.socket.end();
      await bad.closed();
      if (round % 50 === 0) await seen(good);
    }
    good.send(...set(testId('good'), 'still here'), get(testId('good')));
    expect((await good.answer()).type).toBe(RESPONSE.setOK);
    expect((await good.answer()).payload.toString()).toBe('still here');
    await until('the bad ones are gone', () => server.stats().connections === 1 && server.stats().held === 0);
  }, 60_000);

  it('that announces much reserves nothing', async () => {
    await start({ memoryBytesMax: 1_000_000 });
    const liars = await Promise.all(Array.from({ length: 50 }, () => RawPeer.open(address)));
    for (const liar of liars) {
      liar.send(
        requestFrame(REQUEST.setObject, A, 2 ** 35),
        Buffer.from('0000000008000000', 'hex'),
        Buffer.alloc(100),
      );
    }
    const good = await RawPeer.open(address);
    await until('the bytes have come', () => server.stats().memoryBytes === 50 * 100);
    good.send(...set(B, 'x'.repeat(900_000)));
    expect((await good.answer()).type).toBe(RESPONSE.setOK);
  });

  it('of a stock peer that has no room ends its connection, and nothing else', async () => {
    await start({ memoryBytesMax: 300_000 });
    const good = await RawPeer.open(address);
    good.send(...set(A, 'x'.repeat(200_000)));
    expect((await good.answer()).type).toBe(RESPONSE.setOK);
    const late = await RawPeer.open(address, 'Late|peer');
    late.send(...set(B, 'y'.repeat(200_000)));
    await late.closed();
    good.send(get(A, 5));
    expect(await good.answer()).toMatchObject({ requestId: 5, payloadLength: 200_000 });
    expect(notes).toEqual([
      expect.stringMatching(/^warn store.refused .*Late\|peer.*full/),
      expect.stringMatching(/^warn store.connection_closed .*Late\|peer.*full/),
    ]);
    expect(server.stats()).toMatchObject({ ids: 1, bytes: 200_000 });
  });

  it('of a peer that never reads does not fill memory, and hinders nobody', async () => {
    const spillDir = mkdtempSync(join(tmpdir(), 'muster-spill-'));
    await start({ memoryBytesMax: 100_000, spillDir });
    const good = await RawPeer.open(address);
    const body = Buffer.alloc(1024 * 1024, 7);
    good.send(requestFrame(REQUEST.setObject, A, body.length), frame(body));
    expect((await good.answer()).type).toBe(RESPONSE.setOK);
    const deaf = await RawPeer.open(address);
    deaf.socket.pause();
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 5000; i++) deaf.send(get(A, i));
    // The object is on disk: what is read for the deaf one would pile up.
    for (let i = 0; i < 4000; i++) await seen(good);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(24 * 1024 * 1024);
    await deaf.close();
    await until('it is gone', () => server.stats().connections === 1);
    rmSync(spillDir, { recursive: true });
  });

  it('refuses more connections than allowed', async () => {
    await start({ connectionsMax: 2 });
    const one = await RawPeer.open(address);
    await RawPeer.open(address);
    await new RawPeer(address).closed();
    await seen(one);
    expect(notes).toEqual([expect.stringContaining('store.too_many_connections')]);
  });
});

describe('addresses', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'muster-store-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it('are advertised as IP literals', async () => {
    await start({ tcp: { host: 'localhost', port: 0 } });
    expect(address.host).toBe('127.0.0.1');
    await server.close();
    await start({ tcp: { host: '0.0.0.0', port: 0, advertiseHost: '10.1.2.3' } });
    expect(address.host).toBe('10.1.2.3');
  });

  it('that nobody could use are refused, naming the flag', async () => {
    await start();
    const tcp = { host: '127.0.0.1', port: 0, advertiseFlag: '--object-store-advertise' };
    for (const advertiseHost of ['example.org', '0.0.0.0', '']) {
      await expect(startObjectStoreServer({ tcp: { ...tcp, advertiseHost } })).rejects.toMatchObject({
        code: 'config',
        message: expect.stringContaining('--object-store-advertise') as unknown,
      });
    }
  });

  it('in use are a typed error', async () => {
    await start({ path: join(directory, 's') });
    await expect(startObjectStoreServer({ tcp: address })).rejects.toMatchObject({ code: 'addressInUse' });
    await expect(startObjectStoreServer({ path: join(directory, 's') })).rejects.toMatchObject({
      code: 'addressInUse',
    });
    expect(server.isReachable()).toBe(true);
    await expect(startObjectStoreServer({ path: `/tmp/${'x'.repeat(200)}` })).rejects.toMatchObject({
      code: 'config',
    });
  });

  it('of a dead store are taken over, a file that is no socket is not', async () => {
    const path = join(directory, 'sub', 's');
    const dead = createServer();
    writeFileSync(join(directory, 'file'), 'precious');
    await start({ path });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'sub')).mode & 0o777).toBe(0o700);
    await server.close();
    expect(() => statSync(path)).toThrow();
    // What a killed process leaves: a socket that nobody listens at.
    await new Promise<void>((resolve) => dead.listen({ path: `${path}.live` }, resolve));
    linkSync(`${path}.live`, path);
    await new Promise((resolve) => dead.close(resolve));
    await start({ path });
    expect(server.isReachable()).toBe(true);
    await expect(startObjectStoreServer({ path: join(directory, 'file') })).rejects.toMatchObject({
      code: 'config',
    });
    expect(statSync(join(directory, 'file')).size).toBe(8);
  });

  it('are served by one store only, however many start at once', async () => {
    const path = join(directory, 's');
    await start({ path });
    await server.close();
    const starts = await Promise.allSettled(
      Array.from({ length: 8 }, () => startObjectStoreServer({ path })),
    );
    const winners = starts.filter((one) => one.status === 'fulfilled').map((one) => one.value);
    const losers = starts
      .filter((one) => one.status === 'rejected')
      .map((one) => (one.reason as Error).message);
    expect(losers).toHaveLength(7);
    expect(winners.map((one) => one.isReachable())).toEqual([true]);
    for (const winner of winners) await winner.close();
  });

  it('can be opened and closed again and again', async () => {
    const path = join(directory, 's');
    await start({ path });
    for (let i = 0; i < 20; i++) {
      const { port } = address;
      const peer = await RawPeer.open({ path });
      await Promise.all([server.close(), server.close()]);
      await peer.closed();
      await start({ path, tcp: { host: '127.0.0.1', port } });
    }
  });
});
