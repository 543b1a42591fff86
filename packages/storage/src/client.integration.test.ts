import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectObjectStore, ObjectStoreError, type ObjectStoreClient } from './client.ts';
import { startObjectStoreServer, type ObjectStoreServer } from './server.ts';
import { testId } from './testing/raw-peer.ts';

let directory: string;
let path: string;
const open: (ObjectStoreServer | ObjectStoreClient)[] = [];
const keep = <T extends ObjectStoreServer | ObjectStoreClient>(one: T): T => {
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
