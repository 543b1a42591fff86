/** STS: who am I, and credentials of a role. Source: STS API reference. */
import type { Principal } from '../identity.ts';
import type { Service } from '../service.ts';
import { operation } from '../service.ts';
import { AwsError } from '../wire/errors.ts';
import type { Sessions } from './session.ts';
import { openSession } from './session.ts';

interface AssumeInput {
  readonly RoleArn: string;
  readonly RoleSessionName: string;
  readonly DurationSeconds?: number;
}

const assume = (sessions: Sessions, input: AssumeInput, caller: Principal): object => {
  const role = sessions.roles.byArn(input.RoleArn);
  // A role that is not there, not there yet, or trusts somebody else: the caller is told the same.
  if (role === undefined || !sessions.roles.canTake(input.RoleArn, { kind: 'principal', arn: caller.arn }))
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
  const session = openSession(sessions, role, input.RoleSessionName, seconds);
  return {
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken,
      Expiration: session.expiration,
    },
    AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.arn },
  };
};

export const stsService = (sessions: Sessions): Service => ({
  name: 'sts',
  operations: {
    // Source: STS API reference, GetCallerIdentity: no permissions are required.
    GetCallerIdentity: operation<object>({
      needs: () => [],
      handle: (_, { principal }) => ({
        UserId: principal.userId,
        Account: sessions.account.id,
        Arn: principal.arn,
      }),
    }),
    AssumeRole: operation<AssumeInput>({
      needs: ({ RoleArn }) => [{ action: 'sts:AssumeRole', resource: RoleArn }],
      handle: (input, { principal }) => assume(sessions, input, principal),
    }),
  },
});
