/** Words for tests of the scheduler machine: peers, messages, and a machine that checks itself after each step. */
import { policyOf } from '../src/policy-content.ts';
import {
  clientId,
  groupId,
  instant,
  NO_CAPABILITIES,
  objectId,
  peerId,
  taskId,
  workerId,
} from '@muster/protocol/ids';
import type { Capabilities, GroupId, Instant, PeerId, TaskId } from '@muster/protocol/ids';
import { FEATURES } from '@muster/protocol/messages';
import type {
  AdapterHeartbeat,
  GroupOffer,
  GroupStatus,
  Message,
  TaskHead,
  TaskOutcome,
  TaskResultHead,
} from '@muster/protocol/messages';
import { adapterId } from '@muster/protocol/ids';
import { createScheduler } from '../src/scheduler.ts';
import type { Scheduler } from '../src/scheduler.ts';
import type { SchedulerConfig, SchedulerEffect, SchedulerEvent } from '../src/scheduler-types.ts';

export const CONFIG: SchedulerConfig = {
  epoch: 'e1',
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
  drainTimeoutMs: 30_000,
  stopTimeoutMs: 20_000,
  idleBeforeStopMs: 3_000,
  balanceIntervalMs: 1_000,
  protected: false,
};

export const VANILLA: Partial<SchedulerConfig> = {
  policy: policyOf('allocate=even_load; scaling=vanilla'),
};

const ID_LENGTH = 16;
export const task16 = (name: string): TaskId => taskId(name.padEnd(ID_LENGTH, ' '));
export const FUNCTION = objectId('function'.padEnd(32, ' '));

export const caps = (text: string): Capabilities =>
  text === '' ? NO_CAPABILITIES : new Map(text.split('+').map((name) => [name, 'present' as const]));

const FRAME = new Uint8Array(0);

export interface TaskOptions {
  readonly source?: string;
  readonly priority?: number;
  readonly needs?: string;
  readonly attemptsMax?: number;
  readonly fn?: string;
}

export const head = (name: string, options: TaskOptions = {}): TaskHead => ({
  bytes: FRAME,
  start: 0,
  end: 0,
  taskId: task16(name),
  source: options.source === undefined ? undefined : clientId(options.source),
  functionId: options.fn === undefined ? FUNCTION : objectId(options.fn.padEnd(32, ' ')),
  priority: options.priority ?? 0,
  needs: caps(options.needs ?? ''),
  attemptsMax: options.attemptsMax ?? 0,
});

export const result = (
  name: string,
  options: {
    readonly outcome?: TaskOutcome;
    readonly ms?: number;
    readonly objects?: readonly string[];
  } = {},
): TaskResultHead => ({
  bytes: FRAME,
  start: 0,
  end: 0,
  taskId: task16(name),
  outcome: options.outcome ?? 'success',
  durationMs: options.ms,
  objectIds: (options.objects ?? []).map((id) => objectId(id.padEnd(32, ' '))),
});

export const from = (peer: string, message: Message): SchedulerEvent => ({
  kind: 'message',
  from: peerId(peer),
  message,
});

const IDLE = { cpu: 0, rssBytes: 0 };

export const clientBeat = (features: number = FEATURES): Message => ({
  kind: 'clientHeartbeat',
  resource: IDLE,
  latencyUs: 0,
  features,
});

export const workerBeat = (
  options: {
    features?: number;
    queueSize?: number;
    queued?: number;
    running?: boolean;
    capabilities?: string;
  } = {},
): Message => ({
  kind: 'workerHeartbeat',
  agent: IDLE,
  rssFreeBytes: 0,
  queueSize: options.queueSize ?? 1_000,
  queuedTasks: options.queued ?? 0,
  latencyUs: 0,
  taskLock: true,
  processors:
    options.running === undefined
      ? []
      : [{ pid: 1, initialized: true, hasTask: options.running, suspended: false, resource: IDLE }],
  capabilities: caps(options.capabilities ?? ''),
  features: options.features ?? FEATURES,
});

export const adapterBeat = (
  id: string | undefined,
  options: {
    groupsMax?: number;
    workersPerGroup?: number;
    groups?: readonly GroupStatus[];
    capabilities?: string;
    offers?: readonly GroupOffer[];
    trouble?: string;
  } = {},
): AdapterHeartbeat => ({
  kind: 'adapterHeartbeat',
  groupsMax: options.groupsMax ?? 4,
  workersPerGroup: options.workersPerGroup ?? 1,
  capabilities: caps(options.capabilities ?? ''),
  adapterId: id === undefined ? undefined : adapterId(id),
  groups: id === undefined ? undefined : (options.groups ?? []),
  features: id === undefined ? 0 : FEATURES,
  offers: options.offers ?? [],
  trouble: options.trouble ?? '',
});

export const listed = (id: string, state: GroupStatus['state'] = 'running'): GroupStatus => ({
  groupId: groupId(id),
  state,
  nativeId: `pid ${id}`,
});

export const submit = (names: readonly string[], options: TaskOptions = {}): Message => ({
  kind: 'taskBatch',
  tasks: names.map((name) => head(name, options)),
  attempts: names.map(() => 0),
  sources: [],
  sourceOf: [],
});

export const results = (names: readonly string[], attempt = 1, ms?: number): Message => ({
  kind: 'taskResultBatch',
  results: names.map((name) => result(name, ms === undefined ? {} : { ms })),
  attempts: names.map(() => attempt),
});

export const acks = (names: readonly string[], attempt = 1): Message => ({
  kind: 'resultAck',
  tasks: names.map((name) => ({ taskId: task16(name), attempt })),
});

export const worker = (group: string, index: number): string =>
  `Worker|${group}|${String(index).padStart(32, '0')}`;

export interface Bench {
  readonly machine: Scheduler;
  now: Instant;
  /** One step; checks every invariant after it. */
  step(...events: SchedulerEvent[]): readonly SchedulerEffect[];
  /** Lets time pass, waking the machine at its deadlines; all effects on the way. */
  pass(ms: number): readonly SchedulerEffect[];
}

export const bench = (config: Partial<SchedulerConfig> = {}): Bench => {
  const machine = createScheduler({ ...CONFIG, ...config }, instant(0));
  const self: Bench = {
    machine,
    now: instant(0),
    step: (...events) => {
      const effects = machine.step(events, self.now);
      machine.check();
      return effects;
    },
    pass: (ms) => {
      const until = self.now + ms;
      const effects: SchedulerEffect[] = [];
      for (let at = machine.nextDeadline(); at !== undefined && at <= until; at = machine.nextDeadline()) {
        self.now = instant(Math.max(self.now, at));
        effects.push(...self.step({ kind: 'deadline' }));
      }
      self.now = instant(until);
      return effects;
    },
  };
  return self;
};

/** Messages to one peer, or to all, in order. */
export const sent = (effects: readonly SchedulerEffect[], to?: string): readonly Message[] =>
  effects.flatMap((effect) =>
    effect.kind === 'send' && (to === undefined || effect.to === to) ? [effect.message] : [],
  );

export const notes = (effects: readonly SchedulerEffect[]): readonly string[] =>
  effects.flatMap((effect) => (effect.kind === 'note' ? [effect.event] : []));

export const trimmed = (id: string): string => id.trimEnd();
export { groupId, instant, peerId, workerId };
export type { GroupId, Instant, PeerId };
