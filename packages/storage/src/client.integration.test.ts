import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createServer } from 'node:net';
import { connectObjectStore, ObjectStoreError } from './client.ts';
import { startObjectStoreServer } from './server.ts';
import { testId } from './testing/raw-peer.ts';
import { StockLikeStore } from './testing/stock-like.ts';

// A loaded machine may take its time; nothing here waits for time to pass.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let directory: string;
let path: string;
const open: { close(): Promise<void> }[] = [];
const keep = <T extends { close(): Promise<void> }>(one: T): T => {
  open.push(one);
  return one;
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'muster-store-'));
  path = join(directory, 'store.sock');
});

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
  rmSync(directory, { recursive: true, force: true });
});

const pattern = (bytes: number, seed: number): Uint8Array => {
  const body = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) body[i] = (i * 31 + seed + (i >> 8)) & 0xff;
  return body;
};

describe('the object store client', () => {
  it('puts, gets, asks and deletes over the local socket and over TCP', async () => {
    const server = keep(await startObjectStoreServer({ path, tcp: { host: '127.0.0.1', port: 0 } }));
    const tcp = server.address;
    if (tcp === undefined) throw new Error('no TCP address');
    for (const target of [{ path }, tcp]) {
      const client = keep(connectObjectStore(target));
      for (const bytes of [0, 1, 63, 64, 65, 4096, 4097, 65_536, 70_000, 3_000_001]) {
        const id = testId(`object-${bytes}`);
        const body = pattern(bytes, bytes);
        expect(await client.has(id)).toBe(false);
        expect(await client.get(id)).toBeUndefined();
        await client.put(id, body);
        expect(await client.has(id)).toBe(true);
        const back = await client.get(id);
        expect(back?.length).toBe(bytes);
        expect(Buffer.compare(back ?? new Uint8Array(1), body)).toBe(0);
        await client.delete([id, testId('missing')]);
        expect(await client.get(id)).toBeUndefined();
      }
      expect(client.epoch).toBe(server.epoch);
      expect(await client.stats()).toMatchObject({ ids: 0, contents: 0, bytes: 0 });
    }
  });

  it('answers many pipelined requests, each with its own bytes', async () => {
    keep(await startObjectStoreServer({ path }));
    const client = keep(connectObjectStore({ path }));
    const count = 5000;
    const results = await Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const id = testId(`object-${i}`);
        await client.put(id, pattern(i % 700, i));
        return client.get(id);
      }),
    );
    for (const [i, result] of results.entries()) {
      expect(Buffer.compare(result ?? Buffer.from('missing'), pattern(i % 700, i))).toBe(0);
    }
  });

  it('waits for an object within its time, and no longer', async () => {
    keep(await startObjectStoreServer({ path }));
    const reader = keep(connectObjectStore({ path }));
    const writer = keep(connectObjectStore({ path }));
    expect(await reader.getWithin(testId('never'), 50)).toBeUndefined();
    const waiting = reader.getWithin(testId('later'), 20_000);
    await reader.has(testId('later'));
    await writer.put(testId('later'), Buffer.from('here'));
    expect(Buffer.from((await waiting) ?? []).toString()).toBe('here');
    expect((await reader.stats())?.held).toBe(0);
  });

  it('keeps the first bytes with putIfAbsent', async () => {
    keep(await startObjectStoreServer({ path }));
    const client = keep(connectObjectStore({ path }));
    expect(await client.putIfAbsent(testId('a'), Buffer.from('one'))).toBe('stored');
    expect(await client.putIfAbsent(testId('a'), Buffer.from('two'))).toBe('present');
    expect(Buffer.from((await client.get(testId('a'))) ?? []).toString()).toBe('one');
    await client.put(testId('a'), Buffer.from('three'));
    expect(Buffer.from((await client.get(testId('a'))) ?? []).toString()).toBe('three');
  });

  it('deletes more ids than fit in one request', async () => {
    const server = keep(await startObjectStoreServer({ path }));
    const client = keep(connectObjectStore({ path }));
    const ids = Array.from({ length: 5000 }, (_, i) => testId(`object-${i}`));
    await Promise.all(ids.map((id) => client.put(id, Buffer.from('x'))));
    expect(server.stats().ids).toBe(5000);
    await client.delete(ids);
    expect(server.stats()).toMatchObject({ ids: 0, bytes: 0, memoryBytes: 0 });
  });

  it('says that an object is too large or the store full, and goes on', async () => {
    keep(await startObjectStoreServer({ path, memoryBytesMax: 300_000, objectBytesMax: 1_000_000 }));
    const client = keep(connectObjectStore({ path }));
    // Not connected yet: the store itself says so, or the client where it knows.
    await expect(client.put(testId('huge'), new Uint8Array(1_000_001))).rejects.toMatchObject({
      code: 'tooLarge',
    });
    await expect(client.put(testId('huge'), new Uint8Array(1_000_001))).rejects.toMatchObject({
      code: 'tooLarge',
    });
    await client.put(testId('fits'), new Uint8Array(200_000));
    await expect(client.put(testId('large'), new Uint8Array(200_000))).rejects.toMatchObject({
      code: 'full',
    });
    expect((await client.get(testId('fits')))?.length).toBe(200_000);
    await client.delete([testId('fits')]);
    await client.put(testId('large'), new Uint8Array(200_000));
    expect((await client.stats())?.ids).toBe(1);
  });

  it('sends open requests again when the store comes back, and tells that its bytes are gone', async () => {
    const first = keep(await startObjectStoreServer({ path }));
    const epochs: (string | undefined)[][] = [];
    const client = keep(
      connectObjectStore({ path }, { onEpoch: (epoch, before) => epochs.push([epoch, before]) }),
    );
    await client.put(testId('a'), Buffer.from('one'));
    const waiting = client.getWithin(testId('b'), 20_000);
    await client.has(testId('b'));
    await first.close();
    const put = client.put(testId('b'), Buffer.from('two'));
    const second = keep(await startObjectStoreServer({ path }));
    await put;
    expect(Buffer.from((await waiting) ?? []).toString()).toBe('two');
    expect(await client.get(testId('a'))).toBeUndefined();
    expect(epochs).toEqual([
      [first.epoch, undefined],
      [second.epoch, first.epoch],
    ]);
  });

  it('gives up with unavailable when no store appears in time', async () => {
    const client = keep(connectObjectStore({ path }, { requestTimeoutMs: 200 }));
    await expect(client.get(testId('a'))).rejects.toMatchObject({
      name: 'ObjectStoreError',
      code: 'unavailable',
    });
    await expect(client.ready()).rejects.toBeInstanceOf(ObjectStoreError);
  });

  it('ends open requests when it is closed or the caller gives up', async () => {
    keep(await startObjectStoreServer({ path }));
    const client = keep(connectObjectStore({ path }));
    const stop = new AbortController();
    const aborted = client.getWithin(testId('a'), 20_000, stop.signal);
    const closed = client.getWithin(testId('a'), 20_000);
    await client.has(testId('a'));
    stop.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    const end = expect(closed).rejects.toMatchObject({ code: 'closed' });
    await client.close();
    await end;
    await expect(client.get(testId('a'))).rejects.toMatchObject({ code: 'closed' });
  });
});

describe('the client of a stock store', () => {
  it('does all that it does with a store of ours', async () => {
    const server = keep(await startObjectStoreServer({ tcp: { host: '127.0.0.1', port: 0 } }));
    if (server.address === undefined) throw new Error('no TCP address');
    const stock = keep(await StockLikeStore.start(server.address));
    const epochs: string[] = [];
    const client = keep(connectObjectStore(stock.address, { onEpoch: (epoch) => epochs.push(epoch) }));
    const [a, b, empty] = [testId('a'), testId('b'), testId('empty')];
    expect(await client.get(a)).toBeUndefined();
    expect(await client.has(a)).toBe(false);
    expect(await client.getWithin(a, 30)).toBeUndefined();
    await client.put(a, pattern(100_000, 1));
    await client.put(empty, new Uint8Array(0));
    expect(await client.has(a)).toBe(true);
    expect(await client.has(empty)).toBe(true);
    expect(await client.get(empty)).toHaveLength(0);
    expect(Buffer.compare((await client.get(a)) ?? new Uint8Array(0), pattern(100_000, 1))).toBe(0);
    const waiting = client.getWithin(b, 20_000);
    expect(await client.putIfAbsent(b, pattern(10, 2))).toBe('stored');
    expect(await waiting).toHaveLength(10);
    await client.delete([a, b, empty, testId('missing')]);
    expect(server.stats().ids).toBe(0);
    expect(await client.stats()).toBeUndefined();
    expect(await client.stopStore()).toBe(false);
    // Nobody can tell whether it is still the same store behind a new connection.
    stock.cut();
    await client.put(a, pattern(10, 3));
    expect(epochs).toEqual(['stock-1', 'stock-2']);
  });
});

describe('the client of something else', () => {
  it('keeps trying, and its requests end in time', async () => {
    const other = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => other.listen({ path }, resolve));
    const client = keep(connectObjectStore({ path }, { requestTimeoutMs: 300 }));
    await expect(client.get(testId('a'))).rejects.toMatchObject({ code: 'unavailable' });
    other.close();
  });

  it('does not wait for ever on a store that has gone silent', async () => {
    const silent = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.resume();
    });
    await new Promise<void>((resolve) => silent.listen({ path }, resolve));
    const client = keep(connectObjectStore({ path }, { requestTimeoutMs: 300 }));
    await expect(client.put(testId('a'), new Uint8Array(10))).rejects.toBeInstanceOf(ObjectStoreError);
    await client.close();
    silent.close();
  });
});
