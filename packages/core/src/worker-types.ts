/** Events, effects and configuration of the worker machine: what a shell needs to host one worker. */
import type { ObjectId, TaskId, WorkerId } from '@muster/protocol/ids';
import type { FrameSlice, Message, TaskOutcome } from '@muster/protocol/messages';
import type { TaskErrorCode } from '@muster/protocol/calls';
import type { Note } from './machine.ts';

/** One attempt at a task, as the scheduler hands it over. */
export interface OfferedTask {
  readonly taskId: TaskId;
  readonly attempt: number;
  /** Higher runs first; within a priority in order of arrival. */
  readonly priority: number;
  /** Tasks of one function are expected to take about as long as the last ones did. */
  readonly functionId: ObjectId;
  /** Wall time of one attempt; 0: no limit. */
  readonly timeoutMs: number;
  readonly streamOutput: boolean;
  /** The Task frame, for the processor; the machine never looks inside. */
  readonly frame: FrameSlice;
}

/** A task under the number of one hand-over to the processor. Numbers grow and are never used twice. */
export interface Run {
  readonly run: number;
  readonly task: OfferedTask;
}

/** What a processor says about a run that ended. */
export interface FinishedRun {
  readonly run: number;
  readonly outcome: 'success' | 'failed';
  /** It ended after it had been told to abort: what it says may be an effect of that. */
  readonly aborted: boolean;
  readonly durationS: number;
  readonly cpuS: number;
  readonly objectIds: readonly ObjectId[];
  readonly inline: Uint8Array | undefined;
}

export type WorkerEvent =
  | { readonly kind: 'tasks'; readonly tasks: readonly OfferedTask[] }
  /** Everything else from the scheduler. */
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'connection'; readonly state: 'up' | 'down' }
  | { readonly kind: 'processorReady' }
  /** In the order in which they ended. */
  | { readonly kind: 'finished'; readonly runs: readonly FinishedRun[] }
  /** These had not begun and will not: answer to `recall`, or late news of a race that the recall won after all. */
  | { readonly kind: 'recalled'; readonly runs: readonly number[] }
  /** `begun`: the last run that began, as far as its journal shows; what ended before was reported as `finished`. */
  | { readonly kind: 'processorEnded'; readonly begun: number | undefined; readonly detail: string }
  /** Memory of the processor with all its descendants. */
  | { readonly kind: 'memory'; readonly rssBytes: number }
  /** A person or an adapter wants this worker gone: drain, then exit. */
  | { readonly kind: 'stop'; readonly reason: string }
  /** At once: what runs is cut short. */
  | { readonly kind: 'abandon'; readonly reason: string }
  | { readonly kind: 'deadline' };

/** A result until the scheduler has acknowledged it. */
export interface HeldResult {
  readonly taskId: TaskId;
  readonly attempt: number;
  readonly outcome: TaskOutcome;
  readonly durationS: number;
  readonly cpuS: number;
  readonly memoryPeakBytes: number;
  readonly body: ResultBody;
}

export type ResultBody =
  | {
      readonly kind: 'value';
      readonly objectIds: readonly ObjectId[];
      readonly inline: Uint8Array | undefined;
    }
  /** Decided here, not by user code; the shell encodes it as an Error with this code. */
  | { readonly kind: 'failure'; readonly code: TaskErrorCode; readonly message: string };

export type WorkerEffect =
  | { readonly kind: 'send'; readonly message: Message }
  /** At most once per step: the results of this turn, and those that are due again. */
  | { readonly kind: 'results'; readonly results: readonly HeldResult[]; readonly batched: boolean }
  /** The shell adds the resource figures. */
  | {
      readonly kind: 'heartbeat';
      readonly queued: number;
      readonly running: boolean;
      readonly accepting: boolean;
    }
  | { readonly kind: 'startProcessor' }
  /** Append to what the processor holds. */
  | { readonly kind: 'execute'; readonly runs: readonly Run[] }
  /** Take back every run that has not begun; answered by `recalled`, after `finished` for what ended meanwhile. */
  | { readonly kind: 'recall' }
  /** abort: the signal of a function, SIGTERM to a command. terminate: SIGTERM to the process groups. */
  | { readonly kind: 'stopRun'; readonly run: number; readonly how: 'abort' | 'terminate' }
  /** SIGKILL to the processor's group and to the groups of its commands; answered by `processorEnded`. */
  | { readonly kind: 'killProcessor' }
  /** Last effect ever: flush, close, end. */
  | { readonly kind: 'exit'; readonly reason: string; readonly clean: boolean }
  | Note;

export interface WorkerConfig {
  readonly workerId: WorkerId;
  readonly heartbeatMs: number;
  /** Without an echo for so long the scheduler is gone for good: exit. */
  readonly deathTimeoutMs: number;
  /** After this: drain and exit. Undefined: never. */
  readonly lifetimeMaxMs: number | undefined;
  /** Bound of a drain that ends in an exit. */
  readonly drainMs: number;
  /** From the abort of a run to SIGTERM. */
  readonly abortGraceMs: number;
  /** From SIGTERM to SIGKILL of user code. */
  readonly killGraceMs: number;
  /** An unacknowledged result is sent again after this. */
  readonly resultResendMs: number;
  /** Unacknowledged bytes beyond which nothing more is run. */
  readonly resultBytesMax: number;
  /** Tasks held beyond which new ones are given back. */
  readonly tasksMax: number;
  /** Expected time of what a processor holds at once. */
  readonly pipelineMs: number;
  readonly pipelineTasksMax: number;
  readonly processorMemoryBytesMax: number;
  /** From start to ready. */
  readonly processorStartMs: number;
}
