/**
 * Client tokens of RunTask. Source: ECS API reference, "Ensuring idempotency": scope is the cluster; same request, the
 * first result again; other parameters, ConflictException with the first result's tasks; forgotten after the shorter
 * of 24 hours and the life of the tasks plus one hour.
 */
import type { Failure, RunTaskRequest, RunTaskResponse, Task } from '@aws-sdk/client-ecs';
import { AwsError } from '../wire/errors.ts';
import type { ClusterRecord, Ecs, TokenRecord } from './state.ts';
import { invalid } from './state.ts';

const HOUR_MS = 3_600_000;
const TOKEN_MS_MAX = 24 * HOUR_MS;

const keyOf = (cluster: ClusterRecord, token: string): string => `${cluster.arn} ${token}`;

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, child: unknown) =>
    typeof child === 'object' && child !== null && !Array.isArray(child)
      ? Object.fromEntries(Object.entries(child).sort(([left], [right]) => (left < right ? -1 : 1)))
      : child,
  );

/** A request without its token and with its cluster resolved: what must be the same. */
const fingerprint = (cluster: ClusterRecord, request: RunTaskRequest): string =>
  canonical({ ...request, cluster: cluster.arn, clientToken: undefined });

/** Since when all tasks of the token are over; undefined while one is not. Tasks that are forgotten ended long ago. */
const allStoppedAt = (ecs: Ecs, record: TokenRecord): number | undefined => {
  let last = -Infinity;
  for (const arn of record.taskArns) {
    const task = ecs.tasks.get(arn);
    if (task === undefined) continue;
    if (task.stoppedAt === undefined) return undefined;
    last = Math.max(last, task.stoppedAt);
  }
  return last;
};

const isForgotten = (ecs: Ecs, record: TokenRecord): boolean => {
  const now = ecs.account.now();
  if (now - record.at >= TOKEN_MS_MAX) return true;
  if (record.taskArns.length === 0) return false;
  const stoppedAt = allStoppedAt(ecs, record);
  return stoppedAt !== undefined && now - stoppedAt >= HOUR_MS;
};

const again = (ecs: Ecs, record: TokenRecord): RunTaskResponse => {
  const tasks = record.taskArns.flatMap((arn): readonly Task[] => {
    const known = ecs.tasks.get(arn);
    if (known === undefined) return [];
    const { taskArn, lastStatus, desiredStatus } = known.task;
    return [known.stoppedAt === undefined ? known.task : { taskArn, lastStatus, desiredStatus }];
  });
  const isOld = ecs.account.now() - record.at >= HOUR_MS;
  const failures: Failure[] =
    isOld && record.failures.length > 0
      ? [{ reason: `${record.failures.length} failures` }]
      : [...record.failures];
  return { tasks, failures };
};

/** The answer that a token stands for already; undefined when it is new. */
export const remembered = (
  ecs: Ecs,
  cluster: ClusterRecord,
  request: RunTaskRequest,
): RunTaskResponse | undefined => {
  const token = request.clientToken;
  if (token === undefined) return undefined;
  if (!/^[\x21-\x7e]{1,64}$/.test(token))
    throw invalid('clientToken must have up to 64 characters in the range of 33-126.');
  const key = keyOf(cluster, token);
  const record = ecs.tokens.get(key);
  if (record === undefined) return undefined;
  if (isForgotten(ecs, record)) {
    ecs.tokens.delete(key);
    return undefined;
  }
  if (record.request !== fingerprint(cluster, request))
    throw new AwsError(
      'ConflictException',
      'The request could not be processed because the provided clientToken is already in use with a different RunTask request.',
      400,
      { resourceIds: [...record.taskArns] },
    );
  return again(ecs, record);
};

export const remember = (
  ecs: Ecs,
  cluster: ClusterRecord,
  request: RunTaskRequest,
  answer: RunTaskResponse,
): void => {
  if (request.clientToken === undefined) return;
  ecs.tokens.set(keyOf(cluster, request.clientToken), {
    request: fingerprint(cluster, request),
    at: ecs.account.now(),
    taskArns: (answer.tasks ?? []).flatMap(({ taskArn }) => taskArn ?? []),
    failures: (answer.failures ?? []).map(({ arn, reason, detail }) => ({
      ...(arn === undefined ? {} : { arn }),
      ...(reason === undefined ? {} : { reason }),
      ...(detail === undefined ? {} : { detail }),
    })),
  });
};
