/** The decisions about the size of the fleet that were written down when they were made. */
import { showId } from '@muster/protocol/ids';
import type { Instant } from '@muster/protocol/ids';
import type { DecisionFacts } from '../explain.ts';
import type { SupplyChange } from '../scaling/record.ts';
import type { SchedulerState } from '../scheduler/state.ts';
import { plural, showAgo } from '../words.ts';

const isChange = ({ from, to }: SupplyChange): boolean => from !== to;

/** Latest first. One that changes nothing stands for all after it that said the same, with the time of the last. */
export const decisionFacts = (state: SchedulerState, now: Instant): readonly DecisionFacts[] =>
  [...state.records]
    .reverse()
    .sort((one, other) => other.at - one.at)
    .map(({ at, changes, ...record }) => ({
      ...record,
      agoMs: now - at,
      changes: changes.map((change) => ({ ...change, adapter: showId(change.adapter) })),
    }));

/** The last word about one side, in a line or two. */
export const latestLines = (state: SchedulerState, own: boolean, now: Instant): readonly string[] => {
  const side = own ? 'own' : 'stock';
  const latest = decisionFacts(state, now).find((decision) => decision.side === side);
  if (latest === undefined) return ['Nothing has been decided about the size of the fleet yet.'];
  return [
    `Scaling decided ${showAgo(latest.agoMs)}: ${latest.reason}.`,
    ...latest.changes.filter((change) => isChange(change) || change.limit !== '').map(changeLine),
    ...latest.blockedBy.map((what) => `In its way: ${what}.`),
  ];
};

/** `adapter native: 1 → 3 groups (5 asked for, at its limit of 3)` */
export const changeLine = ({ adapter, supply, from, asked, to, limit }: SupplyChange): string => {
  const who = `adapter ${adapter}${supply === '' ? '' : ` with ${supply}`}`;
  const what = from === to ? `stays at ${plural(to, 'group')}` : `${from} → ${plural(to, 'group')}`;
  return `${who}: ${what}${limit === '' ? '' : ` (${asked} asked for; ${limit})`}`;
};
