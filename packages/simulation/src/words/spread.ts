/** How a duration varies: what it looks like, and one sample of it. */
import type { Random } from '../random.ts';
import { durationMs, showMs } from './values.ts';
import type { Reader } from './words.ts';

/** All durations in milliseconds. */
export type Spread =
  | { readonly kind: 'fixed'; readonly ms: number }
  /** Every duration between the two is as likely. */
  | { readonly kind: 'uniform'; readonly lowMs: number; readonly highMs: number }
  | { readonly kind: 'exponential'; readonly meanMs: number }
  | { readonly kind: 'lognormal'; readonly medianMs: number; readonly sigma: number }
  /** Never shorter than `leastMs`; the smaller `shape` (above 1), the heavier the tail. */
  | { readonly kind: 'pareto'; readonly leastMs: number; readonly shape: number };

const FORMS = '6s, 6s±50%, 2s..10s, exp(6s), lognormal(6s,1.2) or pareto(2s,1.5)';
/** What a heavy tail is cut at, in medians or leasts: one task of the end of the world would outlast every plan. */
const TAIL_MAX = 10_000;

const positive = (text: string | undefined): number | undefined => {
  const ms = durationMs(text ?? '');
  return ms !== undefined && ms > 0 ? ms : undefined;
};

const numberOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;

const around = (text: string): Spread | undefined => {
  const match = /^(.+?)(?:±|\+-)(\d+(?:\.\d+)?)%$/.exec(text);
  const ms = positive(match?.[1]);
  const part = numberOf(match?.[2]);
  if (ms === undefined || part === undefined || part > 100) return undefined;
  return { kind: 'uniform', lowMs: ms * (1 - part / 100), highMs: ms * (1 + part / 100) };
};

const between = (text: string): Spread | undefined => {
  const [low, high, ...more] = text.split('..');
  const lowMs = durationMs(low ?? '');
  const highMs = positive(high);
  if (lowMs === undefined || highMs === undefined || more.length > 0 || highMs < lowMs) return undefined;
  return { kind: 'uniform', lowMs, highMs };
};

const called = (text: string): Spread | undefined => {
  const match = /^(exp|lognormal|pareto)\(([^,()]+)(?:,([^,()]+))?\)$/.exec(text);
  const [, kind, first, second] = match ?? [];
  const ms = positive(first);
  const shape = numberOf(second);
  if (ms === undefined) return undefined;
  if (kind === 'exp') return second === undefined ? { kind: 'exponential', meanMs: ms } : undefined;
  if (shape === undefined) return undefined;
  if (kind === 'lognormal') return { kind: 'lognormal', medianMs: ms, sigma: shape };
  return kind === 'pareto' && shape > 1 ? { kind: 'pareto', leastMs: ms, shape } : undefined;
};

export const spread: Reader<Spread> = (text) => {
  const ms = durationMs(text);
  const value: Spread | undefined =
    ms !== undefined
      ? { kind: 'fixed', ms }
      : text.includes('..')
        ? between(text)
        : text.includes('(')
          ? called(text)
          : around(text);
  if (value !== undefined) return { value };
  if (/^pareto\([^,()]+,(0(\.\d+)?|1(\.0+)?)\)$/.test(text))
    return { wrong: 'has no mean; the second number of pareto is above 1, such as pareto(2s,1.5)' };
  return { wrong: `is not a duration that varies; it is such as ${FORMS}` };
};

/** One duration, in milliseconds. Draws the same number of random numbers for every kind but `lognormal`. */
export const sample = (one: Spread, random: Random): number => {
  const part = random.next();
  switch (one.kind) {
    case 'fixed':
      return one.ms;
    case 'uniform':
      return one.lowMs + part * (one.highMs - one.lowMs);
    case 'exponential':
      return -Math.log(1 - part) * one.meanMs;
    case 'lognormal': {
      // Box and Muller's transform of two uniform numbers.
      const normal = Math.sqrt(-2 * Math.log(1 - part)) * Math.cos(2 * Math.PI * random.next());
      return one.medianMs * Math.min(TAIL_MAX, Math.exp(one.sigma * normal));
    }
    case 'pareto':
      return one.leastMs * Math.min(TAIL_MAX, (1 - part) ** (-1 / one.shape));
  }
};

export const meanMs = (one: Spread): number => {
  switch (one.kind) {
    case 'fixed':
      return one.ms;
    case 'uniform':
      return (one.lowMs + one.highMs) / 2;
    case 'exponential':
      return one.meanMs;
    case 'lognormal':
      return one.medianMs * Math.exp((one.sigma * one.sigma) / 2);
    case 'pareto':
      return (one.leastMs * one.shape) / (one.shape - 1);
  }
};

export const showSpread = (one: Spread): string => {
  switch (one.kind) {
    case 'fixed':
      return showMs(one.ms);
    case 'uniform':
      return `${showMs(one.lowMs)} to ${showMs(one.highMs)}`;
    case 'exponential':
      return `exponential, mean ${showMs(one.meanMs)}`;
    case 'lognormal':
      return `lognormal, median ${showMs(one.medianMs)}, sigma ${one.sigma}`;
    case 'pareto':
      return `Pareto, at least ${showMs(one.leastMs)}, shape ${one.shape}`;
  }
};
