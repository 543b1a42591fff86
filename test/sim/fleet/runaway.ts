/** No runaway while groups boot: never more workers, here or on their way, than the tasks need, but for what fills up. */
import type { SchedulerStatus } from '@muster/core/scheduler-types';
import { capabilityKey, NO_CAPABILITIES } from '@muster/protocol/ids';
import type { SimAdapter } from './adapter.ts';
import type { Fleet } from './fleet.ts';
import { Violation } from './world.ts';

/** @param heard adapters that the scheduler hears: what starts at others is no capacity to it */
export const checkNoRunaway = (
  fleet: Fleet,
  heard: readonly SimAdapter[],
  status: SchedulerStatus,
  adapter: string,
): void => {
  const { policy, compat } = fleet.scenario.scheduler;
  if (compat === 'stock' || !policy.tuning.countStarting) return;
  const asked = heard.find(({ config }) => config.adapterId === adapter);
  // A primary is replaced whatever else is there.
  if ((asked?.config.offers?.length ?? 0) > 1) return;
  if (policy.scaling === 'fixed_elastic' && asked !== undefined && isPrimary(asked)) return;
  const { tasks, kinds } = unfinished(fleet, status);
  const largest = Math.max(...heard.map(({ config }) => config.workersPerGroup));
  // `target` gives each task a worker where that is what it takes.
  const perWorker = policy.scaling === 'target' ? 1 : policy.upperTaskRatio;
  const { minGroups, warmGroups } = policy.tuning;
  const primaries = policy.scaling === 'fixed_elastic' ? heard.filter(isPrimary).length : 0;
  const kept = (minGroups + warmGroups + primaries) * largest;
  // Groups that are kept warm are beside the busy ones, however little these do.
  const busy = warmGroups > 0 ? status.groups.filter((one) => one.held > 0).length * largest : 0;
  let room = Math.max(Math.ceil(tasks / perWorker), busy) + kinds * largest - 1 + kept;
  const offers = capabilityKey(asked?.config.capabilities ?? NO_CAPABILITIES);
  for (const { config } of heard) {
    // Others may have groups left that cannot run what waits.
    if (capabilityKey(config.capabilities) !== offers) continue;
    // Workers that are not back yet are no capacity.
    for (const { adapter: id, phase, workers } of status.groups) {
      if (id !== config.adapterId) continue;
      if (phase === 'requested') room -= config.workersPerGroup;
      else if (phase === 'running') room -= workers;
    }
  }
  if (room < 0)
    throw new Violation('runaway', `${-room} workers more than ${tasks} tasks need are wanted of ${adapter}`);
};

const isPrimary = ({ config }: SimAdapter): boolean => config.caps.groupsMax === 1;

/** A client may know of an end before the scheduler does, and the other way round. */
const unfinished = (fleet: Fleet, status: SchedulerStatus): { tasks: number; kinds: number } => {
  let tasks = 0;
  const kinds = new Set<string>();
  for (const task of fleet.book.tasks.values()) {
    if (!task.own) continue;
    kinds.add(capabilityKey(task.head.needs));
    if (task.end === undefined || task.abandoned) tasks++;
  }
  const { waiting, assigned, canceling } = status.tasks;
  return { tasks: Math.max(tasks, waiting + assigned + canceling), kinds: Math.max(1, kinds.size) };
};
