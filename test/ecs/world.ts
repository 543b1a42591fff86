/**
 * A whole fleet on Fargate in virtual time: the scheduler's shell, adapters with the real SDK over HTTP, the peer of AWS, and
 * workers that begin and end with their task. Nothing of ours is replaced but sockets, clock and user code.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { ECSClient } from '@aws-sdk/client-ecs';
import { startAdapter } from '@muster/adapter-kit/adapter';
import type { Adapter, AdapterOptions } from '@muster/adapter-kit/adapter';
import type { Provisioner } from '@muster/adapter-kit/provisioner';
import { ECS_PACE } from '@muster/adapter-ecs/assembly';
import { ecsProvisioner } from '@muster/adapter-ecs/provisioner';
import type { EcsConfig, EcsProvisioner } from '@muster/adapter-ecs/provisioner';
import type { LaunchProfile } from '@muster/adapter-ecs/profiles';
import type { Note } from '@muster/core/machine';
import { policyOf } from '@muster/core/policy-content';
import { adapterId, peerId } from '@muster/protocol/ids';
import type { Clock } from '@muster/runtime/clock';
import { manualClock } from '@muster/runtime/manual-clock';
import type { ManualClock } from '@muster/runtime/manual-clock';
import { memoryNetwork } from '@muster/runtime/memory';
import type { Transport, TurnHandler } from '@muster/runtime/transport';
import { startScheduler } from '@muster/scheduler/server';
import type { RunningScheduler } from '@muster/scheduler/server';
import { CONFIG } from '../../packages/core/test/kit.ts';
import { testAccount } from '../support/aws/fixtures.ts';
import type { TestAccount } from '../support/aws/fixtures.ts';
import type { AwsPeer, AwsPeerOptions } from '../support/aws/peer.ts';
import type { LoggedRequest } from '../support/aws/request-log.ts';
import type { ContainerLaunch, TaskRunner } from '../support/aws/tasks/runner.ts';
import { StubClient } from './client.ts';
import { StubWorker } from './worker.ts';

export const ADDRESS = 'tcp://127.0.0.1:8516';
export const NAME = adapterId('blue');

export const PROFILE: LaunchProfile = {
  name: 'default',
  size: { cpuUnits: 1024, memoryMiB: 2048 },
  capabilities: new Map(),
  spot: 'never',
  taskDefinition: 'muster-worker',
  image: undefined,
  architecture: 'X86_64',
  storageGiB: 20,
  dollarsPerHour: undefined,
};

export interface WorldOptions {
  readonly peer?: Partial<AwsPeerOptions>;
  readonly policy?: string;
  readonly limits?: Partial<AdapterOptions['limits']>;
  readonly ecs?: Partial<EcsConfig>;
  readonly pace?: AdapterOptions['pace'];
  readonly offers?: AdapterOptions['offers'];
  /** How long a task of the client runs; below 0: the worker crashes instead of beginning. Default 20 s. */
  readonly taskMs?: number;
  /** Seed of ids and jitter. Default 1. */
  readonly seed?: number;
}

/** One process of the adapter, which can be killed between any two turns. */
export interface AdapterProcess {
  readonly adapter: Adapter;
  readonly provisioner: EcsProvisioner;
  /** Hears a frame as if the scheduler had sent it. */
  order(frame: Uint8Array): void;
  /** kill -9: no timer fires any more, nothing is sent, connections to AWS break. */
  kill(): Promise<void>;
}

export interface World extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly peer: AwsPeer;
  readonly account: TestAccount;
  readonly scheduler: RunningScheduler;
  readonly client: StubClient;
  readonly notes: Note[];
  readonly workers: ReadonlyMap<string, StubWorker>;
  /** Groups that ran twice at once, whenever that was. */
  readonly doubles: readonly string[];
  /** @param memory `lost`: without the record of launches under way, as on another machine. */
  startAdapter(memory?: 'kept' | 'lost'): Promise<AdapterProcess>;
  /** Lets time pass; calls that are under way are answered before it goes on. */
  pass(ms: number): Promise<void>;
  /** Lets time pass until it holds. @throws with what is there when it does not within `ms`. */
  until(what: string, holds: () => boolean, ms?: number): Promise<void>;
  /** Group ids of tasks that cost money now, sorted; a group with two tasks is there twice. */
  groups(): readonly string[];
  /** Group ids that the scheduler has, sorted. */
  known(): readonly string[];
}

/** By the adapter, or by the SDK's own patience; the SDK calls a reset a time-out, too. */
const isBrokenOff = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === 'AbortError' || (error.name === 'TimeoutError' && !/ECONNRESET|EPIPE/.test(error.message)));

/** Calls of every client of this process: what was answered, and what was broken off, as only a hung one is here. */
const calls = { begun: 0, ended: 0, brokenOff: 0, drift: 0 };
const send = ECSClient.prototype.send as (...args: unknown[]) => Promise<unknown>;
ECSClient.prototype.send = function counted(this: ECSClient, ...args: unknown[]) {
  calls.begun++;
  const answer = send.apply(this, args);
  const end = (): void => void calls.ended++;
  answer.then(end, (error: unknown) => {
    if (isBrokenOff(error)) calls.brokenOff++;
    end();
  });
  return answer;
} as typeof ECSClient.prototype.send;

/** Neither answered nor dropped. Several faults may strike one call; a drop comes first. */
const isOpen = (call: LoggedRequest | undefined): boolean =>
  call?.status === 0 && !call.faults.includes('drop') && !call.faults.includes('applyThenDrop');

/** Turns of the loop without news after which nothing of this process is under way. */
const QUIET_TURNS = 4;
/** Real time without news after which a call that is not answered counts as hung. */
const HUNG_MS = 25;

const settle = async (hung: () => number): Promise<void> => {
  let seen = -1;
  let since = performance.now();
  for (let quiet = 0; quiet < QUIET_TURNS;) {
    await nextTurn();
    const now = calls.begun * 2 + calls.ended;
    if (now !== seen) {
      [seen, since, quiet] = [now, performance.now(), 0];
    } else if (calls.begun - calls.ended === hung() + calls.drift) quiet++;
    else if (performance.now() - since > HUNG_MS) {
      // Counted wrongly, as where a connection was closed under a call: from here on it is known.
      calls.drift = calls.begun - calls.ended - hung();
      return;
    } else if (performance.now() - since > 2) await sleep(1);
  }
};

/** xorshift32: the same numbers for the same seed. */
export const randomOf = (seed: number): (() => number) => {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 0x1_0000_0000;
  };
};

const mortalClock = (clock: Clock, isDead: () => boolean): Clock => ({
  now: () => clock.now(),
  wakeAt: (deadline, wake) =>
    clock.wakeAt(deadline, () => {
      if (!isDead()) wake();
    }),
});

/** @param heard is given the ear of the adapter. */
const mortalTransport = (
  transport: Transport,
  isDead: () => boolean,
  heard: (ear: TurnHandler) => void,
): Transport => ({
  listen: (addresses, options) => transport.listen(addresses, options),
  connect: async (address, options) => {
    const connection = await transport.connect(address, options);
    return {
      identity: connection.identity,
      trySend: (frame) => (isDead() ? 'full' : connection.trySend(frame)),
      onTurn: (handler) => {
        const mortal: TurnHandler = (turn) => {
          if (!isDead()) handler(turn);
        };
        heard(mortal);
        connection.onTurn(mortal);
      },
      close: () => connection.close(),
      [Symbol.asyncDispose]: () => connection.close(),
    };
  },
});

/** Calls end with the process, and what they would have said is heard by nobody. */
const mortalProvisioner = (inner: Provisioner, death: AbortSignal): Provisioner => {
  const mortal = <T>(work: Promise<T>): Promise<T> =>
    work.then(
      (value) => (death.aborted ? new Promise<T>(() => undefined) : value),
      (error: unknown) => {
        if (death.aborted) return new Promise<T>(() => undefined);
        throw error;
      },
    );
  const both = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, death]);
  return {
    name: inner.name,
    prepare: (signal) => mortal(inner.prepare(both(signal))),
    start: (specs, signal) => mortal(inner.start(specs, both(signal))),
    list: (signal) => mortal(inner.list(both(signal))),
    stop: (ids, reason, signal) => mortal(inner.stop(ids, reason, both(signal))),
  };
};

const NO_STORE = {
  onState: (
    listener: (state: { address: { host: string; port: number }; path: string; epoch: string }) => void,
  ) => listener({ address: { host: '127.0.0.1', port: 1 }, path: '/store', epoch: 's1' }),
  delete: () => undefined,
  close: async () => undefined,
};

export const openWorld = async (options: WorldOptions = {}): Promise<World> => {
  const clock = manualClock();
  const network = memoryNetwork();
  const notes: Note[] = [];
  const workers = new Map<string, StubWorker>();
  const doubles: string[] = [];
  const log = (note: Note): void => void notes.push(note);
  const random = randomOf(options.seed ?? 1);
  const folder = mkdtempSync(join(tmpdir(), 'muster-ecs-'));

  const runner: TaskRunner = {
    start: (launch: ContainerLaunch, events) => {
      const worker = new StubWorker(
        network.transport,
        clock,
        launch.environment,
        options.taskMs ?? 20_000,
        (code) => {
          workers.delete(launch.taskArn);
          events.exited({ code });
        },
      );
      if ([...workers.values()].some(({ groupId }) => groupId === worker.groupId))
        doubles.push(worker.groupId);
      workers.set(launch.taskArn, worker);
      events.started();
      if ((options.taskMs ?? 0) < 0) worker.end(1);
      return { terminate: () => worker.terminate(), kill: () => worker.end(137) };
    },
  };
  const account = await testAccount({ clock, tasks: runner, seed: options.seed ?? 1, ...options.peer });
  const { peer } = account;
  Object.assign(process.env, peer.env);
  const scheduler = await startScheduler(
    {
      addresses: [ADDRESS],
      insecure: false,
      machine: {
        ...CONFIG,
        policy: policyOf(options.policy ?? 'allocate=even_load; scaling=vanilla'),
        startTimeoutMs: 60_000,
        pendingTimeoutMs: 1_200_000,
      },
    },
    {
      transport: network.transport,
      clock,
      log,
      openStore: async () => NO_STORE,
      epoch: `e${options.seed ?? 1}`,
    },
  );
  const client = await StubClient.connect(network.transport, clock, ADDRESS);
  const processes: AdapterProcess[] = [];

  /** Calls that AWS leaves open. */
  let hangs = 0;
  let logged = 0;
  const brokenOffBefore = calls.brokenOff;
  const hung = (): number => {
    for (; logged < peer.log.all.length; logged++) if (isOpen(peer.log.all[logged])) hangs++;
    return hangs - (calls.brokenOff - brokenOffBefore);
  };
  const start = async (memory: 'kept' | 'lost' = 'kept'): Promise<AdapterProcess> => {
    const death = new AbortController();
    const isDead = (): boolean => death.signal.aborted;
    const mortal = mortalClock(clock, isDead);
    let ear: TurnHandler = () => undefined;
    const provisioner = ecsProvisioner({
      ownerMark: NAME,
      place: {
        cluster: 'main',
        subnets: peer.network.subnets.slice(0, 1).map(({ id }) => id),
        securityGroups: [],
        assignPublicIp: true,
        platformVersion: '',
        tags: new Map(),
      },
      profiles: [PROFILE],
      clock: mortal,
      log,
      ...options.ecs,
    });
    const starting = startAdapter({
      provisioner: mortalProvisioner(provisioner, death.signal),
      scheduler: ADDRESS,
      transport: mortalTransport(network.transport, isDead, (own) => (ear = own)),
      clock: mortal,
      log,
      adapterId: NAME,
      workersPerGroup: 1,
      capabilities: new Map(),
      limits: {
        groupsMax: 10,
        startsPerMinuteMax: 1_000,
        dollarsPerHourMax: 1_000,
        dollarsPerDayMax: 10_000,
        ...options.limits,
      },
      cost: { vcpus: 1, dollarsPerHour: 0.05, billedMinimumMs: 60_000, lifetimeMaxMs: 3_600_000 },
      ...(memory === 'kept' ? { intentsFile: join(folder, 'intents') } : {}),
      pace: { ...ECS_PACE, ...options.pace },
      ...(options.offers === undefined ? {} : { offers: options.offers }),
      chance: {
        mintHex: () => Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join(''),
        random,
      },
    });
    let isSettled = false;
    const settled = (): void => void (isSettled = true);
    starting.then(settled, settled);
    while (!isSettled) await pass(100);
    const adapter = await starting;
    const started = {
      adapter,
      provisioner,
      order: (frame: Uint8Array) => ear([{ kind: 'frame', from: peerId('scheduler'), frame }]),
      kill: async () => {
        death.abort(new Error('killed'));
        await provisioner.close();
        await settle(hung);
      },
    };
    processes.push(started);
    return started;
  };
  const pass = async (ms: number): Promise<void> => {
    const end = clock.now() + ms;
    for (;;) {
      await settle(hung);
      const next = Math.min(end, clock.nextWakeAt() ?? end);
      if (clock.now() >= end) return;
      clock.advance(Math.max(0, next - clock.now()));
    }
  };
  const groups = (): readonly string[] =>
    peer
      .liveTasks()
      .filter(({ startedBy }) => startedBy === `muster/${NAME}`)
      .map(({ environment }) => environment['MUSTER_GROUP_ID'] ?? '')
      .sort();
  const known = (): readonly string[] =>
    scheduler
      .status()
      .groups.map((group): string => group.id)
      .sort();
  return {
    clock,
    peer,
    account,
    scheduler,
    client,
    notes,
    workers,
    doubles,
    startAdapter: start,
    pass,
    groups,
    known,
    until: async (what, holds, ms = 1_800_000) => {
      const end = clock.now() + ms;
      while (!holds()) {
        if (clock.now() >= end)
          throw new Error(
            `no ${what} within ${ms / 1000} virtual s: tasks [${groups().join(' ')}], groups [${known().join(' ')}], results ${client.results}, ${notes
              .slice(-15)
              .map((note) => `${note.event} ${JSON.stringify(note.fields)}`)
              .join('\n')}`,
          );
        await pass(500);
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const one of processes) await one.kill();
      client.close();
      for (const worker of workers.values()) worker.end(0);
      await scheduler.stop();
      await account[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
