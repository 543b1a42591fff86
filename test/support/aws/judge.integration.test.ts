/**
 * What our evaluator says of policies, held against somebody else's (npm `@cloud-copilot/iam-simulate`, which also knows
 * from AWS's service authorization reference which resources and condition keys an action has). Skipped without it.
 */
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateClusterCommand,
  DeleteTaskDefinitionsCommand,
  ListClustersCommand,
  PutClusterCapacityProvidersCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from '@aws-sdk/client-ecs';
import { expect, test } from 'vitest';
import { definition, runRequest, testAccount } from './fixtures.ts';
import { tell } from './moto/story.ts';
import type { PolicyDocument } from './policy.ts';
import { judge } from './policy.ts';
import type { Permission } from './service.ts';

const load = (name: string) => import(/* @vite-ignore */ name).catch(() => undefined);
const theirs = await load('@cloud-copilot/iam-simulate');

/** Everything that a long story asked of IAM, each once. */
const asked = async (): Promise<readonly Permission[]> => {
  await using account = await testAccount({ timings: { missingMs: [0, 0] } });
  const { peer, clock, ecs } = account;
  const tags = [{ key: 'muster:owner', value: 'blue' }];
  await tell({
    ecs,
    logs: new CloudWatchLogsClient({
      endpoint: peer.url,
      region: 'us-east-1',
      credentials: peer.credentials,
      maxAttempts: 1,
    }),
    subnet: peer.network.subnets[0]?.id ?? '',
    securityGroup: peer.network.securityGroups[0]?.id ?? '',
    settle: async () => clock.advance(300_000),
  });
  await ecs.send(new RunTaskCommand(runRequest(peer, { tags })));
  await ecs.send(new RegisterTaskDefinitionCommand(definition(peer, { tags })));
  await ecs.send(new CreateClusterCommand({ clusterName: 'tagged', tags }));
  await ecs.send(new ListClustersCommand({}));
  await ecs.send(new DeleteTaskDefinitionsCommand({ taskDefinitions: ['story:1'] }));
  await ecs.send(
    new PutClusterCapacityProvidersCommand({
      cluster: 'main',
      capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
      defaultCapacityProviderStrategy: [],
    }),
  );
  const needs = peer.log.all.flatMap((call) => call.needs);
  return [...new Map(needs.map((need) => [JSON.stringify(need), need])).values()];
};

const CLUSTER = 'arn:aws:ecs:us-east-1:123456789012:cluster/story';
const allow = (
  Action: string | readonly string[],
  Resource: string | readonly string[],
  Condition?: object,
) => ({
  Effect: 'Allow' as const,
  Action,
  Resource,
  ...(Condition === undefined
    ? {}
    : { Condition: Condition as Record<string, Record<string, string | string[]>> }),
});
const POLICIES: readonly PolicyDocument[] = [
  allow('*', '*'),
  allow('ecs:*', '*'),
  allow(['ecs:Run*', 'ecs:?topTask', 'logs:*'], '*'),
  allow('ecs:*', '*', { ArnEquals: { 'ecs:cluster': CLUSTER } }),
  allow('ecs:*', '*', { StringNotEquals: { 'ecs:cluster': CLUSTER } }),
  allow('*', 'arn:aws:ecs:*:123456789012:task-definition/story:*'),
  allow('*', ['arn:aws:ecs:us-east-1:123456789012:task/story/*', 'arn:aws:iam::123456789012:role/muster-*']),
  allow('*', '*', { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } }),
  allow('*', '*', { StringEqualsIfExists: { 'aws:RequestTag/muster:owner': 'blue' } }),
  allow('*', '*', { 'ForAllValues:StringLike': { 'aws:TagKeys': 'muster:*' } }),
  allow('*', '*', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['a'] } }),
  allow('*', '*', { StringEquals: { 'ecs:CreateAction': ['RunTask'] } }),
].flatMap((statement) => [
  { Version: '2012-10-17', Statement: [statement] },
  { Version: '2012-10-17', Statement: [allow('*', '*'), { ...statement, Effect: 'Deny' as const }] },
]);

const VERDICTS: Readonly<Record<string, string>> = {
  Allowed: 'allow',
  ImplicitlyDenied: 'implicitDeny',
  ExplicitlyDenied: 'explicitDeny',
};

test.skipIf(theirs === undefined)(
  'says of every call and policy what somebody else’s evaluator says (skipped where @cloud-copilot/iam-simulate, AGPL, is not installed)',
  async () => {
    const different: string[] = [];
    for (const need of await asked())
      for (const policy of POLICIES) {
        const answer = await theirs.runSimulation(
          {
            request: {
              principal: 'arn:aws:iam::123456789012:user/somebody',
              action: need.action,
              resource: { resource: need.resource, accountId: '123456789012' },
              contextVariables: need.context ?? {},
            },
            identityPolicies: [{ name: 'policy', policy }],
            serviceControlPolicies: [],
            resourceControlPolicies: [],
          },
          {},
        );
        const verdict =
          VERDICTS[answer.overallResult] ?? JSON.stringify(answer.errors ?? answer.overallResult);
        const ours = judge([policy], need);
        if (verdict !== ours)
          different.push(`${JSON.stringify(need)} ${JSON.stringify(policy)}: ${ours}, not ${verdict}`);
      }
    expect(different).toEqual([]);
  },
);
