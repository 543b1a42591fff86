/**
 * A worker: its place in the indexes, what it holds and what is on the way to it.
 *
 * W1 `holds` lists exactly the tasks that are assigned to it or canceling on it, in the order of hand-over.
 * W2 `aheadUs` is the sum of the estimates of what it holds.
 * W3 A worker that may not be given tasks (draining, muted, of a group that is leaving) is not in `pool.room`.
 */
import type { Capabilities, ClientId, Instant, WorkerId } from '@muster/protocol/ids';
import type { Resource, TaskAttempt, TaskHead } from '@muster/protocol/messages';
import { LoadNode } from '../allocation/load-index.ts';
import type { Group } from './group.ts';
import type { Pool } from './pool.ts';
import { TaskList } from './task-list.ts';
import type { TaskTable } from './task-table.ts';
import { Timer } from './timers.ts';
import type { Wake } from './wake.ts';

/** 'draining': no new tasks; 'drained': it said that it holds nothing; 'lost': unknown from here on. */
export type WorkerPhase = 'active' | 'draining' | 'drained' | 'lost';
/** Whether nothing is assigned until its next frame: it could not take more ('skipped'), or its link is 'down'. */
export type Mute = 'no' | 'skipped' | 'down';

export interface WorkerSpec {
  readonly id: WorkerId;
  readonly own: boolean;
  /** What its echoes name as the scheduler's identity. */
  readonly epoch: string;
  readonly pool: Pool;
  readonly capabilities: Capabilities;
  readonly queueSize: number;
  readonly resource: Resource;
  readonly now: Instant;
  readonly table: TaskTable;
}

export class Worker {
  readonly id: WorkerId;
  /** In the registry that rows of tasks refer to. */
  index = 0;
  readonly own: boolean;
  readonly epoch: string;
  readonly registeredAt: Instant;
  capabilities: Capabilities;
  pool: Pool;
  group: Group | undefined = undefined;
  phase: WorkerPhase = 'active';
  mute: Mute = 'no';
  queueSize: number;
  /** Tasks in its queue, as its last heartbeat says. */
  queued = 0;
  resource: Resource;
  lastSeen: Instant;
  readonly timeout: Timer<Wake>;
  /** Runs while its link is down. */
  readonly grace: Timer<Wake>;

  readonly holds: TaskList;
  aheadUs = 0;
  /** Whether it has ever held a task. */
  worked = false;
  /** Tasks it was asked to give back and that are still with it. */
  moving = 0;
  /** From then on an unanswered request to give back may be repeated. */
  movingUntil: Instant = 0 as Instant;
  /** Whether anything was assigned or finished since its last heartbeat. */
  stirred = false;
  /** Heartbeats in a row that reported no task while we believe that it holds some. */
  emptyReports = 0;

  readonly room: LoadNode<Worker>;
  readonly loaded: LoadNode<Worker>;
  /** What the pool's and the group's counters currently take it for. */
  countedIdle = false;
  countedBusy = false;
  /** On the list of workers whose place in the indexes must be found again. */
  touched = false;

  outTasks: TaskHead[] = [];
  outAttempts: number[] = [];
  outSources: ClientId[] = [];
  outSourceOf: number[] = [];
  acks: TaskAttempt[] = [];
  readonly ackFlush: Timer<Wake>;

  constructor(spec: WorkerSpec) {
    this.id = spec.id;
    this.holds = new TaskList(spec.table);
    this.own = spec.own;
    this.epoch = spec.epoch;
    this.registeredAt = spec.now;
    this.pool = spec.pool;
    this.capabilities = spec.capabilities;
    this.queueSize = spec.queueSize;
    this.resource = spec.resource;
    this.lastSeen = spec.now;
    this.timeout = new Timer<Wake>({ kind: 'worker', worker: this });
    this.grace = new Timer<Wake>({ kind: 'grace', worker: this });
    this.ackFlush = new Timer<Wake>({ kind: 'acks', worker: this });
    this.room = new LoadNode<Worker>(this);
    this.loaded = new LoadNode<Worker>(this);
  }
}
