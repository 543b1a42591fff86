/** Workers without a group: they count as capacity and are never stopped, until a group claims them. */
import { groupOfWorker } from '@muster/protocol/ids';
import { side } from './state.ts';
import type { SchedulerState } from './state.ts';
import { doubtAll } from './stock-adapter.ts';
import type { Worker } from './worker.ts';

/** A worker that has no group, or none that we know (yet). */
export const stray = (state: SchedulerState, worker: Worker): void => {
  const mine = side(state, worker.own);
  mine.ungrouped++;
  mine.offers.add(worker);
  if (!worker.own) {
    state.stockStrays.add(worker);
    doubtAll(state, worker);
    return;
  }
  const named = groupOfWorker(worker.id);
  if (named === undefined) return;
  const others = state.strays.get(named);
  if (others === undefined) state.strays.set(named, new Set([worker]));
  else others.add(worker);
};

export const unstray = (state: SchedulerState, worker: Worker): void => {
  const mine = side(state, worker.own);
  mine.ungrouped--;
  mine.offers.remove(worker);
  state.stockStrays.delete(worker);
  const named = groupOfWorker(worker.id);
  if (named === undefined) return;
  const others = state.strays.get(named);
  if (others?.delete(worker) === true && others.size === 0) state.strays.delete(named);
};
