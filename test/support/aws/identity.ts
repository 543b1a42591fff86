/** Who may speak to the account: access keys, what they belong to, and when they end. */
import type { PolicyDocument } from './policy.ts';

export interface Principal {
  /** As in messages and GetCallerIdentity. */
  readonly arn: string;
  readonly userId: string;
  /** `undefined`: everything is allowed. Asked at each call, so that a changed policy counts at once. */
  policies(): readonly PolicyDocument[] | undefined;
}

export interface AccessKey {
  readonly id: string;
  readonly secret: string;
  /** Temporary keys must come with it. */
  readonly sessionToken?: string;
  readonly principal: Principal;
  /** Milliseconds of the account's clock; absent: never. */
  readonly expiresAtMs?: number;
}

export interface Identities {
  add(key: AccessKey): void;
  /** The key stops being known, as if it had been deleted. */
  remove(id: string): void;
  find(id: string): AccessKey | undefined;
}

export const identities = (): Identities => {
  const keys = new Map<string, AccessKey>();
  return {
    add: (key) => void keys.set(key.id, key),
    remove: (id) => void keys.delete(id),
    find: (id) => keys.get(id),
  };
};
