/** Events, effects, configuration and status of the scheduler machine: what a shell needs to host it. */
import type { GroupId, ObjectId, PeerId } from '@muster/protocol/ids';
import type { Message, ObjectStorageAddress } from '@muster/protocol/messages';
import type { Note } from './machine.ts';
import type { Tuning } from './scaling/tuning.ts';

export type SchedulerEvent =
  | { readonly kind: 'message'; readonly from: PeerId; readonly message: Message }
  /** The transport found the peer gone (disconnected or unreachable). A hint: heartbeats decide for stock peers. */
  | { readonly kind: 'peerDown'; readonly peer: PeerId }
  /** A message to this peer did not fit its queue. Tasks in it return to waiting; the worker is skipped until its next frame. */
  | {
      readonly kind: 'undelivered';
      readonly peer: PeerId;
      readonly message: Message;
      readonly why: 'unreachable' | 'full';
    }
  | { readonly kind: 'objectStore'; readonly state: ObjectStoreState }
  | { readonly kind: 'operator'; readonly request: OperatorRequest }
  | { readonly kind: 'deadline' };

export interface ObjectStoreState {
  readonly address: ObjectStorageAddress;
  readonly path: string;
  /** Identity of the store process, '' while it is down. */
  readonly epoch: string;
}

export type OperatorRequest =
  | { readonly action: 'drainGroup'; readonly groupId: GroupId }
  /** Drain every group, start no more; ends in an `exit` effect when the last group is gone or `withinMs` passed. */
  | { readonly action: 'shutdown'; readonly withinMs: number };

export type SchedulerEffect =
  | { readonly kind: 'send'; readonly to: PeerId; readonly message: Message }
  /** Object ids without an owner: delete them in the store. */
  | { readonly kind: 'deleteObjects'; readonly ids: readonly ObjectId[] }
  | { readonly kind: 'exit'; readonly reason: string }
  | Note;

export type AllocationPolicyName = 'even_load' | 'capability';
export type ScalingPolicyName = 'no' | 'vanilla' | 'capability' | 'fixed_elastic' | 'target' | 'waterfall';

export interface PolicyConfig {
  readonly allocate: AllocationPolicyName;
  readonly scaling: ScalingPolicyName;
  /** Tasks per worker above which the fleet grows (vanilla, fixed_elastic and waterfall: 10; capability: 5). */
  readonly upperTaskRatio: number;
  /** Tasks per worker below which the fleet shrinks (vanilla, fixed_elastic and waterfall: 1; capability: 0.5). */
  readonly lowerTaskRatio: number;
  readonly tuning: Tuning;
}

export interface SchedulerConfig {
  /** `[0-9a-z]+`, fresh for each scheduler process; part of every group id. */
  readonly epoch: string;
  readonly policy: PolicyConfig;
  /** 'stock': decide as Scaler 1.15.0 does, for comparison. */
  readonly compat: 'own' | 'stock';
  readonly clientTimeoutMs: number;
  /** A client of ours whose link broke is given up after this, unless it comes back. Default 10 s. */
  readonly clientGraceMs?: number;
  readonly workerTimeoutMs: number;
  readonly adapterTimeoutMs: number;
  /** How often a task may be lost with its worker before it fails. */
  readonly attemptsMax: number;
  /** Measured service time that a worker is given ahead. */
  readonly prefetchMs: number;
  /** Results that a client of ours has not acknowledged are sent again after this. */
  readonly resultResendMs: number;
  readonly startTimeoutMs: number;
  /** Upper bound of a start that keeps reporting `pending`. */
  readonly pendingTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** How long a group must have been idle before scale-down may pick it. */
  readonly idleBeforeStopMs: number;
  readonly balanceIntervalMs: number;
  /** Most tasks, and most results, in one frame to a peer of ours, from 1. Default 64. */
  readonly batchMax?: number;
  /**
   * Most tasks known at once, of all clients, finished ones that no client has acknowledged included; more are refused.
   * Default 16,000,000: their rows then take 1 GiB, and the next step of the table would be twice that at once.
   */
  readonly tasksMax?: number;
  /** Most finished tasks that one client leaves unacknowledged; beyond it the oldest is forgotten. Default 1,000,000. */
  readonly resultsMax?: number;
  /** Refuse `clientDisconnect/shutdown` from clients. */
  readonly protected: boolean;
}

/** JSON-safe; what `muster status` prints. Ids are readable (`showId`). */
export interface SchedulerStatus {
  readonly epoch: string;
  readonly policy: string;
  readonly uptimeMs: number;
  readonly objectStore: {
    readonly host: string;
    readonly port: number;
    readonly path: string;
    readonly up: boolean;
  };
  readonly tasks: {
    readonly waiting: number;
    readonly assigned: number;
    readonly canceling: number;
    /** Since start. */
    readonly succeeded: number;
    readonly failed: number;
    readonly canceled: number;
    /** Attempts handed to workers since start. */
    readonly attempts: number;
    /** Attempts that were lost with a worker and counted against `attemptsMax`. */
    readonly lostAttempts: number;
  };
  /** One row per distinct need of waiting tasks, with the reason why they wait. */
  readonly waiting: readonly {
    readonly needs: readonly string[];
    readonly count: number;
    readonly reason: string;
  }[];
  /** Time from submit to assignment over the last 1,024 assignments, in milliseconds; undefined before the first. */
  readonly waitP50Ms: number | undefined;
  readonly waitP95Ms: number | undefined;
  readonly clients: readonly { readonly id: string; readonly tasks: number }[];
  readonly workers: readonly {
    readonly id: string;
    readonly group: string | undefined;
    readonly held: number;
    readonly draining: boolean;
    readonly own: boolean;
    readonly cpuPermille: number;
    readonly rssBytes: number;
  }[];
  readonly groups: readonly {
    readonly id: string;
    readonly adapter: string;
    readonly phase: 'requested' | 'running' | 'draining' | 'stopping';
    readonly workers: number;
    readonly held: number;
    readonly nativeId: string;
    readonly sinceMs: number;
    readonly reason: string;
  }[];
  readonly adapters: readonly {
    readonly id: string;
    readonly own: boolean;
    readonly groupsMax: number;
    readonly workersPerGroup: number;
    readonly capabilities: readonly string[];
    readonly groups: number;
    /** What it says keeps it from starting groups, else the last failure, '' for none. */
    readonly trouble: string;
    /** How much longer it is not asked after failed starts; 0: it may be asked. */
    readonly restingMs: number;
    /** After such a rest it is trusted with one group at a time, until that has proved itself. */
    readonly onTrial: boolean;
    /** Median of the latest starts, from command to first worker; undefined before the first. */
    readonly startMs: number | undefined;
    /** What its groups cost now. */
    readonly dollarsPerHour: number;
  }[];
  readonly groupsStarted: number;
  readonly groupsStopped: number;
  readonly groupsPeak: number;
  /** Latest scaling decision, one line. */
  readonly scaling: string;
  /** Changes of the fleet's target since start, oldest first, at most 100: `+1.2 s  0 → 2 groups: 26 tasks, …`. */
  readonly decisions: readonly string[];
}
