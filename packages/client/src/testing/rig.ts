/** A client on a scheduler double, both on a network in memory. */
import { memoryNetwork, type MemoryNetwork } from '@muster/runtime/memory';
import { manualClock, type ManualClock } from '@muster/runtime/manual-clock';
import { systemClock } from '@muster/runtime/system-clock';
import type { ObjectStore } from '@muster/storage/object-store';
import { createMemoryStore, type MemoryStore } from '@muster/storage/memory-store';
import { expect } from 'vitest';
import type { Client } from '../api/client.ts';
import { type ConnectOptions, connectIn } from '../api/connect.ts';
import { type DoubleOptions, SchedulerDouble } from './scheduler-double.ts';

export const ADDRESS = 'tcp://127.0.0.1:7001';
export interface Rig {
  readonly network: MemoryNetwork;
  readonly store: MemoryStore;
  readonly scheduler: SchedulerDouble;
  readonly client: Client;
  readonly clock: ManualClock | undefined;
  /** Another scheduler process on the same address. */
  restart(options?: Partial<DoubleOptions>): Promise<SchedulerDouble>;
}

const open: { close(): Promise<void> }[] = [];

/** Closes everything that was made, latest first. */
export const closeRigs = async (): Promise<void> => {
  for (const one of open.splice(0).reverse()) await one.close();
};

const keptOpen = (store: MemoryStore): ObjectStore => ({
  put: (id, body) => store.put(id, body),
  get: (id) => store.get(id),
  getWithin: (id, waitMs) => store.getWithin(id, waitMs),
  has: (id) => store.has(id),
  delete: (ids) => store.delete(ids),
  close: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
});

export const connectTo = async (
  network: MemoryNetwork,
  store: MemoryStore,
  options: ConnectOptions,
  clock?: ManualClock,
): Promise<Client> => {
  const client = await connectIn(
    async () => ({
      transport: network.transport,
      clock: clock ?? systemClock(),
      // The store outlives connections to it.
      openStore: async () => keptOpen(store),
    }),
    { address: ADDRESS, onConnection: () => undefined, ...options },
  );
  open.push(client);
  return client;
};

export const rig = async (
  options: ConnectOptions = {},
  double: Partial<DoubleOptions> = {},
  time?: 'manual',
): Promise<Rig> => {
  const network = memoryNetwork();
  const store = createMemoryStore();
  const start = async (more: Partial<DoubleOptions>): Promise<SchedulerDouble> => {
    const one = await SchedulerDouble.start({
      transport: network.transport,
      address: ADDRESS,
      store,
      ...more,
    });
    open.push(one);
    return one;
  };
  const scheduler = await start(double);
  const clock = time === 'manual' ? manualClock() : undefined;
  const client = await connectTo(network, store, options, clock);
  return { network, store, scheduler, client, clock, restart: (more = {}) => start(more) };
};

/** Waits for something that another part of this process will do. */
export const until = async (what: string, condition: () => boolean): Promise<void> => {
  const deadline = Date.now() + 15_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not reached: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};

export const rejection = async <T extends Error>(
  promise: PromiseLike<unknown>,
  type: new (...args: never[]) => T,
): Promise<T> => {
  const error: unknown = await promise.then(
    (value) => new Error(`expected a rejection, got ${String(value)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(type);
  return error as T;
};
