/** `muster adapter ecs` as its users run it: the built command, redirected by endpoint variables only; tasks are real processes. */
import { CreateClusterCommand, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import type { ECSClient } from '@aws-sdk/client-ecs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '@muster/runtime/system-clock';
import { fasterTimings } from '../support/aws/ecs/settings.ts';
import { definition, ecsClient, EXECUTION_ROLE } from '../support/aws/fixtures.ts';
import { startAwsPeer } from '../support/aws/peer.ts';
import type { AwsPeer } from '../support/aws/peer.ts';
import { processRunner } from '../support/aws/tasks/process.ts';
import { createSandbox, freePort, musterBin, until } from './cli-support.ts';
import type { Running, Sandbox } from './cli-support.ts';

const STORY_MS = 240_000;
/** Tasks are looked at every 10 s; a stop is seen a look or two later. */
const ZERO_MS = 120_000;

describe('muster adapter ecs', { timeout: STORY_MS }, () => {
  let sandbox: Sandbox;
  let peer: AwsPeer;
  let client: ECSClient;
  let address: string;
  const lines: string[] = [];
  beforeEach(async () => {
    sandbox = createSandbox();
    address = `tcp://127.0.0.1:${await freePort()}`;
    lines.length = 0;
    const runner = processRunner({
      commandOf: () => ({
        file: process.execPath,
        args: [musterBin, 'worker'],
        cwd: sandbox.directory,
        env: sandboxEnv(sandbox),
      }),
    });
    peer = await startAwsPeer({
      clock: systemClock(),
      roles: [EXECUTION_ROLE],
      timings: fasterTimings(100),
      tasks: {
        start: (launch, events) => runner.start(launch, { ...events, line: (line) => void lines.push(line) }),
        close: () => runner.close(),
      },
    });
    client = ecsClient(peer);
    await client.send(
      new CreateClusterCommand({ clusterName: 'muster', capacityProviders: ['FARGATE', 'FARGATE_SPOT'] }),
    );
    await client.send(new RegisterTaskDefinitionCommand(definition(peer)));
  });
  afterEach(async () => {
    client.destroy();
    await peer.close();
    sandbox.dispose();
  });

  /** Only what a process needs that no test set: a mark, a home, a path. */
  const sandboxEnv = ({ env }: Sandbox): Readonly<Record<string, string>> =>
    Object.fromEntries(
      Object.entries(env).flatMap(([name, value]) =>
        value !== undefined && (name === 'XDG_RUNTIME_DIR' || name.startsWith('ME2E_'))
          ? [[name, value]]
          : [],
      ),
    );
  const adapter = (...more: readonly string[]): Running =>
    sandbox.run(
      [
        'adapter',
        'ecs',
        address,
        '--ecs-subnets',
        peer.network.subnets[0]?.id ?? '',
        '--state-dir',
        `${sandbox.directory}/state`,
        '--adapter-name',
        'blue',
        ...more,
      ],
      { env: peer.env },
    );

  it('runs a map on Fargate tasks that come and go, and survives kill -9; a second adapter of its name is refused', async () => {
    const policy = 'allocate=even_load; scaling=vanilla; billed_minimum=no';
    const scheduler = sandbox.run(['scheduler', address, '--policy-content', policy]);
    await scheduler.seen('"ready"');
    const first = adapter();
    await first.seen('"ready"');
    const map = sandbox.run(
      [
        'map',
        '-k',
        '--',
        'sh',
        '-c',
        'sleep 1; echo done {}',
        ':::',
        ...Array.from({ length: 12 }, (_, i) => String(i)),
      ],
      { env: { MUSTER_SCHEDULER: address } },
    );
    await until(
      () => peer.liveTasks().length > 0,
      () => `no task\n${first.stderr()}`,
    );
    const twin = adapter();
    expect(await twin.exit).toEqual({ code: 1, signal: null });
    expect(twin.stderr()).toContain('another --adapter-name');
    first.child.kill('SIGKILL');
    await first.exit;
    const second = adapter();
    await second.seen('"ready"');
    expect(await map.exit, `${map.stderr()}\n${second.stderr()}\n${lines.join('\n')}`).toEqual({
      code: 0,
      signal: null,
    });
    expect(map.stdout()).toBe(Array.from({ length: 12 }, (_, i) => `done ${i}\n`).join(''));
    await until(
      () => peer.liveTasks().length === 0,
      () => `tasks are left: ${JSON.stringify(peer.liveTasks())}\n${second.stderr()}`,
      ZERO_MS,
    );
    const groups = peer.log
      .of('ecs', 'RunTask')
      .filter(({ applied }) => applied)
      .map(({ params }) => String(params['clientToken']));
    expect(new Set(groups).size).toBeGreaterThan(0);
    second.child.kill('SIGTERM');
    expect(await second.exit, second.stderr()).toEqual({ code: 0, signal: null });
    expect(peer.tasks().every((task) => task.environment['MUSTER_OWNER'] === 'blue')).toBe(true);
    const said = `${first.stdout()}${first.stderr()}${second.stdout()}${second.stderr()}${lines.join('\n')}`;
    expect(said).not.toContain(peer.credentials.secretAccessKey);
    scheduler.child.kill('SIGTERM');
    await scheduler.exit;
  });

  it.each([
    [
      'a cluster that is not there',
      ['--ecs-cluster', 'nowhere'],
      /Cluster 'nowhere' is not there.*muster setup ecs apply/,
    ],
    [
      'a definition that is not there',
      ['--ecs-task-definition', 'nothing'],
      /task definition 'nothing'.*muster setup ecs apply/,
    ],
    [
      'an image that the definition does not run',
      ['--ecs-task-image', 'other:1'],
      /runs image example\.test\/muster:1/,
    ],
    ['another architecture', ['--ecs-architecture', 'ARM64'], /is for X86_64.*asks for ARM64/],
  ])('ends with 1 and says what to do about %s', async (_, more, text) => {
    const run = adapter(...more);
    expect(await run.exit).toEqual({ code: 1, signal: null });
    expect(run.stderr()).toMatch(text);
    expect(run.stderr()).not.toContain('    at ');
    expect(peer.log.of('ecs', 'RunTask')).toEqual([]);
  });

  it('ends with 1 where its keys are wrong, and does not show them', async () => {
    const run = sandbox.run(['adapter', 'ecs', address, '--ecs-subnets', 'subnet-1'], {
      env: { ...peer.env, AWS_SECRET_ACCESS_KEY: 'wrong/secret+canary' },
    });
    expect(await run.exit).toEqual({ code: 1, signal: null });
    expect(run.stderr()).toContain('credentials-invalid');
    expect(run.stderr()).not.toContain('canary');
  });
});
