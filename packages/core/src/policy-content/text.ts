/** A policy as text again: {@link parsePolicyContent} reads back the same policy. */
import { TUNING } from '../scaling/tuning.ts';
import type { Tier, Tuning } from '../scaling/tuning.ts';
import type { PolicyConfig } from '../scheduler-types.ts';
import { keysOf } from './keys.ts';

/** Thresholds always, of the rest what is not as it is by default. */
export const policyText = (policy: PolicyConfig): string => {
  const { allocate, scaling, upperTaskRatio, lowerTaskRatio } = policy;
  const known = keysOf(scaling);
  const ratios = [
    ['upper_task_ratio', upperTaskRatio],
    ['lower_task_ratio', lowerTaskRatio],
  ].filter(([key]) => known.includes(String(key)));
  const all = [['allocate', allocate], ['scaling', scaling], ...ratios, ...tuned(policy)];
  return all.map(([key, value]) => `${key}=${value}`).join('; ');
};

/** Keys, beyond the thresholds, that are not as they are by default. */
export const tunedKeys = (policy: PolicyConfig): readonly string[] => tuned(policy).map(([key]) => key);

const tuned = ({ tuning, scaling }: PolicyConfig): readonly (readonly [key: string, value: string])[] => {
  const known = keysOf(scaling);
  return WORDS.flatMap(([key, field, show]): readonly (readonly [string, string])[] => {
    const value = show(tuning);
    return known.includes(key) && tuning[field] !== TUNING[field] && value !== '' ? [[key, value]] : [];
  });
};

type Word = readonly [key: string, field: keyof Tuning, show: (tuning: Tuning) => string];

const yesNo = (value: boolean): string => (value ? 'yes' : 'no');
const seconds = (ms: number | undefined): string => (ms === undefined ? '' : String(ms / 1_000));
const tier = ({ adapter, groupsMax }: Tier): string =>
  groupsMax === undefined ? adapter : `${adapter}:${groupsMax}`;

const WORDS: readonly Word[] = [
  ['target_seconds', 'drainMs', ({ drainMs }) => seconds(drainMs)],
  ['assumed_seconds', 'assumedMs', ({ assumedMs }) => seconds(assumedMs)],
  ['tiers', 'tiers', ({ tiers }) => tiers.map(tier).join(',')],
  ['count_starting', 'countStarting', ({ countStarting }) => yesNo(countStarting)],
  ['start_step', 'startStep', ({ startStep }) => String(startStep)],
  ['decide', 'decideOn', ({ decideOn }) => decideOn],
  ['up_window', 'upWindowMs', ({ upWindowMs }) => seconds(upWindowMs)],
  ['down_window', 'downWindowMs', ({ downWindowMs }) => seconds(downWindowMs)],
  ['down_step', 'downStep', ({ downStep }) => String(downStep)],
  ['billed_minimum', 'billedMinimum', ({ billedMinimum }) => yesNo(billedMinimum)],
  ['breaker', 'breaker', ({ breaker }) => yesNo(breaker)],
  ['min_groups', 'minGroups', ({ minGroups }) => String(minGroups)],
  ['warm_groups', 'warmGroups', ({ warmGroups }) => String(warmGroups)],
];
