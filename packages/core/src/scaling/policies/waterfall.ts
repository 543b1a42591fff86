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
import { tierRooms } from '../tiers.ts';
import type { TierRooms } from '../tiers.ts';
import type { ScalingPolicy } from '../view.ts';
import { byNeeds } from './by-needs.ts';
import { draftOf } from './draft.ts';
import { needsOf } from './needs.ts';
import type { Budget, Draft } from './draft.ts';
import { count } from './wording.ts';

export const waterfall: ScalingPolicy = (view) => {
  const { upperTaskRatio, lowerTaskRatio } = view;
  const draft = draftOf(view);
  const rooms = tierRooms(view);
  const { tierOf } = rooms;
  bindTiers(draft, rooms);
  return byNeeds(draft, needsOf(draft), {
    want: ({ tasks }) => tasks / upperTaskRatio,
    keep: lowerTaskRatio > 0 ? ({ tasks }) => tasks / lowerTaskRatio : undefined,
    why: ({ tasks }) => `above ${upperTaskRatio} per worker, ${Math.ceil(tasks / upperTaskRatio)} needed`,
    whyFewer: `below ${lowerTaskRatio} per worker`,
    tierOf: (line) => tierOf.get(line.adapter.key) ?? view.tuning.tiers.length,
    gate: (line) =>
      tierOf.has(line.adapter.key) ? undefined : `${showId(line.adapter.key)}: no tier names it`,
    gated: { rule: 'blocked', words: 'but no tier names an adapter that can serve them' },
  });
};

const bindTiers = ({ lines }: Draft, { tierOf, tiers }: TierRooms): void => {
  tiers.forEach(({ tier: { adapter, groupsMax }, room }, i) => {
    if (groupsMax === undefined) return;
    const words = `tier ${adapter}: at its cap of ${count(groupsMax, 'group')}`;
    const budget: Budget = { left: room, words, until: undefined };
    for (const line of lines) if (tierOf.get(line.adapter.key) === i) line.budgets.push(budget);
  });
};
