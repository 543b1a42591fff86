/** Desired against observed: the level-triggered heart of every adapter. */
import type { GroupId } from '@muster/protocol/ids';

/** What an adapter believes to exist at its provider. */
export interface ObservedGroup {
  readonly groupId: GroupId;
  readonly state: 'pending' | 'starting' | 'running' | 'stopping';
}

export interface Plan {
  readonly start: readonly GroupId[];
  readonly stop: readonly GroupId[];
}

/**
 * What to do next. Pure: a lost command, a lost answer or a restart only changes its inputs.
 *
 * @param inFlight groups that a call to the provider is about; they are left alone until it returns.
 * @param again groups that show `stopping` and whose stop is to be asked for once more.
 */
export const plan = (
  desired: ReadonlySet<GroupId>,
  observed: readonly ObservedGroup[],
  inFlight: ReadonlySet<GroupId>,
  again: ReadonlySet<GroupId> = new Set(),
): Plan => {
  const seen = new Set(observed.map((group) => group.groupId));
  return {
    start: [...desired].filter((id) => !seen.has(id) && !inFlight.has(id)),
    stop: observed
      .filter(
        ({ groupId, state }) =>
          !desired.has(groupId) && !inFlight.has(groupId) && (state !== 'stopping' || again.has(groupId)),
      )
      .map((group) => group.groupId),
  };
};
