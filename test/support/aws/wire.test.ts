/** What lies between the SDK and the services: signatures, faults, policies, the log. */
import {
  DescribeTasksCommand,
  ECSClient,
  ListClustersCommand,
  ListTasksCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { manualClock } from '@muster/runtime/manual-clock';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Fault } from './faults.ts';
import { everyFault } from './faults.ts';
import type { TestAccount } from './fixtures.ts';
import { ecsClient, runRequest, testAccount } from './fixtures.ts';
import { startAwsPeer } from './peer.ts';
import type { PolicyDocument } from './policy.ts';
import { loopbackCertificate } from './tls.ts';

const MINUTE_MS = 60_000;

const failure = async (promise: Promise<unknown>): Promise<{ name: string; message: string }> => {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw new Error('the call did not fail');
  return error;
};

const list = ({ ecs }: Pick<TestAccount, 'ecs'>) => ecs.send(new ListTasksCommand({ cluster: 'main' }));
const run = (account: TestAccount, clientToken: string) =>
  account.ecs.send(new RunTaskCommand(runRequest(account.peer, { clientToken })));

describe('signatures', () => {
  test('a wrong secret and an unknown key are refused, each in its own words', async () => {
    await using account = await testAccount();
    const { peer } = account;
    const wrong = ecsClient(peer, { credentials: { ...peer.credentials, secretAccessKey: 'wrong' } });
    const unknown = ecsClient(peer, { credentials: { ...peer.credentials, accessKeyId: 'AKIAUNKNOWN' } });
    expect(await failure(list({ ecs: wrong }))).toMatchObject({
      name: 'InvalidSignatureException',
      message: expect.stringContaining('does not match'),
    });
    expect(await failure(list({ ecs: unknown }))).toMatchObject({ name: 'UnrecognizedClientException' });
    expect(peer.log.of('ecs', 'ListTasks').map(({ applied }) => applied)).toEqual([false, false]);
  });

  test('a clock that is an hour off is corrected by the SDK from the answer, at the price of one call', async () => {
    await using account = await testAccount();
    account.peer.setSkew(60 * MINUTE_MS);
    const ecs = ecsClient(account.peer, { maxAttempts: 2 });
    await list({ ecs });
    await list({ ecs });
    const calls = account.peer.log.of('ecs', 'ListTasks');
    expect(calls.map(({ error }) => error)).toEqual(['InvalidSignatureException', '', '']);
    expect(calls[0]?.message).toMatch(/^Signature expired: \d{8}T\d{6}Z is now earlier than .* - 5 min\.\)$/);
  });

  test('temporary keys end, and need their session token', async () => {
    await using account = await testAccount();
    const { peer } = account;
    const keys = { accessKeyId: 'ASIATEMPORARY', secretAccessKey: 's' };
    peer.identities.add({
      id: keys.accessKeyId,
      secret: keys.secretAccessKey,
      sessionToken: 'session',
      expiresAtMs: peer.account.now() + MINUTE_MS,
      principal: { arn: 'arn:aws:sts::1:assumed-role/r/s', userId: 'u', policies: () => undefined },
    });
    expect(await failure(list({ ecs: ecsClient(peer, { credentials: keys }) }))).toMatchObject({
      name: 'UnrecognizedClientException',
    });
    const session = { ...keys, sessionToken: 'session' };
    await list({ ecs: ecsClient(peer, { credentials: session }) });
    account.clock.advance(MINUTE_MS);
    expect(await failure(list({ ecs: ecsClient(peer, { credentials: session }) }))).toMatchObject({
      name: 'ExpiredTokenException',
    });
  });

  test('another region is another account, as far as keys go', async () => {
    await using account = await testAccount();
    const { peer } = account;
    const elsewhere = ecsClient(peer);
    elsewhere.config.region = async () => 'eu-west-1';
    expect(await failure(list({ ecs: elsewhere }))).toMatchObject({ name: 'InvalidSignatureException' });
  });
});

describe('faults', () => {
  const outcomes: readonly (readonly [Fault, RegExp, number])[] = [
    [{ kind: 'drop' }, /ECONNRESET|TimeoutError|Error/, 0],
    [{ kind: 'applyThenDrop' }, /ECONNRESET|TimeoutError|Error/, 1],
    [{ kind: 'serverError', status: 500 }, /ServerException/, 0],
    [{ kind: 'serverError', status: 503 }, /ServerException/, 0],
    [{ kind: 'applyThenServerError', status: 500 }, /ServerException/, 1],
    [{ kind: 'throttle' }, /ThrottlingException/, 0],
    [{ kind: 'truncate' }, /SyntaxError/, 1],
    [{ kind: 'expiredToken' }, /ExpiredTokenException/, 0],
    [{ kind: 'accessDenied' }, /AccessDeniedException/, 0],
    [{ kind: 'error', code: 'BlockedException', message: 'blocked', status: 400 }, /BlockedException/, 0],
  ];
  test.each(outcomes)(
    '%o: the caller sees an error, and the token tells later what happened',
    async (fault, name, tasks) => {
      await using account = await testAccount();
      const set = account.peer.setFault({ operation: 'RunTask', times: 1, fault });
      expect((await failure(run(account, 'a'))).name).toMatch(name);
      expect(account.peer.tasks()).toHaveLength(tasks);
      await run(account, 'a');
      expect(account.peer.tasks()).toHaveLength(1);
      expect(set.hits).toBe(1);
      const [first] = account.peer.log.of('ecs', 'RunTask');
      expect(first).toMatchObject({ faults: [fault.kind], applied: tasks === 1 });
    },
  );

  test.each([false, true])('a hang answers nothing; applied: %o', async (applied) => {
    await using account = await testAccount();
    account.peer.setFault({ operation: 'RunTask', fault: { kind: 'hang', applied } });
    const abort = new AbortController();
    const call = account.ecs.send(new RunTaskCommand(runRequest(account.peer)), {
      abortSignal: abort.signal,
    });
    const aborted = failure(call);
    while (account.peer.log.of('ecs', 'RunTask').length === 0) await delay(1);
    abort.abort();
    expect((await aborted).name).toBe('AbortError');
    expect(account.peer.tasks()).toHaveLength(applied ? 1 : 0);
  });

  test('a delay is over when the clock says so', async () => {
    await using account = await testAccount();
    account.peer.setFault({ kind: 'delay', ms: MINUTE_MS });
    let isOver = false;
    const call = list(account).then(() => (isOver = true));
    while (account.peer.log.of('ecs', 'ListTasks').length === 0) await delay(1);
    await delay(20);
    expect(isOver).toBe(false);
    account.clock.advance(MINUTE_MS);
    await call;
  });

  test('a stale read shows the account as it was, and never touches what changes something', async () => {
    await using account = await testAccount({ timings: { missingMs: [0, 0] } });
    const answer = await run(account, 'a');
    const taskArn = answer.tasks?.[0]?.taskArn ?? '';
    account.clock.advance(5 * MINUTE_MS);
    account.peer.setFault({ kind: 'stale', byMs: 5 * MINUTE_MS - 1 });
    const seen = async () =>
      (await account.ecs.send(new DescribeTasksCommand({ cluster: 'main', tasks: [taskArn] }))).tasks?.[0]
        ?.lastStatus;
    expect(await seen()).toBe('PROVISIONING');
    await account.ecs.send(new StopTaskCommand({ cluster: 'main', task: taskArn }));
    expect((await list(account)).taskArns).toEqual([taskArn]);
    account.peer.clearFaults();
    expect((await list(account)).taskArns).toEqual([]);
  });

  test('scripts name calls by number', async () => {
    await using account = await testAccount();
    account.peer.setFault({ operation: 'ListTasks', on: { calls: [2] }, fault: { kind: 'throttle' } });
    await list(account);
    await failure(list(account));
    await list(account);
  });

  test('chance repeats with the seed', async () => {
    const story = async (seed: number): Promise<readonly string[]> => {
      await using account = await testAccount({ seed });
      // Only what answers, so that the story takes no time.
      for (const rule of everyFault(0.2)) if (!/hang/.test(rule.fault.kind)) account.peer.setFault(rule);
      for (let call = 0; call < 40; call += 1) await list(account).catch(() => undefined);
      return account.peer.log.all.map(({ faults, error }) => `${faults.join('+')} ${error}`);
    };
    const [first, same, other] = [await story(7), await story(7), await story(8)];
    expect(same).toEqual(first);
    expect(other).not.toEqual(first);
    expect(first.some((line) => line.includes('throttle'))).toBe(true);
  });
});

describe('permissions', () => {
  const policy = (cluster: string): PolicyDocument => ({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 'ecs:RunTask',
        Resource: 'arn:aws:ecs:us-east-1:123456789012:task-definition/muster-worker:*',
        Condition: { ArnEquals: { 'ecs:cluster': `arn:aws:ecs:us-east-1:123456789012:cluster/${cluster}` } },
      },
      {
        Effect: 'Allow',
        Action: 'iam:PassRole',
        Resource: 'arn:aws:iam::123456789012:role/muster-ecs-execution',
        Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
      },
    ],
  });

  test('what the policy allows is done, and what it lacks is named', async () => {
    await using account = await testAccount();
    const { peer } = account;
    const ecs = ecsClient(peer, { credentials: peer.addUser('adapter', [policy('main')]) });
    await ecs.send(new RunTaskCommand(runRequest(peer)));
    expect((await failure(list({ ecs }))).message).toBe(
      'User: arn:aws:iam::123456789012:user/adapter is not authorized to perform: ecs:ListTasks on resource: ' +
        'arn:aws:ecs:us-east-1:123456789012:container-instance/main/* because no identity-based policy allows the ' +
        'ecs:ListTasks action',
    );
    const tagged = runRequest(peer, { tags: [{ key: 'a', value: 'b' }] });
    expect((await failure(ecs.send(new RunTaskCommand(tagged)))).message).toMatch(/ecs:TagResource/);
    expect(peer.tasks()).toHaveLength(1);
  });

  test('a condition on the cluster and a role that must not be passed are held', async () => {
    await using account = await testAccount();
    const { peer } = account;
    const other = ecsClient(peer, { credentials: peer.addUser('other', [policy('other')]) });
    expect((await failure(other.send(new RunTaskCommand(runRequest(peer))))).message).toMatch(
      /ecs:RunTask on resource/,
    );
    const [runOnly] = [policy('main').Statement].flat();
    const noRole = ecsClient(peer, {
      credentials: peer.addUser('noRole', [{ Statement: [runOnly ?? []].flat() }]),
    });
    expect((await failure(noRole.send(new RunTaskCommand(runRequest(peer))))).message).toMatch(
      /iam:PassRole/,
    );
  });

  test('a condition on the tags of a request is held', async () => {
    await using account = await testAccount();
    const { peer } = account;
    const Statement = [
      {
        Effect: 'Allow' as const,
        Action: ['ecs:RunTask', 'ecs:TagResource', 'iam:PassRole'],
        Resource: '*',
        Condition: { StringEqualsIfExists: { 'aws:RequestTag/muster:Owner': 'blue' } },
      },
    ];
    const ecs = ecsClient(peer, { credentials: peer.addUser('tagger', [{ Statement }]) });
    const tagged = (value: string) =>
      ecs.send(new RunTaskCommand(runRequest(peer, { tags: [{ key: 'muster:Owner', value }] })));
    expect((await tagged('blue')).tasks).toHaveLength(1);
    expect((await failure(tagged('red'))).name).toBe('AccessDeniedException');
  });

  test('the log says of every call what it needed, for other judges', async () => {
    await using account = await testAccount();
    await run(account, 'a');
    expect(account.peer.log.of('ecs', 'RunTask')[0]?.needs).toEqual([
      {
        action: 'ecs:RunTask',
        resource: 'arn:aws:ecs:us-east-1:123456789012:task-definition/muster-worker:1',
        context: { 'ecs:cluster': 'arn:aws:ecs:us-east-1:123456789012:cluster/main' },
      },
      {
        action: 'iam:PassRole',
        resource: 'arn:aws:iam::123456789012:role/muster-ecs-execution',
        context: { 'iam:passedtoservice': 'ecs-tasks.amazonaws.com' },
      },
    ]);
    expect(account.peer.log.mutations()).toHaveLength(1);
    expect(account.peer.log.text()).toContain('muster-worker');
  });
});

test('a request that AWS’s model does not allow is refused', async () => {
  await using account = await testAccount();
  const unknown = { cluster: 'main', launchType: 'LAMBDA' as 'FARGATE' };
  const error = await failure(account.ecs.send(new ListTasksCommand(unknown)));
  expect(error).toMatchObject({
    name: 'InvalidParameterException',
    message: expect.stringContaining(".launchType 'LAMBDA' is none of"),
  });
});

test('an answer that AWS’s model does not allow is a bug of the peer, told at the end', async () => {
  const account = await testAccount();
  const answer = await run(account, 'a');
  const record = account.peer.ecs.tasks.get(answer.tasks?.[0]?.taskArn ?? '');
  account.clock.advance(MINUTE_MS);
  if (record === undefined) throw new Error('no task');
  record.history.push({ at: account.peer.account.now(), task: { ...record.task, startedAt: new Date(NaN) } });
  expect(
    await failure(account.ecs.send(new DescribeTasksCommand({ cluster: 'main', tasks: [record.arn] }))),
  ).toMatchObject({
    name: 'ServerException',
  });
  await expect(account[Symbol.asyncDispose]()).rejects.toThrow(/startedAt is no date, not timestamp/);
});

describe('TLS', () => {
  const tls = loopbackCertificate();

  test('a client that trusts the certificate gets through, others do not', async () => {
    const peer = await startAwsPeer({ clock: manualClock(), tls });
    const list = (requestHandler: object) =>
      new ECSClient({
        endpoint: peer.url,
        region: 'us-east-1',
        credentials: peer.credentials,
        maxAttempts: 1,
        requestHandler,
      }).send(new ListClustersCommand({}));
    expect(peer.url).toMatch(/^https:/);
    await expect(list({})).rejects.toThrow(/self-signed certificate/);
    expect((await list({ httpsAgent: { ca: tls.cert } })).clusterArns).toEqual([]);
    await peer.close();
  });
});
