/** Options of `muster adapter ecs`: what is written, what it means for the kit, and what is refused. */
import { describe, expect, test } from 'vitest';
import { ConfigError, parseConfigFile, printConfig, resolveConfig } from '@muster/runtime/config';
import { adapterNameOf, ecsAdapterOf, ecsConfigOf, offersOf, workersPerGroupOf } from './assembly.ts';
import { ecsCommand } from './config.ts';
import type { EcsSettings } from './config.ts';

const resolve = (flags: Readonly<Record<string, unknown>> = {}, toml?: string) =>
  resolveConfig(ecsCommand, {
    args: ['tcp://10.0.0.5:8516'],
    flags: { ecsSubnets: ['subnet-0a'], ...flags },
    ...(toml === undefined ? {} : { file: parseConfigFile('muster.toml', toml, ['ecs-worker-adapter']) }),
  });
const settings = (flags: Readonly<Record<string, unknown>> = {}, toml?: string): EcsSettings =>
  resolve(flags, toml).values;
const problems = (flags: Readonly<Record<string, unknown>>, toml?: string): readonly string[] => {
  try {
    resolve(flags, toml);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ where, what }) => `${where}: ${what}`);
  }
};

describe('options', () => {
  test('are small, bounded and on demand by default', () => {
    const { limits, cost, offers, workersPerGroup, capabilities } = ecsAdapterOf(settings(), 'us-east-1');
    expect({ limits, cost, offers, workersPerGroup, capabilities }).toEqual({
      limits: { groupsMax: 10, startsPerMinuteMax: 120, dollarsPerHourMax: 5, dollarsPerDayMax: 50 },
      cost: { vcpus: 1, dollarsPerHour: 0.05437, billedMinimumMs: 60_000, lifetimeMaxMs: 43_200_000 },
      offers: [
        { name: 'default', capabilities: new Map(), dollarsPerHour: 0.05437, billedMinimumMs: 60_000 },
      ],
      workersPerGroup: 1,
      capabilities: new Map(),
    });
  });

  test('read the section and the names of the stock adapter', () => {
    const stock = `[ecs_worker_adapter]
      max_workers = 4
      ecs_subnets = ["subnet-1", "subnet-2"]
      ecs_cluster = "scaler-cluster"
      ecs_task_definition = "scaler-task-definition"
      ecs_task_cpu = 4
      ecs_task_memory = 30
      aws_region = "eu-west-1"
      aws_access_key_id = "AKIA"
      ecs_python_requirements = "tomli"
      per_worker_capabilities = "linux,cpu=4"
      death_timeout_seconds = 60`;
    const { values } = resolve({ ecsSubnets: undefined }, stock);
    expect(values).toMatchObject({
      groupsMax: 4,
      subnets: ['subnet-1', 'subnet-2'],
      cluster: 'scaler-cluster',
      taskDefinition: 'scaler-task-definition',
      vcpus: 4,
      memoryGiB: 30,
      region: 'eu-west-1',
      deathTimeoutMs: 60_000,
    });
    expect(workersPerGroupOf(values)).toBe(4);
  });

  test('take profiles as text or as tables, and fill in what they leave out', () => {
    const toml = `[ecs-worker-adapter]
      spot = "prefer"
      [[ecs-worker-adapter.profile]]
      name = "small"
      labels = ["linux"]
      [[ecs-worker-adapter.profile]]
      name = "big"
      cpu = 7
      memory = 17
      labels = "linux,big"
      architecture = "ARM64"
      task_definition = "muster-arm"
      spot = "never"`;
    const text = {
      spot: 'prefer',
      profile: [
        'name=small labels=linux',
        'name=big cpu=7 memory=17 labels=linux,big architecture=ARM64 task-definition=muster-arm spot=never',
      ],
    };
    const { profiles } = ecsConfigOf(settings({}, toml));
    expect(profiles).toEqual(ecsConfigOf(settings(text)).profiles);
    expect(profiles).toMatchObject([
      {
        name: 'small',
        size: { cpuUnits: 1024, memoryMiB: 2048 },
        spot: 'prefer',
        taskDefinition: 'muster-worker',
      },
      {
        name: 'big',
        size: { cpuUnits: 8192, memoryMiB: 20_480 },
        spot: 'never',
        taskDefinition: 'muster-arm',
      },
    ]);
  });

  test('count each group as the largest and dearest, and tell what groups of every profile have', () => {
    const adapter = ecsAdapterOf(
      settings({
        profile: ['name=a cpu=2 memory=4 labels=linux', 'name=b cpu=4 memory=30 labels=linux,big'],
      }),
      'us-east-1',
    );
    expect([adapter.cost?.vcpus, adapter.workersPerGroup]).toEqual([4, 2]);
    expect(adapter.cost?.dollarsPerHour).toBe(adapter.offers?.[1]?.dollarsPerHour);
    expect([...adapter.capabilities.keys()]).toEqual(['linux']);
  });

  test('say a price where the table is not to be used', () => {
    const one = settings({
      dollarsPerGroupHour: '0.02',
      profile: ['name=a', 'name=b labels=b dollars-per-hour=0.5'],
    });
    expect(offersOf(one, 'xx-new-1').map((offer) => offer.dollarsPerHour)).toEqual([0.02, 0.5]);
  });

  test('show what they are, so that it can be read again', () => {
    const shown = printConfig(
      resolve({ profile: ['name=gpu cpu=4 memory=16 labels=gpu,linux=2 spot=only'] }),
    );
    expect(shown).toContain('name=gpu cpu=4 memory=16 labels=gpu,linux=2 spot=only');
  });

  test.each([
    ['no subnet', { ecsSubnets: undefined }, /--ecs-subnets: is required/],
    ['what is no subnet', { ecsSubnets: ['vpc-1'] }, /does not fit/],
    [
      'a size that does not exist',
      { ecsTaskMemory: '120', ecsTaskCpu: '16', profile: ['name=a cpu=16 memory=121'] },
      /too large/,
    ],
    [
      'two profiles of the same labels',
      { profile: ['name=a labels=x', 'name=b labels=x=3'] },
      /"a" and "b" have the same labels/,
    ],
    ['two profiles of one name', { profile: ['name=a', 'name=a labels=x'] }, /two profiles are called "a"/],
    ['a profile with an unknown key', { profile: ['name=a colour=red'] }, /no "colour"/],
    ['a profile without a name', { profile: ['cpu=1'] }, /needs a name/],
    ['a name that ECS cannot carry', { adapterName: 'a.b' }, /does not fit/],
    ['a grace that Fargate does not give', { grace: '70s' }, /too large/],
    ['no limit at all', { maxWorkerGroups: '0' }, /too small/],
  ])('refuse %s', (_, flags, what) => expect(problems(flags).join('\n')).toMatch(what));
});

describe('the name of an adapter', () => {
  const one = { adapterName: undefined, schedulerAddress: 'tcp://10.0.0.5:8516', cluster: 'muster' };
  test('is the same after a restart, and another one on another machine', () => {
    expect(adapterNameOf(one, 'host-a')).toBe(adapterNameOf(one, 'host-a'));
    expect(adapterNameOf(one, 'host-a')).not.toBe(adapterNameOf(one, 'host-b'));
    expect(adapterNameOf(one, 'host-a')).not.toBe(adapterNameOf({ ...one, cluster: 'other' }, 'host-a'));
    expect(adapterNameOf(one, 'host-a')).toMatch(/^ecs-[0-9a-f]{16}$/);
  });
});
