/**
 * The decisions of a worker adapter: which groups to start and stop at a provider, and what to tell the scheduler.
 * Level-triggered: commands edit a desired set, listings say what exists, and each step works off the difference, so a
 * lost command, a lost answer, a failed call or a restart needs no case of its own.
 */
import type { GroupId, Instant } from '@muster/protocol/ids';
import type { Machine } from './machine.ts';
import { never } from './machine.ts';
import { flushAnswers } from './provisioning/answers.ts';
import { expireCalls, onStartDone, onStopDone } from './provisioning/calls.ts';
import { check } from './provisioning/check.ts';
import { obeyDeferred, onMessage } from './provisioning/commands.ts';
import { converge, heartbeat, nextDeadline } from './provisioning/converge.ts';
import { onListFailed, onListed } from './provisioning/listing.ts';
import { onShutdown, shutdownProgress } from './provisioning/shutdown.ts';
import { createState } from './provisioning/state.ts';
import type { State } from './provisioning/state.ts';
import type {
  AdapterEffect,
  AdapterEvent,
  AdapterMachineConfig,
  RestoredIntent,
} from './provisioning/types.ts';

export { plan } from './provisioning/plan.ts';
export type { ObservedGroup, Plan } from './provisioning/plan.ts';
export { backoffMs, isDefinitive } from './provisioning/backoff.ts';
export type { StartFailureKind } from './provisioning/backoff.ts';
export type { Caps } from './provisioning/caps.ts';
export type {
  AdapterEffect,
  AdapterEvent,
  AdapterMachineConfig,
  Intent,
  ListedGroup,
  RestoredIntent,
  StartFailure,
  StopPolicy,
} from './provisioning/types.ts';

export interface AdapterSnapshot {
  readonly wanted: readonly GroupId[];
  readonly leaving: readonly GroupId[];
}

export type AdapterMachine = Machine<AdapterEvent, AdapterEffect> & {
  /** What the adapter wants and what it is still getting rid of; for people and tests. */
  snapshot(): AdapterSnapshot;
};

/**
 * @param restored what the intent file says, read before the first step.
 * @param intentsTrusted false where the file was unreadable or cut: whatever the provider shows within its listing lag is
 *   then adopted.
 */
export const createAdapterMachine = (
  config: AdapterMachineConfig,
  restored: readonly RestoredIntent[],
  intentsTrusted: boolean,
  now: Instant,
): AdapterMachine => {
  const state = createState(config, restored, intentsTrusted, now);
  return {
    step: (events, at) => {
      state.now = at;
      state.out = [];
      if (state.mode.name === 'exited') return [];
      for (const event of events) onEvent(state, event);
      expireCalls(state);
      obeyDeferred(state);
      shutdownProgress(state);
      if (isOver(state)) return state.out;
      converge(state);
      flushAnswers(state);
      heartbeat(state);
      return state.out;
    },
    nextDeadline: () => nextDeadline(state),
    check: () => check(state),
    snapshot: () => ({ wanted: [...state.wanted.keys()], leaving: [...state.leaving.keys()] }),
  };
};

const isOver = (state: State): boolean => state.mode.name === 'exited';

const onEvent = (state: State, event: AdapterEvent): void => {
  switch (event.kind) {
    case 'message':
      return onMessage(state, event.message);
    case 'connection':
      return onConnection(state, event.state);
    case 'listed':
      return onListing(state, event);
    case 'listFailed':
      return onListing(state, event);
    case 'startDone':
      return onStartDone(state, event);
    case 'stopDone':
      return onStopDone(state, event);
    case 'shutdown':
      return onShutdown(state, event.policy, event.withinMs);
    case 'deadline':
      return;
    default:
      return never(event);
  }
};

/** A scheduler that comes back may be another one: it is told everything at once and speaks as its next echo says. */
const onConnection = (state: State, link: State['link']): void => {
  state.link = link;
  if (link === 'down') {
    state.speaks = 'unknown';
    state.epoch = '';
  } else state.nextHeartbeatAt = state.now;
};

const onListing = (state: State, event: Extract<AdapterEvent, { kind: 'listed' | 'listFailed' }>): void => {
  const call = state.calls.get(event.call);
  if (call?.kind !== 'list') return;
  state.calls.delete(event.call);
  if (event.kind === 'listed') onListed(state, { call: event.call, begunAt: call.begunAt }, event.groups);
  else onListFailed(state, event.detail);
};
