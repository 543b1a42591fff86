/** Temporary keys of a role, however they are handed out. */
import type { Account } from '../account.ts';
import type { RoleRecord, Roles } from '../iam/roles.ts';
import type { AccessKey, Identities } from '../identity.ts';
import type { Random } from '../random.ts';

export interface Sessions {
  readonly account: Account;
  readonly roles: Roles;
  readonly identities: Identities;
  readonly random: Random;
}

export interface Session {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
  readonly arn: string;
  readonly userId: string;
}

/** New keys that may do what the role may, asked at each call. */
export const openSession = (sessions: Sessions, role: RoleRecord, name: string, seconds: number): Session => {
  const { account, roles, random } = sessions;
  const expiresAtMs = account.now() + seconds * 1_000;
  const arn = account.arn('sts', `assumed-role/${role.name}/${name}`);
  const userId = `${role.id}:${name}`;
  const key: AccessKey & { readonly sessionToken: string } = {
    id: `ASIA${random.hex(16).toUpperCase()}`,
    secret: random.hex(40),
    sessionToken: `peer-session-${random.hex(40)}`,
    expiresAtMs,
    principal: { arn, userId, policies: () => roles.policiesOf(role) },
  };
  sessions.identities.add(key);
  return {
    accessKeyId: key.id,
    secretAccessKey: key.secret,
    sessionToken: key.sessionToken,
    expiration: account.wall(expiresAtMs),
    arn,
    userId,
  };
};
