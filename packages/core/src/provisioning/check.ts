/**
 * Invariants of the adapter machine.
 *
 * A1 a group is wanted or leaving, never both.
 * A2 groups accepted from a scheduler fit the caps together with all that exists, unless the provider showed more than was known.
 * A3 a group is in at most one call, and each call in flight is about groups that point back at it.
 * A4 the intent file names exactly the wanted groups that were handed to the provider.
 * A5 until the provider has been listed once, nothing is wanted, leaving, started or stopped.
 * A6 whatever waits has a deadline: a machine that has not ended asks to be woken.
 * A7 a closed id is not wanted.
 */
import type { GroupId } from '@muster/protocol/ids';
import { InvariantError } from '../machine.ts';
import { nextDeadline } from './converge.ts';
import type { State } from './state.ts';

const must = (holds: boolean, invariant: string): void => {
  if (!holds) throw new InvariantError(`adapter: ${invariant}`);
};

export const check = (state: State): void => {
  for (const id of state.leaving.keys()) must(!state.wanted.has(id), `A1 ${id} is wanted and leaving`);
  for (const id of state.ended.keys()) must(!state.wanted.has(id), `A7 ${id} is wanted and ended`);
  const { groupsMax } = state.config.caps;
  must(
    state.wanted.size + state.leaving.size <= Math.max(groupsMax, state.foundMax),
    'A2 more groups than the caps allow',
  );
  checkCalls(state);
  for (const group of state.wanted.values()) {
    const { name } = group.phase;
    if (name === 'starting' || name === 'doubtful')
      must(group.intent === 'open', `A4 ${group.groupId} is ${name} without an intent`);
  }
  if (state.adoptUntil === undefined) {
    must(state.wanted.size + state.leaving.size === 0, 'A5 groups before the first listing');
    for (const call of state.calls.values())
      must(call.kind === 'list', `A5 a ${call.kind} before the first listing`);
  }
  must(state.mode.name === 'exited' || nextDeadline(state) !== undefined, 'A6 nothing wakes the adapter');
};

const checkCalls = (state: State): void => {
  const inCalls = new Set<GroupId>();
  for (const [id, call] of state.calls) {
    if (call.kind === 'list') continue;
    for (const group of call.groups) {
      must(!inCalls.has(group), `A3 ${group} is in two calls`);
      inCalls.add(group);
      const wanted = state.wanted.get(group)?.phase;
      const leaving = state.leaving.get(group)?.phase;
      const pointsBack =
        (wanted?.name === 'starting' && wanted.call === id) ||
        (leaving?.name === 'calling' && leaving.call === id);
      must(pointsBack, `A3 ${group} knows nothing of call ${id}`);
    }
  }
};
