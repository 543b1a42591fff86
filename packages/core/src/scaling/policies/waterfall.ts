/**
 * Ordered tiers with caps: `tiers=native:4,ecs:20` fills adapters whose id begins with `native` up to 4 groups, then
 * those that begin with `ecs`. What a tier cannot take goes to the next one: because its cap is reached, because its
 * adapter allows no more, or because its starts fail and it rests. Groups go in the reverse order: those of the last
 * tier first.
 *
 * How many workers a need should have follows the ratios of `vanilla`, each need for itself. Adapters that no tier
 * names are never asked.
 */
import { showId } from '@muster/protocol/ids';
import { liveOf } from '../view.ts';
import type { Tier } from '../tuning.ts';
import type { ScalingPolicy } from '../view.ts';
import { byNeeds } from './by-needs.ts';
import { draftOf } from './draft.ts';
import { needsOf } from './needs.ts';
import type { Budget, Draft, Line } from './draft.ts';
import { count } from './wording.ts';

export const waterfall: ScalingPolicy = (view) => {
  const { upperTaskRatio, lowerTaskRatio } = view;
  const draft = draftOf(view);
  const tiers = tiersOf(draft);
  return byNeeds(draft, needsOf(draft), {
    want: ({ tasks }) => tasks / upperTaskRatio,
    keep: lowerTaskRatio > 0 ? ({ tasks }) => tasks / lowerTaskRatio : undefined,
    why: ({ tasks }) => `above ${upperTaskRatio} per worker, ${Math.ceil(tasks / upperTaskRatio)} needed`,
    whyFewer: `below ${lowerTaskRatio} per worker`,
    tierOf: (line) => tiers.get(line.adapter.key) ?? view.tuning.tiers.length,
    gate: (line) =>
      tiers.has(line.adapter.key) ? undefined : `${showId(line.adapter.key)}: no tier names it`,
    gated: { rule: 'blocked', words: 'but no tier names an adapter that can serve them' },
  });
};

/** The tier of each adapter, and a budget for each tier that has a cap. */
const tiersOf = (draft: Draft): ReadonlyMap<string, number> => {
  const { tiers } = draft.view.tuning;
  const found = new Map<string, number>();
  for (const { key } of draft.view.adapters) {
    const tier = tiers.findIndex((one) => key.startsWith(one.adapter));
    if (tier >= 0) found.set(key, tier);
  }
  tiers.forEach((tier, i) => {
    const lines = draft.lines.filter((line) => found.get(line.adapter.key) === i);
    const budget = budgetOf(tier, lines);
    if (budget !== undefined) for (const line of lines) line.budgets.push(budget);
  });
  return found;
};

/** Those that leave still run, so they count. */
const budgetOf = ({ adapter, groupsMax }: Tier, lines: readonly Line[]): Budget | undefined => {
  if (groupsMax === undefined) return undefined;
  const occupied = lines.reduce(
    (sum, { supply }) => sum + liveOf(supply) + supply.draining + supply.stopping,
    0,
  );
  return {
    left: Math.max(0, groupsMax - occupied),
    words: `tier ${adapter}: at its cap of ${count(groupsMax, 'group')}`,
    until: undefined,
  };
};
