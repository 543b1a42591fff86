import { manualClock, type ManualClock } from '@muster/runtime/manual-clock';
import { ObjectStoreError } from '@muster/storage/errors';
import { createMemoryStore } from '@muster/storage/memory-store';
import { expect, test } from 'vitest';
import { StoreLink, StoreUnavailableError, type StorePlace } from './store-link.ts';

const PLACE: StorePlace = { path: '/store', host: '127.0.0.1', port: 1, epoch: 's1' };

interface Rig {
  readonly link: StoreLink;
  readonly clock: ManualClock;
  /** Places that were opened, in order. */
  readonly opened: string[];
  readonly newStores: () => number;
  readonly asked: () => number;
}

const rig = (open: () => void = () => undefined): Rig => {
  const clock = manualClock();
  const opened: string[] = [];
  let newStores = 0;
  let asked = 0;
  const link = new StoreLink({
    clock,
    timeoutMs: 10_000,
    open: async (place) => {
      opened.push(place.epoch);
      open();
      return createMemoryStore();
    },
    onNewStore: () => newStores++,
    onTrouble: () => asked++,
  });
  return { link, clock, opened, newStores: () => newStores, asked: () => asked };
};

/** Lets everything that needs no time happen. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

const broken = (): never => {
  throw new ObjectStoreError('unavailable', 'gone');
};

test('waits for a place, and asks where it is', async () => {
  const { link, opened, asked } = rig();
  const done = link.run(async () => 'done');
  await settle();
  expect([opened, asked()]).toStrictEqual([[], 1]);
  link.announce(PLACE);
  expect(await done).toBe('done');
  expect(opened).toStrictEqual(['s1']);
});

test('opens again after a failure, and once for many operations', async () => {
  const { link, clock, opened } = rig();
  link.announce(PLACE);
  let failures = 2;
  const flaky = link.run(async () => (failures-- > 0 ? broken() : 'done'));
  await settle();
  clock.advance(50);
  await settle();
  clock.advance(100);
  expect(await flaky).toBe('done');
  expect(await Promise.all(Array.from({ length: 40 }, () => link.run(async () => 1)))).toHaveLength(40);
  expect(opened).toStrictEqual(['s1', 's1', 's1']);
});

test('gives up after its time, with the last failure as the cause', async () => {
  const { link, clock } = rig();
  link.announce(PLACE);
  const failed = link.run(async () => broken()).catch((error: unknown) => error);
  for (let step = 0; step < 30; step++) {
    await settle();
    clock.advance(500);
  }
  const error = await failed;
  expect(error).toBeInstanceOf(StoreUnavailableError);
  expect(error).toMatchObject({ cause: { code: 'unavailable' } });
});

test('what will not work later is not tried again', async () => {
  const { link } = rig();
  link.announce(PLACE);
  const tooLarge = new ObjectStoreError('tooLarge', 'no');
  await expect(link.run(async () => Promise.reject(tooLarge))).rejects.toBe(tooLarge);
  await expect(link.run(async () => Promise.reject(new TypeError('a bug')))).rejects.toThrow('a bug');
});

test('a new store is told apart from the same one that was down', async () => {
  const { link, newStores } = rig();
  link.announce(PLACE);
  link.announce({ ...PLACE, epoch: '' });
  link.announce(PLACE);
  expect(newStores()).toBe(0);
  link.announce({ ...PLACE, epoch: '' });
  link.announce({ ...PLACE, epoch: 's2' });
  expect(newStores()).toBe(1);
});

test('close ends what waits', async () => {
  const { link } = rig();
  const waiting = link.run(async () => 'never').catch((error: unknown) => error);
  await settle();
  await link.close();
  await link.close();
  expect(await waiting).toMatchObject({ name: 'ClientClosedError' });
});

test('counts the wait for a turn into the deadline of an operation', async () => {
  const { link, clock } = rig();
  let failed = 0;
  const many = Array.from({ length: 80 }, () =>
    link
      .run(async () => 'done')
      .catch((error: unknown) => {
        if (error instanceof StoreUnavailableError) failed++;
      }),
  );
  for (let waited = 0; waited <= 11_000; waited += 100) {
    clock.advance(100);
    await settle();
  }
  for (let turn = 0; turn < 100; turn++) {
    clock.advance(1);
    await settle();
  }
  expect(failed).toBe(80);
  await Promise.all(many);
});
