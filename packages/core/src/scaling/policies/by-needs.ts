/**
 * Scaling by what tasks need, each need for itself: `capability`, `target` and `waterfall` say how many workers a need
 * should have; who serves it, where groups are started for it and which idle ones may go is the same for all.
 *
 * A worker that can serve several needs is counted for one at a time: needs with less choice come first, what they leave
 * serves the others. An idle group goes only if every need keeps the workers that it should have, so nothing that goes
 * is started again at once, and the last group that can serve a need stays as long as there are such tasks. What a need
 * may keep beyond that is only of the kind that offers it least else: tasks without needs keep no GPU groups.
 */
import { NO_CAPABILITIES } from '@muster/protocol/ids';
import type { Demand, ScalingDecision } from '../view.ts';
import { capacityOf, decisionOf, EPSILON, placedOf, startingOf } from './draft.ts';
import type { Draft, Finding, Line } from './draft.ts';
import type { Flow } from './flow.ts';
import { ableFor, homesOf, shareOut } from './needs.ts';
import type { Needs } from './needs.ts';
import { alternativesTo, askOrSay, place } from './place.ts';
import { releaseIdle, shrunk, spareKinds } from './release.ts';
import { count, factsOf, needing, NOTHING_TO_DO } from './wording.ts';

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
  readonly tierOf?: (line: Line) => number;
  /** Words, if groups of this line are not to be started for these tasks after all. */
  readonly gate?: (line: Line, demand: Demand, needs: Needs) => string | undefined;
  /** What is found when that leaves nobody. */
  readonly gated?: Finding;
}

export const byNeeds = (draft: Draft, needs: Needs, rule: NeedsRule): ScalingDecision => {
  const { demands, unservable } = needs;
  const tasks = draft.view.demands.reduce((sum, one) => sum + one.tasks, 0);
  const beyond = unservable.reduce((sum, one) => sum + one.tasks, 0);
  const facts = factsOf(tasks - beyond, beyond, capacityOf(draft), startingOf(draft));
  const grown = grow(draft, needs, rule);
  const findings = [...grown.findings, ...shrink(draft, needs, rule, grown.findings.length > 0)];
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

/** A demand that has fewer workers than it should. */
interface Short {
  readonly demand: Demand;
  readonly workers: number;
  /** Who can be asked, and who could but for the gate. */
  readonly candidates: readonly Line[];
  readonly able: readonly Line[];
}

/** What is started for one need may free workers for another, so it is gone through again, up to so many times. */
const ROUNDS_MAX = 8;

const grow = (draft: Draft, needs: Needs, rule: NeedsRule): Grown => {
  const gated = new Set<string>();
  const started = new Set<Demand>();
  let short = shortOf(needs, rule, gated, started);
  for (let round = 1; short.length > 0 && round < ROUNDS_MAX; round++) {
    const before = placedOf(draft);
    short = shortOf(needs, rule, gated, started);
    if (placedOf(draft) === before) break;
  }
  const found: Found[] = [...started].map((demand) => ({ rule: 'above', demand, but: '' }));
  for (const { demand, workers, candidates, able } of short) {
    if (rule.gated !== undefined && candidates.length === 0 && able.length > 0) {
      if (rule.gated.rule === 'blocked') for (const one of gated) draft.blockedBy.add(one);
      found.push({ rule: rule.gated.rule, demand, but: `, ${rule.gated.words}` });
      continue;
    }
    askOrSay(draft, candidates, demand.needs, workers);
    if (!started.has(demand)) found.push({ rule: 'blocked', demand, but: '' });
  }
  const [first = short[0]?.demand] = started;
  return { findings: told(found, needs, rule), alternatives: others(first, needs, rule), gated };
};

interface Found {
  readonly rule: string;
  readonly demand: Demand;
  readonly but: string;
}

/** What is done comes before what is not; a few are told, the others counted. */
const told = (found: readonly Found[], needs: Needs, rule: NeedsRule): readonly Finding[] => {
  const sorted = [...found].sort((one, other) => order(one) - order(other));
  const findings = sorted.slice(0, LISTED_MAX).map((one) => ({
    rule: one.rule,
    words: `${needing(one.demand)}: ${rule.why(one.demand, needs)}${one.but}`,
  }));
  const more = sorted.length - LISTED_MAX;
  if (more > 0) findings.push({ rule: sorted[0]?.rule ?? '', words: `and ${count(more, 'more need')}` });
  return findings;
};

const order = ({ rule }: Found): number => ['above', 'blocked', 'gated'].indexOf(rule);

const others = (demand: Demand | undefined, needs: Needs, rule: NeedsRule): readonly string[] => {
  if (demand === undefined) return [];
  const { able, candidates } = askedFor(needs.demands.indexOf(demand), needs, rule, new Set());
  return alternativesTo(needs.draft, candidates, demand.needs, able);
};

/** Starts groups as far as there is room. @returns those that are still short. */
const shortOf = (
  needs: Needs,
  rule: NeedsRule,
  gated: Set<string>,
  started: Set<Demand>,
): readonly Short[] => {
  const wants = needs.demands.map((demand) => share(rule.want(demand, needs)));
  const first = shareOut(needs, needs.serves);
  if (wants.every((workers, i) => first.put(i, workers) <= EPSILON)) return [];
  const asked = needs.demands.map((_, i) => askedFor(i, needs, rule, gated));
  const isOut = (i: number): boolean => asked[i]?.candidates.length === 0;
  // Those for whom nothing is started come last: they must not take what is started for others.
  const order = wants.map((_, i) => i).sort((one, other) => Number(isOut(one)) - Number(isOut(other)));
  const flow = shareOut(needs, needs.serves);
  const unmet = new Map(order.map((i) => [i, flow.put(i, wants[i] ?? 0)]));
  const short: Short[] = [];
  for (const [i, before] of unmet) {
    const demand = needs.demands[i];
    const workers = before > EPSILON ? flow.put(i, before) : 0;
    if (demand === undefined || workers <= EPSILON) continue;
    const { able = [], candidates = [] } = asked[i] ?? {};
    const placed = startFor(i, workers, candidates, needs, flow);
    if (placed > 0) started.add(demand);
    if (workers - placed > EPSILON) short.push({ demand, workers: workers - placed, candidates, able });
  }
  return short;
};

const askedFor = (
  i: number,
  needs: Needs,
  rule: NeedsRule,
  gated: Set<string>,
): Pick<Short, 'able' | 'candidates'> => {
  const able = ableFor(needs, i, rule.tierOf);
  const demand = needs.demands[i];
  const { gate } = rule;
  if (gate === undefined || demand === undefined) return { able, candidates: able };
  const candidates = able.filter((line) => {
    const words = gate(line, demand, needs);
    if (words !== undefined) gated.add(words);
    return words === undefined;
  });
  return { able, candidates };
};

/** @returns workers that there was room for. */
const startFor = (
  i: number,
  short: number,
  candidates: readonly Line[],
  needs: Needs,
  flow: Flow,
): number => {
  const before = candidates.map((line) => line.placed);
  const left = place(candidates, needs.demands[i]?.needs ?? NO_CAPABILITIES, short);
  candidates.forEach((line, at) => {
    const groups = line.placed - (before[at] ?? 0);
    if (groups > 0) flow.add(line.kind, groups * line.adapter.workersPerGroup);
  });
  flow.put(i, Math.min(short, short - left));
  return short - left;
};

const share = (workers: number): number => Math.max(SHARE_MIN, workers);

/** @param isOneShort whether some need has too few: then it is told which groups are too many. */
const shrink = (draft: Draft, needs: Needs, rule: NeedsRule, isOneShort: boolean): readonly Finding[] => {
  const { keep } = rule;
  if (keep === undefined) return [];
  // Only if there is somebody who might go: in a busy fleet there is not.
  let shares: { readonly wanted: Flow; readonly kept: Flow } | undefined;
  const stay = new Set<Line>();
  releaseIdle(
    draft,
    (line, workers) => {
      if (stay.has(line)) return false;
      const { kept, wanted } = (shares ??= sharesOf(needs, rule, keep));
      if (kept.take(line.kind, workers)) {
        if (wanted.take(line.kind, workers)) return true;
        kept.add(line.kind, workers);
      }
      stay.add(line);
      return false;
    },
    rule.tierOf,
  );
  if (!draft.lines.some((line) => line.spare > 0)) return [];
  return [shrunk(draft, isOneShort ? `${spareKinds(draft)}: ${rule.whyFewer}` : rule.whyFewer)];
};

/** What every need should have of all that can serve it, and what it may keep of its own kind. */
const sharesOf = (
  needs: Needs,
  rule: NeedsRule,
  keep: NonNullable<NeedsRule['keep']>,
): { readonly wanted: Flow; readonly kept: Flow } => {
  const wanted = shareOut(needs, needs.serves);
  const kept = shareOut(needs, homesOf(needs));
  needs.demands.forEach((demand, i) => {
    wanted.put(i, share(rule.want(demand, needs)));
    kept.put(i, share(keep(demand, needs)));
  });
  return { wanted, kept };
};
