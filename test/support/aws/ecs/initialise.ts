/**
 * What must be there, and allowed to the execution role, before a container can run: its secrets and its logs.
 * Source: ECS developer guide, "Troubleshooting Amazon ECS ResourceInitializationError errors".
 */
import type { Ecs, TaskRecord } from './state.ts';

const executionRole = (record: TaskRecord): string | undefined =>
  record.task.overrides?.executionRoleArn ?? record.definition.view.executionRoleArn;

const secretTrouble = (ecs: Ecs, record: TaskRecord): string | undefined => {
  const failed = (secret: string, why: string): string =>
    'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable ' +
    `to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret ${secret} from ` +
    `secrets manager: ${why}`;
  for (const { secrets = [] } of record.containers)
    for (const { valueFrom = '' } of secrets) {
      const resolved = ecs.neighbours.secret(valueFrom);
      if (resolved === undefined)
        return failed(
          valueFrom,
          "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
        );
      const refusal = ecs.neighbours.refusal(executionRole(record), record.id, resolved.needs);
      if (refusal !== undefined) return failed(valueFrom, `AccessDeniedException: ${refusal}`);
    }
  return undefined;
};

const logTrouble = (ecs: Ecs, record: TaskRecord): string | undefined => {
  const failed = (why: string): string =>
    'ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to ' +
    `create Cloudwatch log stream: ${why} : exit status 1`;
  for (const { logConfiguration } of record.containers) {
    const options = logConfiguration?.options;
    const group = options?.['awslogs-group'];
    if (logConfiguration?.logDriver !== 'awslogs' || group === undefined) continue;
    const may = (action: string): string | undefined =>
      ecs.neighbours.refusal(executionRole(record), record.id, {
        action: `logs:${action}`,
        resource: ecs.account.arn('logs', `log-group:${group}:log-stream:${record.id}`),
      });
    if (!ecs.neighbours.hasLogGroup(group)) {
      if (options?.['awslogs-create-group'] !== 'true')
        return failed('ResourceNotFoundException: The specified log group does not exist.');
      // The managed execution policy does not allow it. Source: ECS developer guide, "Using the awslogs log driver".
      const refusal = may('CreateLogGroup');
      if (refusal !== undefined) return failed(`AccessDeniedException: ${refusal}`);
      ecs.neighbours.createLogGroup(group);
    }
    const refusal = may('CreateLogStream') ?? may('PutLogEvents');
    if (refusal !== undefined) return failed(`AccessDeniedException: ${refusal}`);
  }
  return undefined;
};

/** Why the task cannot start; undefined when it can. */
export const failureToInitialise = (ecs: Ecs, record: TaskRecord): string | undefined =>
  secretTrouble(ecs, record) ?? logTrouble(ecs, record);
