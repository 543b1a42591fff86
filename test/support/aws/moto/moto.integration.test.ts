/** The same story to the peer and to moto, an account that nobody here wrote. Skipped where moto_server is not installed. */
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { spawn, execFileSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ECSClient } from '@aws-sdk/client-ecs';
import { expect, test } from 'vitest';
import { testAccount } from '../fixtures.ts';
import { DEVIATIONS, OLDER_DEVIATIONS } from './deviations.ts';
import { tell } from './story.ts';
import type { Outcome } from './story.ts';

const MOTO = process.env['MUSTER_MOTO_SERVER'] ?? 'moto_server';
const CREDENTIALS = { accessKeyId: 'AKIAMOTO', secretAccessKey: 'moto' };
const DEADLINE_MS = 60_000;

const hasMoto = ((): boolean => {
  try {
    execFileSync(MOTO, ['--help'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

const freePort = async (): Promise<number> => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

const startMoto = async (): Promise<{ readonly url: string; readonly child: ChildProcess }> => {
  const port = await freePort();
  const child = spawn(MOTO, ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
    env: { ...process.env, MOTO_IAM_LOAD_MANAGED_POLICIES: 'true' },
  });
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const answer = await fetch(`${url}/moto-api/`).catch(() => undefined);
    if (answer?.ok === true) return { url, child };
    if (Date.now() > deadline || child.exitCode !== null) throw new Error('moto_server does not answer');
    await delay(100);
  }
};

/** moto goes by the scope of a signature, and checks none. */
const firstOf = async (url: string, action: string, element: string): Promise<string> => {
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIAMOTO/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: `Action=${action}&Version=2016-11-15`,
  });
  return new RegExp(`<${element}>([^<]+)<`).exec(await answer.text())?.[1] ?? '';
};

const toldToMoto = async (): Promise<ReadonlyMap<string, Outcome>> => {
  const { url, child } = await startMoto();
  const config = { endpoint: url, region: 'us-east-1', credentials: CREDENTIALS, maxAttempts: 1 };
  try {
    return await tell({
      ecs: new ECSClient(config),
      logs: new CloudWatchLogsClient(config),
      subnet: await firstOf(url, 'DescribeSubnets', 'subnetId'),
      securityGroup: await firstOf(url, 'DescribeSecurityGroups', 'groupId'),
      settle: async () => undefined,
    });
  } finally {
    child.kill();
    await once(child, 'exit');
  }
};

const toldToPeer = async (): Promise<ReadonlyMap<string, Outcome>> => {
  await using account = await testAccount({ timings: { missingMs: [0, 0] } });
  const { peer, clock, ecs } = account;
  return await tell({
    ecs,
    logs: new CloudWatchLogsClient({
      endpoint: peer.url,
      region: 'us-east-1',
      credentials: peer.credentials,
      maxAttempts: 1,
    }),
    subnet: peer.network.subnets[0]?.id ?? '',
    securityGroup: peer.network.securityGroups[0]?.id ?? '',
    settle: async () => clock.advance(5 * 60_000),
  });
};

test.skipIf(!hasMoto)('the peer and moto tell the same story, but for what is known of moto', async () => {
  const [peer, moto] = await Promise.all([toldToPeer(), toldToMoto()]);
  const different = new Map(
    [...peer]
      .filter(([name, outcome]) => JSON.stringify(outcome) !== JSON.stringify(moto.get(name)))
      .map(([name, outcome]) => [name, { peer: outcome, moto: moto.get(name) }]),
  );
  const known = { ...DEVIATIONS, ...OLDER_DEVIATIONS };
  const unknown = [...different].filter(([name]) => known[name] === undefined);
  expect(unknown, 'steps that answer differently, and nobody has said why').toEqual([]);
  const gone = Object.keys(DEVIATIONS).filter((name) => !different.has(name));
  expect(gone, 'deviations that are no more: take them off the list').toEqual([]);
});
