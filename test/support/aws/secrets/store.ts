/** Where a setup keeps what a task must know and nobody else: Secrets Manager and Parameter Store share this. */
import type { Account } from '../account.ts';
import type { Permission } from '../service.ts';

export interface SecretTag {
  readonly Key: string;
  readonly Value: string;
}

export interface Secret {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  description: string | undefined;
  value: string;
  version: number;
  tags: SecretTag[];
  /** Waits for its end; undefined: it is there. */
  deletedAt: number | undefined;
}

export interface Secrets {
  readonly account: Account;
  readonly secrets: Map<string, Secret>;
  readonly parameters: Map<string, Secret>;
}

export const openSecrets = (account: Account): Secrets => ({
  account,
  secrets: new Map(),
  parameters: new Map(),
});

export const retag = (secret: Secret, added: readonly SecretTag[], removed: readonly string[]): void => {
  const tags = new Map(secret.tags.map((tag) => [tag.Key, tag]));
  for (const tag of added) tags.set(tag.Key, tag);
  for (const key of removed) tags.delete(key);
  secret.tags = [...tags.values()];
};

/** By name or ARN, with or without the six letters that Secrets Manager adds. */
export const findSecret = (store: Secrets, id: string): Secret | undefined =>
  store.secrets.get(id) ??
  [...store.secrets.values()].find(({ arn }) => arn === id || arn.slice(0, -7) === id);

export interface Resolved {
  readonly value: string;
  /** What the execution role must be allowed. */
  readonly needs: Permission;
}

const jsonMember = (text: string, key: string): string | undefined => {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const value: unknown = Object.getOwnPropertyDescriptor(parsed, key)?.value;
  return typeof value === 'string' ? value : undefined;
};

/**
 * What `secrets[].valueFrom` of a container means.
 * Source: ECS developer guide, "Pass sensitive data to an Amazon ECS container": a secret's ARN with
 * `:json-key:version-stage:version-id` behind it, or a parameter's name or ARN.
 */
export const resolveValueFrom = (store: Secrets, valueFrom: string): Resolved | undefined => {
  const secretArn = /^(arn:[^:]+:secretsmanager:[^:]+:[^:]+:secret:[^:]+)(?::([^:]*):[^:]*:[^:]*)?$/.exec(
    valueFrom,
  );
  if (secretArn !== null) {
    const [, arn = '', key = ''] = secretArn;
    const secret = findSecret(store, arn);
    if (secret === undefined || secret.deletedAt !== undefined) return undefined;
    const value = key === '' ? secret.value : jsonMember(secret.value, key);
    if (value === undefined) return undefined;
    return { value, needs: { action: 'secretsmanager:GetSecretValue', resource: secret.arn } };
  }
  const name = valueFrom.replace(/^arn:[^:]+:ssm:[^:]+:[^:]+:parameter/, '');
  const parameter = store.parameters.get(name) ?? store.parameters.get(name.replace(/^\//, ''));
  if (parameter === undefined) return undefined;
  return { value: parameter.value, needs: { action: 'ssm:GetParameters', resource: parameter.arn } };
};
