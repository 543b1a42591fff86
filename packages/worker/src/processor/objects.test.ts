import { describe, expect, it } from 'vitest';
import { objectId } from '@muster/protocol/ids';
import { createMemoryStore } from '@muster/storage/memory-store';
import { createObjects } from './objects.ts';

const ADDRESS = { path: '/somewhere', host: '127.0.0.1', port: 1 };
const ID = objectId('x'.repeat(32));
const never = new AbortController().signal;

describe('objects of a task', () => {
  it('come from the store that the scheduler names, also when it names it late', async () => {
    const store = createMemoryStore();
    await store.put(ID, new Uint8Array([1]));
    const objects = createObjects(() => Promise.resolve(store));
    const early = objects.get(ID, never);
    objects.setStore(ADDRESS);
    expect(await early).toEqual(new Uint8Array([1]));
    const id = await objects.put(new Uint8Array([2]), never);
    expect(await store.get(id)).toEqual(new Uint8Array([2]));
  });

  it('that nobody puts are lost after a while', async () => {
    const objects = createObjects(() => Promise.resolve(createMemoryStore()), 20);
    await expect(objects.get(ID, never)).rejects.toMatchObject({
      code: 'ObjectLostError',
      message: 'the scheduler names no object store',
    });
    objects.setStore(ADDRESS);
    await expect(objects.get(ID, never)).rejects.toMatchObject({ code: 'ObjectLostError' });
  });

  it('that cannot be reached are lost, with the reason', async () => {
    const objects = createObjects(() => Promise.reject(new Error('refused')));
    objects.setStore(ADDRESS);
    await expect(objects.put(new Uint8Array(), never)).rejects.toMatchObject({
      code: 'ObjectLostError',
      message: 'the result cannot be stored: refused',
    });
  });

  it('are not waited for after a cancel', async () => {
    const objects = createObjects(() => Promise.resolve(createMemoryStore()));
    const reason = new Error('canceled');
    const controller = new AbortController();
    const early = objects.get(ID, controller.signal);
    controller.abort(reason);
    await expect(early).rejects.toBe(reason);
  });

  it('are asked of the new store when the scheduler names another one', async () => {
    const asked: string[] = [];
    const objects = createObjects(({ path }) => {
      asked.push(path);
      return Promise.resolve(createMemoryStore());
    });
    for (const path of ['/a', '/a', '/b']) {
      objects.setStore({ ...ADDRESS, path });
      await objects.put(new Uint8Array(), never);
    }
    expect(asked).toEqual(['/a', '/b']);
  });
});
