/**
 * What a stock scheduler of 1.15.0 orders when an adapter's heartbeat comes, with all that is wrong with it.
 * Source: reference of the stock system, section 6.3.
 */
import { capabilityKey, NO_CAPABILITIES } from '@muster/protocol/ids';
import type { Capabilities, GroupId } from '@muster/protocol/ids';
import type { StockGroupRow, StockTables, StockWorkerRow } from './stock-scheduler.ts';

export interface StockCommand {
  readonly command: 'startWorkerGroup' | 'shutdownWorkerGroup';
  readonly group: GroupId | undefined;
  readonly capabilities: Capabilities;
}

const start = (capabilities: Capabilities): StockCommand => ({
  command: 'startWorkerGroup',
  group: undefined,
  capabilities,
});

const stop = (group: StockGroupRow): StockCommand => ({
  command: 'shutdownWorkerGroup',
  group: group.id,
  capabilities: NO_CAPABILITIES,
});

export const decideStock = (
  scaling: 'vanilla' | 'capability',
  tables: StockTables,
  groupsMax: number,
): readonly StockCommand[] =>
  scaling === 'vanilla' ? vanilla(tables, groupsMax) : capability(tables, groupsMax);

/** The one whose known workers have the least queued; the earliest one of several. */
const leastQueued = (groups: readonly StockGroupRow[], tables: StockTables): StockGroupRow | undefined => {
  let least: { readonly group: StockGroupRow; readonly queued: number } | undefined;
  for (const group of groups) {
    let queued = 0;
    for (const worker of tables.workers.values())
      if (group.workerIds.includes(worker.peer)) queued += worker.queuedTasks;
    if (least === undefined || queued < least.queued) least = { group, queued };
  }
  return least?.group;
};

const vanilla = (tables: StockTables, groupsMax: number): readonly StockCommand[] => {
  const { tasks, workers, groups } = tables;
  if (workers.size === 0) return tasks.size > 0 && groups.size < groupsMax ? [start(NO_CAPABILITIES)] : [];
  const ratio = tasks.size / workers.size;
  if (ratio > 10 && groups.size < groupsMax) return [start(NO_CAPABILITIES)];
  const victim = ratio < 1 ? leastQueued([...groups.values()], tables) : undefined;
  return victim === undefined ? [] : [stop(victim)];
};

const covers = (offers: Capabilities, needs: Capabilities): boolean =>
  [...needs.keys()].every((name) => offers.has(name));

const capability = (tables: StockTables, groupsMax: number): readonly StockCommand[] => {
  const groups = [...tables.groups.values()];
  const workers = [...tables.workers.values()];
  const wanted = new Map<string, { readonly needs: Capabilities; tasks: number }>();
  for (const { head } of tables.tasks.values()) {
    const key = capabilityKey(head.needs);
    const known = wanted.get(key);
    if (known === undefined) wanted.set(key, { needs: head.needs, tasks: 1 });
    else known.tasks++;
  }
  const starts: StockCommand[] = [];
  for (const { needs, tasks } of wanted.values()) {
    const capable = workers.filter((worker) => covers(worker.capabilities, needs)).length;
    const comes = groups.some((group) => covers(group.capabilities, needs));
    const short = capable === 0 ? !comes : tasks / capable > 5;
    if (short && groups.length < groupsMax) starts.push(start(needs));
  }
  if (starts.length > 0) return starts;
  return shrink(tables, groups, workers, [...wanted.values()]);
};

const shrink = (
  tables: StockTables,
  groups: readonly StockGroupRow[],
  workers: readonly StockWorkerRow[],
  wanted: readonly { readonly needs: Capabilities; readonly tasks: number }[],
): readonly StockCommand[] => {
  const stops: StockCommand[] = [];
  const sets = new Map(groups.map((group) => [capabilityKey(group.capabilities), group.capabilities]));
  for (const [key, offers] of sets) {
    const tasks = wanted.reduce((sum, one) => sum + (covers(offers, one.needs) ? one.tasks : 0), 0);
    const capable = workers.filter((worker) => covers(worker.capabilities, offers)).length;
    if (capable === 0 || tasks / capable >= 0.5) continue;
    const victim = leastQueued(
      groups.filter((group) => capabilityKey(group.capabilities) === key),
      tables,
    );
    if (victim === undefined) continue;
    const left = capable - victim.workerIds.length;
    if (tasks > 0 && left === 0) continue;
    if (left > 0 && tasks / left > 5) continue;
    stops.push(stop(victim));
  }
  return stops;
};
