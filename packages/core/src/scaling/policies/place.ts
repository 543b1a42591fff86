/** Where new groups go: the best adapter that can serve what they are for, and the next one when it has no room. */
import { capabilityKey, showId } from '@muster/protocol/ids';
import type { Capabilities } from '@muster/protocol/ids';
import { EPSILON, hasAll, recheck } from './draft.ts';
import type { Draft, Line } from './draft.ts';
import { names } from './wording.ts';

/** Phrases per decision; a fleet of a thousand adapters is not listed. */
const ALTERNATIVES_MAX = 8;

export type Matches = (offers: Capabilities, needs: Capabilities) => boolean;

/** For each adapter what it would start for these needs; best first. */
export const candidatesFor = (
  draft: Draft,
  needs: Capabilities,
  isAble: (line: Line) => boolean,
  tierOf: (line: Line) => number = () => 0,
): readonly Line[] => {
  const best: {
    readonly line: Line;
    readonly tier: number;
    readonly surplus: number;
    readonly price: number;
  }[] = [];
  for (const lines of draft.startable) {
    const line = lines.find(isAble);
    if (line === undefined) continue;
    const surplus = surplusOf(line.supply.offers, needs);
    best.push({ line, tier: tierOf(line), surplus, price: priceOf(line) });
  }
  if (best.length > 1)
    best.sort(
      (one, other) =>
        one.tier - other.tier ||
        one.surplus - other.surplus ||
        one.price - other.price ||
        one.line.order - other.line.order,
    );
  return best.map(({ line }) => line);
};

/** Names it offers that these tasks do not need: somebody else's tasks may. */
export const surplusOf = (offers: Capabilities, needs: Capabilities): number => {
  let beyond = 0;
  for (const name of offers.keys()) if (!needs.has(name)) beyond++;
  return beyond;
};

const surplus = ({ supply }: Line, needs: Capabilities): number => surplusOf(supply.offers, needs);

/** Dollars per worker and hour. */
export const priceOf = ({ supply, adapter }: Pick<Line, 'supply' | 'adapter'>): number =>
  supply.dollarsPerHour / Math.max(1, adapter.workersPerGroup);

/** The first that bounds it and is used up; undefined while there is room. */
const exhausted = (line: Line): Line['budgets'][number] | undefined =>
  line.budgets.find((budget) => budget.left < 1);

/** Adds groups for so many workers, candidate by candidate. @returns workers that found no room. */
export const place = (candidates: readonly Line[], needs: Capabilities, workers: number): number => {
  let missing = workers;
  for (const line of candidates) {
    if (missing <= EPSILON) break;
    const size = Math.max(1, line.adapter.workersPerGroup);
    const room = Math.min(...line.budgets.map((budget) => budget.left));
    const groups = Math.min(Math.max(0, Math.floor(room)), Math.ceil(missing / size - EPSILON));
    if (groups === 0) continue;
    for (const budget of line.budgets) budget.left -= groups;
    line.workers += groups * size;
    line.placed += groups;
    add(line, needs, groups);
    missing -= groups * size;
  }
  return missing;
};

/** The same where nobody might be there to be asked. */
export const askOrSay = (
  draft: Draft,
  candidates: readonly Line[],
  needs: Capabilities,
  workers: number,
): void => {
  if (draft.view.adapters.length === 0) draft.blockedBy.add('no adapter is here');
  else if (candidates.length === 0)
    draft.blockedBy.add(`no adapter may start groups with ${names(needs) || 'no needs'}`);
  askAnyway(draft, candidates, needs, workers);
};

/** What nobody has room for is still asked for, so that the limit which refuses it gets a name. */
export const askAnyway = (
  draft: Draft,
  candidates: readonly Line[],
  needs: Capabilities,
  workers: number,
): void => {
  for (const line of candidates) {
    for (const budget of line.budgets) {
      if (budget.left >= 1) continue;
      recheck(draft, budget.until);
      if (draft.blockedBy.size < ALTERNATIVES_MAX) draft.blockedBy.add(budget.words);
    }
  }
  const full = candidates.filter(({ budgets: [own] }) => own !== undefined && own.left < 1);
  const line = full.find(({ budgets: [own] }) => own?.until === undefined) ?? full[0];
  if (line === undefined) return;
  add(line, needs, Math.ceil(workers / Math.max(1, line.adapter.workersPerGroup) - EPSILON));
};

const add = (line: Line, needs: Capabilities, groups: number): void => {
  line.added += groups;
  const ask = offered(needs, line.supply.offers);
  const key = capabilityKey(ask);
  const index = line.starts.findIndex((wish) => capabilityKey(wish.ask) === key);
  const before = line.starts[index];
  if (before === undefined) line.starts.push({ ask, groups });
  else line.starts[index] = { ask, groups: before.groups + groups };
};

/** An allocation that ignores needs lets workers run what they do not offer; nobody is asked for that. */
const offered = (needs: Capabilities, offers: Capabilities): Capabilities =>
  hasAll(offers, needs) ? needs : new Map([...needs].filter(([name]) => offers.has(name)));

/** Why the other adapters were not asked for these. @param able those that could be, but for a rule that tells so itself. */
export const alternativesTo = (
  draft: Draft,
  candidates: readonly Line[],
  needs: Capabilities,
  able: readonly Line[] = candidates,
): readonly string[] => {
  const phrases: string[] = [];
  const chosen = candidates.findLast((line) => line.added > 0);
  const asked = new Map(candidates.map((line) => [line.adapter.key, line]));
  const known = new Set(able.map((line) => line.adapter.key));
  for (const adapter of draft.view.adapters) {
    if (phrases.length >= ALTERNATIVES_MAX) break;
    const line = asked.get(adapter.key);
    if (!known.has(adapter.key)) {
      phrases.push(`${showId(adapter.key)}: does not offer ${names(needs)}`);
    } else if (line?.added === 0 && chosen !== undefined) {
      phrases.push(exhausted(line)?.words ?? `${showId(adapter.key)}: ${behind(line, chosen, needs)}`);
    }
  }
  return phrases;
};

const behind = (line: Line, chosen: Line, needs: Capabilities): string => {
  if (surplus(line, needs) > surplus(chosen, needs)) return 'offers more than is needed';
  if (priceOf(line) > priceOf(chosen)) return 'dearer';
  return 'comes later';
};
