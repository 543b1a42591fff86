/**
 * The scheduler machine: tasks come in, workers get them, groups of workers come and go with the work.
 *
 * A step works in this order: events as they arrived, deadlines that are due all the same (what has arrived counts
 * before what is late), allocation once, taking back, scaling when it is due, and then everything that piled up for
 * each peer goes out together. After a pause tasks leave first: scaling then has the next step for itself, at once.
 */
import type { Instant, PeerId } from '@muster/protocol/ids';
import { allocate } from './allocation/allocate.ts';
import type { ExplainAnswer, ExplainQuery } from './explain.ts';
import { explain } from './explain/answer.ts';
import { never } from './machine.ts';
import type { Machine } from './machine.ts';
import type { SchedulerConfig, SchedulerEffect, SchedulerEvent, SchedulerStatus } from './scheduler-types.ts';
import { flushAcks } from './scheduler/acks.ts';
import { onAdapterTimeoutDue } from './scheduler/adapters.ts';
import { balanceIfDue } from './scheduler/balance.ts';
import { onCancelDue } from './scheduler/cancel.ts';
import { checkState } from './scheduler/check.ts';
import { onClientDown, onClientTimeoutDue } from './scheduler/clients.ts';
import { onObjectStore } from './scheduler/echo.ts';
import { flush } from './scheduler/flush.ts';
import { drainGroup, onGroupDue, settleDrain } from './scheduler/groups.ts';
import { index, indexBusy } from './scheduler/indexes.ts';
import { flushDeletions } from './scheduler/objects.ts';
import { expireOrphans } from './scheduler/orphans.ts';
import { onParkedDue, onUndelivered } from './scheduler/parked.ts';
import { onResendDue } from './scheduler/results.ts';
import { onMessage } from './scheduler/router.ts';
import { scaleIfDue } from './scheduler/scale.ts';
import { beginShutdown, checkShutdown, onShutdownDue } from './scheduler/shutdown.ts';
import { armBy, createState, flushSummed, moveTo, note } from './scheduler/state.ts';
import type { SchedulerState } from './scheduler/state.ts';
import { statusOf } from './scheduler/status.ts';
import type { Wake } from './scheduler/wake.ts';
import { onGraceDue, onWorkerDown, onWorkerTimeoutDue } from './scheduler/workers.ts';

export interface Scheduler extends Machine<SchedulerEvent, SchedulerEffect> {
  /** What an operator sees. Costs time proportional to workers and groups, not to tasks. */
  status(now: Instant): SchedulerStatus;
  /** Why it did what it did. Changes nothing; costs time by workers and groups. */
  explain(query: ExplainQuery, now: Instant): ExplainAnswer;
}

/** @param now when this scheduler came to life, on the clock that later steps are given. */
export const createScheduler = (config: SchedulerConfig, now: Instant): Scheduler =>
  schedulerOn(createState(config, now));

/** For measurements that look inside. */
export const schedulerOn = (state: SchedulerState): Scheduler => ({
  step: (events, at) => step(state, events, at),
  nextDeadline: () => state.timers.next(),
  check: () => checkState(state),
  status: (at) => statusOf(state, at),
  explain: (query, at) => explain(state, query, at),
});

const step = (
  state: SchedulerState,
  events: readonly SchedulerEvent[],
  now: Instant,
): readonly SchedulerEffect[] => {
  const pauseMs = now - state.now;
  moveTo(state, now);
  state.effects = [];
  for (const event of events) onEvent(state, event);
  let isScalingAsked = false;
  for (let timer = state.timers.takeDue(now); timer !== undefined; timer = state.timers.takeDue(now)) {
    onDue(state, timer.wake);
    if (timer.wake.kind === 'scaling') isScalingAsked = true;
  }
  settle(state);
  allocate(state);
  settle(state);
  balanceIfDue(state);
  const isUrgent = pauseMs >= PAUSE_MS && state.dirtyWorkers.length > 0 && state.stock.workers === 0;
  if (isUrgent && !isScalingAsked) scaleNext(state);
  else scaleIfDue(state);
  // Scaling may have begun to drain groups: their workers leave the indexes before anybody asks again.
  settle(state);
  flush(state);
  flushSummed(state);
  if (state.shutdown !== undefined) checkShutdown(state);
  const { effects } = state;
  state.effects = [];
  return effects;
};

/** Nothing was under way before: whoever submits now waits for every microsecond, and deciding takes a fifth of them. */
const PAUSE_MS = 10;

/** A deadline that is due is a step of its own, after the effects of this one are carried out. */
const scaleNext = (state: SchedulerState): void => {
  if (state.scalingDirty) armBy(state, state.scalingTimer, state.now);
};

/** Works off the marks of touched workers; a drain may end by that and touch more of them. */
const settle = (state: SchedulerState): void => {
  while (state.touchedWorkers.length > 0) {
    const touched = state.touchedWorkers;
    state.touchedWorkers = [];
    for (const worker of touched) {
      worker.touched = false;
      if (worker.phase === 'lost') continue;
      index(state, worker);
      indexBusy(state, worker);
      if (worker.group !== undefined && worker.group.phase === 'draining') settleDrain(state, worker.group);
    }
  }
};

const onEvent = (state: SchedulerState, event: SchedulerEvent): void => {
  switch (event.kind) {
    case 'message':
      return onMessage(state, event.from, event.message);
    case 'peerDown':
      return onPeerDown(state, event.peer);
    case 'undelivered':
      return onUndelivered(state, event.peer, event.message, event.why);
    case 'objectStore':
      return onObjectStore(state, event.state);
    case 'operator':
      return onOperator(state, event.request);
    case 'deadline':
      return;
    default:
      return never(event);
  }
};

/** A hint. Adapters are judged by their heartbeats alone. */
const onPeerDown = (state: SchedulerState, peer: PeerId): void => {
  const worker = state.workers.get(peer);
  if (worker !== undefined) onWorkerDown(state, worker);
  const client = state.clients.get(peer);
  if (client !== undefined) onClientDown(state, client);
};

const onOperator = (
  state: SchedulerState,
  request: Extract<SchedulerEvent, { kind: 'operator' }>['request'],
): void => {
  if (request.action === 'shutdown')
    return beginShutdown(state, 'an operator asked for it', request.withinMs, 'drain');
  const group = state.groups.get(request.groupId);
  if (group === undefined) {
    note(state, 'operator.refused', 'warn', { group: request.groupId, reason: 'no such group' });
    return;
  }
  drainGroup(state, group, 'operator', 'an operator asked for it');
};

const onDue = (state: SchedulerState, wake: Wake): void => {
  switch (wake.kind) {
    case 'client':
      return onClientTimeoutDue(state, wake.client);
    case 'resend':
      return onResendDue(state, wake.client);
    case 'worker':
      return onWorkerTimeoutDue(state, wake.worker);
    case 'grace':
      return onGraceDue(state, wake.worker);
    case 'acks':
      return flushAcks(state, wake.worker);
    case 'cancel':
      return onCancelDue(state, wake.cancel);
    case 'adapter':
      return onAdapterTimeoutDue(state, wake.adapter);
    case 'group':
      return onGroupDue(state, wake.group);
    case 'scaling':
      state.scalingDirty = true;
      return;
    case 'balance':
      return;
    case 'deletions':
      return flushDeletions(state);
    case 'parked':
      return onParkedDue(state);
    case 'orphans':
      return expireOrphans(state);
    case 'shutdown':
      return onShutdownDue(state);
    default:
      return never(wake);
  }
};
