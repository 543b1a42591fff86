/**
 * One worker: its queue, what its processor holds, and its results until the scheduler has them.
 *
 *   offered ─ queue ─ pipeline (the first one runs) ─ finished ─ acknowledged
 *      │        │         │ recalled: back to the queue
 *      └────────┴─────────┴─ given back unstarted, or canceled
 *
 * Invariants, asserted by `check()`:
 * W1 A held task is in exactly one place: the queue or the pipeline.
 * W2 A task is held or finished, never both.
 * W3 Runs grow along the pipeline and are never used twice.
 * W4 A wish for a task that may have begun waits for a recall that is out.
 * W5 What is handed over is with a processor that is ready or being killed.
 * W6 Only the head of the pipeline is being stopped.
 * W7 Unacknowledged bytes are counted, and beyond their bound nothing new is handed over.
 * W8 While draining nothing waits; drained means that nothing is held and nothing unacknowledged.
 */
import { instant } from '@muster/protocol/ids';
import type { Instant } from '@muster/protocol/ids';
import type { Message } from '@muster/protocol/messages';
import { never } from './machine.ts';
import type { Machine } from './machine.ts';
import { checkWorker } from './worker/check.ts';
import { createEstimates } from './worker/estimates.ts';
import * as life from './worker/lifecycle.ts';
import { fillPipeline, onFinished, onRecalled } from './worker/pipeline.ts';
import { createTaskQueue } from './worker/queue.ts';
import { onCancel, onTakeBack, onTasks } from './worker/requests.ts';
import { onResultAck } from './worker/results.ts';
import { emptyOutbox, note } from './worker/state.ts';
import type { WorkerState } from './worker/state.ts';
import type { WorkerConfig, WorkerEffect, WorkerEvent } from './worker-types.ts';

/** The first `deadline` event, due at once, sends the first heartbeat and starts the processor. */
export const createWorker = (config: WorkerConfig, now: Instant): Machine<WorkerEvent, WorkerEffect> => {
  const state = initialState(config, now);
  return {
    step: (events, at) => {
      if (state.phase.name === 'ended') return [];
      life.onTime(state, at);
      for (const event of events) onEvent(state, event, at);
      return flush(state, at);
    },
    nextDeadline: () => life.earliestDeadline(state),
    check: () => checkWorker(state),
  };
};

const initialState = (config: WorkerConfig, now: Instant): WorkerState => ({
  config,
  phase: { name: 'accepting' },
  scheduler: { kind: 'unknown' },
  connection: 'down',
  steppedAt: now,
  lastEchoAt: now,
  heartbeatAt: now,
  lifetimeAt: config.lifetimeMaxMs === undefined ? undefined : instant(now + config.lifetimeMaxMs),
  held: new Map(),
  queue: createTaskQueue(),
  pipeline: [],
  lastRun: 0,
  headSince: now,
  memoryPeakBytes: 0,
  memoryBytes: 0,
  stop: undefined,
  recallAt: undefined,
  recallOut: false,
  estimates: createEstimates(),
  processor: { phase: 'down', restartAt: now },
  startFailures: 0,
  finished: new Map(),
  finishedBytes: 0,
  resultsBlocked: false,
  out: emptyOutbox(),
});

const onEvent = (state: WorkerState, event: WorkerEvent, now: Instant): void => {
  if (state.phase.name === 'ended') return;
  switch (event.kind) {
    case 'tasks':
      return onTasks(state, event.tasks, now);
    case 'message':
      return onMessage(state, event.message, now);
    case 'connection':
      return life.onConnection(state, event.state, now);
    case 'processorReady':
      return life.onProcessorReady(state);
    case 'finished':
      return onFinished(state, event.runs, now);
    case 'recalled':
      return onRecalled(state, event.runs, now);
    case 'processorEnded':
      return life.onProcessorEnded(state, event.begun, event.detail, now);
    case 'memory':
      return life.onMemory(state, event.rssBytes);
    case 'stop':
      return life.drainHere(state, event.reason, now);
    case 'abandon':
      return life.exit(state, event.reason, false);
    case 'deadline':
      return life.onDeadline(state, now);
    default:
      return never(event);
  }
};

const onMessage = (state: WorkerState, message: Message, now: Instant): void => {
  switch (message.kind) {
    case 'workerHeartbeatEcho':
      return life.onEcho(state, message.extras, now);
    case 'taskCancel':
      return onCancel(state, message.taskId, message.force, now);
    case 'takeBack':
      return onTakeBack(state, message.tasks);
    case 'resultAck':
      return onResultAck(state, message.tasks);
    case 'drain':
      return life.onDrainMessage(state, message.action);
    case 'clientDisconnect':
      if (message.type === 'shutdown') life.exit(state, 'the scheduler shut down', state.held.size === 0);
      return;
    case 'disconnectResponse':
      return life.exit(state, 'the scheduler disconnected this worker', state.held.size === 0);
    default:
      // Deletions of objects and whatever later schedulers say: nothing that a worker must do.
      return note(state, 'debug', 'worker.message.ignored', { kind: message.kind });
  }
};

/** Each list leaves once, in an order in which the scheduler may read it: statements before results, the exit last. */
const flush = (state: WorkerState, now: Instant): readonly WorkerEffect[] => {
  fillPipeline(state, now);
  const { out } = state;
  const { effects, returned, kept } = out;
  // A stock scheduler knows no giving back: it takes what is left when the worker disconnects.
  if (returned.length + kept.length > 0 && state.scheduler.kind !== 'stock') {
    effects.push({
      kind: 'send',
      message: { kind: 'tasksReturned', returned: [...returned], kept: [...kept] },
    });
  }
  if (out.runs.length > 0) effects.push({ kind: 'execute', runs: [...out.runs] });
  if (out.results.size > 0) {
    effects.push({ kind: 'results', results: [...out.results], batched: state.scheduler.kind !== 'stock' });
  }
  life.finishDrain(state);
  if (out.exit !== undefined) {
    const worker = state.config.workerId;
    effects.push(
      { kind: 'send', message: { kind: 'disconnectRequest', worker } },
      { kind: 'exit', ...out.exit },
    );
  }
  state.out = emptyOutbox();
  return effects;
};
