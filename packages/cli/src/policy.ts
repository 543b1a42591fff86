/** `--policy-content` of `muster scheduler` and `muster up`. */
import { parsePolicyContent } from '@muster/core/policy-content';
import type { PolicyConfig } from '@muster/core/scheduler-types';
import { CliError } from './errors.ts';

/** @throws CliError (usage) that names what does not fit */
export const policyOf = (text: string): PolicyConfig => {
  const content = parsePolicyContent(text);
  if (content.kind === 'ok') return content.policy;
  throw new CliError(
    'usage',
    `--policy-content: ${content.errors.join('; ')}`,
    'Such as: --policy-content "allocate=even_load; scaling=vanilla"',
  );
};
