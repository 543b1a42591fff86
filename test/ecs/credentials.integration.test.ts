/** Where an adapter's credentials come from, and that it finds new ones without a restart. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ecsProvisioner } from '@muster/adapter-ecs/provisioner';
import type { EcsConfig, EcsProvisioner } from '@muster/adapter-ecs/provisioner';
import { systemClock } from '@muster/runtime/system-clock';
import { EXECUTION_ROLE, testAccount } from '../support/aws/fixtures.ts';
import type { TestAccount } from '../support/aws/fixtures.ts';
import type { Credentials } from '../support/aws/peer.ts';
import { NAME, PROFILE } from './world.ts';

const ANYTHING = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
});
const FOR_ANYBODY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::123456789012:root' }, Action: 'sts:AssumeRole' },
  ],
});

const { signal } = new AbortController();

describe('credentials of an adapter', () => {
  let folder: string;
  let account: TestAccount;
  let opened: EcsProvisioner[];
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'muster-keys-'));
    opened = [];
    account = await testAccount({
      clock: systemClock(),
      roles: [EXECUTION_ROLE, { name: 'adapter', trust: FOR_ANYBODY, inline: { all: ANYTHING } }],
    });
    Object.assign(process.env, account.peer.env);
  });
  afterEach(async () => {
    for (const one of opened) await one.close();
    await account[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const open = (overrides: Partial<EcsConfig> = {}): EcsProvisioner => {
    const one = ecsProvisioner({
      ownerMark: NAME,
      place: {
        cluster: 'main',
        subnets: ['subnet-1'],
        securityGroups: [],
        assignPublicIp: false,
        platformVersion: '',
        tags: new Map(),
      },
      profiles: [PROFILE],
      clock: systemClock(),
      log: () => undefined,
      ...overrides,
    });
    opened.push(one);
    return one;
  };
  const callers = (): ReadonlySet<string> =>
    new Set(account.peer.log.all.filter((call) => call.service === 'ecs').map((call) => call.caller));
  const file = (keys: Credentials): void => {
    const path = join(folder, 'credentials');
    const lines = [
      '[default]',
      `aws_access_key_id = ${keys.accessKeyId}`,
      `aws_secret_access_key = ${keys.secretAccessKey}`,
    ];
    writeFileSync(path, `${lines.join('\n')}\n`);
    delete process.env['AWS_ACCESS_KEY_ID'];
    delete process.env['AWS_SECRET_ACCESS_KEY'];
    process.env['AWS_SHARED_CREDENTIALS_FILE'] = path;
  };

  test('are a role that it assumes, where it is told one', async () => {
    await open({ roleArn: account.peer.account.arn('iam', 'role/adapter') }).prepare(signal);
    expect([...callers()]).toEqual([expect.stringContaining('assumed-role/adapter/muster-adapter-ecs')]);
  });

  test('are read again from the file when they have gone bad', async () => {
    file(account.peer.addUser('old'));
    const one = open();
    await one.list(signal);
    file(account.peer.addUser('new'));
    account.peer.log.clear();
    account.peer.setFault({ service: 'ecs', fault: { kind: 'expiredToken' }, times: 1 });
    await one.list(signal);
    expect([...callers()]).toContainEqual(expect.stringContaining('user/new'));
    expect(one.trouble()).toBe('');
  });

  test('that do not let it do everything it needs are named by what is missing, before anything is launched', async () => {
    const some = account.peer.addUser('reader', [
      {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: ['ecs:ListTasks', 'ecs:DescribeTasks'], Resource: '*' }],
      },
    ]);
    file(some);
    const said = await open()
      .prepare(signal)
      .catch((error: unknown) => String(error));
    expect(said).toMatch(/ecs:StopTask is not allowed on .*task\/main/);
    expect(said).toMatch(/ecs:DescribeTaskDefinition is not allowed/);
  });
});
