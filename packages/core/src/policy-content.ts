/**
 * `--policy-content`: which allocation and scaling policies a scheduler follows, and how.
 *
 *     allocate=capability; scaling=target; target_seconds=60; warm_groups=1
 *
 * `allocate` and `scaling` are required, other keys belong to the scaling policy (`docs/policies.md` lists them).
 * Source: the stock grammar (pieces split at `;`, each at its first `=`, spaces trimmed, a later duplicate wins), made
 * strict: what it would ignore is an error.
 */
import { InvariantError } from './machine.ts';
import { KEYS, keysOf, SCALING } from './policy-content/keys.ts';
import type { Settings } from './policy-content/keys.ts';
import { either, list, readPieces } from './policy-content/pieces.ts';
import type { Piece } from './policy-content/pieces.ts';
import { TUNING } from './scaling/tuning.ts';
import type { AllocationPolicyName, PolicyConfig, ScalingPolicyName } from './scheduler-types.ts';

export type PolicyContent =
  | { readonly kind: 'ok'; readonly policy: PolicyConfig }
  /** All that is wrong, a sentence each: the word, its place (column, from 1) and what is possible there. */
  | { readonly kind: 'wrong'; readonly errors: readonly string[] };

const ALLOCATE = ['even_load', 'capability'] as const satisfies readonly AllocationPolicyName[];

/** Keys of the grammar, of all policies. */
export const POLICY_KEYS: readonly string[] = keysOf(undefined);

/** Source: the founding documents; `waterfall` as later stock versions have it, one worker per ten tasks. */
const RATIOS: Readonly<Record<ScalingPolicyName, readonly [upper: number, lower: number]>> = {
  no: [10, 1],
  vanilla: [10, 1],
  capability: [5, 0.5],
  fixed_elastic: [10, 1],
  target: [10, 1],
  waterfall: [10, 1],
};

export const parsePolicyContent = (text: string): PolicyContent => {
  const errors: string[] = [];
  const pieces = readPieces(text, errors);
  const allocate = choose(pieces, 'allocate', ALLOCATE, errors);
  const scaling = choose(pieces, 'scaling', SCALING, errors);
  const settings = readSettings(pieces, scaling, errors);
  const [upper, lower] = RATIOS[scaling ?? 'vanilla'];
  const upperTaskRatio = settings.upperTaskRatio ?? upper;
  const lowerTaskRatio = settings.lowerTaskRatio ?? Math.min(lower, upperTaskRatio);
  if (errors.length === 0) checkRatios(upperTaskRatio, lowerTaskRatio, errors);
  if (scaling === 'waterfall' && !pieces.has('tiers'))
    errors.push('tiers is missing; scaling=waterfall needs it, as in tiers=native:4,ecs:20');
  if (errors.length > 0 || allocate === undefined || scaling === undefined) return { kind: 'wrong', errors };
  return {
    kind: 'ok',
    policy: { allocate, scaling, upperTaskRatio, lowerTaskRatio, tuning: settings.tuning },
  };
};

/** A policy that is known to be right. @throws InvariantError for any other text. */
export const policyOf = (text: string): PolicyConfig => {
  const parsed = parsePolicyContent(text);
  if (parsed.kind === 'wrong') throw new InvariantError(parsed.errors.join('; '));
  return parsed.policy;
};

const choose = <Word extends string>(
  pieces: ReadonlyMap<string, Piece>,
  key: string,
  words: readonly Word[],
  errors: string[],
): Word | undefined => {
  const piece = pieces.get(key);
  if (piece === undefined) {
    errors.push(`${key} is missing; it is ${either(words)}, as in ${key}=${words[0] ?? ''}`);
    return undefined;
  }
  const word = words.find((one) => one === piece.value);
  if (word === undefined)
    errors.push(
      `unknown ${key} policy "${piece.value}" at column ${piece.valueColumn}; it is ${either(words)}`,
    );
  return word;
};

const readSettings = (
  pieces: ReadonlyMap<string, Piece>,
  scaling: ScalingPolicyName | undefined,
  errors: string[],
): Settings => {
  const settings: Settings = { upperTaskRatio: undefined, lowerTaskRatio: undefined, tuning: TUNING };
  for (const piece of pieces.values()) {
    if (piece.key === 'allocate' || piece.key === 'scaling') continue;
    const key = KEYS.find(({ name }) => name === piece.key);
    const where = `at column ${piece.column}`;
    if (key === undefined) {
      errors.push(`unknown key "${piece.key}" ${where}; keys are ${list(keysOf(scaling))}`);
    } else if (scaling !== undefined && !key.policies.includes(scaling)) {
      errors.push(
        `${piece.key} ${where} means nothing to scaling=${scaling}; it belongs to ${list(key.policies)}`,
      );
    } else key.apply(piece, settings, errors);
  }
  return settings;
};

const checkRatios = (upper: number, lower: number, errors: string[]): void => {
  if (upper <= 0) errors.push('upper_task_ratio must be above 0');
  else if (lower > upper)
    errors.push(`lower_task_ratio (${lower}) must not be above upper_task_ratio (${upper})`);
};
