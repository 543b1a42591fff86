/**
 * Between the queue and the processor. The processor holds a few short tasks at once, so that a tiny task
 * costs no round trip; the first of them counts as running, the others can be recalled. A run ends in exactly
 * one of: a finished result, a return to the queue, a way back to the scheduler, a cancel, a failure of ours.
 */
import type { Instant, TaskId } from '@muster/protocol/ids';
import type { CancelConfirm, TaskOutcome } from '@muster/protocol/messages';
import type { TaskErrorCode } from '@muster/protocol/calls';
import type { FinishedRun, HeldResult } from '../worker-types.ts';
import { holdResult } from './results.ts';
import { head, note } from './state.ts';
import type { Held, WorkerState } from './state.ts';

/** No progress for this many times the expected time of a full pipeline: something in it is longer than thought. */
const OVERDUE_FACTOR = 5;

export const confirmCancel = (state: WorkerState, taskId: TaskId, confirm: CancelConfirm): void => {
  state.out.effects.push({ kind: 'send', message: { kind: 'taskCancelConfirm', taskId, confirm } });
};

/** Back to the scheduler, unstarted. */
export const giveBack = (state: WorkerState, held: Held): void => {
  held.place = 'left';
  state.held.delete(held.task.taskId);
  state.out.returned.push({ taskId: held.task.taskId, attempt: held.attempt });
};

export const dropCanceled = (state: WorkerState, held: Held): void => {
  held.place = 'left';
  state.held.delete(held.task.taskId);
  confirmCancel(state, held.task.taskId, 'canceled');
};

/** Active, at the end of a step: hands over what the processor may hold by now. */
export const fillPipeline = (state: WorkerState, now: Instant): void => {
  if (state.processor.phase !== 'ready' || state.phase.name !== 'accepting') return;
  if (state.stop !== undefined || state.recallOut || state.resultsBlocked) return;
  let expectedMs = 0;
  for (const held of state.pipeline) expectedMs += held.expectedMs;
  for (let next = state.queue.peek(); next !== undefined; next = state.queue.peek()) {
    const known = next.task.streamOutput ? undefined : state.estimates.of(next.task.functionId);
    const nextMs = known ?? Infinity;
    const full =
      expectedMs + nextMs > state.config.pipelineMs || state.pipeline.length >= state.config.pipelineTasksMax;
    if (state.pipeline.length > 0 && full) break;
    state.queue.take();
    next.run = ++state.lastRun;
    next.expectedMs = nextMs;
    state.pipeline.push(next);
    if (state.pipeline.length === 1) onNewHead(state, now);
    state.out.runs.push({ run: next.run, task: next.task });
    expectedMs += nextMs;
  }
  armRecall(state, now);
};

const onNewHead = (state: WorkerState, now: Instant): void => {
  state.headSince = now;
  state.memoryPeakBytes = state.memoryBytes;
};

const armRecall = (state: WorkerState, now: Instant): void => {
  state.recallAt =
    state.pipeline.length > 1 ? ((now + state.config.pipelineMs * OVERDUE_FACTOR) as Instant) : undefined;
};

/** Active: whatever has not begun comes back. What is behind an unfinished head then waits in the queue. */
export const recall = (state: WorkerState): void => {
  const first = head(state);
  if (first === undefined || state.recallOut || state.pipeline.length < 2) return;
  first.expectedMs = Infinity;
  state.recallOut = true;
  state.recallAt = undefined;
  state.out.effects.push({ kind: 'recall' });
};

/** Passive. */
export const onRecalled = (state: WorkerState, runs: readonly number[], now: Instant): void => {
  state.recallOut = false;
  const unstarted = new Set(runs);
  const before = head(state);
  for (let at = state.pipeline.length - 1; at >= 0; at--) {
    const held = state.pipeline[at];
    if (held === undefined || !unstarted.has(held.run)) continue;
    state.pipeline.splice(at, 1);
    if (held === before) dropStop(state, held);
    leaveUnstarted(state, held);
  }
  if (head(state) !== before && head(state) !== undefined) onNewHead(state, now);
  armRecall(state, now);
  for (const held of state.pipeline) settleWishOfBegun(state, held, now);
};

/** A stop that was on its way to a run that never began: a cancel has reached its aim, a time-out lost its reason. */
const dropStop = (state: WorkerState, held: Held): void => {
  if (state.stop?.why === 'cancel') held.wish = 'forceCancel';
  state.stop = undefined;
};

const leaveUnstarted = (state: WorkerState, held: Held): void => {
  const { wish } = held;
  held.wish = 'none';
  if (wish === 'cancel' || wish === 'forceCancel') dropCanceled(state, held);
  else if (wish === 'takeBack' || state.phase.name !== 'accepting') giveBack(state, held);
  else state.queue.pushFront(held);
};

const settleWishOfBegun = (state: WorkerState, held: Held, now: Instant): void => {
  const { wish } = held;
  held.wish = 'none';
  const { taskId } = held.task;
  if (wish === 'takeBack') state.out.kept.push({ taskId, attempt: held.attempt });
  else if (wish === 'cancel') confirmCancel(state, taskId, 'cancelFailed');
  else if (wish === 'forceCancel') startStop(state, 'cancel', now);
};

/**
 * Passive. Anything but the head is not ours to believe: user code can write to the processor's channel. A processor
 * whose word contradicts what it was given is replaced, so that nothing waits for it for ever.
 */
export const onFinished = (state: WorkerState, runs: readonly FinishedRun[], now: Instant): void => {
  let settled = false;
  for (const ended of runs) {
    const held = head(state);
    if (held?.run !== ended.run) {
      note(state, 'warn', 'worker.processor.confused', { run: ended.run, expected: held?.run ?? 'none' });
      killProcessor(state, 'it ended a run that it was not given');
      continue;
    }
    settled = true;
    state.pipeline.shift();
    state.estimates.learn(held.task.functionId, ended.durationS * 1000);
    settleFinished(state, held, ended, now);
  }
  if (!settled) return;
  if (state.pipeline.length > 0) onNewHead(state, now);
  armRecall(state, now);
};

const settleFinished = (state: WorkerState, held: Held, ended: FinishedRun, now: Instant): void => {
  const { stop } = state;
  state.stop = undefined;
  if (stop !== undefined && ended.aborted) return settleStopped(state, held, stop.why, now);
  // A result that was there before the cancel wins, and the scheduler must hear so first.
  if (stop?.why === 'cancel' || held.wish === 'cancel' || held.wish === 'forceCancel') {
    confirmCancel(state, held.task.taskId, 'cancelFailed');
  } else if (held.wish === 'takeBack')
    state.out.kept.push({ taskId: held.task.taskId, attempt: held.attempt });
  settle(
    state,
    held,
    ended.outcome,
    ended.durationS,
    ended.cpuS,
    {
      kind: 'value',
      objectIds: ended.objectIds,
      inline: ended.inline,
    },
    now,
  );
};

const settleStopped = (state: WorkerState, held: Held, why: 'cancel' | 'timeout', now: Instant): void => {
  if (why === 'cancel') return dropCanceled(state, held);
  fail(
    state,
    held,
    'failed',
    'TaskTimeoutError',
    `the task ran longer than its limit of ${held.task.timeoutMs} ms`,
    now,
  );
};

const fail = (
  state: WorkerState,
  held: Held,
  outcome: TaskOutcome,
  code: TaskErrorCode,
  message: string,
  now: Instant,
): void => {
  const durationS = (now - state.headSince) / 1000;
  settle(state, held, outcome, durationS, 0, { kind: 'failure', code, message }, now);
};

const settle = (
  state: WorkerState,
  held: Held,
  outcome: TaskOutcome,
  durationS: number,
  cpuS: number,
  body: HeldResult['body'],
  now: Instant,
): void => {
  const { taskId } = held.task;
  held.place = 'left';
  state.held.delete(taskId);
  const { attempt } = held;
  holdResult(
    state,
    { taskId, attempt, outcome, durationS, cpuS, memoryPeakBytes: state.memoryPeakBytes, body },
    now,
  );
};

/** Active: the head must end, first by asking, then by force; what waits behind it must not wait for that. */
export const startStop = (state: WorkerState, why: 'cancel' | 'timeout', now: Instant): void => {
  const held = head(state);
  if (held === undefined) return;
  if (state.stop !== undefined) {
    if (why === 'cancel') state.stop.why = why;
    return;
  }
  state.stop = { why, step: 'abort', nextAt: (now + state.config.abortGraceMs) as Instant };
  state.out.effects.push({ kind: 'stopRun', run: held.run, how: 'abort' });
  recall(state);
};

/** Active, by deadline: the next rung of the ladder. */
export const escalateStop = (state: WorkerState, now: Instant): void => {
  const { stop } = state;
  const held = head(state);
  if (stop === undefined || held === undefined || stop.nextAt > now || stop.step === 'kill') return;
  if (stop.step === 'abort') {
    stop.step = 'terminate';
    stop.nextAt = (now + state.config.killGraceMs) as Instant;
    state.out.effects.push({ kind: 'stopRun', run: held.run, how: 'terminate' });
    return;
  }
  stop.step = 'kill';
  killProcessor(state, `it did not stop within ${state.config.abortGraceMs + state.config.killGraceMs} ms`);
};

export const killProcessor = (state: WorkerState, why: string): void => {
  const { phase } = state.processor;
  if (phase !== 'starting' && phase !== 'ready') return;
  state.processor = { phase: 'killing', why, from: phase };
  state.out.effects.push({ kind: 'killProcessor' });
};

/** Passive: costs the run that had begun, and no other. */
export const onPipelineLost = (
  state: WorkerState,
  begun: number | undefined,
  why: string,
  now: Instant,
): void => {
  const first = head(state);
  if (first !== undefined && begun !== undefined && first.run <= begun) {
    state.pipeline.shift();
    const stop = state.stop;
    state.stop = undefined;
    if (stop !== undefined) settleStopped(state, first, stop.why, now);
    else if (first.wish === 'forceCancel') dropCanceled(state, first);
    else {
      settleWishOfBegun(state, first, now);
      fail(
        state,
        first,
        'failedWorkerDied',
        'ProcessorDiedError',
        `the processor died while it ran the task: ${why}`,
        now,
      );
    }
  }
  onRecalled(
    state,
    state.pipeline.map((held) => held.run),
    now,
  );
};
