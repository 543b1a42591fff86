/** The roles of the account, and when the rest of AWS sees what was done to them. */
import type { Account } from '../account.ts';
import { judge } from '../policy.ts';
import type { PolicyDocument, PolicyStatement } from '../policy.ts';
import type { Permission } from '../service.ts';
import { MANAGED_POLICIES } from './managed.ts';

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

interface Trust {
  /** From then on other services go by it. */
  readonly visibleAt: number;
  readonly text: string;
}

export interface RoleRecord {
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  readonly id: string;
  readonly createdAt: number;
  description: string | undefined;
  maxSessionSeconds: number;
  boundary: string | undefined;
  trusts: Trust[];
  tags: Tag[];
  readonly inline: Map<string, string>;
  readonly attached: Set<string>;
}

export interface RoleSpec {
  readonly name: string;
  readonly path?: string;
  /** JSON. */
  readonly trust: string;
  readonly attached?: readonly string[];
  readonly inline?: Readonly<Record<string, string>>;
  readonly tags?: readonly Tag[];
  readonly description?: string;
  readonly maxSessionSeconds?: number;
  readonly boundary?: string;
}

/** Who wants to take on a role. */
export type Taker =
  | { readonly kind: 'service'; readonly service: string; readonly sourceArn: string }
  | { readonly kind: 'principal'; readonly arn: string };

export interface Roles {
  readonly byName: Map<string, RoleRecord>;
  /** @param propagationMs until others see it; its own reads show it at once. */
  create(spec: RoleSpec, propagationMs: number): RoleRecord;
  setTrust(role: RoleRecord, text: string, propagationMs: number): void;
  byArn(arn: string): RoleRecord | undefined;
  canTake(arn: string, taker: Taker): boolean;
  /** What the role may do, by its attached and inline policies. */
  policiesOf(role: RoleRecord): readonly PolicyDocument[];
}

const SERVICE_LINKED = 'AWSServiceRoleForECS';
export const SERVICE_LINKED_ECS: RoleSpec = {
  name: SERVICE_LINKED,
  path: '/aws-service-role/ecs.amazonaws.com/',
  description: 'Role to enable Amazon ECS to manage your cluster.',
  trust: JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  }),
};

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

const isFor = (statement: PolicyStatement, taker: Taker, accountId: string): boolean => {
  const { Principal: principal } = statement;
  if (principal === '*') return true;
  if (typeof principal !== 'object' || principal === null) return false;
  const names = Object.entries(principal).flatMap(([kind, value]) =>
    listOf(value).map((name) => ({ kind, name: String(name) })),
  );
  return names.some(({ kind, name }) => {
    if (taker.kind === 'service') return kind === 'Service' && name === taker.service;
    // The account itself stands for everybody in it whose own policies allow it.
    return (
      kind === 'AWS' &&
      (name === '*' || name === taker.arn || name === accountId || name.endsWith(`::${accountId}:root`))
    );
  });
};

const trusts = (account: Account, role: RoleRecord, text: string, taker: Taker): boolean => {
  const document = JSON.parse(text) as PolicyDocument;
  const statements = listOf(document.Statement) as readonly PolicyStatement[];
  const context =
    taker.kind === 'service' ? { 'aws:sourceaccount': account.id, 'aws:sourcearn': taker.sourceArn } : {};
  const permission: Permission = { action: 'sts:AssumeRole', resource: role.arn, context };
  return (
    judge(
      statements
        .filter((one) => isFor(one, taker, account.id))
        .map((one) => ({ Statement: { ...one, Resource: '*' } })),
      permission,
    ) === 'allow'
  );
};

export const openRoles = (account: Account): Roles => {
  const byName = new Map<string, RoleRecord>();
  const ids = account.random('iam.ids');
  const byArn = (arn: string): RoleRecord | undefined =>
    [...byName.values()].find((role) => role.arn === arn);
  return {
    byName,
    byArn,
    create: (spec, propagationMs) => {
      const path = spec.path ?? '/';
      const now = account.now();
      const role: RoleRecord = {
        name: spec.name,
        path,
        arn: account.arn('iam', `role${path}${spec.name}`),
        id: `AROA${ids.hex(17).toUpperCase()}`,
        createdAt: now,
        description: spec.description,
        maxSessionSeconds: spec.maxSessionSeconds ?? 3_600,
        boundary: spec.boundary,
        trusts: [{ visibleAt: now + propagationMs, text: spec.trust }],
        tags: [...(spec.tags ?? [])],
        inline: new Map(Object.entries(spec.inline ?? {})),
        attached: new Set(spec.attached ?? []),
      };
      byName.set(spec.name, role);
      return role;
    },
    setTrust: (role, text, propagationMs) =>
      void role.trusts.push({ visibleAt: account.now() + propagationMs, text }),
    canTake: (arn, taker) => {
      const role = byArn(arn);
      const seen = role?.trusts.filter(({ visibleAt }) => visibleAt <= account.now()).at(-1);
      return role !== undefined && seen !== undefined && trusts(account, role, seen.text, taker);
    },
    policiesOf: (role) => [
      ...[...role.attached].flatMap(
        (arn) => MANAGED_POLICIES.get(arn.replace(/^arn:[^:]+:/, 'arn:aws:')) ?? [],
      ),
      ...[...role.inline.values()].map((text) => JSON.parse(text) as PolicyDocument),
    ],
  };
};
