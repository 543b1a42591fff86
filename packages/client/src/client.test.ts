/** The whole client against a scheduler double, over a network in memory. */
import { memoryNetwork } from '@muster/runtime/memory';
import { encodeValue } from '@muster/protocol/values';
import { createMemoryStore } from '@muster/storage/memory-store';
import { ObjectStoreError } from '@muster/storage/errors';
import { afterEach, describe, expect, test } from 'vitest';
import {
  ClientClosedError,
  connect,
  type ConnectionDetail,
  ObjectLostError,
  type OnConnection,
  ProcessorDiedError,
  RemoteError,
  SchedulerUnreachableError,
  StoreUnreachableError,
  TaskCanceledError,
  TaskDefinitionError,
  type TaskError,
  TaskTimeoutError,
  ValueError,
  WorkerLostError,
} from './index.ts';
import { closeRigs, connectTo, rejection, rig, until } from './testing/rig.ts';
import * as tasks from './testing/fixtures/tasks.ts';

const PLAIN = { module: new URL('./testing/fixtures/tasks.ts', import.meta.url), export: 'plain' };

afterEach(closeRigs);

describe('submit', () => {
  test('runs a function somewhere else and brings its result', async () => {
    const { client, scheduler } = await rig();
    expect(await client.submit(tasks.square, 12)).toBe(144);
    expect(await client.submit(tasks.answer)).toBe(42);
    expect(await client.submit(PLAIN, 1)).toBe(2);
    await until('acknowledged', () => scheduler.acknowledged.length === 3);
  });

  test('bundles and stores code once, however often it is used', async () => {
    const { client, store } = await rig();
    await Promise.all(Array.from({ length: 50 }, (_, n) => client.submit(tasks.square, n)));
    await client.submit(tasks.answer);
    // One module, two function objects.
    expect(store.counts().ids).toBe(3);
  });

  test('tasks of one turn travel in one frame', async () => {
    const { client, scheduler } = await rig();
    await client.submit(tasks.square, 0);
    await Promise.all(Array.from({ length: 100 }, (_, n) => client.submit(tasks.square, n)));
    expect(scheduler.batchSizes).toStrictEqual([1, 100]);
  });

  test('large arguments and results go through the object store and are deleted there', async () => {
    const { client, store, scheduler } = await rig();
    await client.submit(tasks.answer);
    const before = store.counts().ids;
    const table = new Float64Array(50_000).fill(2);
    expect(await client.submit(tasks.total, { table, factor: 3 })).toBe(300_000);
    const result = await client.submit(tasks.big, 100_000);
    expect(result).toStrictEqual(new Uint8Array(100_000).fill(7));
    await until('deleted', () => store.counts().ids === before + 2 && scheduler.owned.size === before + 2);
  });

  test('an argument changed after submit was not changed in the task', async () => {
    const { client } = await rig();
    const argument = { table: new Float64Array([1, 2]), factor: 2 };
    const handle = client.submit(tasks.total, argument);
    argument.factor = 100;
    expect(await handle).toBe(6);
  });

  test('options become part of the task', async () => {
    const { client, scheduler } = await rig();
    scheduler.runs = false;
    const options = {
      capabilities: { gpu: 2 },
      priority: 7,
      timeoutMs: 5_000,
      attemptsMax: 2,
      streamOutput: true,
    };
    const handle = client.submit(tasks.square, 1, options);
    await until('offered', () => scheduler.held.size === 1);
    const [held] = scheduler.held.values();
    expect(held?.task).toMatchObject({
      source: undefined,
      metadata: { profiling: true, priority: 7, streamOutput: true },
      needs: new Map([['gpu', 2]]),
      timeoutMs: 5_000,
      attemptsMax: 2,
    });
    scheduler.release();
    expect(await handle).toBe(1);
  });

  test('a function that workers cannot load is refused with the line that mends it', async () => {
    const { client } = await rig();
    const double = (n: number): number => n * 2;
    const refused = (task: unknown): TaskDefinitionError => {
      try {
        client.submit(task as typeof tasks.square, 1);
      } catch (error) {
        return error as TaskDefinitionError;
      }
      throw new Error('expected a refusal');
    };
    expect(refused(double).message).toContain(`export const double = defineTask(import.meta.url, 'double',`);
    expect(refused((n: number) => n).message).toContain('export const myTask = defineTask');
    expect([refused(double).code, refused({}).code, refused(undefined).code]).toStrictEqual([
      'notATask',
      'notATask',
      'notATask',
    ]);
    expect(() => client.map(double as never, [1])).toThrow(/client\.map\(\) was given the function "double"/);
  });

  test('a task that its module does not export says what the module exports', async () => {
    const { client } = await rig();
    const error = await rejection(client.submit(tasks.misnamed, 1), TaskDefinitionError);
    expect(error.code).toBe('notExported');
    expect(error.message).toMatch(/does not export "other"; it exports .*misnamed.*square/);
  });

  test('what cannot travel is refused at once, by path', async () => {
    const { client } = await rig();
    expect(() => client.submit(PLAIN, { items: [{ callback: () => 1 }] })).toThrow(ValueError);
    expect(() => client.submit(PLAIN, { items: [{ callback: () => 1 }] })).toThrow(
      /argument\.items\[0\]\.callback/,
    );
    expect(() => client.submit(tasks.square, 1, { priority: -1 })).toThrow(RangeError);
  });

  test('inside a worker nothing is the main program', async () => {
    const { client } = await rig();
    expect(await client.submit(tasks.context)).toStrictEqual({ isMain: false, remote: 'RemoteError' });
  });
});

describe('failures', () => {
  test('what the function threw arrives with name, message, stack, cause and fields', async () => {
    const { client } = await rig();
    const handle = client.submit(tasks.throws, 'no luck');
    const error = await rejection(handle, RemoteError);
    expect([error.remoteName, error.message, error.code, error.taskId]).toStrictEqual([
      'TypeError',
      'no luck',
      'RemoteError',
      handle.id,
    ]);
    expect(error.cause).toMatchObject({
      name: 'TypeError',
      status: 503,
      cause: { name: 'RangeError', message: 'the cause' },
    });
    expect(error.stack).toMatch(/RemoteError: TypeError: no luck\n\s+at /);
  });

  test.each<[string, new (...args: never[]) => TaskError]>([
    ['TaskTimeoutError', TaskTimeoutError],
    ['ProcessorDiedError', ProcessorDiedError],
    ['WorkerLostError', WorkerLostError],
  ])('a failure of the fleet with code %s has a class of its own', async (code, type) => {
    const { client, scheduler } = await rig();
    scheduler.intervene = () => ({
      outcome: 'failed',
      error: Object.assign(new Error('it happened'), { code }),
    });
    const error = await rejection(client.submit(tasks.square, 1), type);
    expect([error.code, error.name, error.message]).toStrictEqual([code, code, 'it happened']);
  });

  test('a worker that died too often, without another word', async () => {
    const { client, scheduler } = await rig();
    scheduler.intervene = () => ({ outcome: 'failedWorkerDied' });
    await rejection(client.submit(tasks.square, 1), WorkerLostError);
  });

  test('retries run a failed task again under another id', async () => {
    const { client, scheduler } = await rig();
    let failures = 2;
    scheduler.intervene = () =>
      failures-- > 0 ? { outcome: 'failed', error: new Error('flaky') } : undefined;
    expect(await client.submit(tasks.square, 3, { retries: 2 })).toBe(9);
    expect([...scheduler.offers.values()]).toStrictEqual([1, 1, 1]);
    failures = 2;
    await rejection(client.submit(tasks.square, 3, { retries: 1 }), RemoteError);
  });

  test('code that the store has lost is put again and the task run again', async () => {
    const { client, store, scheduler } = await rig();
    await client.submit(tasks.square, 1);
    await store.delete([...scheduler.owned]);
    expect(await client.submit(tasks.square, 4)).toBe(16);
  });

  test('an argument that the store has lost is put again', async () => {
    const { client, store, scheduler } = await rig();
    await client.submit(tasks.square, 1);
    scheduler.runs = false;
    const handle = client.submit(tasks.total, { table: new Float64Array(50_000).fill(1), factor: 1 });
    await until('offered', () => scheduler.held.size === 1);
    await store.delete([...scheduler.owned]);
    scheduler.release();
    expect(await handle).toBe(50_000);
  });

  test('a result that the store has lost is an ObjectLostError', async () => {
    const { client, scheduler } = await rig({}, {}, 'manual');
    const gone = 'x'.repeat(32) as never;
    scheduler.intervene = () => ({ outcome: 'success', objectIds: [gone] });
    await rejection(client.submit(tasks.square, 1), ObjectLostError);
  });

  test('with retries left, the task of a lost result is run again', async () => {
    const { client, scheduler } = await rig();
    const gone = 'y'.repeat(32) as never;
    let lost = 1;
    scheduler.intervene = () => (lost-- > 0 ? { outcome: 'success', objectIds: [gone] } : undefined);
    expect(await client.submit(tasks.square, 7, { retries: 1 })).toBe(49);
  });

  test('a result that cannot be read is the failure of its task alone', async () => {
    const { client, scheduler } = await rig();
    scheduler.runs = false;
    const handle = client.submit(tasks.square, 1);
    await until('offered', () => scheduler.held.size === 1);
    const [held] = scheduler.held.values();
    if (held !== undefined) scheduler.finish(held, 'success', new Uint8Array([9, 9]), []);
    expect((await rejection(handle, Error)).message).toMatch(/cannot be read/);
  });

  test('a result that comes twice counts once and is acknowledged twice', async () => {
    const { client, scheduler } = await rig();
    scheduler.stutters = true;
    expect(await client.map(tasks.square, [1, 2, 3]).toArray()).toStrictEqual([1, 4, 9]);
    await until('acknowledged', () => scheduler.acknowledged.length === 6);
  });
});

describe('cancel', () => {
  test('cancel() tells the truth: canceled', async () => {
    const { client, scheduler } = await rig();
    scheduler.runs = false;
    const handle = client.submit(tasks.square, 1);
    await until('offered', () => scheduler.held.size === 1);
    expect(await handle.cancel()).toBe(true);
    await rejection(handle, TaskCanceledError);
    expect(scheduler.held.size).toBe(0);
  });

  test('cancel() tells the truth: too late', async () => {
    const { client, scheduler } = await rig();
    scheduler.runs = false;
    scheduler.confirm = 'cancelFailed';
    const handle = client.submit(tasks.square, 5);
    await until('offered', () => scheduler.held.size === 1);
    const canceled = handle.cancel();
    await until('asked', () => scheduler.received.some((message) => message.kind === 'taskCancel'));
    scheduler.release();
    expect([await canceled, await handle]).toStrictEqual([false, 25]);
  });

  test('withdraw() takes back what nobody has begun, and lets run what has', async () => {
    const { client, scheduler } = await rig();
    scheduler.runs = false;
    const waiting = client.submit(tasks.square, 1);
    await until('offered', () => scheduler.held.size === 1);
    waiting.withdraw();
    await rejection(waiting, TaskCanceledError);
    scheduler.confirm = 'cancelFailed';
    const running = client.submit(tasks.square, 5);
    await until('offered', () => scheduler.held.size === 1);
    running.withdraw();
    await until(
      'asked without force',
      () =>
        scheduler.received.filter((message) => message.kind === 'taskCancel' && !message.force).length === 2,
    );
    scheduler.release();
    expect(await running).toBe(25);
  });

  test('before the task was sent, nobody else hears of it', async () => {
    const { client, scheduler } = await rig();
    await client.submit(tasks.square, 1);
    const handle = client.submit(tasks.square, 2);
    expect(await handle.cancel()).toBe(true);
    await client.submit(tasks.square, 3);
    expect(scheduler.offers.size).toBe(2);
  });

  test('an aborted signal rejects at once with its reason, and the task is canceled behind it', async () => {
    const { client, scheduler } = await rig();
    const stop = new AbortController();
    const handle = client.submit(tasks.untilAborted, undefined, { signal: stop.signal });
    await until('runs', () => scheduler.held.size === 1);
    scheduler.confirm = 'none';
    stop.abort(new Error('enough'));
    const error = await rejection(handle, TaskCanceledError);
    expect(error.cause).toMatchObject({ message: 'enough' });
    await until('asked', () => scheduler.received.some((message) => message.kind === 'taskCancel'));
    await rejection(client.submit(tasks.square, 1, { signal: AbortSignal.abort() }), TaskCanceledError);
  });
});

describe('logs', () => {
  test('stream while the task runs and end with it', async () => {
    const { client } = await rig();
    const handle = client.submit(tasks.chatty, 3, { streamOutput: true });
    const seen: string[] = [];
    for await (const { stream, content } of handle.logs) seen.push(`${stream} ${content}`);
    expect(seen).toStrictEqual(['stdout line 0\n', 'stdout line 1\n', 'stdout line 2\n']);
    expect(await handle).toBe(3);
  });

  test('say so when nobody asked for them', async () => {
    const { client } = await rig();
    const handle = client.submit(tasks.chatty, 1);
    await expect(handle.logs[Symbol.asyncIterator]().next()).rejects.toThrow(/streamOutput/);
    await handle;
  });

  test('of a map arrive with the index of the item', async () => {
    const { client } = await rig();
    const seen: [number, string][] = [];
    await client
      .map(tasks.chatty, [1, 0, 2], { onLog: ({ index, content }) => seen.push([index, content]) })
      .toArray();
    expect(seen.sort()).toStrictEqual([
      [0, 'line 0\n'],
      [2, 'line 0\n'],
      [2, 'line 1\n'],
    ]);
  });
});

describe('put', () => {
  test('a value put once is used in many arguments, whole or as a field', async () => {
    const { client, store } = await rig();
    const table = await client.put(new Float64Array(10_000).fill(1));
    const before = store.counts().ids;
    const factors = [1, 2, 3];
    expect(
      await client
        .map(
          tasks.total,
          factors.map((factor) => ({ table, factor })),
        )
        .toArray(),
    ).toStrictEqual([10_000, 20_000, 30_000]);
    expect(store.counts().ids).toBe(before + 2);
    const all = await client.put({ table: new Float64Array([5]), factor: 2 });
    expect(await client.submit(tasks.total, all)).toBe(10);
    client.release(table, all);
    await until('released', () => store.counts().ids === before + 1);
    await expect(client.put([table])).rejects.toThrow(/without ObjectRefs/);
  });

  test('a store that cannot be used for long is a StoreUnreachableError, of a value and of code', async () => {
    const { network } = await rig();
    const broken = createMemoryStore();
    broken.put = () => Promise.reject(new ObjectStoreError('unavailable', 'nobody there'));
    const client = await connectTo(network, broken, { schedulerTimeoutMs: 300 });
    await rejection(client.put(1), StoreUnreachableError);
    await rejection(client.submit(tasks.square, 1), StoreUnreachableError);
  });

  test('a put value that the store has lost is put again', async () => {
    const { client, store } = await rig();
    const table = await client.put(new Float64Array(10).fill(1));
    await store.delete([table.id]);
    expect(await client.submit(tasks.total, { table, factor: 1 })).toBe(10);
  });
});

describe('the scheduler goes away', () => {
  test('tasks under way are offered again to a new scheduler and each ends once', async () => {
    const { client, scheduler, restart } = await rig();
    scheduler.runs = false;
    const results = client
      .map(
        tasks.square,
        Array.from({ length: 500 }, (_, n) => n),
      )
      .toArray();
    await until('offered', () => scheduler.held.size === 500);
    await scheduler.kill();
    const next = await restart({ epoch: 'e2' });
    expect(await results).toStrictEqual(Array.from({ length: 500 }, (_, n) => n * n));
    await until('offered again', () => next.offers.size === 500);
    expect(next.owned.size).toBe(2);
  });

  test('a connection that was cut is mended with nothing lost', async () => {
    const { client, scheduler, network } = await rig();
    scheduler.runs = false;
    const handles = [1, 2, 3].map((n) => client.submit(tasks.square, n));
    await until('offered', () => scheduler.held.size === 3);
    const me = scheduler.clients[0] as never;
    network.cut(me);
    scheduler.release();
    await until('finished into the void', () => scheduler.held.size === 0);
    network.mend(me);
    expect(await Promise.all(handles)).toStrictEqual([1, 4, 9]);
  });

  test('what was submitted while nobody was there is run later', async () => {
    const { client, scheduler, restart } = await rig();
    await client.submit(tasks.square, 1);
    await scheduler.kill();
    const handle = client.submit(tasks.square, 6);
    await restart({ epoch: 'e2' });
    expect(await handle).toBe(36);
  });

  test('a cancel is repeated to a new scheduler', async () => {
    const { client, scheduler, restart, clock } = await rig({}, {}, 'manual');
    scheduler.runs = false;
    scheduler.confirm = 'none';
    const handle = client.submit(tasks.square, 1);
    await until('offered', () => scheduler.held.size === 1);
    const canceled = handle.cancel();
    await scheduler.kill();
    const next = await restart({ epoch: 'e2' });
    next.runs = false;
    await until('offered again', () => next.held.size === 1);
    clock?.advance(2_000);
    expect(await canceled).toBe(true);
  });

  test('a client that was frozen for long offers everything again', async () => {
    const { client, scheduler, clock } = await rig({}, {}, 'manual');
    scheduler.runs = false;
    const handle = client.submit(tasks.square, 2);
    await until('offered', () => scheduler.held.size === 1);
    scheduler.held.clear(); // it gave the client up
    clock?.advance(30_000);
    await until('offered again', () => scheduler.held.size === 1);
    scheduler.release();
    expect(await handle).toBe(4);
  });

  test('a loss is told while tasks wait, and its end', async () => {
    const told: [string, ConnectionDetail][] = [];
    const onConnection: OnConnection = (state, detail) => told.push([state, detail]);
    const { client, scheduler, clock, restart } = await rig({ onConnection }, {}, 'manual');
    scheduler.runs = false;
    const handle = client.submit(tasks.square, 2);
    await until('offered', () => scheduler.held.size === 1);
    const detail = { address: 'tcp://127.0.0.1:7001', openTasks: 1 };
    await scheduler.kill();
    await until('told', () => {
      clock?.advance(100);
      return told.length === 1;
    });
    expect(told[0]).toMatchObject(['lost', detail]);
    expect(told[0]?.[1].waitMs).toBeGreaterThan(50_000);
    await restart({ epoch: 'e2' });
    expect(await handle).toBe(4);
    expect(told.slice(1)).toMatchObject([['connected', detail]]);
  });

  test('its good-bye ends every task at once, and a new one is used again', async () => {
    const told: [string, number][] = [];
    const onConnection: OnConnection = (state, { waitMs }) => told.push([state, waitMs]);
    const { client, scheduler, restart } = await rig({ onConnection }, {}, 'manual');
    await client.submit(tasks.square, 1);
    scheduler.runs = false;
    const handle = client.submit(tasks.square, 2);
    const rest = client.map(tasks.square, [1, 2]).toArray();
    await until('offered', () => scheduler.held.size === 3);
    const ends = Promise.all([
      rejection(handle, SchedulerUnreachableError),
      rejection(rest, SchedulerUnreachableError),
    ]);
    scheduler.send(scheduler.clients[0] as never, { kind: 'clientDisconnect', type: 'shutdown' });
    expect((await ends)[0].message).toMatch(/the scheduler at tcp:.* was shut down/);
    expect(told).toStrictEqual([['lost', 0]]);
    await rejection(client.submit(tasks.square, 3), SchedulerUnreachableError);
    await scheduler.kill();
    await restart({ epoch: 'e2' });
    await until('back', () => told.length === 2);
    expect(await client.submit(tasks.square, 4)).toBe(16);
  });

  test('its good-bye does not take back a result that is being fetched', async () => {
    const { client, scheduler, store } = await rig();
    scheduler.runs = false;
    const handles = [client.submit(tasks.square, 2), client.submit(tasks.square, 3)] as const;
    await until('offered', () => scheduler.held.size === 2);
    const [held] = scheduler.held.values();
    const id = 'z'.repeat(32) as never;
    if (held !== undefined) scheduler.finish(held, 'success', undefined, [id]);
    scheduler.send(scheduler.clients[0] as never, { kind: 'clientDisconnect', type: 'shutdown' });
    await rejection(handles[1], SchedulerUnreachableError);
    await store.put(id, encodeValue(4));
    expect(await handles[0]).toBe(4);
  });

  test('silence for schedulerTimeoutMs ends every task, and no earlier', async () => {
    const { client, scheduler, clock } = await rig({ schedulerTimeoutMs: 20_000 }, {}, 'manual');
    scheduler.runs = false;
    const handle = client.submit(tasks.square, 2);
    const rest = client.map(tasks.square, [1, 2]).toArray();
    await until('offered', () => scheduler.held.size === 3);
    scheduler.echoes = false;
    clock?.advance(19_000);
    expect(await Promise.race([handle, Promise.resolve('waiting')])).toBe('waiting');
    const errors = Promise.all([
      rejection(handle, SchedulerUnreachableError),
      rejection(rest, SchedulerUnreachableError),
    ]);
    clock?.advance(4_000);
    expect((await errors)[0].message).toMatch(/nothing was heard of the scheduler at tcp:.* for 20 s/);
  });

  test('a new object store gets everything again', async () => {
    const { client, store, scheduler } = await rig();
    const table = await client.put(new Float64Array(10).fill(1));
    await client.submit(tasks.square, 1);
    await store.delete([...scheduler.owned]);
    expect(store.counts().ids).toBe(0);
    scheduler.storeEpoch = 's2';
    scheduler.echo(scheduler.clients[0] as never);
    await until('put again', () => store.counts().ids === 3);
    expect(await client.submit(tasks.total, { table, factor: 1 })).toBe(10);
  });
});

describe('connect and close', () => {
  test('nobody there: an error that says what to do', async () => {
    const network = memoryNetwork();
    const error = await rejection(connectTo(network, createMemoryStore(), { connectTimeoutMs: 30 }), Error);
    expect(error).toMatchObject({ name: 'ConnectError', code: 'unreachable' });
    expect(error.message).toMatch(/no scheduler answers at tcp:\/\/127\.0\.0\.1:7001.*muster up/);
  });

  test('options that do not exist or contradict each other are refused', async () => {
    const options = (given: object): Promise<Error> => rejection(connect(given), RangeError);
    expect((await options({ adress: 'tcp://127.0.0.1:1' })).message).toMatch(
      /connect\(\) knows no "adress"; did you mean "address"\?/,
    );
    expect((await options({ inProcess: true, address: 'tcp://127.0.0.1:1' })).message).toMatch(
      /an address or inProcess: true, not both/,
    );
    const client = await connect({ inProcess: true });
    const misspelt = (given: object): (() => unknown)[] => [
      () => client.submit(tasks.square, 1, given),
      () => client.map(tasks.square, [1], given),
    ];
    for (const call of misspelt({ timeout: 1 }))
      expect(call).toThrow(/client\.\w+\(\) knows no "timeout"; did you mean "timeoutMs"/);
    for (const call of misspelt({ retry: 1 })) expect(call).toThrow(RangeError);
    await client.close();
  });

  test('a stock scheduler is told apart', async () => {
    const error = await rejection(rig({}, { isStock: true }), Error);
    expect(error).toMatchObject({ code: 'notMuster' });
  });

  test('close cancels what is unfinished, says good-bye, and nothing can be submitted after it', async () => {
    const { client, scheduler } = await rig();
    scheduler.runs = false;
    const handle = client.submit(tasks.square, 1);
    const stream = client.map(tasks.square, [1, 2]).toArray();
    await until('offered', () => scheduler.held.size === 3);
    const ends = Promise.all([rejection(handle, TaskCanceledError), rejection(stream, TaskCanceledError)]);
    await client.close();
    await client.close();
    await ends;
    await until('bye', () => scheduler.clients.length === 2);
    expect(scheduler.clients[1]).toBe(`bye ${scheduler.clients[0]}`);
    expect(() => client.submit(tasks.square, 1)).toThrow(ClientClosedError);
    expect(() => client.map(tasks.square, [1])).toThrow(ClientClosedError);
  });

  test('garbage and unknown messages from the scheduler are ignored', async () => {
    const { client, scheduler } = await rig();
    const me = scheduler.clients[0] as never;
    scheduler.send(me, { kind: 'drain', action: 'drain' });
    scheduler.send(me, { kind: 'informationResponse', response: encodeValue('x') });
    scheduler.send(me, { kind: 'taskCancelConfirm', taskId: 'y'.repeat(16) as never, confirm: 'canceled' });
    expect(await client.submit(tasks.square, 2)).toBe(4);
  });
});
