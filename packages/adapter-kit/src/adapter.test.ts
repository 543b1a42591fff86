/** The adapter runtime over an in-memory network, a fake provider and a clock that is moved by hand. */
import { mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Note } from '@muster/core/machine';
import { decodeMessage, encodeMessage } from '@muster/protocol/codec';
import { adapterId, groupId, peerId } from '@muster/protocol/ids';
import type { GroupId, PeerId } from '@muster/protocol/ids';
import { FEATURES } from '@muster/protocol/messages';
import type { Message } from '@muster/protocol/messages';
import { manualClock } from '@muster/runtime/manual-clock';
import { memoryNetwork } from '@muster/runtime/memory';
import type { Listener } from '@muster/runtime/transport';
import { startAdapter } from './adapter.ts';
import type { Adapter, AdapterOptions } from './adapter.ts';
import { fakeProvider } from './fake.ts';
import { LimitsError } from './limits.ts';

const ADDRESS = 'tcp://127.0.0.1:8516';
const me = adapterId('kit-test');
const g1 = groupId('g-e1-1');

/** Lets everything that is under way in this process arrive: promises, queues, in-memory sockets. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await nextTurn();
};

const world = async (overrides: Partial<AdapterOptions> = {}) => {
  const clock = manualClock();
  const network = memoryNetwork();
  const provider = fakeProvider({ clock });
  const notes: Note[] = [];
  const heard: Message[] = [];
  let peer: PeerId = peerId('');
  let speaks: 'own' | 'stock' | 'silent' = 'own';
  let listener: Listener;
  const send = (message: Message): void => void listener.trySend(peer, encodeMessage(message));
  const listen = async (): Promise<void> => {
    listener = await network.transport.listen([ADDRESS], { identity: peerId('s') });
    listener.onTurn((turn) => {
      for (const event of turn) {
        if (event.kind !== 'frame') continue;
        peer = event.from;
        const message = decodeMessage(event.frame.slice());
        heard.push(message);
        if (message.kind !== 'adapterHeartbeat' || speaks === 'silent') continue;
        const extras = { features: FEATURES, epoch: 'e1', storePath: '', storeEpoch: '' };
        send({ kind: 'adapterHeartbeatEcho', extras: speaks === 'own' ? extras : undefined, registered: [] });
      }
    });
  };
  await listen();
  const options: AdapterOptions = {
    provisioner: provider.provisioner(me),
    scheduler: ADDRESS,
    transport: network.transport,
    clock,
    log: (note) => notes.push(note),
    adapterId: me,
    workersPerGroup: 2,
    capabilities: new Map([['linux', 'present']]),
    limits: { groupsMax: 3 },
    workerEnv: { MUSTER_DEATH_TIMEOUT_MS: '5000' },
    pace: { listLagMs: 0 },
    ...overrides,
  };
  const adapters: Adapter[] = [];
  return {
    clock,
    network,
    provider,
    notes,
    heard,
    options,
    send,
    speak: (how: 'own' | 'stock' | 'silent') => (speaks = how),
    peer: () => peer,
    start: async (more: Partial<AdapterOptions> = {}): Promise<Adapter> => {
      const adapter = await startAdapter({ ...options, provisioner: provider.provisioner(me), ...more });
      adapters.push(adapter);
      await settle();
      return adapter;
    },
    advance: async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= 250) {
        clock.advance(Math.min(250, left));
        await settle();
      }
    },
    command: async (
      command: 'startWorkerGroup' | 'shutdownWorkerGroup',
      id: GroupId | undefined,
    ): Promise<void> => {
      send({ kind: 'adapterCommand', command, groupId: id, capabilities: new Map(), epoch: '' });
      await settle();
    },
    close: async (): Promise<void> => {
      for (const adapter of adapters) await adapter.stop('leave');
      await listener.close();
    },
    listener: () => listener,
  };
};
type World = Awaited<ReturnType<typeof world>>;

describe('startAdapter', () => {
  let w: World;
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'muster-kit-'));
    w = await world();
  });
  afterEach(async () => {
    await w.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const heartbeats = () => w.heard.filter((message) => message.kind === 'adapterHeartbeat');
  const answers = () => w.heard.filter((message) => message.kind === 'adapterCommandResponse');

  test('says hello at once and every 2 s, also while the provider hangs', async () => {
    await w.start();
    expect(heartbeats()).toEqual([
      {
        kind: 'adapterHeartbeat',
        groupsMax: 3,
        workersPerGroup: 2,
        capabilities: new Map([['linux', 'present']]),
        adapterId: me,
        groups: [],
        features: FEATURES,
        offers: [],
        trouble: '',
        count: 1,
      },
    ]);
    w.provider.callFaults.push({ method: 'list', fault: 'hang' });
    await w.advance(10_000);
    expect(heartbeats()).toHaveLength(6);
  });

  test('starts a group with everything that a worker host is told, and answers', async () => {
    await w.start();
    await w.command('startWorkerGroup', g1);
    const [call] = w.provider.calls.filter((one) => one.method === 'start');
    const [spec] = call?.method === 'start' ? call.specs : [];
    expect(spec?.workerIds).toHaveLength(2);
    for (const worker of spec?.workerIds ?? []) expect(worker).toMatch(/^Worker\|g-e1-1\|[0-9a-f]{32}$/);
    expect(spec?.env).toEqual({
      MUSTER_SCHEDULER: ADDRESS,
      MUSTER_GROUP_ID: g1,
      MUSTER_WORKER_IDS: spec?.workerIds.join(','),
      MUSTER_CAPABILITIES: 'linux',
      MUSTER_OWNER: me,
      MUSTER_DEATH_TIMEOUT_MS: '5000',
    });
    expect(answers()).toEqual([
      {
        kind: 'adapterCommandResponse',
        command: 'startWorkerGroup',
        groupId: g1,
        status: 'success',
        workerIds: spec?.workerIds,
        capabilities: new Map([['linux', 'present']]),
        failure: 'none',
        reason: '',
      },
    ]);
  });

  test('tells at once when its groups change', async () => {
    await w.start();
    await w.command('startWorkerGroup', g1);
    await w.advance(250);
    expect(heartbeats().at(-1)?.groups).toEqual([{ groupId: g1, state: 'running', nativeId: `fake/${g1}` }]);
  });

  test('stops a group when told to, and shows when it is gone', async () => {
    await w.start();
    await w.command('startWorkerGroup', g1);
    await w.command('shutdownWorkerGroup', g1);
    await w.advance(500);
    expect(w.provider.alive()).toEqual([]);
    expect(heartbeats().at(-1)?.groups).toEqual([]);
  });

  test('never exceeds its caps under a scheduler that sends thousands of starts (P3)', async () => {
    await w.start();
    for (let i = 0; i < 5_000; i++) {
      w.send({
        kind: 'adapterCommand',
        command: 'startWorkerGroup',
        groupId: groupId(`g-e1-${i}`),
        capabilities: new Map(),
        epoch: '',
      });
      if (i % 100 === 0) await settle();
    }
    await w.advance(60_000);
    expect(w.provider.peak()).toBe(3);
    expect(answers().filter((one) => one.status === 'success')).toHaveLength(3);
    expect(answers().filter((one) => one.failure === 'quota')).toHaveLength(4_997);
  });

  test('survives frames that are no messages, and messages that are none of its business', async () => {
    await w.start();
    w.listener().trySend(w.peer(), new Uint8Array([1, 2, 3]));
    w.send({ kind: 'clientShutdownResponse', accepted: true });
    await w.command('startWorkerGroup', g1);
    expect(w.provider.alive()).toEqual([g1]);
    expect(w.notes.map((note) => note.event)).toEqual(
      expect.arrayContaining(['adapter.frame.undecodable', 'adapter.message.unexpected']),
    );
  });

  test.each(['reject', 'hang'] as const)(
    'gets its group in the end when the first start does %s',
    async (fault) => {
      await w.start();
      w.provider.callFaults.push({ method: 'start', fault });
      await w.command('startWorkerGroup', g1);
      expect(answers()).toEqual([]);
      await w.advance(120_000);
      expect(w.provider.alive()).toEqual([g1]);
      expect(answers().at(-1)).toMatchObject({ command: 'startWorkerGroup', groupId: g1, status: 'success' });
    },
  );

  test('asks with the same token when the answer of a start is lost, so that there is one group', async () => {
    await w.start();
    w.provider.startFaults.push({ kind: 'forget' });
    await w.command('startWorkerGroup', g1);
    await w.advance(5_000);
    expect(w.provider.alive()).toEqual([g1]);
    const tokens = w.provider.calls.flatMap((one) =>
      one.method === 'start' ? one.specs.map((spec) => spec.token) : [],
    );
    expect(new Set(tokens).size).toBe(1);
  });

  test('tells why a start failed, by kind and reason', async () => {
    await w.start();
    w.provider.startFaults.push({ kind: 'fail', failure: 'unauthorized', detail: 'no permission to start' });
    await w.command('startWorkerGroup', g1);
    expect(answers()).toMatchObject([
      { status: 'unknownAction', failure: 'unauthorized', reason: 'no permission to start' },
    ]);
  });

  test('tells of a group that died without a word', async () => {
    await w.start();
    await w.command('startWorkerGroup', g1);
    w.provider.kill(g1);
    await w.advance(5_000);
    expect(answers().at(-1)).toMatchObject({ command: 'none', groupId: g1, status: 'workerGroupIDNotFound' });
    expect(heartbeats().at(-1)?.groups).toEqual([]);
  });

  test('renews the start of a group that stays pending', async () => {
    await w.start();
    w.provider.startFaults.push({ kind: 'stuck' });
    await w.command('startWorkerGroup', g1);
    await w.advance(6_000);
    expect(answers().filter((one) => one.status === 'pending').length).toBeGreaterThanOrEqual(2);
  });

  test('killed and started again, adopts its groups and stops none (a restart is a non-event)', async () => {
    const intentsFile = join(folder, 'intents');
    const first = await w.start({ intentsFile });
    await w.command('startWorkerGroup', g1);
    await w.advance(500);
    // As kill -9: nothing more is said or done by it. Leaving is the nearest that one process can play.
    await first.stop('leave');
    const second = await w.start({ intentsFile });
    await w.advance(10_000);
    expect(w.provider.alive()).toEqual([g1]);
    expect(w.provider.calls.filter((one) => one.method === 'stop')).toEqual([]);
    expect(second.snapshot()).toEqual({ wanted: [g1], leaving: [] });
    expect(readFileSync(intentsFile, 'utf8')).toContain('"t":"held"');
  });

  test('with a truncated intent file takes the provider at its word', async () => {
    const intentsFile = join(folder, 'intents');
    const first = await w.start({ intentsFile });
    await w.command('startWorkerGroup', g1);
    await first.stop('leave');
    truncateSync(intentsFile, 70);
    const second = await w.start({ intentsFile });
    expect(second.snapshot().wanted).toEqual([g1]);
    expect(w.notes.map((note) => note.event)).toContain('adapter.intents.untrusted');
  });

  test('stop: takes its groups with it; leave: does not', async () => {
    const first = await w.start();
    await w.command('startWorkerGroup', g1);
    expect(await first.stop('leave')).toEqual({ left: [g1] });
    expect(w.provider.alive()).toEqual([g1]);
    const second = await w.start();
    const end = second.stop('stop', 60_000);
    await w.advance(1_000);
    expect(await end).toEqual({ left: [] });
    expect(w.provider.alive()).toEqual([]);
  });

  test('mints ids and speaks in stock fields to a stock scheduler, and tells of its groups again after a reconnect', async () => {
    w.speak('stock');
    await w.start();
    await w.command('startWorkerGroup', undefined);
    expect(answers()).toMatchObject([
      { command: 'startWorkerGroup', status: 'success', failure: 'none', reason: '' },
    ]);
    const [first] = answers();
    expect(first?.groupId).toMatch(/^fake-[0-9a-f]{32}$/);
    w.network.cut(w.peer());
    await settle();
    w.network.mend(w.peer());
    await settle();
    expect(answers()).toEqual([first, first]);
    await w.advance(2_000);
    expect(heartbeats().at(-1)).toMatchObject({ adapterId: undefined, groups: undefined, groupsMax: 3 });
  });

  test('keeps its groups and its pace while the scheduler is gone', async () => {
    await w.start();
    await w.command('startWorkerGroup', g1);
    w.network.cut(w.peer());
    await settle();
    await w.advance(30_000);
    const before = heartbeats().length;
    w.network.mend(w.peer());
    await settle();
    expect(heartbeats()).toHaveLength(before + 1);
    expect(heartbeats().at(-1)?.groups).toMatchObject([{ groupId: g1, state: 'running' }]);
  });

  test('says what is wrong when the provider is not ready', async () => {
    const provisioner = {
      ...w.provider.provisioner(me),
      prepare: () => Promise.reject(new Error('run muster setup first')),
    };
    await expect(startAdapter({ ...w.options, provisioner })).rejects.toThrow('run muster setup first');
  });

  test('refuses limits that are none, all at once', async () => {
    const limits = { groupsMax: Number.POSITIVE_INFINITY, startsPerMinuteMax: -1 };
    await expect(startAdapter({ ...w.options, limits, cost: { dollarsPerHour: 0.1 } })).rejects.toThrow(
      LimitsError,
    );
    await expect(startAdapter({ ...w.options, limits, cost: { dollarsPerHour: 0.1 } })).rejects.toThrow(
      /groupsMax.*startsPerMinuteMax: -1 is not a limit.*dollarsPerHourMax: must be set.*dollarsPerDayMax: must be set/,
    );
  });
});
