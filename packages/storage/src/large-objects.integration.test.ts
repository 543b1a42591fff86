import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectObjectStore, type ObjectStoreClient } from './client.ts';
import { bundleScript, ScriptProcess } from './testing/processes.ts';
import { testId } from './testing/raw-peer.ts';

// A loaded machine may take its time; nothing here waits for time to pass.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const MIB = 1024 * 1024;
const LARGE_BYTES = 512 * MIB;

let directory: string;
let path: string;
let store: ScriptProcess | undefined;
let client: ObjectStoreClient | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'muster-large-'));
  path = join(directory, 's');
});
afterEach(async () => {
  await client?.close();
  store?.kill();
  rmSync(directory, { recursive: true, force: true });
});

/** Resident memory of the store in MiB, now and at its highest. */
const residentMib = (field: 'VmRSS' | 'VmHWM'): number => {
  const status = readFileSync(`/proc/${store?.pid ?? 0}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s*(\\d+) kB`).exec(status)?.[1]) / 1024;
};

const start = async (config: Record<string, unknown>): Promise<ObjectStoreClient> => {
  store = new ScriptProcess(bundleScript('store-process', directory), { path, ...config });
  await store.firstLine();
  client = connectObjectStore({ path });
  await client.ready();
  return client;
};

/** 512 MiB in which every MiB is different. */
const largeBody = (): Buffer => {
  const body = Buffer.allocUnsafeSlow(LARGE_BYTES).fill('muster');
  for (let at = 0; at < LARGE_BYTES; at += MIB) body.writeUInt32LE(at, at);
  return body;
};

describe.skipIf(process.platform !== 'linux')('an object of 512 MiB', () => {
  it('goes in and out, held once', async ({ skip }) => {
    if (freemem() < 4 * LARGE_BYTES) skip('needs 2 GiB of free memory');
    const connection = await start({ memoryBytesMax: 1024 * MIB });
    const before = residentMib('VmRSS');
    const body = largeBody();
    await connection.put(testId('large'), body);
    // The object once, and what waits for the garbage collector.
    expect(residentMib('VmHWM') - before).toBeLessThan(512 * 1.4);
    const back = await connection.get(testId('large'));
    expect(back !== undefined && Buffer.compare(back, body) === 0).toBe(true);
    expect(residentMib('VmHWM') - before).toBeLessThan(512 * 1.4);
  }, 120_000);

  it('passes through a store with little memory by way of the disk', async ({ skip }) => {
    if (freemem() < 4 * LARGE_BYTES) skip('needs 2 GiB of free memory');
    const connection = await start({ memoryBytesMax: 64 * MIB, spillDir: join(directory, 'spill') });
    const before = residentMib('VmRSS');
    const body = largeBody();
    await connection.put(testId('large'), body);
    const back = await connection.get(testId('large'));
    expect(back !== undefined && Buffer.compare(back, body) === 0).toBe(true);
    expect(await connection.stats()).toMatchObject({ ids: 1, bytes: LARGE_BYTES });
    expect(residentMib('VmHWM') - before).toBeLessThan(300);
  }, 120_000);
});
