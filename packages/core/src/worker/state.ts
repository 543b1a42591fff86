/** What one worker knows. Handlers change it in place; nobody outside the machine sees it. */
import type { Instant, TaskId } from '@muster/protocol/ids';
import type { TaskAttempt } from '@muster/protocol/messages';
import type { Note } from '../machine.ts';
import type { HeldResult, OfferedTask, Run, WorkerConfig, WorkerEffect } from '../worker-types.ts';
import type { Estimates } from './estimates.ts';
import type { TaskQueue } from './queue.ts';

/** What somebody asked of a task that may or may not have begun; settled by the answer to the recall. */
export type Wish = 'none' | 'takeBack' | 'cancel' | 'forceCancel';

export interface Held {
  readonly task: OfferedTask;
  /** The scheduler may renew it while the task is held. */
  attempt: number;
  place: 'queue' | 'pipeline' | 'left';
  /** Number of its hand-over; only meaningful in the pipeline. */
  run: number;
  /** Only other than 'none' in the pipeline while a recall is out. */
  wish: Wish;
  /** What its function was expected to take when it was handed over. */
  expectedMs: number;
}

export type Phase =
  | { readonly name: 'accepting' }
  /** By the scheduler: it can call it off, and nothing follows by itself. */
  | { readonly name: 'draining'; readonly by: 'scheduler' }
  /** By SIGTERM or age: ends in an exit, at the latest at `until`. */
  | { readonly name: 'draining'; readonly by: 'here'; readonly reason: string; readonly until: Instant }
  | { readonly name: 'drained' }
  | { readonly name: 'ended' };

export type Processor =
  | { readonly phase: 'starting'; readonly until: Instant }
  | { readonly phase: 'ready' }
  /** SIGKILL is on its way. */
  | { readonly phase: 'killing'; readonly why: string; readonly from: 'starting' | 'ready' }
  | { readonly phase: 'down'; readonly restartAt: Instant };

/** The run at the head of the pipeline is being ended. */
export interface Stop {
  why: 'cancel' | 'timeout';
  step: 'abort' | 'terminate' | 'kill';
  nextAt: Instant;
}

export type SchedulerKind =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'stock' }
  | { readonly kind: 'own'; readonly epoch: string };

export interface Unacknowledged {
  readonly result: HeldResult;
  sentAt: Instant;
}

export interface WorkerState {
  readonly config: WorkerConfig;
  phase: Phase;
  scheduler: SchedulerKind;
  connection: 'up' | 'down';
  /** Of the last step: a long gap means that this process did not run. */
  steppedAt: Instant;
  lastEchoAt: Instant;
  heartbeatAt: Instant;
  /** When age starts the drain; undefined: never, or done. */
  lifetimeAt: Instant | undefined;

  /** Queued and handed over. */
  readonly held: Map<TaskId, Held>;
  readonly queue: TaskQueue;
  /** Handed over, in order. The first one counts as running. */
  readonly pipeline: Held[];
  lastRun: number;
  headSince: Instant;
  memoryPeakBytes: number;
  memoryBytes: number;
  stop: Stop | undefined;
  /** A pipeline of several that shows no progress until then is recalled. */
  recallAt: Instant | undefined;
  /** Between a recall and its answer. */
  recallOut: boolean;
  readonly estimates: Estimates;

  processor: Processor;
  startFailures: number;

  /** In order of sending, oldest first. */
  readonly finished: Map<TaskId, Unacknowledged>;
  finishedBytes: number;
  resultsBlocked: boolean;

  out: Outbox;
}

/** What a step says, collected so that each list leaves once. */
export interface Outbox {
  readonly effects: WorkerEffect[];
  readonly returned: TaskAttempt[];
  readonly kept: TaskAttempt[];
  readonly results: Set<HeldResult>;
  readonly runs: Run[];
  exit: { readonly reason: string; readonly clean: boolean } | undefined;
}

export const emptyOutbox = (): Outbox => ({
  effects: [],
  returned: [],
  kept: [],
  results: new Set(),
  runs: [],
  exit: undefined,
});

export const note = (
  state: WorkerState,
  level: Note['level'],
  event: string,
  fields: Note['fields'] = {},
): void => {
  state.out.effects.push({ kind: 'note', event, level, fields });
};

export const head = (state: WorkerState): Held | undefined => state.pipeline[0];
