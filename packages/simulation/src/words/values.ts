/** What values look like: durations, rates, shares, prices, needs. */
import type { Reader } from './words.ts';

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

export const HOUR_MS = 3_600_000;

/** Milliseconds of `500ms`, `2s`, `1.5h`, `1m30s`; undefined for anything else, also for a bare number other than 0. */
export const durationMs = (text: string): number | undefined => {
  if (text === '0') return 0;
  if (!/^(\d+(\.\d+)?(ms|s|min|m|h|d))+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|min|m|h|d)/g))
    ms += Number(amount) * (UNIT_MS.get(unit ?? '') ?? Number.NaN);
  return ms;
};

/** @param minMs the least that makes sense, inclusive. */
export const duration =
  (minMs = 0): Reader<number> =>
  (text) => {
    const ms = durationMs(text);
    if (ms === undefined) return { wrong: 'is not a duration such as 300s, 5min or 1.5h' };
    return ms < minMs ? { wrong: `is too short; it is at least ${showMs(minMs)}` } : { value: ms };
  };

const numberOf = (text: string): number | undefined =>
  /^(\d+\.?\d*|\.\d+)(e\d+)?$/.test(text) ? Number(text) : undefined;

export const whole =
  (min: number, max: number): Reader<number> =>
  (text) => {
    const value = numberOf(text.replaceAll('_', ''));
    if (value === undefined || !Number.isSafeInteger(value)) return { wrong: 'is not a whole number' };
    return value < min || value > max
      ? { wrong: `is out of range; it is ${showCount(min)} to ${showCount(max)}` }
      : { value };
  };

/** A factor above 0. */
export const factor: Reader<number> = (text) => {
  const value = numberOf(text);
  return value !== undefined && value > 0 && Number.isFinite(value)
    ? { value }
    : { wrong: 'is not a number above 0' };
};

const PER_MS: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['min', 60_000],
  ['m', 60_000],
  ['h', HOUR_MS],
  ['d', 24 * HOUR_MS],
]);

/** Events per millisecond of `40`, `40/s`, `100/min`, `5/h`. */
export const rate: Reader<number> = (text) => {
  const [amount = '', per = 's', ...more] = text.split('/');
  const value = numberOf(amount);
  const ms = PER_MS.get(per);
  return value === undefined || ms === undefined || more.length > 0
    ? { wrong: 'is not a rate such as 40 (per second), 100/min or 5/h' }
    : { value: value / ms };
};

/** Starts per minute, whole. */
export const perMinute: Reader<number> = (text) => {
  const read = rate(text.includes('/') ? text : `${text}/min`);
  if (read.wrong !== undefined) return { wrong: 'is not a rate such as 60/min' };
  const value = Math.round(read.value * 60_000);
  return value < 1 ? { wrong: 'is less than one a minute' } : { value };
};

/** 0 to 1 of `10%` or `0.1`. */
export const share: Reader<number> = (text) => {
  const isPercent = text.endsWith('%');
  const value = numberOf(isPercent ? text.slice(0, -1) : text);
  if (value === undefined) return { wrong: 'is not a share such as 10%' };
  const part = isPercent ? value / 100 : value;
  return part > 1 ? { wrong: 'is more than all; a share is 0% to 100%' } : { value: part };
};

/** Dollars per hour of `0.2469/h`, `$0.2469/h` or `1.5/d`. */
export const price: Reader<number> = (text) => {
  const [amount = '', per = 'h', ...more] = text.replace(/^\$/, '').split('/');
  const value = numberOf(amount);
  const ms = PER_MS.get(per);
  return value === undefined || ms === undefined || more.length > 0
    ? { wrong: 'is not a price such as 0.2469/h' }
    : { value: (value * HOUR_MS) / ms };
};

export const name: Reader<string> = (text) =>
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)
    ? { value: text }
    : { wrong: 'is not a name of letters, digits, dots, - and _' };

const CAPABILITY = /^[A-Za-z0-9_.-]+$/;

/** Sorted names of `gpu+large`; none of `-`. */
export const capabilityNames = (text: string): readonly string[] | undefined => {
  if (text === '-' || text === '') return [];
  const names = text.split('+');
  return names.every((one) => CAPABILITY.test(one)) ? [...new Set(names)].sort() : undefined;
};

export interface NeedShare {
  /** Sorted; empty for nothing special. */
  readonly needs: readonly string[];
  /** Of the tasks, 0 to 1. */
  readonly share: number;
}

/** Shares that sum up to 1 of `gpu`, `gpu:10%` or `gpu:10%,gpu+large:2%`; what is left needs nothing special. */
export const needs: Reader<readonly NeedShare[]> = (text) => {
  const shares: NeedShare[] = [];
  for (const part of text.split(',')) {
    const [names = '', of = '100%', ...more] = part.split(':');
    const found = capabilityNames(names);
    const read = share(of);
    if (found === undefined || read.wrong !== undefined || more.length > 0)
      return { wrong: 'is not a list of needs such as gpu or gpu:10%,gpu+large:2%' };
    shares.push({ needs: found, share: read.value });
  }
  const sum = shares.reduce((total, one) => total + one.share, 0);
  if (sum > 1 + 1e-9) return { wrong: `sums up to ${Math.round(sum * 100)}%; it is at most 100%` };
  return { value: sum < 1 - 1e-9 ? [...shares, { needs: [], share: 1 - sum }] : shares };
};

export interface Offer {
  /** Sorted. */
  readonly offers: readonly string[];
  /** Undefined: the price of the adapter. */
  readonly dollarsPerHour: number | undefined;
}

/** `gpu` (one kind of group), or several kinds with their prices: `-:0.25/h,gpu:1.2/h`. */
export const offers: Reader<readonly Offer[]> = (text) => {
  const found: Offer[] = [];
  for (const part of text.split(',')) {
    const [names = '', cost, ...more] = part.split(':');
    const capabilities = capabilityNames(names);
    const read = cost === undefined ? undefined : price(cost);
    if (capabilities === undefined || read?.wrong !== undefined || more.length > 0)
      return { wrong: 'is not a list of offers such as gpu, gpu+large or -:0.25/h,gpu:1.2/h' };
    found.push({ offers: capabilities, dollarsPerHour: read?.value });
  }
  const keys = new Set(found.map((one) => one.offers.join('+')));
  return keys.size < found.length ? { wrong: 'names the same offer twice' } : { value: found };
};

/** `450ms`, `12s`, `1.5min`, `3h`: the largest unit that keeps it short. */
export const showMs = (ms: number): string => {
  if (ms < 1_000) return `${trim(ms)}ms`;
  if (ms < 60_000) return `${trim(ms / 1_000)}s`;
  if (ms < HOUR_MS) return `${trim(ms / 60_000)}min`;
  return ms < 48 * HOUR_MS ? `${trim(ms / HOUR_MS)}h` : `${trim(ms / (24 * HOUR_MS))}d`;
};

const trim = (value: number): string => String(Math.round(value * 100) / 100);

/** `200,000`, the same on every machine. */
export const showCount = (count: number): string => {
  const [wholePart = '', fraction] = String(count).split('.');
  const grouped = wholePart.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
};
