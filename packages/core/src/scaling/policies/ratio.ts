/**
 * One ratio for all tasks and all workers: `vanilla`, and `fixed_elastic` with some adapters set apart.
 *
 * Beyond the documented rule: groups that start count as workers; as many groups as the ratio asks for are started at
 * once; tasks that no worker may run get one group that may; only groups that were idle for long enough are let go,
 * dearest first, never so many that the ratio would ask for them again, and never the last one that waiting tasks need.
 */
import { NO_CAPABILITIES, showId } from '@muster/protocol/ids';
import { liveOf } from '../view.ts';
import type { AdapterView, Demand, ScalingDecision, ScalingView } from '../view.ts';
import { capacityOf, decisionOf, draftOf, EPSILON, placedOf, startingOf, workersByKind } from './draft.ts';
import type { Draft, Finding, Line } from './draft.ts';
import { alternativesTo, askAnyway, askOrSay, candidatesFor, place } from './place.ts';
import { releaseIdle, shrunk } from './release.ts';
import { unservableOf } from './unservable.ts';
import { count, factsOf, names, NOTHING_TO_DO } from './wording.ts';

interface Inputs {
  readonly draft: Draft;
  /** Those that somebody can serve, most waiting first. */
  readonly demands: readonly Demand[];
  readonly tasks: number;
  readonly isPrimary: (adapter: AdapterView) => boolean;
}

/** @param isPrimary adapters with one group that is started with the first task and never stopped. */
export const byRatio = (
  view: ScalingView,
  isPrimary: (adapter: AdapterView) => boolean = () => false,
): ScalingDecision => {
  const draft = draftOf(view);
  const unservable = unservableOf(view, view.serves);
  const demands = view.demands.filter((demand) => !unservable.has(demand)).sort(mostWaitingFirst);
  const tasks = view.demands.reduce(
    (sum, demand) => sum + demand.tasks - (unservable.has(demand) ? demand.waiting : 0),
    0,
  );
  const beyond = [...unservable.values()].reduce((sum, one) => sum + one.tasks, 0);
  const facts = factsOf(tasks, beyond, capacityOf(draft), startingOf(draft));
  const inputs = { draft, demands, tasks, isPrimary };
  const findings = [...startPrimaries(inputs), ...grow(inputs), ...startStarved(inputs), ...shrink(inputs)];
  return decisionOf(draft, {
    facts,
    findings: findings.length === 0 && tasks + capacityOf(draft) === 0 ? [NOTHING_TO_DO] : findings,
    alternatives: draft.lines.some((line) => line.added > 0) ? alternatives(inputs) : [],
    unservable: [...unservable.values()],
  });
};

const mostWaitingFirst = (one: Demand, other: Demand): number =>
  other.waiting - one.waiting || other.tasks - one.tasks || (one.key < other.key ? -1 : 1);

/** Where groups for these tasks may be started beside the primary ones. */
const elasticFor = ({ draft, isPrimary }: Inputs, demand: Demand): readonly Line[] =>
  candidatesFor(
    draft,
    demand.needs,
    ({ adapter, supply }) => !isPrimary(adapter) && draft.view.serves(supply.offers, demand.needs),
  );

/** "A single worker group … that starts once and never shuts down"; one that was lost is replaced. */
const startPrimaries = ({ draft, demands, isPrimary }: Inputs): readonly Finding[] => {
  if (!draft.view.hadWork) return [];
  const findings: Finding[] = [];
  for (const adapter of draft.view.adapters) {
    if (!isPrimary(adapter) || adapter.supplies.some((supply) => liveOf(supply) > 0)) continue;
    const needs = demands[0]?.needs ?? NO_CAPABILITIES;
    const own = (line: Line): boolean => line.adapter === adapter;
    const [able] = candidatesFor(
      draft,
      needs,
      (one) => own(one) && draft.view.serves(one.supply.offers, needs),
    );
    const line = able ?? candidatesFor(draft, NO_CAPABILITIES, own)[0];
    if (line === undefined) continue;
    const left = place([line], needs, 1);
    if (left > EPSILON) askAnyway(draft, [line], needs, left);
    const rule = left > EPSILON ? 'blocked' : 'primary';
    findings.push({ rule, words: `primary ${showId(adapter.key)} gets its group` });
  }
  return findings;
};

const grow = (inputs: Inputs): readonly Finding[] => {
  const { draft, demands, tasks } = inputs;
  const { upperTaskRatio } = draft.view;
  const capacity = capacityOf(draft);
  const [first] = demands;
  if (first === undefined || tasks <= upperTaskRatio * capacity) return [];
  const needed = Math.max(capacity + 1, Math.ceil(tasks / upperTaskRatio));
  const words = `above ${upperTaskRatio} per worker, ${needed} needed`;
  const before = placedOf(draft);
  let missing = needed - capacity;
  for (const demand of demands) {
    if (isStarved(draft, demand)) missing += place(elasticFor(inputs, demand), demand.needs, 1) - 1;
  }
  for (const demand of demands) {
    // Those for whom nobody has room must not bring groups that only others can use.
    const most = demand === first ? missing : Math.min(missing, shortageOf(draft, demand));
    if (most > EPSILON) missing += place(elasticFor(inputs, demand), demand.needs, most) - most;
  }
  if (missing > EPSILON) askOrSay(draft, elasticFor(inputs, first), first.needs, missing);
  return [{ rule: placedOf(draft) > before ? 'above' : 'blocked', words }];
};

/** Workers, here or on their way, that may run these tasks. */
const ableWorkers = (draft: Draft, { needs }: Demand): number => {
  const workers = workersByKind(draft);
  return draft.kinds.reduce(
    (sum, { offers }, kind) => sum + (draft.view.serves(offers, needs) ? (workers[kind] ?? 0) : 0),
    0,
  );
};

/** Workers that the ratio asks for beyond those. */
const shortageOf = (draft: Draft, demand: Demand): number =>
  Math.ceil(demand.tasks / draft.view.upperTaskRatio) - ableWorkers(draft, demand);

/** They wait, and no worker may run them. */
const isStarved = (draft: Draft, demand: Demand): boolean =>
  demand.waiting > 0 && ableWorkers(draft, demand) === 0;

/** In vain, or it would not be starved. */
const isAskedFor = ({ lines, view }: Draft, { needs }: Demand): boolean =>
  view.adapters.length === 0 ||
  lines.some((line) => line.added > 0 && view.serves(line.supply.offers, needs));

/** The ratio may be satisfied by workers that may not run what waits: one group of those that may. */
const startStarved = (inputs: Inputs): readonly Finding[] => {
  const { draft, demands } = inputs;
  const findings: Finding[] = [];
  for (const demand of demands) {
    if (!isStarved(draft, demand) || isAskedFor(draft, demand)) continue;
    const before = placedOf(draft);
    const candidates = elasticFor(inputs, demand);
    const left = place(candidates, demand.needs, 1);
    if (left > EPSILON) askOrSay(draft, candidates, demand.needs, left);
    const words = `none that may run ${count(demand.waiting, 'task')} with ${names(demand.needs) || 'no needs'}`;
    findings.push({ rule: placedOf(draft) > before ? 'starved' : 'blocked', words });
  }
  return findings;
};

const shrink = ({ draft, demands, tasks, isPrimary }: Inputs): readonly Finding[] => {
  const { lowerTaskRatio } = draft.view;
  const capacity = capacityOf(draft);
  if (tasks >= lowerTaskRatio * capacity) return [];
  let excess = capacity - (tasks === 0 ? 0 : Math.ceil(tasks / lowerTaskRatio));
  const guard = lastOnes(draft, demands);
  releaseIdle(draft, (line, workers) => {
    if (workers > excess || isPrimary(line.adapter) || !guard(line, workers)) return false;
    excess -= workers;
    return true;
  });
  const why = `below ${lowerTaskRatio} per worker`;
  if (placedOf(draft) === 0) return [shrunk(draft, why)];
  // Groups have sizes: those that were just asked for may be more than needed, and that is nothing to be told.
  const isAnySpare = draft.lines.some((line) => line.spare > 0);
  return isAnySpare ? [shrunk(draft, `with those that start, ${why}`)] : [];
};

/** Says of each group whether it may go, and counts it as gone if so: the last one that waiting tasks need stays. */
const lastOnes = (draft: Draft, demands: readonly Demand[]): ((line: Line, workers: number) => boolean) => {
  const waiting = demands.filter((demand) => demand.waiting > 0);
  const left = waiting.map((demand) => ableWorkers(draft, demand));
  return (line, workers) => {
    const served = waiting.map(({ needs }) => draft.view.serves(line.supply.offers, needs));
    if (served.some((serves, i) => serves && (left[i] ?? 0) <= workers)) return false;
    served.forEach((serves, i) => {
      if (serves) left[i] = (left[i] ?? 0) - workers;
    });
    return true;
  };
};

const alternatives = (inputs: Inputs): readonly string[] => {
  const { draft, demands } = inputs;
  const [first] = demands;
  if (first === undefined) return [];
  const able = candidatesFor(draft, first.needs, ({ supply }) =>
    draft.view.serves(supply.offers, first.needs),
  );
  return alternativesTo(draft, elasticFor(inputs, first), first.needs, able);
};
