/**
 * Every message of the wire as plain read-only data. Field order and numbers live in `schema/`; this file is
 * what the rest of the system sees. Tags 0–28 are the stock ones of OpenGRIS Scaler 1.15.0; later ones and
 * the fields marked "own" are appended by Muster and sent only to peers that announced {@link FEATURES}.
 */
import type {
  AdapterId,
  Capabilities,
  ClientId,
  GroupId,
  ObjectId,
  PeerId,
  TaskId,
  WorkerId,
} from './ids.ts';

/** Feature word of this release, carried by heartbeats and echoes. 0 or absent: a stock peer. */
export const FEATURES = 1;

/** A whole message frame inside a larger buffer: forwarded as the bytes it came in, never re-encoded. */
export interface FrameSlice {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export interface TaskMetadata {
  readonly profiling: boolean;
  /** Higher runs first. 0 by default. */
  readonly priority: number;
  /** Whether stdout and stderr are streamed to the client as task logs. */
  readonly streamOutput: boolean;
}

export type TaskArgument =
  | { readonly kind: 'object'; readonly id: ObjectId }
  /** Result of another node of the same graph; stock graph tasks only. */
  | { readonly kind: 'task'; readonly id: TaskId }
  /** Own: the encoded value itself, at most 16 KiB by default. */
  | { readonly kind: 'inline'; readonly bytes: Uint8Array };

/** A task as its submitter writes it and its worker reads it. The scheduler only looks at {@link TaskHead}. */
export interface Task {
  readonly taskId: TaskId;
  /** Own frames leave it out: the sender is the source. */
  readonly source: ClientId | undefined;
  /** Undefined means the stock default (profiling, priority 0, no streaming) and takes no bytes. */
  readonly metadata: TaskMetadata | undefined;
  readonly functionId: ObjectId;
  readonly args: readonly TaskArgument[];
  readonly needs: Capabilities;
  /** Own. Wall time the worker allows one attempt, in milliseconds; 0: no limit. */
  readonly timeoutMs: number;
  /** Own. How often the task may be lost with its worker before it fails; 0: the scheduler's default. */
  readonly attemptsMax: number;
}

/** What the scheduler needs to know of a task, beside the bytes that it forwards. */
export interface TaskHead extends FrameSlice {
  readonly taskId: TaskId;
  readonly source: ClientId | undefined;
  readonly functionId: ObjectId;
  readonly priority: number;
  readonly needs: Capabilities;
  readonly attemptsMax: number;
}

export type TaskOutcome = 'success' | 'failed' | 'failedWorkerDied';

export interface ResultMetadata {
  readonly durationS: number;
  readonly memoryPeakBytes: number;
  readonly cpuS: number;
}

export interface TaskResult {
  readonly taskId: TaskId;
  readonly outcome: TaskOutcome;
  readonly metadata: ResultMetadata | undefined;
  /** Objects that hold the result; empty when it is inline. */
  readonly objectIds: readonly ObjectId[];
  /** Own. The encoded value, or the encoded error of a failure. */
  readonly inline: Uint8Array | undefined;
}

export interface TaskResultHead extends FrameSlice {
  readonly taskId: TaskId;
  readonly outcome: TaskOutcome;
  /** Undefined when the metadata is absent or malformed. */
  readonly durationMs: number | undefined;
  readonly objectIds: readonly ObjectId[];
}

export interface Resource {
  /** Permille of one core, 0–1000. */
  readonly cpu: number;
  readonly rssBytes: number;
}

export interface ProcessorStatus {
  readonly pid: number;
  readonly initialized: boolean;
  readonly hasTask: boolean;
  readonly suspended: boolean;
  readonly resource: Resource;
}

export interface ObjectStorageAddress {
  /** An IP literal: stock workers refuse host names. */
  readonly host: string;
  readonly port: number;
}

/** Own, in every echo to a peer of ours. */
export interface EchoExtras {
  readonly features: number;
  /** Identity of this scheduler process; a new one means that what the old one knew must be offered again. */
  readonly epoch: string;
  /** Path of the object store's local socket, '' where there is none. */
  readonly storePath: string;
  /** Identity of the object store process; a new one means that its bytes are gone. '' while it is down. */
  readonly storeEpoch: string;
}

export type GroupState = 'pending' | 'starting' | 'running' | 'stopping';

export interface GroupStatus {
  readonly groupId: GroupId;
  readonly state: GroupState;
  /** Process id, task ARN or pod name; for people only. */
  readonly nativeId: string;
}

/** One kind of group that an adapter can start. */
export interface GroupOffer {
  /** For people, and to tell offers of one adapter apart. */
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Price of one group, to the millionth; 0: it costs nothing. At most 4,294 dollars. */
  readonly dollarsPerHour: number;
  /** A group is paid for at least this long, whenever it ends. */
  readonly billedMinimumMs: number;
}

export type AdapterCommand = 'startWorkerGroup' | 'shutdownWorkerGroup';

export type CommandStatus =
  | 'workerGroupIDNotSpecified'
  | 'workerGroupIDNotFound'
  | 'workerGroupShutdown'
  | 'unknownAction'
  | 'workerGroupTooMuch'
  | 'success'
  /** Own: not started yet but still expected; renews the start deadline. */
  | 'pending';

/** Why a start failed, by remedy. 'none' for a stock adapter or no failure. */
export type FailureKind =
  'none' | 'capacity' | 'quota' | 'unauthorized' | 'invalid' | 'throttled' | 'unknown';

export type ObjectType = 'serializer' | 'object';

export interface ObjectMetadata {
  readonly ids: readonly ObjectId[];
  readonly types: readonly ObjectType[];
  /** Zipped with ids; bytes as latin1. */
  readonly names: readonly string[];
}

/** A task and the attempt that a statement about it refers to. Attempts count from 1; 0 where unknown (stock). */
export interface TaskAttempt {
  readonly taskId: TaskId;
  readonly attempt: number;
}

export type Message =
  | { readonly kind: 'task'; readonly task: TaskHead }
  | { readonly kind: 'taskCancel'; readonly taskId: TaskId; readonly force: boolean }
  | { readonly kind: 'taskCancelConfirm'; readonly taskId: TaskId; readonly confirm: CancelConfirm }
  | { readonly kind: 'taskResult'; readonly result: TaskResultHead }
  | {
      readonly kind: 'taskLog';
      readonly taskId: TaskId;
      readonly stream: 'stdout' | 'stderr';
      readonly content: string;
    }
  | { readonly kind: 'graphTask'; readonly graph: GraphTask }
  | {
      readonly kind: 'objectInstruction';
      readonly instruction: 'create' | 'delete' | 'clear';
      readonly user: PeerId;
      readonly objects: ObjectMetadata;
    }
  | {
      readonly kind: 'clientHeartbeat';
      readonly resource: Resource;
      readonly latencyUs: number;
      readonly features: number;
    }
  | {
      readonly kind: 'clientHeartbeatEcho';
      readonly storage: ObjectStorageAddress;
      readonly extras: EchoExtras | undefined;
    }
  | WorkerHeartbeat
  | {
      readonly kind: 'workerHeartbeatEcho';
      readonly storage: ObjectStorageAddress;
      readonly extras: EchoExtras | undefined;
    }
  | { readonly kind: 'disconnectRequest'; readonly worker: WorkerId }
  | { readonly kind: 'disconnectResponse'; readonly worker: WorkerId }
  | { readonly kind: 'clientDisconnect'; readonly type: 'disconnect' | 'shutdown' }
  | { readonly kind: 'clientShutdownResponse'; readonly accepted: boolean }
  | { readonly kind: 'informationRequest'; readonly request: Uint8Array }
  | { readonly kind: 'informationResponse'; readonly response: Uint8Array }
  | AdapterHeartbeat
  | {
      readonly kind: 'adapterHeartbeatEcho';
      readonly extras: EchoExtras | undefined;
      /** Own: groups of this adapter with a registered worker. */
      readonly registered: readonly GroupId[];
    }
  | {
      readonly kind: 'adapterCommand';
      readonly command: AdapterCommand;
      /** Undefined (empty on the wire) in a start for a stock adapter, which mints the id itself. */
      readonly groupId: GroupId | undefined;
      readonly capabilities: Capabilities;
      /** Own: the scheduler process that says so, '' for a stock one or to a stock adapter. */
      readonly epoch: string;
    }
  | AdapterCommandResponse
  /* Own messages from here on (tags 29 and up). */
  | {
      /** client → scheduler (attempts all 0) and scheduler → worker. */
      readonly kind: 'taskBatch';
      readonly tasks: readonly TaskHead[];
      readonly attempts: readonly number[];
      /** Owner of each task on the way to a worker, where the frame leaves the source out: index into `sources`. */
      readonly sources: readonly ClientId[];
      readonly sourceOf: readonly number[];
    }
  | {
      readonly kind: 'taskResultBatch';
      readonly results: readonly TaskResultHead[];
      readonly attempts: readonly number[];
    }
  /** Receiver of results → sender of results: these need not be sent again. */
  | { readonly kind: 'resultAck'; readonly tasks: readonly TaskAttempt[] }
  /** scheduler → worker: give these back if they have not started. Answered by `tasksReturned`. */
  | { readonly kind: 'takeBack'; readonly tasks: readonly TaskAttempt[] }
  /** worker → scheduler: refused or given back unstarted (no attempt counted), and what it kept of a `takeBack`. */
  | {
      readonly kind: 'tasksReturned';
      readonly returned: readonly TaskAttempt[];
      readonly kept: readonly TaskAttempt[];
    }
  /** worker → scheduler, when the echo shows a new epoch: everything it holds, queued, running or finished unacknowledged. */
  | { readonly kind: 'tasksHeld'; readonly tasks: readonly TaskAttempt[] }
  /** scheduler → worker. 'callOff': accept tasks again. */
  | { readonly kind: 'drain'; readonly action: 'drain' | 'callOff' }
  /** worker → scheduler: `draining` on SIGTERM or max lifetime; `drained` when nothing is held or unacknowledged. */
  | { readonly kind: 'drainStatus'; readonly status: 'draining' | 'drained'; readonly reason: string };

export type CancelConfirm = 'canceled' | 'cancelFailed' | 'cancelNotFound';

export interface GraphTask {
  readonly taskId: TaskId;
  readonly source: ClientId | undefined;
  readonly targets: readonly TaskId[];
  readonly graph: readonly Task[];
}

export interface WorkerHeartbeat {
  readonly kind: 'workerHeartbeat';
  readonly agent: Resource;
  readonly rssFreeBytes: number;
  readonly queueSize: number;
  readonly queuedTasks: number;
  readonly latencyUs: number;
  readonly taskLock: boolean;
  readonly processors: readonly ProcessorStatus[];
  readonly capabilities: Capabilities;
  readonly features: number;
}

export interface AdapterHeartbeat {
  readonly kind: 'adapterHeartbeat';
  readonly groupsMax: number;
  readonly workersPerGroup: number;
  readonly capabilities: Capabilities;
  /** Own (slot of upstream's later workerManagerID); undefined for a stock adapter. */
  readonly adapterId: AdapterId | undefined;
  /** Own; undefined for a stock adapter, which lists nothing. */
  readonly groups: readonly GroupStatus[] | undefined;
  readonly features: number;
  /** Own; empty for an adapter whose one offer is `capabilities`, at no price, and for a stock one. */
  readonly offers: readonly GroupOffer[];
  /** Own: what keeps it from starting anything, '' for nothing. */
  readonly trouble: string;
  /** Own: of this process's heartbeats, from 1; undefined where they are not counted. */
  readonly count?: number;
}

export interface AdapterCommandResponse {
  readonly kind: 'adapterCommandResponse';
  /** 'none' (own): the status of a group, unasked. */
  readonly command: AdapterCommand | 'none';
  readonly groupId: GroupId | undefined;
  readonly status: CommandStatus;
  readonly workerIds: readonly WorkerId[];
  readonly capabilities: Capabilities;
  readonly failure: FailureKind;
  readonly reason: string;
}

export type MessageKind = Message['kind'];
