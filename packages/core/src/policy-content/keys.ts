/** Which keys there are, whose they are, and what they set. */
import type { ScalingPolicyName } from '../scheduler-types.ts';
import type { Tuning } from '../scaling/tuning.ts';
import type { Piece } from './pieces.ts';
import { number, seconds, secondsOrAuto, tiers, whole, word, yesOrNo } from './values.ts';
import type { Reader } from './values.ts';

export const SCALING: readonly ScalingPolicyName[] = [
  'no',
  'vanilla',
  'capability',
  'fixed_elastic',
  'target',
  'waterfall',
];

const RATIO: readonly ScalingPolicyName[] = ['vanilla', 'capability', 'fixed_elastic', 'waterfall'];
const ELASTIC: readonly ScalingPolicyName[] = SCALING.filter((name) => name !== 'no');

export interface Settings {
  upperTaskRatio: number | undefined;
  lowerTaskRatio: number | undefined;
  tuning: Tuning;
}

interface Key {
  readonly name: string;
  readonly policies: readonly ScalingPolicyName[];
  /** Reads the value and sets what it stands for, or says what is wrong with it. */
  apply(piece: Piece, settings: Settings, errors: string[]): void;
}

const keyOf = <Value>(
  name: string,
  policies: readonly ScalingPolicyName[],
  read: Reader<Value>,
  set: (settings: Settings, value: Value) => void,
): Key => ({
  name,
  policies,
  apply: (piece, settings, errors) => {
    const value = read(piece, errors);
    if (value !== undefined) set(settings, value);
  },
});

/** A key that sets one field of the tuning. */
const tuned = <Field extends keyof Tuning, Value extends Tuning[Field]>(
  name: string,
  field: Field,
  read: Reader<Value>,
  policies: readonly ScalingPolicyName[] = ELASTIC,
): Key =>
  keyOf(name, policies, read, (settings, value) => {
    settings.tuning = { ...settings.tuning, [field]: value };
  });

export const KEYS: readonly Key[] = [
  keyOf('upper_task_ratio', RATIO, number(10), (settings, value) => (settings.upperTaskRatio = value)),
  keyOf('lower_task_ratio', RATIO, number(1), (settings, value) => (settings.lowerTaskRatio = value)),
  tuned('target_seconds', 'drainMs', seconds(30, true), ['target']),
  tuned('assumed_seconds', 'assumedMs', seconds(5, true), ['target']),
  tuned('tiers', 'tiers', tiers, ['waterfall']),
  tuned('count_starting', 'countStarting', yesOrNo),
  tuned('start_step', 'startStep', whole(1)),
  tuned('decide', 'decideOn', word(['change', 'heartbeat'])),
  tuned('up_window', 'upWindowMs', seconds(5)),
  keyOf('down_window', ELASTIC, secondsOrAuto(60), (settings, value) => {
    settings.tuning = { ...settings.tuning, downWindowMs: value === 'auto' ? undefined : value };
  }),
  tuned('down_step', 'downStep', whole(10)),
  tuned('billed_minimum', 'billedMinimum', yesOrNo),
  tuned('breaker', 'breaker', yesOrNo),
  tuned('min_groups', 'minGroups', whole(1)),
  tuned('warm_groups', 'warmGroups', whole(1)),
];

/** Those that this policy knows; of all policies when none was named. */
export const keysOf = (scaling: ScalingPolicyName | undefined): readonly string[] => [
  'allocate',
  'scaling',
  ...KEYS.filter((key) => scaling === undefined || key.policies.includes(scaling)).map(({ name }) => name),
];
