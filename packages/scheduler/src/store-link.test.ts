import { objectId, type ObjectId } from '@muster/protocol/ids';
import { expect, it } from 'vitest';
import { createDeleter } from './store-link.ts';

const ids = (count: number): ObjectId[] =>
  Array.from({ length: count }, (_, at) => objectId(String(at).padStart(32, '0')));
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('deletes in batches, one request at a time, in order', async () => {
  const sizes: number[] = [];
  let open = 0;
  const deleted: ObjectId[] = [];
  const deleter = createDeleter(
    {
      delete: async (batch) => {
        open += 1;
        expect(open).toBe(1);
        sizes.push(batch.length);
        deleted.push(...batch);
        await settle();
        open -= 1;
      },
    },
    () => expect.unreachable(),
  );
  deleter.add(ids(2_500));
  while (deleted.length < 2_500) await settle();
  expect(sizes).toEqual([1_000, 1_000, 500]);
  expect(deleted).toEqual(ids(2_500));
});

it('goes on after a failed request and tells how many ids it gave up', async () => {
  const troubles: number[] = [];
  let requests = 0;
  const deleter = createDeleter(
    {
      delete: () => {
        requests += 1;
        return requests === 1 ? Promise.reject(new Error('gone')) : Promise.resolve();
      },
    },
    ({ dropped }) => troubles.push(dropped),
  );
  deleter.add(ids(1_200));
  while (requests < 2) await settle();
  expect(troubles).toEqual([1_000]);
});
