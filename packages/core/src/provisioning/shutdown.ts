/** How an adapter ends: draining, stopping or leaving its groups. */
import type { GroupId } from '@muster/protocol/ids';
import { heartbeat } from './converge.ts';
import { leave } from './groups.ts';
import { leaveAll } from './listing.ts';
import { later, note, send } from './state.ts';
import type { State } from './state.ts';
import type { StopPolicy } from './types.ts';

const REASON = 'the adapter is shutting down';

export const onShutdown = (state: State, policy: StopPolicy, withinMs: number): void => {
  note(state, 'info', 'adapter.shutdown', { policy, withinMs, groups: state.wanted.size });
  const until = later(state.now, withinMs);
  if (policy === 'leave') return exit(state);
  if (policy === 'stop') return stopAll(state, withinMs);
  if (state.mode.name === 'stopping') return;
  state.mode = { name: 'draining', until };
  for (const group of [...state.wanted.values()]) {
    if (group.intent === 'none' && group.phase.name === 'waiting') leave(state, group, REASON);
    else if (state.speaks === 'own') askForDrain(state, group.groupId);
  }
};

const askForDrain = (state: State, groupId: GroupId): void => {
  const query = JSON.stringify({ query: 'drainGroup', groupId });
  send(state, { kind: 'informationRequest', request: utf8OfAscii(query) });
};

/** Group ids are ASCII by their grammar, so that no encoder of the platform is needed here. */
const utf8OfAscii = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

const stopAll = (state: State, withinMs: number): void => {
  state.mode = { name: 'stopping', until: later(state.now, withinMs) };
  leaveAll(state, REASON);
};

/** Ends the machine once nothing is left, or time is up. A drain whose time is up goes on as a stop. */
export const shutdownProgress = (state: State): void => {
  if (state.mode.name !== 'draining' && state.mode.name !== 'stopping') return;
  const known = state.adoptUntil !== undefined;
  if (known && state.wanted.size + state.leaving.size === 0) return exit(state);
  if (state.mode.until > state.now) return;
  if (state.mode.name === 'stopping') return exit(state);
  note(state, 'warn', 'adapter.drain.timeout', { groups: state.wanted.size });
  stopAll(state, state.config.stopRepeatMs * 3);
};

const exit = (state: State): void => {
  for (const call of state.calls.keys()) state.out.push({ kind: 'abort', call });
  state.nextHeartbeatAt = state.now;
  heartbeat(state);
  state.mode = { name: 'exited' };
  state.out.push({ kind: 'exit', left: [...state.wanted.keys(), ...state.leaving.keys()] });
};
