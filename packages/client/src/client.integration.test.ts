/** The published entry over real sockets: ZeroMQ to the scheduler double, a real object store server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zeromqTransport } from '@muster/runtime/zeromq';
import { connectObjectStore } from '@muster/storage/client';
import { startObjectStoreServer } from '@muster/storage/server';
import { createMemoryStore } from '@muster/storage/memory-store';
import { afterEach, expect, test } from 'vitest';
import { connect, SchedulerUnreachableError } from './index.ts';
import { rejection, until } from './testing/rig.ts';
import { SchedulerDouble } from './testing/scheduler-double.ts';
import * as tasks from './testing/fixtures/tasks.ts';

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const privateAddress = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'muster-client-'));
  open.push(() => rm(folder, { recursive: true, force: true }));
  return `ipc://${join(folder, 's')}`;
};

const startDouble = async (address: string, epoch: string): Promise<SchedulerDouble> => {
  const scheduler = await SchedulerDouble.start({
    transport: zeromqTransport(),
    address,
    store: createMemoryStore(),
    epoch,
  });
  open.push(() => scheduler.close());
  return scheduler;
};

test('close says good-bye before the socket is gone', async () => {
  const address = await privateAddress();
  const first = await startDouble(address, 'e1');
  const client = await connect({ address });
  open.push(() => client.close());
  await until('registered', () => first.clients.length === 1);
  await client.close();
  await until('good-bye', () => first.clients.length === 2);
  expect(first.clients[1]).toBe(`bye ${first.clients[0]}`);
});

test('functions and large values travel through a real object store', async () => {
  const address = await privateAddress();
  const storePath = `${address.slice('ipc://'.length)}-o`;
  const server = await startObjectStoreServer({ path: storePath });
  open.push(() => server.close());
  const store = connectObjectStore({ path: storePath });
  open.push(() => store.close());
  const scheduler = await SchedulerDouble.start({ transport: zeromqTransport(), address, store, storePath });
  open.push(() => scheduler.close());
  const client = await connect({ address });
  open.push(() => client.close());
  expect(await client.map(tasks.square, [1, 2, 3]).toArray()).toStrictEqual([1, 4, 9]);
  const table = await client.put(new Float64Array(50_000).fill(1));
  const items = [1, 2].map((factor) => ({ table, factor }));
  expect(await client.map(tasks.total, items).toArray()).toStrictEqual([50_000, 100_000]);
  expect((await client.submit(tasks.big, 1_000_000)).length).toBe(1_000_000);
  client.release(table);
  await until('only code is left', () => server.stats().ids === 4);
});

test('commands run without any object in the store, over a restart of the scheduler', async () => {
  const address = await privateAddress();
  const first = await startDouble(address, 'e1');
  first.runs = false;
  const client = await connect({ address });
  open.push(() => client.close());
  const outputs = Array.from({ length: 300 }, (_, n) => client.run({ argv: ['true', String(n)] }).result);
  await until('offered', () => first.held.size === 300);
  await first.kill();
  const second = await startDouble(address, 'e2');
  const result = {
    exitCode: 0,
    signal: undefined,
    stdout: new Uint8Array(0),
    stderr: new Uint8Array(0),
    truncated: false,
    filesOut: new Map(),
  };
  second.intervene = () => ({ outcome: 'success', error: result });
  const seen = await Promise.all(outputs);
  expect(seen.every((output) => output.exitCode === 0 && output.files.size === 0)).toBe(true);
  expect(second.offers.size).toBe(300);
});

test('nothing waits for ever: a scheduler that never comes back', async () => {
  const address = await privateAddress();
  const scheduler = await startDouble(address, 'e1');
  scheduler.runs = false;
  const client = await connect({ address, schedulerTimeoutMs: 500 });
  open.push(() => client.close());
  const output = client.run({ argv: ['true'] });
  await until('offered', () => scheduler.held.size === 1);
  await scheduler.kill();
  await rejection(output, SchedulerUnreachableError);
});

test('nobody at the address', async () => {
  const error = await rejection(connect({ address: await privateAddress(), connectTimeoutMs: 100 }), Error);
  expect(error).toMatchObject({ name: 'ConnectError', code: 'unreachable' });
  expect(tasks.square(2)).toBe(4);
});
