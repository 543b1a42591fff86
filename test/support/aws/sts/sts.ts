/** STS: who am I, and credentials of a role. Source: STS API reference. */
import type { Account } from '../account.ts';
import type { Roles } from '../iam/roles.ts';
import type { AccessKey, Identities, Principal } from '../identity.ts';
import type { Service } from '../service.ts';
import { operation } from '../service.ts';
import { AwsError } from '../wire/errors.ts';

export interface Sts {
  readonly account: Account;
  readonly roles: Roles;
  readonly identities: Identities;
}

interface AssumeInput {
  readonly RoleArn: string;
  readonly RoleSessionName: string;
  readonly DurationSeconds?: number;
}

const assume = (
  sts: Sts,
  input: AssumeInput,
  caller: Principal,
  random: ReturnType<Account['random']>,
): object => {
  const { account, roles } = sts;
  const role = roles.byArn(input.RoleArn);
  // A role that is not there, not there yet, or trusts somebody else: the caller is told the same.
  if (role === undefined || !roles.canTake(input.RoleArn, { kind: 'principal', arn: caller.arn }))
    throw new AwsError(
      'AccessDenied',
      `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${input.RoleArn}`,
      403,
    );
  const seconds = input.DurationSeconds ?? 3_600;
  if (seconds > role.maxSessionSeconds)
    throw new AwsError(
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
      400,
    );
  const id = `ASIA${random.hex(16).toUpperCase()}`;
  const sessionToken = `peer-session-${random.hex(40)}`;
  const expiresAtMs = account.now() + seconds * 1_000;
  const arn = account.arn('sts', `assumed-role/${role.name}/${input.RoleSessionName}`);
  const userId = `${role.id}:${input.RoleSessionName}`;
  const key: AccessKey = {
    id,
    secret: random.hex(40),
    sessionToken,
    expiresAtMs,
    principal: { arn, userId, policies: () => roles.policiesOf(role) },
  };
  sts.identities.add(key);
  return {
    Credentials: {
      AccessKeyId: id,
      SecretAccessKey: key.secret,
      SessionToken: sessionToken,
      Expiration: account.wall(expiresAtMs),
    },
    AssumedRoleUser: { AssumedRoleId: userId, Arn: arn },
  };
};

export const stsService = (sts: Sts): Service => {
  const random = sts.account.random('sts');
  return {
    name: 'sts',
    operations: {
      // Source: STS API reference, GetCallerIdentity: no permissions are required.
      GetCallerIdentity: operation<object>({
        needs: () => [],
        handle: (_, { principal }) => ({
          UserId: principal.userId,
          Account: sts.account.id,
          Arn: principal.arn,
        }),
      }),
      AssumeRole: operation<AssumeInput>({
        needs: ({ RoleArn }) => [{ action: 'sts:AssumeRole', resource: RoleArn }],
        handle: (input, { principal }) => assume(sts, input, principal, random),
      }),
    },
  };
};
