/** `vanilla` and `fixed_elastic` of Scaler 1.15.0: one start or one stop per heartbeat, by tracked tasks and connected workers. */
import { NO_CAPABILITIES } from '@muster/protocol/ids';
import type { StockAdapter, StockDecision, StockGroup, StockView } from './view.ts';

export const stockVanilla = (view: StockView, adapter: StockAdapter): StockDecision => {
  const { tasks, workers, reason } = totalsOf(view);
  const isFull = view.groups.length >= adapter.groupsMax;
  // Starting groups are not in the table and their workers not connected: one start on every heartbeat, until it is full.
  if (isAbove(view, tasks, workers)) return isFull ? nothing('limit', reason) : start('above', reason);
  if (!isBelow(view, tasks, workers)) return nothing('between', reason);
  const victim = leastQueued(view.groups.filter((group) => group.adapter === adapter.key));
  return victim === undefined
    ? nothing('between', reason)
    : { starts: [], stops: [victim.id], rule: 'below', reason };
};

/**
 * An adapter with `max_worker_groups == 1` is primary: started once in a scheduler's life, even if that fails, and never
 * stopped. Secondary ones never stop either: the set that should name their groups is never filled.
 */
export const stockFixedElastic = (view: StockView, adapter: StockAdapter): StockDecision => {
  const { tasks, workers, reason } = totalsOf(view);
  if (!isAbove(view, tasks, workers)) return nothing('between', reason);
  const mayStart = adapter.groupsMax === 1 ? !adapter.wasStarted : view.groups.length < adapter.groupsMax;
  return mayStart ? start('above', reason) : nothing('limit', reason);
};

const totalsOf = (
  view: StockView,
): { readonly tasks: number; readonly workers: number; readonly reason: string } => {
  const tasks = view.demands.reduce((sum, one) => sum + one.tasks, 0);
  const workers = view.workers.reduce((sum, one) => sum + one.workers, 0);
  return { tasks, workers, reason: `${tasks} tasks on ${workers} connected workers` };
};

const isAbove = ({ upperTaskRatio }: StockView, tasks: number, workers: number): boolean =>
  workers === 0 ? tasks > 0 : tasks / workers > upperTaskRatio;

const isBelow = ({ lowerTaskRatio }: StockView, tasks: number, workers: number): boolean =>
  workers > 0 && tasks / workers < lowerTaskRatio;

const start = (rule: string, reason: string): StockDecision => ({
  starts: [{ ask: NO_CAPABILITIES, groups: 1 }],
  stops: [],
  rule,
  reason,
});

export const nothing = (rule: string, reason: string): StockDecision => ({
  starts: [],
  stops: [],
  rule,
  reason,
});

/** Ties: the oldest. No look at what runs. */
export const leastQueued = (groups: readonly StockGroup[]): StockGroup | undefined => {
  let least: StockGroup | undefined;
  for (const group of groups) if (least === undefined || group.queued < least.queued) least = group;
  return least;
};
