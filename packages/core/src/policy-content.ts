/**
 * `--policy-content`: which allocation and scaling policies a scheduler follows.
 *
 *     allocate=even_load; scaling=vanilla; upper_task_ratio=8; lower_task_ratio=1
 *
 * `allocate` and `scaling` are required, the ratios optional. Source: the stock grammar (pieces split at `;`,
 * each at its first `=`, spaces trimmed, a later duplicate wins), made strict: what it would ignore is an error.
 */
import { InvariantError } from './machine.ts';
import { TUNING } from './scaling/tuning.ts';
import type { AllocationPolicyName, PolicyConfig, ScalingPolicyName } from './scheduler-types.ts';

export type PolicyContent =
  | { readonly kind: 'ok'; readonly policy: PolicyConfig }
  /** All that is wrong, a sentence each: the word, its place (column, from 1) and what is possible there. */
  | { readonly kind: 'wrong'; readonly errors: readonly string[] };

const ALLOCATE = ['even_load', 'capability'] as const satisfies readonly AllocationPolicyName[];
const SCALING = ['no', 'vanilla'] as const satisfies readonly ScalingPolicyName[];
/** Policies of the founding documents that this release does not have. */
const SCALING_LATER = ['capability', 'fixed_elastic'];
/** Keys of the grammar. */
export const POLICY_KEYS: readonly string[] = ['allocate', 'scaling', 'upper_task_ratio', 'lower_task_ratio'];

/** Thresholds of `vanilla`. */
const UPPER_TASK_RATIO = 10;
const LOWER_TASK_RATIO = 1;

interface Piece {
  readonly value: string;
  readonly column: number;
}

export const parsePolicyContent = (text: string): PolicyContent => {
  const errors: string[] = [];
  const pieces = readPieces(text, errors);
  const allocate = choose(pieces, 'allocate', ALLOCATE, [], errors);
  const scaling = choose(pieces, 'scaling', SCALING, SCALING_LATER, errors);
  const upperTaskRatio = ratio(pieces, 'upper_task_ratio', UPPER_TASK_RATIO, errors);
  const lowerTaskRatio = ratio(pieces, 'lower_task_ratio', LOWER_TASK_RATIO, errors);
  if (upperTaskRatio <= 0 && errors.length === 0) errors.push('upper_task_ratio must be above 0');
  if (lowerTaskRatio > upperTaskRatio && errors.length === 0) {
    errors.push(
      `lower_task_ratio (${lowerTaskRatio}) must not be above upper_task_ratio (${upperTaskRatio})`,
    );
  }
  if (errors.length > 0 || allocate === undefined || scaling === undefined) return { kind: 'wrong', errors };
  return { kind: 'ok', policy: { allocate, scaling, upperTaskRatio, lowerTaskRatio, tuning: TUNING } };
};

/** A policy that is known to be right. @throws InvariantError for any other text. */
export const policyOf = (text: string): PolicyConfig => {
  const parsed = parsePolicyContent(text);
  if (parsed.kind === 'wrong') throw new InvariantError(parsed.errors.join('; '));
  return parsed.policy;
};

const readPieces = (text: string, errors: string[]): ReadonlyMap<string, Piece> => {
  const pieces = new Map<string, Piece>();
  let start = 0;
  for (const raw of text.split(';')) {
    const column = start + raw.length - raw.trimStart().length + 1;
    start += raw.length + 1;
    const piece = raw.trim();
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const key = (equals < 0 ? piece : piece.slice(0, equals)).trim();
    if (equals < 0) {
      errors.push(
        `"${piece}" at column ${column} is not of the form key=value; keys are ${list(POLICY_KEYS)}`,
      );
    } else if (!POLICY_KEYS.includes(key)) {
      errors.push(`unknown key "${key}" at column ${column}; keys are ${list(POLICY_KEYS)}`);
    } else {
      const value = piece.slice(equals + 1);
      const at = column + equals + 1 + value.length - value.trimStart().length;
      pieces.set(key, { value: value.trim(), column: at });
    }
  }
  return pieces;
};

const list = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;

const either = (words: readonly string[]): string => list(words).replace(/ and ([^ ]+)$/, ' or $1');

const choose = <Word extends string>(
  pieces: ReadonlyMap<string, Piece>,
  key: string,
  words: readonly Word[],
  later: readonly string[],
  errors: string[],
): Word | undefined => {
  const piece = pieces.get(key);
  if (piece === undefined) {
    errors.push(`${key} is missing; it is ${either(words)}, as in ${key}=${words[0] ?? ''}`);
    return undefined;
  }
  const word = words.find((one) => one === piece.value);
  if (word !== undefined) return word;
  const where = `at column ${piece.column}`;
  errors.push(
    later.includes(piece.value)
      ? `${key}=${piece.value} ${where} is not available yet; available are ${list(words)}`
      : `unknown ${key} policy "${piece.value}" ${where}; it is ${either(words)}`,
  );
  return undefined;
};

const ratio = (
  pieces: ReadonlyMap<string, Piece>,
  key: string,
  standard: number,
  errors: string[],
): number => {
  const piece = pieces.get(key);
  if (piece === undefined) return standard;
  const value = /^\d+(\.\d+)?$/.test(piece.value) ? Number(piece.value) : Number.NaN;
  if (value >= 0 && Number.isFinite(value)) return value;
  errors.push(`${key} "${piece.value}" at column ${piece.column} is not a number such as ${standard}`);
  return standard;
};
