import { policyOf } from '@muster/core/policy-content';
import type { Note } from '@muster/core/machine';
import {
  decodeMessage,
  encodeMessage,
  encodeTask,
  encodeTaskResult,
  resultHead,
  taskHead,
} from '@muster/protocol/codec';
import { COMMAND_FUNCTION, NO_CAPABILITIES, peerId, taskId, type PeerId } from '@muster/protocol/ids';
import { FEATURES, type Message } from '@muster/protocol/messages';
import { manualClock, type ManualClock } from '@muster/runtime/manual-clock';
import { memoryNetwork, type MemoryNetwork } from '@muster/runtime/memory';
import type { Connection, TransportEvent } from '@muster/runtime/transport';
import type { ObjectStoreState } from '@muster/core/scheduler-types';
import { expect, it } from 'vitest';
import { startScheduler, type RunningScheduler, type SchedulerShellConfig } from './server.ts';
import type { StoreLink } from './store-link.ts';

const ADDRESS = 'ipc:///scheduler';
const STORE: ObjectStoreState = {
  address: { host: '127.0.0.1', port: 8517 },
  path: '/store',
  epoch: 'store1',
};

const config: SchedulerShellConfig = {
  addresses: [ADDRESS],
  insecure: false,
  machine: {
    policy: policyOf('allocate=even_load; scaling=no'),
    compat: 'own',
    clientTimeoutMs: 60_000,
    workerTimeoutMs: 60_000,
    adapterTimeoutMs: 10_000,
    attemptsMax: 3,
    prefetchMs: 20,
    resultResendMs: 5_000,
    startTimeoutMs: 60_000,
    pendingTimeoutMs: 600_000,
    drainTimeoutMs: 60_000,
    stopTimeoutMs: 10_000,
    idleBeforeStopMs: 1_000,
    balanceIntervalMs: 1_000,
    protected: false,
  },
};

interface Bench {
  readonly clock: ManualClock;
  readonly network: MemoryNetwork;
  readonly notes: Note[];
  readonly scheduler: RunningScheduler;
  readonly deleted: string[];
  setStore(state: ObjectStoreState): void;
  settle(): void;
  peer(identity: string): Promise<Peer>;
}

interface Peer {
  readonly connection: Connection;
  send(message: Message): void;
  sendBytes(frame: Uint8Array): void;
  /** Messages since the last call. */
  received(): Message[];
}

const startBench = async (): Promise<Bench> => {
  const clock = manualClock();
  const network = memoryNetwork({ delivery: 'manual' });
  const notes: Note[] = [];
  const deleted: string[] = [];
  let tell: (state: ObjectStoreState) => void = () => undefined;
  const store: StoreLink = {
    onState: (listener) => {
      tell = listener;
      listener(STORE);
    },
    delete: (ids) => void deleted.push(...ids),
    close: () => Promise.resolve(),
  };
  const scheduler = await startScheduler(config, {
    transport: network.transport,
    clock,
    log: (note) => notes.push(note),
    openStore: () => Promise.resolve(store),
    epoch: 'e1',
  });
  const settle = (): void => {
    while (network.deliver());
  };
  const peer = async (identity: string): Promise<Peer> => {
    const connection = await network.transport.connect(ADDRESS, { identity: peerId(identity) });
    const inbox: Message[] = [];
    connection.onTurn((turn: readonly TransportEvent[]) => {
      for (const item of turn)
        if (item.kind === 'frame') inbox.push(decodeMessage(Uint8Array.from(item.frame)));
    });
    const sendBytes = (frame: Uint8Array): void => {
      connection.trySend(frame);
      settle();
    };
    return {
      connection,
      sendBytes,
      send: (message) => sendBytes(encodeMessage(message)),
      received: () => inbox.splice(0),
    };
  };
  return { clock, network, notes, scheduler, deleted, settle, setStore: (state) => tell(state), peer };
};

const ask = (query: unknown): Message => ({
  kind: 'informationRequest',
  request: new TextEncoder().encode(JSON.stringify(query)),
});

const answerOf = (messages: readonly Message[]): unknown => {
  const [message] = messages;
  if (message?.kind !== 'informationResponse')
    throw new Error(`no answer in ${JSON.stringify(messages.map(({ kind }) => kind))}`);
  return JSON.parse(new TextDecoder().decode(message.response));
};

const clientHeartbeat: Message = {
  kind: 'clientHeartbeat',
  resource: { cpu: 0, rssBytes: 0 },
  latencyUs: 0,
  features: FEATURES,
};

const workerHeartbeat: Message = {
  kind: 'workerHeartbeat',
  agent: { cpu: 0, rssBytes: 0 },
  rssFreeBytes: 0,
  queueSize: 1_000,
  queuedTasks: 0,
  latencyUs: 0,
  taskLock: true,
  processors: [],
  capabilities: NO_CAPABILITIES,
  features: FEATURES,
};

const WORKER = 'Worker|manual|00000000000000000000000000000001';

const submitOne = (): Message => {
  const frame = encodeTask({
    taskId: taskId('0123456789abcdef'),
    source: undefined,
    metadata: undefined,
    functionId: COMMAND_FUNCTION,
    args: [{ kind: 'inline', bytes: new Uint8Array([1, 2, 3]) }],
    needs: NO_CAPABILITIES,
    timeoutMs: 0,
    attemptsMax: 0,
  });
  return { kind: 'taskBatch', tasks: [taskHead(frame)], attempts: [0], sources: [], sourceOf: [] };
};

const taskOf = (messages: readonly Message[]): Uint8Array | undefined => {
  for (const message of messages) {
    if (message.kind === 'taskBatch') {
      const [head] = message.tasks;
      if (head !== undefined) return Uint8Array.from(head.bytes.subarray(head.start, head.end));
    }
    if (message.kind === 'task')
      return Uint8Array.from(message.task.bytes.subarray(message.task.start, message.task.end));
  }
  return undefined;
};

it('brings a task to a worker as the bytes it came in, and its result back', async () => {
  const bench = await startBench();
  const client = await bench.peer('Client|1');
  const worker = await bench.peer(WORKER);
  client.send(clientHeartbeat);
  worker.send(workerHeartbeat);
  expect(client.received()).toMatchObject([
    {
      kind: 'clientHeartbeatEcho',
      storage: STORE.address,
      extras: { epoch: 'e1', storePath: '/store', storeEpoch: 'store1' },
    },
  ]);
  worker.received();
  const batch = submitOne();
  client.send(batch);
  const handed = taskOf(worker.received());
  expect(handed).toEqual(taskOf([batch]));

  const result = encodeTaskResult({
    taskId: taskId('0123456789abcdef'),
    outcome: 'success',
    metadata: undefined,
    objectIds: [],
    inline: new Uint8Array([9]),
  });
  worker.send({ kind: 'taskResultBatch', results: [resultHead(result)], attempts: [1] });
  const back = client.received().find((message) => message.kind === 'taskResultBatch');
  const [head] = back?.kind === 'taskResultBatch' ? back.results : [];
  expect(head === undefined ? undefined : Uint8Array.from(head.bytes.subarray(head.start, head.end))).toEqual(
    Uint8Array.from(result),
  );
  bench.clock.advance(1_000); // acknowledgements may be collected for a while
  bench.settle();
  expect(worker.received()).toContainEqual(expect.objectContaining({ kind: 'resultAck' }));
  expect(bench.scheduler.status().tasks).toMatchObject({ waiting: 0, assigned: 0, succeeded: 1 });
  await bench.scheduler.stop();
});

it('keeps a waiting task whole after the frame it came in has been overwritten', async () => {
  const bench = await startBench();
  const client = await bench.peer('Client|1');
  client.send(clientHeartbeat);
  const batch = submitOne();
  const frame = encodeMessage(batch);
  client.sendBytes(frame);
  frame.fill(0xff);
  const worker = await bench.peer(WORKER);
  worker.send(workerHeartbeat);
  expect(taskOf(worker.received())).toEqual(taskOf([batch]));
  await bench.scheduler.stop();
});

it('answers status, and refuses other questions with a sentence', async () => {
  const bench = await startBench();
  const operator = await bench.peer('operator|1');
  operator.send(ask({ query: 'status' }));
  expect(answerOf(operator.received())).toMatchObject({
    ok: true,
    status: { epoch: 'e1', objectStore: { up: true, port: 8517 } },
  });
  operator.send(ask({ query: 'drainGroup', groupId: 'g-x-1' }));
  expect(answerOf(operator.received())).toMatchObject({
    ok: false,
    error: expect.stringContaining('there is no group g-x-1'),
  });
  operator.send(ask({ query: 'shutdown', withinMs: -1 }));
  expect(answerOf(operator.received())).toMatchObject({ ok: false });
  operator.send({ kind: 'informationRequest', request: new Uint8Array([0xff, 0xfe]) });
  expect(answerOf(operator.received())).toMatchObject({
    ok: false,
    error: expect.stringContaining('not JSON'),
  });
  await bench.scheduler.stop();
});

it('ends by itself after an operator asked for the shutdown of an empty fleet', async () => {
  const bench = await startBench();
  const operator = await bench.peer('operator|1');
  operator.send(ask({ query: 'shutdown', withinMs: 1_000 }));
  expect(await bench.scheduler.ended).toMatchObject({ kind: 'exit' });
});

it('drops frames that are no messages, with one note for many of a kind', async () => {
  const bench = await startBench();
  const peer = await bench.peer('Client|bad');
  for (let i = 0; i < 50; i++) peer.sendBytes(new Uint8Array([1, 2, 3, 4, 5, 6, 7, i]));
  expect(bench.notes.filter(({ event }) => event === 'frame.dropped')).toHaveLength(1);
  peer.send(clientHeartbeat);
  expect(peer.received()).toMatchObject([{ kind: 'clientHeartbeatEcho' }]);
  await bench.scheduler.stop();
});

it('tells peers of a store that went away and came back', async () => {
  const bench = await startBench();
  const client = await bench.peer('Client|1');
  bench.setStore({ ...STORE, epoch: '' });
  client.send(clientHeartbeat);
  expect(client.received()).toMatchObject([{ extras: { storeEpoch: '' } }]);
  bench.setStore({ ...STORE, epoch: 'store2' });
  client.send(clientHeartbeat);
  expect(client.received()).toContainEqual(
    expect.objectContaining({
      kind: 'clientHeartbeatEcho',
      extras: expect.objectContaining({ storeEpoch: 'store2' }) as unknown,
    }),
  );
  await bench.scheduler.stop();
});

it('refuses an address that others can reach before it binds anything', async () => {
  const network = memoryNetwork();
  const exposed: SchedulerShellConfig = { ...config, addresses: ['tcp://0.0.0.0:8516'] };
  const openStore = (): Promise<StoreLink> => Promise.reject(new Error('not reached'));
  await expect(
    startScheduler(exposed, {
      transport: network.transport,
      clock: manualClock(),
      log: () => undefined,
      openStore,
    }),
  ).rejects.toThrow(/--insecure/);
});

it('leaves nothing bound when the object store cannot be opened', async () => {
  const network = memoryNetwork();
  const ports = { transport: network.transport, clock: manualClock(), log: (): void => undefined };
  await expect(
    startScheduler(config, { ...ports, openStore: () => Promise.reject(new Error('no store')) }),
  ).rejects.toThrow('no store');
  const listener = await network.transport.listen([ADDRESS], { identity: peerId('x') satisfies PeerId });
  await listener.close();
});
