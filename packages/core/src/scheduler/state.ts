/** All that the scheduler knows. Functions of this folder take it as their first argument and change it in place. */
import { instant } from '@muster/protocol/ids';
import type { GroupId, Instant, ObjectId, PeerId, TaskId } from '@muster/protocol/ids';
import { FEATURES } from '@muster/protocol/messages';
import type { EchoExtras, Message, TaskResultHead } from '@muster/protocol/messages';
import { allocationPolicy } from '../allocation/policy.ts';
import type { AllocationPolicy } from '../allocation/policy.ts';
import type { Note } from '../machine.ts';
import { NO_MEMORY } from '../scaling/limits/memory.ts';
import type { LimitMemory } from '../scaling/limits/memory.ts';
import type { DecisionRecord } from '../scaling/record.ts';
import type { ObjectStoreState, SchedulerConfig, SchedulerEffect } from '../scheduler-types.ts';
import type { Adapter } from './adapter.ts';
import type { Bucket } from './bucket.ts';
import type { Client } from './client.ts';
import { DemandIndex } from './demand.ts';
import { FunctionTable } from './function-stats.ts';
import type { Group } from './group.ts';
import { LIVES_KEPT, RECORDS_KEPT, Ring } from './history.ts';
import type { GroupLife } from './history.ts';
import type { Parked } from './parked-messages.ts';
import type { Pool } from './pool.ts';
import { Registry } from './registry.ts';
import { TaskEndings, TaskLosses } from './task-history.ts';
import { TaskTable } from './task-table.ts';
import type { TaskRow } from './task-table.ts';
import { Timer, Timers } from './timers.ts';
import { UngroupedIndex } from './ungrouped.ts';
import type { Wake } from './wake.ts';
import type { Worker } from './worker.ts';

/** A cancel that waits for the worker's answer. */
export class Cancel {
  readonly task: TaskRow;
  force: boolean;
  /** Times the request was sent. */
  sends = 1;
  readonly timer: Timer<Wake>;

  constructor(task: TaskRow, force: boolean) {
    this.task = task;
    this.force = force;
    this.timer = new Timer<Wake>({ kind: 'cancel', cancel: this });
  }
}

/** A task that a worker reported and that no client has offered yet. */
export interface Orphan {
  readonly worker: Worker;
  readonly attempt: number;
  readonly until: Instant;
  result: TaskResultHead | undefined;
}

export interface Counts {
  waiting: number;
  assigned: number;
  canceling: number;
  succeeded: number;
  failed: number;
  canceled: number;
  attempts: number;
  lostAttempts: number;
  groupsStarted: number;
  groupsStopped: number;
  /** That run or drain now. */
  groupsUp: number;
  groupsPeak: number;
}

export interface Side {
  tasks: number;
  workers: number;
  ungrouped: number;
  /** Whether it ever had a task. */
  hadWork: boolean;
  /** Its workers without a group. */
  readonly offers: UngroupedIndex;
  /** What limits on scaling remember. */
  limits: LimitMemory;
  /** The decision that is kept up: its {@link holdKey}, and its number among the records. */
  held: { readonly key: string; readonly at: number };
  /** Needs that were told to be unservable. */
  readonly unservable: Set<string>;
}

/** Set once an operator or a client asked for the end. */
export interface Shutdown {
  readonly reason: string;
  readonly until: Instant;
  /** Whether workers were told to stop. */
  told: boolean;
}

export interface SchedulerState {
  readonly config: SchedulerConfig;
  readonly allocation: AllocationPolicy;
  readonly startedAt: Instant;
  now: Instant;
  /** When this process last ran again after it had not, and had heard nobody. */
  wokeAt: Instant;
  effects: SchedulerEffect[];
  readonly timers: Timers<Wake>;

  readonly tasks: TaskTable;
  readonly clients: Map<PeerId, Client>;
  readonly workers: Map<PeerId, Worker>;
  readonly workerRegistry: Registry<Worker>;
  /** By `adapterTableKey`. */
  readonly adapters: Map<string, Adapter>;
  readonly adapterOfPeer: Map<PeerId, Adapter>;
  readonly groups: Map<GroupId, Group>;
  readonly buckets: Map<string, Bucket>;
  readonly pools: Map<string, Pool>;
  readonly functions: FunctionTable;
  readonly demand: DemandIndex;
  readonly cancels: Map<TaskRow, Cancel>;
  readonly orphans: Map<TaskId, Orphan>;
  /** Owners of each tracked object. */
  readonly objects: Map<ObjectId, Client | Client[]>;
  deletions: ObjectId[];
  /** Messages that could not be delivered and are sent again at the peer's next frame, or after a while. */
  readonly parked: Map<PeerId, Parked>;
  /** Peers that we gave up on, with the times that happened: their next echoes name another epoch. */
  readonly lapses: Map<PeerId, number>;
  /** Stock peers that asked for an echo before the object store was up. */
  readonly echoesOwed: Map<PeerId, 'client' | 'worker'>;

  /** Workers without a group: those of ours by the group that they name, and the stock ones. */
  readonly strays: Map<GroupId, Set<Worker>>;
  readonly stockStrays: Set<Worker>;

  readonly counts: Counts;
  /** Unfinished tasks and registered workers, of our own peers and of stock ones. */
  readonly own: Side;
  readonly stock: Side;
  readonly waits: Int32Array;
  waitsSeen: number;

  store: ObjectStoreState | undefined;
  extras: EchoExtras;
  shutdown: Shutdown | undefined;
  exited: boolean;
  groupsMinted: number;
  /** Needs and problems that were noted once already; bounded. */
  readonly noted: Set<string>;
  /** Notes of this step that are made once for all of their kind. */
  readonly summed: Map<string, Pick<Note, 'event' | 'level' | 'fields'> & { count: number }>;

  scalingDirty: boolean;
  lastScalingAt: Instant;
  scalingLine: string;
  /** Changes of the fleet's target, oldest first. */
  readonly decisions: string[];
  /** `decide=heartbeat`: one has come. */
  scalingBeat: boolean;
  toldPolicy: boolean;
  /** Decisions about the size of the fleet, those that change nothing included. */
  readonly records: Ring<DecisionRecord>;
  /** Of groups that are gone; those that live keep their own. */
  readonly lives: Ring<GroupLife>;
  readonly endings: TaskEndings;
  readonly losses: TaskLosses;
  readonly markedBuckets: Bucket[];
  readonly markedPools: Pool[];
  /** Pools with idle workers, and with workers that hold several tasks; looked at again before use. */
  readonly idlePools: Set<Pool>;
  readonly loadedPools: Set<Pool>;
  touchedWorkers: Worker[];
  dirtyClients: Client[];
  dirtyWorkers: Worker[];

  readonly scalingTimer: Timer<Wake>;
  readonly balanceTimer: Timer<Wake>;
  readonly deletionsTimer: Timer<Wake>;
  readonly parkedTimer: Timer<Wake>;
  readonly orphansTimer: Timer<Wake>;
  readonly shutdownTimer: Timer<Wake>;
}

const LONG_AGO = instant(-1e9);
export const WAITS_KEPT = 1_024;
const FUNCTIONS_MAX = 4_096;

/** From the epoch, which is fresh for each process and the same in a replay. */
const seedOf = (epoch: string): number => {
  let seed = 0;
  for (let i = 0; i < epoch.length; i++) seed = Math.imul(seed ^ epoch.charCodeAt(i), 0x01000193);
  return seed;
};

export const createState = (config: SchedulerConfig, now: Instant): SchedulerState => {
  const workerRegistry = new Registry<Worker>();
  const tasks = new TaskTable(seedOf(config.epoch), workerRegistry);
  return emptyState(config, now, tasks, workerRegistry);
};

const emptySide = (): Side => ({
  tasks: 0,
  workers: 0,
  ungrouped: 0,
  hadWork: false,
  offers: new UngroupedIndex(),
  limits: NO_MEMORY,
  held: { key: '', at: -1 },
  unservable: new Set(),
});

const noCounts = (): Counts => ({
  waiting: 0,
  assigned: 0,
  canceling: 0,
  succeeded: 0,
  failed: 0,
  canceled: 0,
  attempts: 0,
  lostAttempts: 0,
  groupsStarted: 0,
  groupsStopped: 0,
  groupsUp: 0,
  groupsPeak: 0,
});

const emptyState = (
  config: SchedulerConfig,
  now: Instant,
  tasks: TaskTable,
  workerRegistry: Registry<Worker>,
): SchedulerState => ({
  config,
  allocation: allocationPolicy(config.policy.allocate),
  startedAt: now,
  now,
  wokeAt: LONG_AGO,
  effects: [],
  timers: new Timers<Wake>(),
  tasks,
  clients: new Map(),
  workers: new Map(),
  workerRegistry,
  adapters: new Map(),
  adapterOfPeer: new Map(),
  groups: new Map(),
  buckets: new Map(),
  pools: new Map(),
  functions: new FunctionTable(FUNCTIONS_MAX),
  demand: new DemandIndex(),
  cancels: new Map(),
  orphans: new Map(),
  objects: new Map(),
  deletions: [],
  parked: new Map(),
  lapses: new Map(),
  echoesOwed: new Map(),
  strays: new Map(),
  stockStrays: new Set(),
  counts: noCounts(),
  own: emptySide(),
  stock: emptySide(),
  waits: new Int32Array(WAITS_KEPT),
  waitsSeen: 0,
  store: undefined,
  extras: { features: FEATURES, epoch: config.epoch, storePath: '', storeEpoch: '' },
  shutdown: undefined,
  exited: false,
  groupsMinted: 0,
  noted: new Set(),
  summed: new Map(),
  scalingDirty: false,
  lastScalingAt: LONG_AGO,
  scalingLine: '',
  decisions: [],
  scalingBeat: false,
  toldPolicy: false,
  records: new Ring(RECORDS_KEPT),
  lives: new Ring(LIVES_KEPT),
  endings: new TaskEndings(),
  losses: new TaskLosses(),
  markedBuckets: [],
  markedPools: [],
  idlePools: new Set(),
  loadedPools: new Set(),
  touchedWorkers: [],
  dirtyClients: [],
  dirtyWorkers: [],
  scalingTimer: new Timer<Wake>({ kind: 'scaling' }),
  balanceTimer: new Timer<Wake>({ kind: 'balance' }),
  deletionsTimer: new Timer<Wake>({ kind: 'deletions' }),
  parkedTimer: new Timer<Wake>({ kind: 'parked' }),
  orphansTimer: new Timer<Wake>({ kind: 'orphans' }),
  shutdownTimer: new Timer<Wake>({ kind: 'shutdown' }),
});

/** A step this long after the one before, and this late for a deadline, means that the process did not run. */
const ASLEEP_GAP_MS = 1_000;
const ASLEEP_LATE_MS = 100;
/** How long what peers said meanwhile takes to be read. */
const AWAKE_MS = 2_000;

/** At the start of a step. */
export const moveTo = (state: SchedulerState, now: Instant): void => {
  const due = state.timers.next();
  const isLate = due !== undefined && now - due >= ASLEEP_LATE_MS;
  if (isLate && now - state.now >= ASLEEP_GAP_MS) state.wokeAt = now;
  state.now = now;
};

/** How long nobody may be given up for silence: who slept has not listened. 0: now they may. */
export const deafForMs = (state: SchedulerState): number => Math.max(0, state.wokeAt + AWAKE_MS - state.now);

export const after = (state: SchedulerState, ms: number): Instant => instant(state.now + ms);

/** Arms a timer unless it is armed for an earlier time. */
export const armBy = (state: SchedulerState, timer: Timer<Wake>, at: Instant): void => {
  if (!timer.armed || timer.at > at) state.timers.set(timer, at);
};

export const send = (state: SchedulerState, to: PeerId, message: Message): void => {
  state.effects.push({ kind: 'send', to, message });
};

export const note = (
  state: SchedulerState,
  event: string,
  level: Note['level'],
  fields: Note['fields'],
): void => {
  state.effects.push({ kind: 'note', event, level, fields });
};

const NOTED_MAX = 256;
/** For what would otherwise be said on every message: once for each key, and again after a few hundred others. */
export const noteOnce = (
  state: SchedulerState,
  key: string,
  event: string,
  level: Note['level'],
  fields: Note['fields'],
): void => {
  if (state.noted.has(key)) return;
  if (state.noted.size >= NOTED_MAX) {
    for (const oldest of state.noted) {
      state.noted.delete(oldest);
      break;
    }
  }
  state.noted.add(key);
  note(state, event, level, fields);
};

/**
 * For what one message may bring thousands of: one note at the end of the step for each event and `reason`, with a
 * count and the first of them.
 */
export const noteSummed = (
  state: SchedulerState,
  event: string,
  level: Note['level'],
  fields: Note['fields'],
): void => {
  const key = `${event} ${fields['reason'] ?? ''}`;
  const known = state.summed.get(key);
  if (known === undefined) state.summed.set(key, { event, level, fields, count: 1 });
  else known.count++;
};

export const flushSummed = (state: SchedulerState): void => {
  if (state.summed.size === 0) return;
  for (const { event, level, fields, count } of state.summed.values())
    note(state, event, level, { ...fields, count });
  state.summed.clear();
};

export const side = (state: SchedulerState, own: boolean): Side => (own ? state.own : state.stock);
