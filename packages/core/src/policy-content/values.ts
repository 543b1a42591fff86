/** Readers of values: each gives what stands there, or says what is wrong with it and what would be right. */
import type { Tier } from '../scaling/tuning.ts';
import { either } from './pieces.ts';
import type { Piece } from './pieces.ts';

/** @returns undefined when the value is wrong, with an error said. */
export type Reader<Value> = (piece: Piece, errors: string[]) => Value | undefined;

const wrong = ({ key, value, valueColumn }: Piece, errors: string[], what: string): undefined => {
  errors.push(`${key} "${value}" at column ${valueColumn} is not ${what}`);
  return undefined;
};

const decimal = (text: string): number | undefined => {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
};

export const number =
  (example: number): Reader<number> =>
  (piece, errors) =>
    decimal(piece.value) ?? wrong(piece, errors, `a number such as ${example}`);

/** 2^31 groups are more than anybody has; above it, sums would lose digits. */
const COUNT_MAX = 2_147_483_647;

/** A whole number, from 0. */
export const whole =
  (example: number): Reader<number> =>
  (piece, errors) => {
    const value = /^\d+$/.test(piece.value) ? Number(piece.value) : Number.NaN;
    return value <= COUNT_MAX ? value : wrong(piece, errors, `a whole number such as ${example}`);
  };

export const yesOrNo: Reader<boolean> = (piece, errors) => {
  if (piece.value === 'yes') return true;
  return piece.value === 'no' ? false : wrong(piece, errors, 'yes or no');
};

export const word =
  <Word extends string>(words: readonly Word[]): Reader<Word> =>
  (piece, errors) =>
    words.find((one) => one === piece.value) ?? wrong(piece, errors, either(words));

/** Seconds, given as milliseconds. @param isMore whether 0 makes no sense */
export const seconds =
  (example: number, isMore = false): Reader<number> =>
  (piece, errors) => {
    const value = decimal(piece.value);
    if (value !== undefined && (value > 0 || !isMore)) return value * 1_000;
    return wrong(piece, errors, `a number of seconds such as ${example}`);
  };

/** Seconds, or `auto`. */
export const secondsOrAuto =
  (example: number): Reader<number | 'auto'> =>
  (piece, errors) => {
    if (piece.value === 'auto') return 'auto';
    const value = decimal(piece.value);
    return value === undefined
      ? wrong(piece, errors, `auto or a number of seconds such as ${example}`)
      : value * 1_000;
  };

export const tiers: Reader<readonly Tier[]> = ({ key, value, valueColumn }, errors) => {
  const found: Tier[] = [];
  let start = valueColumn;
  const before = errors.length;
  for (const raw of value.split(',')) {
    const column = start + raw.length - raw.trimStart().length;
    start += raw.length + 1;
    const tier = tierOf(raw.trim());
    if (tier === undefined) {
      errors.push(
        `${key} "${raw.trim()}" at column ${column} is not the begin of an adapter's id with or without a cap, such as native:4`,
      );
    } else if (found.some(({ adapter }) => tier.adapter.startsWith(adapter))) {
      errors.push(`${key} "${raw.trim()}" at column ${column} is covered by a tier before it`);
    } else found.push(tier);
  }
  return errors.length > before ? undefined : found;
};

const tierOf = (text: string): Tier | undefined => {
  const match = /^(.*?)(?::(\d+))?$/.exec(text);
  const [, adapter = '', cap] = match ?? [];
  if (adapter === '' || adapter.endsWith(':') || /\s/.test(adapter)) return undefined;
  if (cap === undefined) return { adapter, groupsMax: undefined };
  return Number(cap) <= COUNT_MAX ? { adapter, groupsMax: Number(cap) } : undefined;
};
