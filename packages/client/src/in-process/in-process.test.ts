import { expect, test } from 'vitest';
import { command, connect, ObjectLostError, RemoteError, TaskCanceledError } from '../index.ts';
import * as tasks from '../testing/fixtures/tasks.ts';
import { rejection } from '../testing/rig.ts';

test('runs tasks here, with values copied as on a fleet', async () => {
  await using client = await connect({ inProcess: true });
  expect(await client.submit(tasks.square, 3)).toBe(9);
  expect(await client.map(tasks.square, [1, 2, 3]).toArray()).toStrictEqual([1, 4, 9]);
  const module = new URL('../testing/fixtures/tasks.ts', import.meta.url);
  expect(await client.submit({ module, export: 'plain' }, 1)).toBe(2);
});

test('hands out put values, until they are released', async () => {
  await using client = await connect({ inProcess: true });
  const table = await client.put(new Float64Array([1, 2]));
  expect(await client.submit(tasks.total, { table, factor: 2 })).toBe(6);
  client.release(table);
  await rejection(client.submit(tasks.total, { table, factor: 2 }), ObjectLostError);
});

test('errors, logs, cancel and close behave as on a fleet', async () => {
  const client = await connect({ inProcess: true });
  const error = await rejection(client.submit(tasks.throws, 'here'), RemoteError);
  expect([error.remoteName, error.message]).toStrictEqual(['TypeError', 'here']);
  const chatty = client.submit(tasks.chatty, 1, { streamOutput: true });
  for await (const entry of chatty.logs) expect(entry.content).toBe('line 0\n');
  const endless = client.submit(tasks.untilAborted, undefined);
  expect(await endless.cancel()).toBe(true);
  await rejection(endless, TaskCanceledError);
  const pending = client.submit(tasks.untilAborted, undefined);
  const end = rejection(pending, TaskCanceledError);
  await client.close();
  await end;
});

test('commands need a fleet, and say so', async () => {
  await using client = await connect({ inProcess: true });
  expect(() => client.submit(command, { argv: ['true'] })).toThrow(/commands need a fleet/);
});

test('a task stays a plain function', async () => {
  expect(tasks.square(4)).toBe(16);
  expect(await tasks.chatty(0)).toBe(0);
});
