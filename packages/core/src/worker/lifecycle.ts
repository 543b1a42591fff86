/** From the first heartbeat to the exit: the scheduler's echo, draining, age, the processor's births and deaths. */
import { instant } from '@muster/protocol/ids';
import type { Instant } from '@muster/protocol/ids';
import type { EchoExtras, TaskAttempt } from '@muster/protocol/messages';
import { escalateStop, giveBack, killProcessor, onPipelineLost, recall, startStop } from './pipeline.ts';
import { resendAll, resendAt, resendDue } from './results.ts';
import { head, note } from './state.ts';
import type { WorkerState } from './state.ts';

/** In a row, before the worker gives up: its tasks are better off elsewhere. */
const START_FAILURES_MAX = 5;
const RESTART_BASE_MS = 100;

export const onEcho = (state: WorkerState, extras: EchoExtras | undefined, now: Instant): void => {
  state.lastEchoAt = now;
  const before = state.scheduler;
  if (extras === undefined || extras.features === 0) {
    state.scheduler = { kind: 'stock' };
    if (before.kind !== 'stock') resendAll(state, now);
    return;
  }
  if (before.kind === 'own' && before.epoch === extras.epoch) return;
  state.scheduler = { kind: 'own', epoch: extras.epoch };
  if (before.kind !== 'unknown') return onNewScheduler(state, extras.epoch, now);
  // What was said to nobody in particular is said now.
  resendAll(state, now);
  if (state.phase.name === 'draining' && state.phase.by === 'here')
    announceDrain(state, 'draining', state.phase.reason);
};

const reportHeld = (state: WorkerState): void => {
  const tasks: TaskAttempt[] = [];
  for (const [taskId, held] of state.held) tasks.push({ taskId, attempt: held.attempt });
  for (const [taskId, { result }] of state.finished) tasks.push({ taskId, attempt: result.attempt });
  state.out.effects.push({ kind: 'send', message: { kind: 'tasksHeld', tasks } });
};

const onNewScheduler = (state: WorkerState, epoch: string, now: Instant): void => {
  note(state, 'info', 'worker.scheduler.new', {
    epoch,
    held: state.held.size,
    finished: state.finished.size,
  });
  reportHeld(state);
  resendAll(state, now);
  // It knows of no drain. One of its predecessor ends here; our own is announced again.
  const { phase } = state;
  if (phase.name === 'drained' || (phase.name === 'draining' && phase.by === 'scheduler'))
    state.phase = { name: 'accepting' };
  else if (phase.name === 'draining') announceDrain(state, 'draining', phase.reason);
};

export const onConnection = (state: WorkerState, connection: 'up' | 'down', now: Instant): void => {
  if (connection === state.connection) return;
  state.connection = connection;
  if (connection === 'down') return;
  if (state.scheduler.kind === 'own') {
    // A breaking link may have swallowed tasks. A scheduler that knows us not must meet us before it hears of them,
    // and hear of them before their results, which it would take for stale.
    heartbeat(state, now);
    reportHeld(state);
  } else state.heartbeatAt = now;
  resendAll(state, now);
};

/** A stock scheduler has no ear for it: the disconnect request ends the drain there. */
const announceDrain = (state: WorkerState, status: 'draining' | 'drained', reason: string): void => {
  if (state.scheduler.kind !== 'own') return;
  state.out.effects.push({ kind: 'send', message: { kind: 'drainStatus', status, reason } });
};

const giveBackUnstarted = (state: WorkerState): void => {
  for (const held of state.queue.takeAll()) giveBack(state, held);
  recall(state);
};

export const onDrainMessage = (state: WorkerState, action: 'drain' | 'callOff'): void => {
  const { phase } = state;
  if (phase.name === 'draining' && phase.by === 'here') return;
  if (action === 'callOff') {
    if (phase.name !== 'ended') state.phase = { name: 'accepting' };
  } else if (phase.name === 'drained') announceDrain(state, 'drained', 'scheduler');
  else if (phase.name === 'accepting') {
    state.phase = { name: 'draining', by: 'scheduler' };
    giveBackUnstarted(state);
  }
};

/** Active: a drain that ends in an exit, whatever the scheduler says. */
export const drainHere = (state: WorkerState, reason: string, now: Instant): void => {
  if (state.phase.name === 'draining' && state.phase.by === 'here') return;
  note(state, 'info', 'worker.draining', { reason, held: state.held.size });
  state.phase = { name: 'draining', by: 'here', reason, until: instant(now + state.config.drainMs) };
  announceDrain(state, 'draining', reason);
  giveBackUnstarted(state);
};

/** Active, at the end of a step. */
export const finishDrain = (state: WorkerState): void => {
  const { phase } = state;
  if (phase.name !== 'draining' || state.held.size > 0 || state.finished.size > 0) return;
  announceDrain(state, 'drained', phase.by === 'here' ? phase.reason : 'scheduler');
  if (phase.by === 'here') exit(state, phase.reason, true);
  else state.phase = { name: 'drained' };
};

/** The last thing a worker does. What has not begun goes back; what runs is lost with the worker. */
export const exit = (state: WorkerState, reason: string, clean: boolean): void => {
  if (state.phase.name === 'ended') return;
  for (const held of state.queue.takeAll()) giveBack(state, held);
  state.phase = { name: 'ended' };
  state.out.exit = { reason, clean };
};

export const startProcessor = (state: WorkerState, now: Instant): void => {
  state.processor = { phase: 'starting', until: instant(now + state.config.processorStartMs) };
  state.out.effects.push({ kind: 'startProcessor' });
};

export const onProcessorReady = (state: WorkerState): void => {
  if (state.processor.phase !== 'starting') return;
  state.processor = { phase: 'ready' };
  state.startFailures = 0;
};

export const onProcessorEnded = (
  state: WorkerState,
  begun: number | undefined,
  detail: string,
  now: Instant,
): void => {
  const { processor } = state;
  if (processor.phase === 'down') return;
  const killed = processor.phase === 'killing';
  const why = killed ? `${processor.why}; ${detail}` : detail;
  // User code that dies is its owner's business; a processor that dies by itself may be ours.
  note(state, killed || begun !== undefined ? 'info' : 'warn', 'worker.processor.ended', {
    why,
    run: head(state)?.run ?? 'none',
  });
  state.memoryBytes = 0;
  onPipelineLost(state, begun, why, now);
  if (processor.phase === 'starting' || (killed && processor.from === 'starting')) state.startFailures++;
  if (state.startFailures >= START_FAILURES_MAX) {
    exit(state, `the processor does not start: ${detail}`, false);
  } else if (state.startFailures > 0) {
    const delayMs = RESTART_BASE_MS * 2 ** state.startFailures;
    state.processor = { phase: 'down', restartAt: instant(now + delayMs) };
  } else startProcessor(state, now);
};

export const onMemory = (state: WorkerState, rssBytes: number): void => {
  state.memoryBytes = rssBytes;
  state.memoryPeakBytes = Math.max(state.memoryPeakBytes, rssBytes);
  const limit = state.config.processorMemoryBytesMax;
  if (rssBytes <= limit) return;
  const used = `it used ${showMiB(rssBytes)}, its limit is ${showMiB(limit)}`;
  killProcessor(state, `out of memory: ${used} (--max-processor-memory)`);
};

const showMiB = (bytes: number): string => `${Number((bytes / 2 ** 20).toFixed(1))} MiB`;

/**
 * A process that was stopped, or a machine that slept, heard nothing because it did not listen: that time is not the
 * scheduler's silence. Heartbeats make a step at least every `heartbeatMs`.
 */
export const onTime = (state: WorkerState, now: Instant): void => {
  const gapMs = now - state.steppedAt;
  state.steppedAt = now;
  if (gapMs > 2 * state.config.heartbeatMs) state.lastEchoAt = instant(state.lastEchoAt + gapMs);
};

const heartbeat = (state: WorkerState, now: Instant): void => {
  state.heartbeatAt = instant(now + state.config.heartbeatMs);
  const running = state.pipeline.length > 0;
  const queued = state.held.size - (running ? 1 : 0);
  state.out.effects.push({
    kind: 'heartbeat',
    queued,
    running,
    accepting: state.phase.name === 'accepting',
  });
};

/** Whatever is due by now. */
export const onDeadline = (state: WorkerState, now: Instant): void => {
  if (now - state.lastEchoAt >= state.config.deathTimeoutMs) {
    return exit(state, `no word from the scheduler for ${state.config.deathTimeoutMs} ms`, false);
  }
  if (state.phase.name === 'draining' && state.phase.by === 'here' && state.phase.until <= now) {
    return exit(state, `${state.phase.reason}; cut short after ${state.config.drainMs} ms`, false);
  }
  if (state.heartbeatAt <= now) heartbeat(state, now);
  if (state.lifetimeAt !== undefined && state.lifetimeAt <= now) {
    state.lifetimeAt = undefined;
    drainHere(state, 'max lifetime', now);
  }
  const limitMs = head(state)?.task.timeoutMs ?? 0;
  if (limitMs > 0 && state.stop === undefined && state.headSince + limitMs <= now)
    startStop(state, 'timeout', now);
  escalateStop(state, now);
  if (state.recallAt !== undefined && state.recallAt <= now) recall(state);
  const resultsAt = resendAt(state);
  if (resultsAt !== undefined && resultsAt <= now) resendDue(state, now);
  const { processor } = state;
  if (processor.phase === 'starting' && processor.until <= now) {
    killProcessor(state, `it was not ready within ${state.config.processorStartMs} ms`);
  } else if (processor.phase === 'down' && processor.restartAt <= now) startProcessor(state, now);
};

export const earliestDeadline = (state: WorkerState): Instant | undefined => {
  if (state.phase.name === 'ended') return undefined;
  let at = Math.min(state.heartbeatAt, state.lastEchoAt + state.config.deathTimeoutMs);
  if (state.phase.name === 'draining' && state.phase.by === 'here') at = Math.min(at, state.phase.until);
  if (state.lifetimeAt !== undefined) at = Math.min(at, state.lifetimeAt);
  if (state.stop !== undefined) {
    if (state.stop.step !== 'kill') at = Math.min(at, state.stop.nextAt);
  } else {
    const limitMs = head(state)?.task.timeoutMs ?? 0;
    if (limitMs > 0) at = Math.min(at, state.headSince + limitMs);
  }
  if (state.recallAt !== undefined) at = Math.min(at, state.recallAt);
  at = Math.min(at, resendAt(state) ?? Infinity);
  if (state.processor.phase === 'starting') at = Math.min(at, state.processor.until);
  if (state.processor.phase === 'down') at = Math.min(at, state.processor.restartAt);
  return instant(at);
};
