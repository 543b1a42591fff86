/** What ECS asks of the services around it. */
import type { Account } from './account.ts';
import type { Neighbours } from './ecs/state.ts';
import type { Roles } from './iam/roles.ts';
import { SERVICE_LINKED_ECS } from './iam/roles.ts';
import type { Logs } from './logs/store.ts';
import { createGroup, writeLine } from './logs/store.ts';
import { judge, refusal } from './policy.ts';
import type { Secrets } from './secrets/store.ts';
import { resolveValueFrom } from './secrets/store.ts';

export const neighboursOf = (account: Account, roles: Roles, logs: Logs, secrets: Secrets): Neighbours => ({
  // Source: ECS developer guide, "Amazon ECS task execution IAM role": whom it must trust, and the confused deputy.
  canAssume: (roleArn) =>
    roles.canTake(roleArn, {
      kind: 'service',
      service: 'ecs-tasks.amazonaws.com',
      sourceArn: account.arn('ecs', '*'),
    }),
  hasServiceLinkedRole: () => roles.byName.has(SERVICE_LINKED_ECS.name),
  createServiceLinkedRole: () => {
    if (!roles.byName.has(SERVICE_LINKED_ECS.name)) roles.create(SERVICE_LINKED_ECS, 0);
  },
  hasLogGroup: (name) => logs.groups.has(name),
  createLogGroup: (name) => void createGroup(logs, name),
  putLog: (group, stream, line) => writeLine(logs, group, stream, line),
  secret: (valueFrom) => resolveValueFrom(secrets, valueFrom),
  refusal: (roleArn, taskId, needs) => {
    const role = roleArn === undefined ? undefined : roles.byArn(roleArn);
    if (role === undefined) return `no role may ${needs.action}`;
    const verdict = judge(roles.policiesOf(role), needs);
    const session = account.arn('sts', `assumed-role/${role.name}/${taskId}`);
    return verdict === 'allow' ? undefined : refusal(session, needs, verdict);
  },
});
