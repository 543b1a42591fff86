/** Ends groups. Never behind launches: stops have a bucket and sockets of their own. */
import type { Provisioner, ProvisionFailure } from '@muster/adapter-kit/provisioner';
import type { GroupId } from '@muster/protocol/ids';
import { EcsCallError } from './calls.ts';
import type { Ecs, KnownTask } from './ecs.ts';
import { buryDead, doubtUntil, listGroups, stopTask } from './poller.ts';
import { VISIBLE_WITHIN_MS } from './states.ts';

export const stopGroups = async (
  ecs: Ecs,
  ids: readonly GroupId[],
  reason: string,
  signal: AbortSignal,
): ReturnType<Provisioner['stop']> => {
  const known = new Set([...ecs.tasks.values()].map(({ groupId }) => groupId));
  if (!ecs.hasListed && ids.some((id) => !known.has(id))) await listGroups(ecs, signal);
  const outcomes = await Promise.all(ids.map((id) => stopGroup(ecs, id, reason, signal)));
  return {
    stopped: outcomes.flatMap((one) => (typeof one === 'string' ? [one] : [])),
    failures: outcomes.flatMap((one) => (typeof one === 'string' ? [] : [one])),
  };
};

const stopGroup = async (
  ecs: Ecs,
  group: GroupId,
  reason: string,
  signal: AbortSignal,
): Promise<GroupId | ProvisionFailure> => {
  const tasks = [...ecs.tasks.values()].filter(({ groupId }) => groupId === group);
  if (tasks.length === 0) return onUnknown(ecs, group);
  ecs.stopAsked.add(group);
  try {
    await Promise.all(
      tasks.filter(({ phase }) => phase !== 'gone').map((task) => stopOne(ecs, task, reason, signal)),
    );
    buryDead(ecs, group);
    return group;
  } catch (error) {
    if (!(error instanceof EcsCallError)) throw error;
    return { groupId: group, kind: error.verdict.kind, detail: error.verdict.detail, cause: error };
  }
};

const stopOne = async (ecs: Ecs, task: KnownTask, reason: string, signal: AbortSignal): Promise<void> => {
  try {
    await stopTask(ecs, task, reason, signal);
  } catch (error) {
    // Not known to ECS any more, or not yet: its rule of absence tells, and until then the kit asks again.
    if (!(error instanceof EcsCallError) || error.verdict.then.name !== 'missing') throw error;
  }
};

/**
 * Nothing is known of it. It may yet turn up where a start of it got no answer, or where a former process launched it right
 * before this one began: it then counts as stopping until that is over, and is stopped as soon as it is seen.
 */
const onUnknown = (ecs: Ecs, group: GroupId): GroupId => {
  if (ecs.ended.has(group)) return group;
  ecs.stopAsked.add(group);
  const until = doubtUntil(ecs.bornAt, VISIBLE_WITHIN_MS);
  if (!ecs.doubtful.has(group)) {
    if (ecs.clock.now() < until) ecs.doubtful.set(group, until);
    else ecs.stopAsked.delete(group);
  }
  return group;
};
