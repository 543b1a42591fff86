/**
 * A worker adapter and its provider, in words:
 *
 *     ecs start=40s±30% groups=50 workers=4 price=0.2469/h minimum=60s offers=gpu fail=1%
 */
import { spread } from './words/spread.ts';
import type { Spread } from './words/spread.ts';
import { duration, name, offers, perMinute, price, share, whole } from './words/values.ts';
import { Words } from './words/words.ts';
import type { Parsed, Reader } from './words/words.ts';

export interface OfferedGroup {
  /** Names that every worker of such a group offers, sorted. */
  readonly offers: readonly string[];
  readonly dollarsPerHour: number;
}

/** Durations in milliseconds. */
export interface AdapterSpec {
  readonly text: string;
  readonly id: string;
  /** From the provider's word that it starts a group until its workers register. */
  readonly start: Spread;
  /** From the provider's word that it stops a group until it is gone and no longer paid for. */
  readonly stop: Spread;
  readonly groupsMax: number;
  readonly workersPerGroup: number;
  /** At least one. */
  readonly offers: readonly OfferedGroup[];
  /** What is paid for a group at least, however early it ends. */
  readonly billedMinimumMs: number;
  /** Starts that end without a worker, 0 to 1. */
  readonly failShare: number;
  readonly startsPerMinuteMax: number;
  readonly dollarsPerHourMax: number | undefined;
}

const KEYS = [
  'start',
  'stop',
  'groups',
  'workers',
  'price',
  'minimum',
  'offers',
  'fail',
  'launches',
  'budget',
];

const GROUPS_MAX = 100_000;
const WORKERS_MAX = 1_000;
/** As the production adapters. */
const STARTS_PER_MINUTE = 60;

export const parseAdapter = (text: string): Parsed<AdapterSpec> => {
  const words = new Words(text);
  const { text: id, column } = words.first;
  const named = name(id);
  if (id === '') words.errors.push('an adapter begins with its name, as in ecs groups=50');
  else if (id.includes('='))
    words.errors.push(
      `"${id}" at column ${column} stands where the name of the adapter belongs, as in ecs groups=50`,
    );
  else if (named.wrong !== undefined) words.errors.push(`"${id}" at column ${column} ${named.wrong}`);
  words.settle(0, KEYS);
  const groupsMax = words.need('groups', whole(1, GROUPS_MAX), '50');
  const workersPerGroup = words.get('workers', whole(1, WORKERS_MAX)) ?? 1;
  const start = words.get('start', spread) ?? { kind: 'fixed', ms: 1_000 };
  const stop = words.get('stop', spread) ?? { kind: 'fixed', ms: 0 };
  const cost = words.get('price', price) ?? 0;
  const offered = words.get('offers', offers) ?? [{ offers: [], dollarsPerHour: undefined }];
  const billedMinimumMs = words.get('minimum', duration()) ?? 0;
  const failShare = words.get('fail', share) ?? 0;
  const startsPerMinuteMax = words.get('launches', perMinute) ?? STARTS_PER_MINUTE;
  const dollarsPerHourMax = words.get('budget', budget);
  return words.done(() => ({
    text,
    id,
    start,
    stop,
    groupsMax: groupsMax ?? 0,
    workersPerGroup,
    offers: offered.map((one) => ({ offers: one.offers, dollarsPerHour: one.dollarsPerHour ?? cost })),
    billedMinimumMs,
    failShare,
    startsPerMinuteMax,
    dollarsPerHourMax,
  }));
};

/** Most dollars per hour that all its groups together may cost. */
const budget: Reader<number> = (text) => {
  const read = price(text.includes('/') ? text : `${text}/h`);
  return read.wrong === undefined ? read : { wrong: 'is not a rate of spending such as 5/h' };
};
