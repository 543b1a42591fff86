/** SDKs of others against the peer: boto3, and the AWS CLI. Where they are not installed, this is skipped. */
import { execFile, execFileSync } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '@muster/runtime/system-clock';
import { describe, expect, test } from 'vitest';
import { startAwsPeer } from './peer.ts';
import type { AwsPeer } from './peer.ts';

const run = promisify(execFile);
/** A Python with boto3, and the AWS CLI beside it; default: those on the path. */
const PYTHON = process.env['MUSTER_BOTO3_PYTHON'] ?? 'python3';
const PATH = [...(PYTHON.includes('/') ? [dirname(PYTHON)] : []), process.env['PATH'] ?? ''].join(delimiter);

const works = (file: string, ...args: readonly string[]): boolean => {
  try {
    execFileSync(file, args, { stdio: 'ignore', env: { ...process.env, PATH } });
    return true;
  } catch {
    return false;
  }
};
const hasBoto3 = works(PYTHON, '-c', 'import boto3');
const hasCli = works('aws', '--version');

const withPeer = async (use: (peer: AwsPeer) => Promise<void>): Promise<void> => {
  const peer = await startAwsPeer({ clock: systemClock(), timings: { missingMs: [0, 0] } });
  await use(peer);
  await peer.close();
};

const TRUST = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' },
  ],
};

describe('others read the same account', () => {
  test.skipIf(!hasBoto3)('boto3', async () => {
    await withPeer(async (peer) => {
      const script = join(import.meta.dirname, 'foreign.py');
      const { stdout } = await run(PYTHON, [script], { env: { PATH, ...peer.env } });
      expect(JSON.parse(stdout)).toEqual({
        account: '123456789012',
        trust: TRUST,
        description: 'b & <c>',
        tags: [{ Key: 'a', Value: 'b' }],
        again: 'EntityAlreadyExists',
        policies: ['p'],
        busy: 'DeleteConflict',
        subnets: ['us-east-1a', 'us-east-1b', 'us-east-1c'],
        groups: ['default'],
        gone: 'InvalidSubnetID.NotFound',
        quota: 4_000,
        retention: 7,
        secret: 'value',
        parameter: 'value',
        once: true,
        conflict: 'ConflictException',
        listed: true,
        created: 'datetime',
        missing: 'MISSING',
      });
    });
  });

  test.skipIf(!hasCli)('the AWS CLI', async () => {
    await withPeer(async (peer) => {
      const aws = async (...args: readonly string[]): Promise<unknown> => {
        const { stdout } = await run('aws', [...args, '--output', 'json'], { env: { ...peer.env, PATH } });
        return JSON.parse(stdout);
      };
      expect(await aws('ecs', 'create-cluster', '--cluster-name', 'cli')).toMatchObject({
        cluster: { status: 'ACTIVE' },
      });
      expect(await aws('ecs', 'describe-clusters', '--clusters', 'cli', 'other')).toMatchObject({
        clusters: [{ clusterName: 'cli' }],
        failures: [{ reason: 'MISSING' }],
      });
      expect(await aws('sts', 'get-caller-identity')).toMatchObject({ Account: '123456789012' });
      expect(await aws('ec2', 'describe-subnets')).toMatchObject({
        Subnets: [{ State: 'available' }, {}, {}],
      });
    });
  });
});
