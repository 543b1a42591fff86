/** For step tests of the adapter machine: events by name, effects as lines. */
import { adapterId, groupId, instant } from '@muster/protocol/ids';
import type { Capabilities, GroupId } from '@muster/protocol/ids';
import { FEATURES } from '@muster/protocol/messages';
import type { Message } from '@muster/protocol/messages';
import { createAdapterMachine } from '../../provisioning.ts';
import type { AdapterMachine } from '../../provisioning.ts';
import type {
  AdapterEffect,
  AdapterEvent,
  AdapterMachineConfig,
  ListedGroup,
  RestoredIntent,
} from '../types.ts';

export const config = (): AdapterMachineConfig => {
  let minted = 0;
  return {
    adapterId: adapterId('native-test'),
    provider: 'native',
    workersPerGroup: 1,
    capabilities: new Map([['linux', 'present' as const]]),
    caps: {
      groupsMax: 2,
      vcpusPerGroup: 1,
      vcpusMax: 8,
      startsPerMinuteMax: 10,
      dollarsPerGroupHour: 0,
      dollarsPerHourMax: 0,
      dollarsPerDayMax: 0,
      lifetimeMaxMs: 3_600_000,
    },
    heartbeatMs: 2_000,
    listIntervalMs: 2_000,
    listBusyIntervalMs: 250,
    listLagMs: 0,
    listTimeoutMs: 10_000,
    startTimeoutMs: 30_000,
    stopTimeoutMs: 30_000,
    startGiveUpMs: 600_000,
    stopRepeatMs: 10_000,
    mintHex: () => (++minted).toString(16).padStart(32, '0'),
    random: () => 1,
  };
};

export const g1: GroupId = groupId('g-e1-1');
export const g2: GroupId = groupId('g-e1-2');
export const g3: GroupId = groupId('g-e1-3');
export const hex = (n: number): string => n.toString(16).padStart(32, '0');
export const caps: Capabilities = new Map([['linux', 'present']]);

export const running = (id: GroupId): ListedGroup => ({
  groupId: id,
  nativeId: `pid-${id}`,
  state: 'running',
});
export const start = (id: GroupId | undefined): AdapterEvent => ({
  kind: 'message',
  message: {
    kind: 'adapterCommand',
    command: 'startWorkerGroup',
    groupId: id,
    capabilities: new Map(),
    epoch: '',
  },
});
export const shutdown = (id: GroupId | undefined): AdapterEvent => ({
  kind: 'message',
  message: {
    kind: 'adapterCommand',
    command: 'shutdownWorkerGroup',
    groupId: id,
    capabilities: new Map(),
    epoch: '',
  },
});
export const echo = (own: boolean, registered: readonly GroupId[] = []): AdapterEvent => ({
  kind: 'message',
  message: {
    kind: 'adapterHeartbeatEcho',
    extras: own ? { features: FEATURES, epoch: 'e1', storePath: '', storeEpoch: '' } : undefined,
    registered,
  },
});

/** One line per effect: what a reader needs, and nothing left out. */
const show = (effect: AdapterEffect): string => {
  switch (effect.kind) {
    case 'note':
      return `note ${effect.level} ${effect.event}`;
    case 'list':
      return `list #${effect.call}`;
    case 'start':
      return `start #${effect.call} ${effect.intents.map((i) => `${i.groupId}/${i.attempt}`).join(' ')}`;
    case 'stop':
      return `stop #${effect.call} ${effect.groupIds.join(' ')}: ${effect.reason}`;
    case 'abort':
      return `abort #${effect.call}`;
    case 'holdIntent':
    case 'leaveIntent':
    case 'closeIntent':
      return `${effect.kind} ${effect.groupId}`;
    case 'exit':
      return `exit left [${effect.left.join(' ')}]`;
    case 'send':
      return showMessage(effect.message);
  }
};
const showMessage = (m: Message): string => {
  if (m.kind === 'adapterHeartbeat') {
    const groups = m.groups?.map((g) => `${g.groupId}=${g.state}`).join(' ');
    return `heartbeat max ${m.groupsMax} ${m.adapterId ?? 'nameless'} [${groups ?? 'unlisted'}]`;
  }
  if (m.kind === 'adapterCommandResponse') {
    const extra = m.failure === 'none' && m.reason === '' ? '' : ` ${m.failure}: ${m.reason}`;
    return `answer ${m.command} ${m.groupId ?? '-'} ${m.status} [${m.workerIds.join(' ')}]${extra}`;
  }
  return m.kind;
};

export interface Story {
  /** One step with these events; its effects, a line each. Invariants are checked after it. */
  step(...events: AdapterEvent[]): string[];
  readonly machine: AdapterMachine;
  /** Lets time pass without a step in between, then steps. */
  after(ms: number, ...events: AdapterEvent[]): string[];
  /** Walks to each deadline in turn. */
  until(ms: number): string[];
}

export const adapter = (
  overrides: Partial<AdapterMachineConfig> = {},
  restored: readonly RestoredIntent[] = [],
  trusted = true,
): Story => {
  let now = 0;
  const machine = createAdapterMachine({ ...config(), ...overrides }, restored, trusted, instant(0));
  const step = (...events: AdapterEvent[]): string[] => {
    const effects = machine.step(events, instant(now));
    machine.check();
    return effects.map(show);
  };
  return {
    step,
    machine,
    after: (ms: number, ...events: AdapterEvent[]): string[] => {
      now += ms;
      return step(...events, { kind: 'deadline' });
    },
    until: (ms: number): string[] => {
      const seen: string[] = [];
      const end = now + ms;
      for (let at = machine.nextDeadline(); at !== undefined && at <= end; at = machine.nextDeadline()) {
        now = at;
        seen.push(...step({ kind: 'deadline' }));
      }
      now = end;
      return seen;
    },
  };
};

/** An adapter that has seen an empty provider and heard from a scheduler of ours. */
export const serving = (overrides: Partial<AdapterMachineConfig> = {}): Story => {
  const one = adapter(overrides);
  one.step({ kind: 'connection', state: 'up' });
  one.step({ kind: 'listed', call: 1, groups: [] });
  one.step(echo(true));
  return one;
};

export const worker = (id: GroupId, n: number): string => `Worker|${id}|${hex(n)}`;
