/** Results from the end of a run to the scheduler's acknowledgement. */
import type { Instant, TaskId } from '@muster/protocol/ids';
import type { TaskAttempt } from '@muster/protocol/messages';
import type { HeldResult } from '../worker-types.ts';
import { note } from './state.ts';
import type { WorkerState } from './state.ts';

/** What a result costs beside its value: frame, map entry. */
const RESULT_BYTES_BASE = 256;
/** Sent again at once; the rest follows with the next deadline. */
const RESEND_MAX = 512;

const bytesOf = (result: HeldResult): number => {
  const { body } = result;
  if (body.kind === 'failure') return RESULT_BYTES_BASE + body.message.length;
  return RESULT_BYTES_BASE + body.objectIds.length * 32 + (body.inline?.byteLength ?? 0);
};

/** Whether it is known how the scheduler wants its results: one by one, or many in a frame. */
const isReachable = (state: WorkerState): boolean =>
  state.connection === 'up' && state.scheduler.kind !== 'unknown';

/** Active: send it now, and again until it is acknowledged. A stock scheduler acknowledges nothing. */
export const holdResult = (state: WorkerState, result: HeldResult, now: Instant): void => {
  if (isReachable(state)) {
    state.out.results.add(result);
    if (state.scheduler.kind === 'stock') return;
  }
  state.finished.set(result.taskId, { result, sentAt: now });
  state.finishedBytes += bytesOf(result);
  if (!state.resultsBlocked && state.finishedBytes >= state.config.resultBytesMax) {
    state.resultsBlocked = true;
    note(state, 'warn', 'worker.results.full', { bytes: state.finishedBytes, results: state.finished.size });
  }
};

export const dropResult = (state: WorkerState, taskId: TaskId): void => {
  const one = state.finished.get(taskId);
  if (one === undefined) return;
  state.finished.delete(taskId);
  state.finishedBytes -= bytesOf(one.result);
  if (state.resultsBlocked && state.finishedBytes < state.config.resultBytesMax) state.resultsBlocked = false;
};

/** An acknowledgement of an earlier attempt says nothing about the one that is held. */
export const onResultAck = (state: WorkerState, tasks: readonly TaskAttempt[]): void => {
  for (const { taskId, attempt } of tasks) {
    if (state.finished.get(taskId)?.result.attempt === attempt) dropResult(state, taskId);
  }
};

export const resend = (state: WorkerState, taskId: TaskId, now: Instant): void => {
  const one = state.finished.get(taskId);
  if (one === undefined || !isReachable(state)) return;
  state.out.results.add(one.result);
  state.finished.delete(taskId);
  state.finished.set(taskId, { result: one.result, sentAt: now });
};

/** After a reconnect, or for a new scheduler: all of them are due. */
export const resendAll = (state: WorkerState, now: Instant): void => {
  for (const taskId of [...state.finished.keys()]) {
    resend(state, taskId, now);
    if (state.scheduler.kind === 'stock') dropResult(state, taskId);
  }
};

export const resendDue = (state: WorkerState, now: Instant): void => {
  const due: TaskId[] = [];
  for (const [taskId, one] of state.finished) {
    if (one.sentAt + state.config.resultResendMs > now || due.length === RESEND_MAX) break;
    due.push(taskId);
  }
  for (const taskId of due) resend(state, taskId, now);
};

/** Undefined while nothing can be sent: the reconnect, or the first echo, sends them. */
export const resendAt = (state: WorkerState): number | undefined => {
  if (!isReachable(state)) return undefined;
  const oldest = state.finished.values().next();
  return oldest.done === true ? undefined : oldest.value.sentAt + state.config.resultResendMs;
};

/** Test support of {@link WorkerState.finishedBytes}: counted anew. */
export const countBytes = (state: WorkerState): number => {
  let bytes = 0;
  for (const { result } of state.finished.values()) bytes += bytesOf(result);
  return bytes;
};
