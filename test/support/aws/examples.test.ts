/** AWS's own examples of ECS, as documents: what the peer checks with accepts them, and the peer can be asked them. */
import * as sdk from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import { fromJson } from './wire/json.ts';
import { ecsExamples, serviceModel } from './wire/model.ts';
import { violations } from './wire/validate.ts';
import { ecsService } from './ecs/ecs.ts';
import { testAccount } from './fixtures.ts';

const model = serviceModel('ecs');
const examples = Object.entries(ecsExamples()).flatMap(([operation, all]) =>
  all.map((example) => ({ operation, example, title: `${operation}: ${example.title}` })),
);

/**
 * Where AWS's examples and AWS's model disagree: times written as text. Everything else must fit.
 */
const isKnownDisagreement = (violation: string): boolean => violation.endsWith('is string, not timestamp');

describe('AWS’s examples fit AWS’s model, by the peer’s checks', () => {
  test.each(examples)('$title', ({ operation, example }) => {
    const { input, output } = model.operations[operation] ?? {};
    if (input !== undefined && example.input !== undefined)
      expect(violations(model, input, fromJson(model, input, example.input))).toEqual([]);
    if (output !== undefined && example.output !== undefined) {
      const wrong = violations(model, output, fromJson(model, output, example.output));
      expect(wrong.filter((violation) => !isKnownDisagreement(violation))).toEqual([]);
    }
  });
});

const ACCOUNT = '123456789012';

/** Examples are of no particular account. */
const localised = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value)
      .replaceAll('<aws_account_id>', ACCOUNT)
      .replaceAll('012345678910', ACCOUNT)
      .replaceAll('us-west-2', 'us-east-1')
      .replaceAll('aws_account_id', ACCOUNT),
  );

/** What is there before: the examples speak of these. */
const prepared = async () => {
  const account = await testAccount({ quotas: { definitionModify: { burst: 100, perSecond: 1 } } });
  const { ecs } = account;
  for (const clusterName of ['default', 'my_cluster', 'test', 'dev', 'production'])
    await ecs.send(new sdk.CreateClusterCommand({ clusterName }));
  const containerDefinitions = [{ name: 'sleep', image: 'busybox', cpu: 10, memory: 10 }];
  const families = ['sleep360', 'wordpress', 'web-timer', ...Array.from({ length: 8 }, () => 'hello_world')];
  for (const family of families)
    await ecs.send(new sdk.RegisterTaskDefinitionCommand({ family, containerDefinitions }));
  await ecs.send(
    new sdk.TagResourceCommand({
      resourceArn: `arn:aws:ecs:us-east-1:${ACCOUNT}:cluster/dev`,
      tags: [{ key: 'team', value: 'dev' }],
    }),
  );
  account.clock.advance(60_000);
  return account;
};

/** Operations whose example must be answered, with every member that the example's answer has. */
const REPLAYED = new Set([
  'CreateCluster',
  'DeleteCluster',
  'DescribeClusters',
  'DescribeTaskDefinition',
  'DescribeTasks',
  'ListClusters',
  'ListTagsForResource',
  'ListTaskDefinitionFamilies',
  'ListTaskDefinitions',
  'ListTasks',
  'RegisterTaskDefinition',
  'TagResource',
  'UntagResource',
]);

/** RunTask's example runs on EC2, which this account has none of; it must say so. */
const REFUSED = new Map([['RunTask', /No Container Instances/]]);

/** Members of the example that our answer has not, down through structures; what lists hold is the account's affair. */
const lacking = (wanted: unknown, found: unknown, path = ''): readonly string[] => {
  if (Array.isArray(wanted)) return Array.isArray(found) ? [] : [`${path} is no list`];
  if (typeof wanted !== 'object' || wanted === null) return found === undefined ? [path] : [];
  if (typeof found !== 'object' || found === null) return [path];
  return Object.entries(wanted).flatMap(([name, child]) =>
    lacking(child, Reflect.get(found, name), `${path}.${name}`),
  );
};

const answerTo = async (client: sdk.ECSClient, operation: string, input: unknown): Promise<object> => {
  const Command: unknown =
    Object.getOwnPropertyDescriptor(sdk, `${operation}Command`)?.get?.() ??
    Reflect.get(sdk, `${operation}Command`);
  if (typeof Command !== 'function') throw new Error(`the SDK has no ${operation}`);
  const command: unknown = Reflect.construct(Command, [input]);
  return client.send(command as sdk.ListClustersCommand);
};

describe('AWS’s examples against the peer', () => {
  const replayed = examples.filter(({ operation }) => REPLAYED.has(operation) || REFUSED.has(operation));

  test.each(replayed)('$title', async ({ operation, example }) => {
    await using account = await prepared();
    const refused = REFUSED.get(operation);
    const call = answerTo(account.ecs, operation, localised(example.input ?? {}));
    if (refused !== undefined) {
      await expect(call).rejects.toThrow(refused);
      return;
    }
    const answer = await call;
    expect(lacking(example.output, answer)).toEqual([]);
  });

  test('every operation of the peer with an example is replayed', async () => {
    await using account = await testAccount();
    const served = Object.keys(ecsService(account.peer.ecs).operations);
    const left = served.filter(
      (name) => ecsExamples()[name] !== undefined && !REPLAYED.has(name) && !REFUSED.has(name),
    );
    expect(left).toEqual([]);
  });
});
