/**
 * Scaling by what tasks need, each need for itself: `capability`, `target` and `waterfall` say how many workers a need
 * should have; who serves it, where groups are started for it and which idle ones may go is the same for all.
 *
 * A worker that can serve several needs is counted for one at a time: needs with more names come first, what they leave
 * serves the others. An idle group goes only if every need keeps the workers that it should have, so nothing that goes
 * is started again at once, and the last group that can serve a need stays as long as there are such tasks. What a need
 * may keep beyond that is only of the kind that offers it least else: tasks without needs keep no GPU groups.
 */
import { capabilityKey } from '@muster/protocol/ids';
import type { Capabilities } from '@muster/protocol/ids';
import type { Demand, ScalingDecision, ScalingView, Unservable } from '../view.ts';
import { capacities, capacityOf, decisionOf, EPSILON, hasAll, startingOf } from './draft.ts';
import type { Draft, Finding, Line } from './draft.ts';
import { Flow } from './flow.ts';
import { alternativesTo, askOrSay, candidatesFor, place, surplusOf } from './place.ts';
import type { Matches } from './place.ts';
import { releaseIdle, shrunk } from './release.ts';
import { offersOf, unservableOf } from './unservable.ts';
import { factsOf, needing, NOTHING_TO_DO } from './wording.ts';

/** Needs that a reason lists before it only counts. */
const LISTED_MAX = 3;
/** However small its share, a need has somebody who can serve it. */
const SHARE_MIN = 1e-6;

export interface NeedsRule {
  /** Workers that these tasks should have, in fractions: with fewer, groups are started for them. */
  want(demand: Demand, needs: Needs): number;
  /** With more workers of its own kind than this, idle ones may go; undefined: none ever goes. */
  readonly keep: ((demand: Demand, needs: Needs) => number) | undefined;
  /** Why more groups are asked for, and why there are too many. */
  why(demand: Demand, needs: Needs): string;
  readonly whyFewer: string;
  /** Order of filling before all else, and of emptying, from the last. */
  tierOf?(line: Line): number;
  /** Words, if groups of this line are not to be started for these tasks after all. */
  gate?(line: Line, demand: Demand, needs: Needs): string | undefined;
  /** What is found when that leaves nobody. */
  readonly gated?: Finding;
}

/** Who can serve whom. */
export interface Needs {
  readonly draft: Draft;
  /** Those that somebody can serve, most names first. */
  readonly demands: readonly Demand[];
  readonly unservable: readonly Unservable[];
  /** Different offers, their places by key, and which of the demands each can serve. */
  readonly offers: readonly Capabilities[];
  readonly kinds: ReadonlyMap<string, number>;
  readonly serves: readonly (readonly boolean[])[];
  readonly matches: Matches;
}

export const needsOf = (draft: Draft): Needs => {
  const { view } = draft;
  const matches = matcherOf(view);
  const unservable = unservableOf(view, matches);
  const demands = view.demands.filter((demand) => !unservable.has(demand)).sort(mostNamesFirst);
  const kinds = new Map<string, number>();
  const offers: Capabilities[] = [];
  for (const one of capacities(draft)) {
    const key = capabilityKey(one.offers);
    if (kinds.has(key)) continue;
    kinds.set(key, offers.length);
    offers.push(one.offers);
  }
  const serves = demands.map(({ needs }) => offers.map((one) => matches(one, needs)));
  return { draft, demands, unservable: [...unservable.values()], offers, kinds, serves, matches };
};

/**
 * By names. What nobody offers by name runs anywhere if the allocation policy ignores needs: then any worker matches,
 * which is what a mismatched pair such as `allocate=even_load; scaling=capability` comes to.
 */
const matcherOf = (view: ScalingView): Matches => {
  const named = new Map<string, boolean>();
  return (offers, needs) => {
    if (hasAll(offers, needs)) return true;
    if (!view.serves(offers, needs)) return false;
    const key = capabilityKey(needs);
    let known = named.get(key);
    if (known === undefined) {
      known = [...offersOf(view)].some((one) => hasAll(one, needs));
      named.set(key, known);
    }
    return !known;
  };
};

const mostNamesFirst = (one: Demand, other: Demand): number =>
  other.needs.size - one.needs.size || (one.key < other.key ? -1 : 1);

export const kindOf = ({ kinds }: Needs, offers: Capabilities): number =>
  kinds.get(capabilityKey(offers)) ?? -1;

const workersByKind = (needs: Needs): readonly number[] => {
  const workers = needs.offers.map(() => 0);
  for (const one of capacities(needs.draft)) {
    const kind = kindOf(needs, one.offers);
    workers[kind] = (workers[kind] ?? 0) + one.workers;
  }
  return workers;
};

const shareOut = (needs: Needs, serves: Needs['serves']): Flow => new Flow(workersByKind(needs), serves);

/** Of the kinds that can serve a need and are there, those that offer least beyond it. */
const homesOf = (needs: Needs): Needs['serves'] => {
  const workers = workersByKind(needs);
  return needs.demands.map(({ needs: named }, i) => {
    const beyond = needs.offers.map((offers, kind) =>
      needs.serves[i]?.[kind] === true && (workers[kind] ?? 0) > 0 ? surplusOf(offers, named) : Infinity,
    );
    const least = Math.min(...beyond);
    return beyond.map((names) => names === least && names < Infinity);
  });
};

export const byNeeds = (draft: Draft, needs: Needs, rule: NeedsRule): ScalingDecision => {
  const { demands, unservable } = needs;
  const tasks = draft.view.demands.reduce((sum, one) => sum + one.tasks, 0);
  const beyond = unservable.reduce((sum, one) => sum + one.tasks, 0);
  const facts = factsOf(tasks - beyond, beyond, capacityOf(draft), startingOf(draft));
  const grown = grow(draft, needs, rule);
  const findings = [...grown.findings, ...shrink(draft, needs, rule)];
  return decisionOf(draft, {
    facts,
    findings: findings.length === 0 && demands.length + capacityOf(draft) === 0 ? [NOTHING_TO_DO] : findings,
    alternatives: [...grown.gated, ...grown.alternatives],
    unservable,
  });
};

interface Grown {
  readonly findings: readonly Finding[];
  readonly alternatives: readonly string[];
  readonly gated: ReadonlySet<string>;
}

const grow = (draft: Draft, needs: Needs, rule: NeedsRule): Grown => {
  const flow = shareOut(needs, needs.serves);
  const unmet = needs.demands.map((demand, i) => flow.put(i, share(rule.want(demand, needs))));
  const findings: Finding[] = [];
  const gated = new Set<string>();
  let alternatives: readonly string[] = [];
  needs.demands.forEach((demand, i) => {
    const short = (unmet[i] ?? 0) > EPSILON ? flow.put(i, unmet[i] ?? 0) : 0;
    if (short <= EPSILON) return;
    const able = candidatesFor(draft, demand.needs, needs.matches, rule.tierOf);
    const candidates = able.filter((line) => {
      const words = rule.gate?.(line, demand, needs);
      if (words !== undefined) gated.add(words);
      return words === undefined;
    });
    const words = `${needing(demand)}: ${rule.why(demand, needs)}`;
    if (rule.gated !== undefined && candidates.length === 0 && able.length > 0) {
      if (rule.gated.rule === 'blocked') for (const one of gated) draft.blockedBy.add(one);
      findings.push({ rule: rule.gated.rule, words: `${words}, ${rule.gated.words}` });
      return;
    }
    const before = candidates.map((line) => line.placed);
    const left = place(candidates, demand.needs, short);
    candidates.forEach((line, at) => {
      const groups = line.placed - (before[at] ?? 0);
      if (groups > 0) flow.add(kindOf(needs, line.supply.offers), groups * line.adapter.workersPerGroup);
    });
    flow.put(i, Math.min(short, short - left));
    if (left > EPSILON) askOrSay(draft, candidates, demand.needs, left);
    const hasStarts = candidates.some((line, at) => line.placed > (before[at] ?? 0));
    findings.push({ rule: hasStarts ? 'above' : 'blocked', words });
    if (alternatives.length === 0) alternatives = alternativesTo(draft, candidates, demand.needs);
  });
  return { findings: abridged(findings), alternatives, gated };
};

const share = (workers: number): number => Math.max(SHARE_MIN, workers);

/** What is done comes before what is not. */
const abridged = (findings: readonly Finding[]): readonly Finding[] => {
  const sorted = [...findings].sort((one, other) => order(one) - order(other));
  const [first] = sorted;
  if (first === undefined || sorted.length <= LISTED_MAX) return sorted;
  const more = { rule: first.rule, words: `and ${sorted.length - LISTED_MAX} more needs` };
  return [...sorted.slice(0, LISTED_MAX), more];
};

const order = ({ rule }: Finding): number => ['above', 'blocked', 'gated'].indexOf(rule);

const shrink = (draft: Draft, needs: Needs, rule: NeedsRule): readonly Finding[] => {
  const { keep } = rule;
  if (keep === undefined) return [];
  const wanted = shareOut(needs, needs.serves);
  const kept = shareOut(needs, homesOf(needs));
  needs.demands.forEach((demand, i) => {
    wanted.put(i, share(rule.want(demand, needs)));
    kept.put(i, share(keep(demand, needs)));
  });
  const stay = new Set<Line>();
  releaseIdle(
    draft,
    (line) => {
      if (stay.has(line)) return false;
      const kind = kindOf(needs, line.supply.offers);
      const { workersPerGroup } = line.adapter;
      if (kept.take(kind, workersPerGroup)) {
        if (wanted.take(kind, workersPerGroup)) return true;
        kept.add(kind, workersPerGroup);
      }
      stay.add(line);
      return false;
    },
    rule.tierOf,
  );
  return draft.lines.some((line) => line.spare > 0) ? [shrunk(draft, rule.whyFewer)] : [];
};
