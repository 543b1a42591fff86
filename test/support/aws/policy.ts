/**
 * A small evaluator of identity policies: enough to run under a least-privilege policy and to be refused by it.
 * Source: IAM user guide, "Policy evaluation logic": an explicit deny wins, then an allow, else denied.
 */
import type { Permission } from './service.ts';

export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Principal?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface PolicyDocument {
  readonly Version?: string;
  readonly Statement: PolicyStatement | readonly PolicyStatement[];
}

export type Verdict = 'allow' | 'implicitDeny' | 'explicitDeny';

const listOf = <T>(value: T | readonly T[] | undefined): readonly T[] => {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
};

/** `*` is any text, `?` any one letter. */
export const matches = (pattern: string, text: string, ignoreCase = false): boolean => {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, ignoreCase ? 'si' : 's').test(text);
};

type Comparison = (wanted: string, found: string) => boolean;

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  StringEquals: (wanted, found) => wanted === found,
  StringEqualsIgnoreCase: (wanted, found) => wanted.toLowerCase() === found.toLowerCase(),
  StringLike: (wanted, found) => matches(wanted, found),
  ArnEquals: (wanted, found) => matches(wanted, found),
  ArnLike: (wanted, found) => matches(wanted, found),
  Bool: (wanted, found) => wanted.toLowerCase() === found.toLowerCase(),
};

const holds = (operator: string, key: string, wanted: readonly string[], permission: Permission): boolean => {
  const set = /^ForA(ny|ll)Value[s]?:/.exec(operator);
  const ifExists = operator.endsWith('IfExists');
  const name = operator.replace(/^ForA(ny|ll)Values?:/, '').replace(/IfExists$/, '');
  const found = permission.context?.[key.toLowerCase()];
  const negated = name.includes('Not');
  const compare = COMPARISONS[name.replace('Not', '')];
  if (compare === undefined) throw new Error(`the peer does not know the condition ${operator}`);
  if (found === undefined) return ifExists || negated || (set !== null && set[1] === 'll');
  const values = listOf(found);
  const one = (value: string): boolean => wanted.some((want) => compare(want, value)) !== negated;
  return set !== null && set[1] === 'll' ? values.every(one) : values.some(one);
};

const applies = (statement: PolicyStatement, permission: Permission): boolean => {
  const action = (pattern: string): boolean => matches(pattern, permission.action, true);
  const resource = (pattern: string): boolean => matches(pattern, permission.resource);
  const named =
    statement.Action === undefined
      ? statement.NotAction !== undefined && !listOf(statement.NotAction).some(action)
      : listOf(statement.Action).some(action);
  const there =
    statement.Resource === undefined
      ? statement.NotResource !== undefined && !listOf(statement.NotResource).some(resource)
      : listOf(statement.Resource).some(resource);
  if (!named || !there) return false;
  return Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => holds(operator, key, listOf(wanted), permission)),
  );
};

/** @throws when a policy uses a condition that this evaluator does not know: it must not guess. */
export const judge = (policies: readonly PolicyDocument[], permission: Permission): Verdict => {
  const statements = policies.flatMap((policy) => listOf(policy.Statement));
  const applying = statements.filter((statement) => applies(statement, permission));
  if (applying.some((statement) => statement.Effect === 'Deny')) return 'explicitDeny';
  return applying.length > 0 ? 'allow' : 'implicitDeny';
};

/**
 * The message of a refusal. Source: IAM user guide, "Troubleshoot access denied error messages".
 * @param arn of the caller.
 */
export const refusal = (
  arn: string,
  permission: Permission,
  verdict: 'implicitDeny' | 'explicitDeny',
): string =>
  `User: ${arn} is not authorized to perform: ${permission.action} on resource: ${permission.resource} ` +
  (verdict === 'explicitDeny'
    ? 'with an explicit deny in an identity-based policy'
    : `because no identity-based policy allows the ${permission.action} action`);
