/** A random walk: an adapter, a hostile scheduler, a faulty provider with a lagging list, and crashes, in virtual time. */
import { describe, expect, test } from 'vitest';
import { adapterId, groupId, instant } from '@muster/protocol/ids';
import type { GroupId } from '@muster/protocol/ids';
import { FEATURES } from '@muster/protocol/messages';
import type { Message } from '@muster/protocol/messages';
import { createAdapterMachine } from '../provisioning.ts';
import type { AdapterMachine } from '../provisioning.ts';
import { isDefinitive } from './backoff.ts';
import type {
  AdapterEffect,
  AdapterEvent,
  AdapterMachineConfig,
  Intent,
  ListedGroup,
  RestoredIntent,
  StartFailure,
} from './types.ts';

const GROUPS_MAX = 5;
const WALK_MS = 120_000;
const QUIET_MS = 300_000;
const QUIET_ROUNDS = 5;
const CALL_TIMEOUT_MS = 5_000;

const randomOf = (seed: number) => {
  let state = seed * 2_654_435_761 + 1;
  return (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};

/** Every group that the scheduler can learn of from a message. */
const idsIn = (message: Message): readonly GroupId[] => {
  if (message.kind === 'adapterHeartbeat') return (message.groups ?? []).map((group) => group.groupId);
  return message.kind === 'adapterCommandResponse' && message.groupId !== undefined ? [message.groupId] : [];
};

interface Real {
  readonly token: string;
  readonly bornAt: number;
  stopped: boolean;
  goneAt: number;
}

/** An effect on the provider, or an answer on its way to the adapter process that asked. */
interface Pending {
  readonly at: number;
  readonly run: () => void;
}

const walk = (seed: number, listLagMs: number) => {
  const random = randomOf(seed);
  const chance = (p: number): boolean => random() < p;
  const between = (low: number, high: number): number => Math.floor(low + random() * (high - low));
  let now = 0;
  let minted = 0;
  let generation = 0;
  let faults = true;
  const real = new Map<GroupId, Real>();
  /** A definitive answer is repeated for the same token, as real providers do. */
  const refused = new Map<string, StartFailure>();
  const intents = new Map<GroupId, RestoredIntent>();
  const asked = new Set<GroupId>();
  const doomed = new Set<GroupId>();
  const named = new Set<GroupId>();
  const transcript: string[] = [];
  let pending: Pending[] = [];

  const config: AdapterMachineConfig = {
    adapterId: adapterId('walk'),
    provider: 'fake',
    workersPerGroup: 1,
    capabilities: new Map(),
    caps: {
      groupsMax: GROUPS_MAX,
      vcpusPerGroup: 1,
      vcpusMax: 100,
      startsPerMinuteMax: 1_000,
      dollarsPerGroupHour: 0,
      dollarsPerHourMax: 0,
      dollarsPerDayMax: 0,
      lifetimeMaxMs: 1,
    },
    heartbeatMs: 2_000,
    listIntervalMs: 2_000,
    listBusyIntervalMs: 250,
    listLagMs,
    listTimeoutMs: CALL_TIMEOUT_MS,
    startTimeoutMs: CALL_TIMEOUT_MS,
    stopTimeoutMs: CALL_TIMEOUT_MS,
    startGiveUpMs: 600_000,
    stopRepeatMs: 10_000,
    mintHex: () => (++minted).toString(16).padStart(32, '0'),
    random,
  };
  const fresh = (): AdapterMachine => createAdapterMachine(config, [...intents.values()], true, instant(now));
  let machine = fresh();

  const isAlive = (one: Real, at = now): boolean => one.bornAt <= at && one.goneAt > at;
  const aliveCount = (): number => [...real.values()].filter((one) => isAlive(one)).length;

  const realStart = (intent: Intent): ListedGroup | StartFailure | undefined => {
    const before = real.get(intent.groupId);
    if (before !== undefined && (isAlive(before) || before.token === intent.token))
      return { groupId: intent.groupId, nativeId: 'again', state: 'running' };
    const stored = refused.get(intent.token);
    if (stored !== undefined) return stored;
    if (faults && chance(0.3)) {
      const kinds = ['capacity', 'quota', 'invalid', 'throttled', 'unknown'] as const;
      const failure = { groupId: intent.groupId, kind: kinds[between(0, 5)] ?? 'unknown', detail: 'walk' };
      if (isDefinitive(failure.kind)) refused.set(intent.token, failure);
      return failure;
    }
    real.set(intent.groupId, { token: intent.token, bornAt: now, stopped: false, goneAt: Infinity });
    expect(aliveCount(), 'P3 caps are never exceeded').toBeLessThanOrEqual(GROUPS_MAX);
    if (faults && chance(0.1)) return { groupId: intent.groupId, kind: 'unknown', detail: 'lost answer' };
    return faults && chance(0.05)
      ? undefined
      : { groupId: intent.groupId, nativeId: 'new', state: 'running' };
  };
  const at = (when: number, run: () => void): void => void pending.push({ at: when, run });
  /**
   * The work is done some time after the call, an abort or a crash of the adapter in between or not; the answer comes later
   * still, if the process that asked for it still lives.
   */
  const later = (work: () => AdapterEvent): void => {
    const asker = generation;
    const slow = faults && chance(0.05);
    const doneAt = now + between(0, slow ? CALL_TIMEOUT_MS + listLagMs / 2 : 800);
    const answeredAt = doneAt + (slow ? between(0, 20_000) : 0);
    at(doneAt, () => {
      const event = work();
      at(answeredAt, () => {
        if (asker === generation) step([event]);
      });
    });
  };
  const onStart = (call: number, wanted: readonly Intent[]): void => {
    for (const intent of wanted) intents.set(intent.groupId, { ...intent, phase: 'open' });
    later(() => {
      const outcomes = wanted.map(realStart);
      return {
        kind: 'startDone',
        call,
        started: outcomes.flatMap((one) => (one !== undefined && 'state' in one ? [one] : [])),
        failures: outcomes.flatMap((one) => (one !== undefined && 'kind' in one ? [one] : [])),
      };
    });
  };
  const onStop = (call: number, ids: readonly GroupId[]): void => {
    for (const id of ids) {
      const one = real.get(id);
      if (one === undefined || !isAlive(one) || asked.has(id) || doomed.has(id)) continue;
      throw new Error(
        `${id} runs, nobody asked, and it is stopped\n${transcript
          .filter((line) => line.includes(id))
          .slice(-40)
          .join('\n')}`,
      );
    }
    later(() => {
      if (faults && chance(0.2)) return { kind: 'stopDone', call, stopped: [], failures: [] };
      for (const id of ids) {
        const one = real.get(id);
        if (one === undefined || one.stopped) continue;
        one.stopped = true;
        one.goneAt = Math.min(one.goneAt, now + between(0, 3_000));
      }
      return { kind: 'stopDone', call, stopped: ids, failures: [] };
    });
  };
  const onList = (call: number): void =>
    later(() => {
      if (faults && chance(0.1)) return { kind: 'listFailed', call, detail: 'walk' };
      const seenAt = now - (faults ? between(0, listLagMs / 2) : 0);
      const groups = [...real].filter(([, one]) => isAlive(one, seenAt));
      return {
        kind: 'listed',
        call,
        groups: groups.map(([id, one]) => ({
          groupId: id,
          nativeId: 'x',
          state: one.stopped ? 'stopping' : 'running',
        })),
      };
    });
  const apply = (effect: AdapterEffect): void => {
    switch (effect.kind) {
      case 'list':
        return onList(effect.call);
      case 'start':
        return onStart(effect.call, effect.intents);
      case 'stop':
        return onStop(effect.call, effect.groupIds);
      case 'holdIntent': {
        const intent = intents.get(effect.groupId);
        if (intent?.phase === 'open') intents.set(effect.groupId, { ...intent, phase: 'held' });
        return;
      }
      case 'leaveIntent':
        return void intents.set(effect.groupId, { phase: 'leaving', groupId: effect.groupId });
      case 'closeIntent':
        return void intents.delete(effect.groupId);
      case 'send':
        for (const id of idsIn(effect.message)) named.add(id);
        return;
      default:
        return;
    }
  };
  const step = (events: readonly AdapterEvent[]): void => {
    const effects = machine.step(events, instant(now));
    machine.check();
    for (const effect of effects)
      transcript.push(
        `${now} ${JSON.stringify(effect, (_, value: unknown) => (value instanceof Map ? 'map' : value))}`,
      );
    effects.forEach(apply);
    for (const id of machine.snapshot().wanted)
      expect(intents.get(id)?.phase, `${id} was to end`).not.toBe('leaving');
    const due = machine.nextDeadline();
    if (due !== undefined && due <= now) throw new Error(`a deadline in the past: ${due} at ${now}`);
  };
  const command = (
    what: 'startWorkerGroup' | 'shutdownWorkerGroup',
    id: GroupId | undefined,
  ): AdapterEvent => {
    if (what === 'shutdownWorkerGroup' && id !== undefined) asked.add(id);
    return {
      kind: 'message',
      message: { kind: 'adapterCommand', command: what, groupId: id, capabilities: new Map(), epoch: '' },
    };
  };
  const anyId = (): GroupId => groupId(`g-walk-${between(1, 30)}`);
  const hello = (): void => {
    step([{ kind: 'connection', state: 'up' }]);
    const extras = chance(0.7)
      ? { features: FEATURES, epoch: 'e', storePath: '', storeEpoch: '' }
      : undefined;
    step([{ kind: 'message', message: { kind: 'adapterHeartbeatEcho', extras, registered: [] } }]);
  };
  const happen = (): void => {
    const dice = random();
    if (dice < 0.35) step([command('startWorkerGroup', chance(0.8) ? anyId() : undefined)]);
    else if (dice < 0.6) step([command('shutdownWorkerGroup', chance(0.9) ? anyId() : undefined)]);
    else if (dice < 0.65) step(Array.from({ length: 50 }, () => command('startWorkerGroup', anyId())));
    else if (dice < 0.75) {
      const id = [...real.keys()][between(0, real.size)];
      const one = id === undefined ? undefined : real.get(id);
      if (id !== undefined && one !== undefined && isAlive(one)) {
        doomed.add(id);
        one.goneAt = now;
      }
    } else if (dice < 0.8) {
      step([{ kind: 'connection', state: 'down' }]);
      hello();
    } else if (dice < 0.84) {
      transcript.push(`${now} --- crash`);
      generation++;
      machine = fresh();
      step([]);
      hello();
    }
  };
  /** Runs everything that is due up to `until`, in order of time. */
  const run = (until: number): void => {
    for (;;) {
      const deadline = machine.nextDeadline();
      const next = pending.reduce<Pending | undefined>(
        (first, one) => (first === undefined || one.at < first.at ? one : first),
        undefined,
      );
      const first = Math.min(next?.at ?? Infinity, deadline ?? Infinity);
      if (first > until) break;
      now = Math.max(now, first);
      if (next === undefined || next.at > first) step([{ kind: 'deadline' }]);
      else {
        pending = pending.filter((one) => one !== next);
        next.run();
      }
    }
    now = until;
  };

  step([]);
  hello();
  while (now < WALK_MS) {
    run(now + between(1, 1_500));
    happen();
  }
  faults = false;
  for (let i = 1; i <= 30; i++) named.add(groupId(`g-walk-${i}`));
  for (let round = 0; round < QUIET_ROUNDS; round++) {
    step([...named].map((id) => command('shutdownWorkerGroup', id)));
    run(now + QUIET_MS / QUIET_ROUNDS);
  }
  return {
    transcript,
    left: aliveCount(),
    snapshot: machine.snapshot(),
    intents: intents.size,
    ever: real.size,
  };
};

describe.each([
  ['an exact list', 0],
  ['a list that lags by 4 s', 4_000],
])('the adapter machine over a faulty provider with %s', (_, listLagMs) => {
  test.each(Array.from({ length: 60 }, (__, i) => i + 1))(
    'seed %i: caps hold, nothing healthy is stopped, nothing leaks (P2, P3)',
    (seed) => {
      const end = walk(seed, listLagMs);
      expect(end.ever).toBeGreaterThan(0);
      expect({ left: end.left, snapshot: end.snapshot, intents: end.intents }).toEqual({
        left: 0,
        snapshot: { wanted: [], leaving: [] },
        intents: 0,
      });
    },
  );
});

test('the same seed gives the same transcript (P6)', () => {
  expect(walk(7, 4_000).transcript).toEqual(walk(7, 4_000).transcript);
});
