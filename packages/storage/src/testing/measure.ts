/**
 * Prints what the store does on this machine, as one JSON line. Needs a build:
 * `node packages/storage/dist/testing/measure.js`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectObjectStore, type ObjectStoreClient, type StoreTarget } from '../client.ts';
import { testId } from './raw-peer.ts';

const PAIRS = 40_000;
const PAIRS_AT_A_TIME = 256;
const PAIRS_ONE_BY_ONE = 5000;
const SMALL = new Uint8Array(100);
const LARGE_MIB = 512;

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
};

const pair = async (client: ObjectStoreClient, i: number): Promise<void> => {
  const id = testId(`pair-${i}`);
  await client.put(id, SMALL);
  if ((await client.get(id))?.length !== SMALL.length) throw new Error(`object ${i} is not what was put`);
};

const pipelined = async (client: ObjectStoreClient): Promise<void> => {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < PAIRS; i = next++) await pair(client, i);
  };
  await Promise.all(Array.from({ length: PAIRS_AT_A_TIME }, work));
};

const measure = async (target: StoreTarget): Promise<Record<string, number>> => {
  await using client = connectObjectStore(target);
  await client.ready();
  await pipelined(client);
  const ids = Array.from({ length: PAIRS }, (_, i) => testId(`pair-${i}`));
  const many = await seconds(() => pipelined(client));
  await client.delete(ids);
  const oneByOne = await seconds(async () => {
    for (let i = 0; i < PAIRS_ONE_BY_ONE; i++) await pair(client, i);
  });
  const body = Buffer.allocUnsafeSlow(LARGE_MIB * 1024 * 1024).fill(1);
  const put = await seconds(() => client.put(testId('large'), body));
  const get = await seconds(() => client.get(testId('large')));
  await client.delete([testId('large')]);
  return {
    putAndGetPerSecond: Math.round(PAIRS / many),
    putAndGetOneByOnePerSecond: Math.round(PAIRS_ONE_BY_ONE / oneByOne),
    largePutMibPerSecond: Math.round(LARGE_MIB / put),
    largeGetMibPerSecond: Math.round(LARGE_MIB / get),
  };
};

const directory = mkdtempSync(join(tmpdir(), 'muster-measure-'));
const path = join(directory, 's');
const script = fileURLToPath(new URL('./store-process.js', import.meta.url));
const config = { path, tcp: { host: '127.0.0.1', port: 0 }, memoryBytesMax: 2 * 1024 ** 3 };
const store = spawn(process.execPath, [script, JSON.stringify(config)], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const [line] = (await once(store.stdout, 'data')) as [Buffer];
  const { host, port } = JSON.parse(line.toString('utf8')) as {
    readonly host: string;
    readonly port: number;
  };
  const local = await measure({ path });
  const tcp = await measure({ host, port });
  process.stdout.write(`${JSON.stringify({ bench: 'object-store', figures: { local, tcp } })}\n`);
} finally {
  store.kill('SIGTERM');
  await once(store, 'exit');
  rmSync(directory, { recursive: true, force: true });
}
