/**
 * What would change the size of the fleet, found out by asking the policy itself about views in which only the number
 * of tasks is another. Policies are pure, so that changes nothing; windows of limits are left out, because they only
 * say when.
 */
import { capabilityKey, groupId, NO_CAPABILITIES, showId } from '@muster/protocol/ids';
import type { OutlookFacts } from '../explain.ts';
import type { Decided } from '../scaling/decide.ts';
import { liveOf } from '../scaling/view.ts';
import type { Demand, IdleGroup, ScalingView, Supply } from '../scaling/view.ts';

export type AskPolicy = (view: ScalingView) => Decided;

/** Beyond so many tasks of a kind nobody expects another answer. */
const TASKS_MAX = 1_000_000;
const QUESTIONS_MAX = 200;
/** Enough for one kind of tasks. */
const QUESTIONS_MIN = 70;
const QUESTIONS_SIZE = 20_000;
const DEMANDS_MAX = 3;

/** Stands for tasks to come while there are none. */
const NOTHING: Demand = {
  key: '',
  needs: NO_CAPABILITIES,
  tasks: 0,
  waiting: 0,
  waitingMs: 0,
  unmeasured: 0,
};

export const outlook = (
  view: ScalingView,
  side: OutlookFacts['side'],
  ask: AskPolicy,
): readonly OutlookFacts[] => {
  const ranked = [...view.demands].sort(
    (one, other) => other.tasks - one.tasks || (one.key < other.key ? -1 : 1),
  );
  const demands = ranked.length === 0 ? [NOTHING] : ranked.slice(0, DEMANDS_MAX);
  let left = questionsFor(view);
  const askSparingly = (what: ScalingView): Decided | undefined => (left-- > 0 ? ask(what) : undefined);
  const unhurried = { ...view, tuning: { ...view.tuning, upWindowMs: 0, downWindowMs: 0 } };
  return demands.flatMap((demand) => {
    const growth = growsAt(withIdle(unhurried, noneIdle), demand, askSparingly);
    const facts: OutlookFacts = {
      side,
      needs: [...demand.needs.keys()].map(showId).sort(),
      unfinished: demand.tasks,
      growsAt: growth.at,
      growthBlockedBy: growth.blockedBy,
      shrinksAt: shrinksAt(unhurried, demand, askSparingly),
    };
    // What was not asked to its end is not known.
    return left < 0 ? [] : [facts];
  });
};

/** A question costs time by needs, offers and adapters, and all peers wait meanwhile. */
const questionsFor = ({ demands, adapters }: ScalingView): number => {
  const size = adapters.reduce((sum, { supplies }) => sum + supplies.length, 1 + demands.length);
  return Math.max(QUESTIONS_MIN, Math.min(QUESTIONS_MAX, Math.floor(QUESTIONS_SIZE / size)));
};

type Ask = (view: ScalingView) => Decided | undefined;

/** The same view with so many tasks of that kind: the difference waits, or has not waited. */
const withTasks = (view: ScalingView, demand: Demand, tasks: number): ScalingView => {
  const { key, needs, slowestMs } = demand;
  const waiting = Math.max(0, demand.waiting + tasks - demand.tasks);
  const measured = demand.waiting - demand.unmeasured;
  const eachMs = measured > 0 ? demand.waitingMs / measured : (slowestMs ?? 0);
  const unmeasured = measured > 0 || slowestMs !== undefined ? Math.min(demand.unmeasured, waiting) : waiting;
  const waitingMs = eachMs * (waiting - unmeasured);
  const changed: Demand = { key, needs, slowestMs, tasks, waiting, unmeasured, waitingMs };
  const others = view.demands.filter((one) => one.key !== key);
  return {
    ...view,
    hadWork: view.hadWork || tasks > 0,
    demands: tasks === 0 ? others : [...others, changed],
  };
};

const changes = (view: ScalingView, decided: Decided): 'more' | 'fewer' | 'none' => {
  let fewer = false;
  for (const { adapter, supply, groups } of decided.targets) {
    const live = liveIn(view, adapter, supply);
    if (groups > live) return 'more';
    if (groups < live) fewer = true;
  }
  return fewer ? 'fewer' : 'none';
};

const liveIn = (view: ScalingView, adapter: string, supply: string): number => {
  const found = view.adapters.find(({ key }) => key === adapter)?.supplies.find(({ key }) => key === supply);
  return found === undefined ? 0 : liveOf(found);
};

interface Growth {
  readonly at: number | undefined;
  readonly blockedBy: string;
}

const growsAt = (view: ScalingView, demand: Demand, ask: Ask): Growth => {
  const most = ask(withTasks(view, demand, TASKS_MAX));
  if (most !== undefined && changes(view, most) !== 'more')
    return { at: undefined, blockedBy: whyNot(demand, most) };
  const grows = (tasks: number): boolean => {
    const decided = ask(withTasks(view, demand, tasks));
    return decided !== undefined && changes(view, decided) === 'more';
  };
  let low = demand.tasks;
  let high = Math.max(1, demand.tasks);
  while (high < TASKS_MAX && !grows(high)) {
    low = high;
    high = Math.min(TASKS_MAX, high * 2);
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (grows(middle)) high = middle;
    else low = middle;
  }
  return { at: high, blockedBy: '' };
};

/** In the words of the policy, else of the limits, when the need is as great as can be. */
const whyNot = (demand: Demand, decided: Decided): string => {
  const { unservable, blockedBy } = decided.decision;
  const beyond = unservable.find(({ needs }) => capabilityKey(needs) === capabilityKey(demand.needs));
  if (beyond !== undefined)
    return beyond.missing.length === 0
      ? 'no single offer has them all'
      : `nobody offers ${beyond.missing.map(showId).join(', ')}`;
  if (blockedBy.length > 0) return blockedBy.join('; ');
  const limits = decided.targets.filter(({ limit }) => limit !== '');
  return [...new Set(limits.map(({ adapter, limit }) => `adapter ${showId(adapter)}: ${limit}`))].join('; ');
};

/** What is read of supplies is fixed, and idle groups are made up: nothing of the scheduler is touched. */
const withIdle = (view: ScalingView, idleOf: (supply: Supply) => Iterable<IdleGroup>): ScalingView => {
  const copy = (supply: Supply): Supply => {
    const { key, offers, dollarsPerHour, requested, running, draining, stopping, serving } = supply;
    const phases = { requested, running, draining, stopping, serving };
    const { workers, awaited } = supply;
    return { key, offers, dollarsPerHour, ...phases, workers, awaited, idle: idleOf(supply) };
  };
  return { ...view, adapters: view.adapters.map((one) => ({ ...one, supplies: one.supplies.map(copy) })) };
};

const noneIdle = (): Iterable<IdleGroup> => [];

/** As if every group had been idle for long enough. */
const allIdle =
  ({ now }: ScalingView): ((supply: Supply) => Iterable<IdleGroup>) =>
  ({ serving, workers: all, awaited = 0 }) => ({
    *[Symbol.iterator](): Generator<IdleGroup> {
      const workers = all === undefined ? undefined : (all + awaited) / serving;
      for (let i = 1; i <= serving; i++)
        yield { id: groupId(`idle-${i}`), idleSince: now, releasableAt: now, workers };
    },
  });

const shrinksAt = (view: ScalingView, demand: Demand, ask: Ask): number | undefined => {
  const idle = withIdle(view, allIdle(view));
  const shrinks = (tasks: number): boolean => {
    const decided = ask(withTasks(idle, demand, tasks));
    return decided !== undefined && changes(view, decided) === 'fewer';
  };
  if (shrinks(demand.tasks)) return demand.tasks;
  if (demand.tasks === 0 || !shrinks(0)) return undefined;
  let low = 0;
  let high = demand.tasks;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (shrinks(middle)) low = middle;
    else high = middle;
  }
  return low;
};
