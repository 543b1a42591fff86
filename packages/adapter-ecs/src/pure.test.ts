/** Sizes, prices, requests, profiles and the breaker: no AWS, no clock. */
import { describe, expect, test } from 'vitest';
import { adapterId, groupId, instant, workerId } from '@muster/protocol/ids';
import { createBreaker } from './breaker.ts';
import { LaunchError, OVERRIDES_MAX, ownerOf, runTaskInput, variantsOf } from './launch.ts';
import type { Place } from './launch.ts';
import { dollarsPerHour, isPriced } from './prices.ts';
import { profileFor } from './profiles.ts';
import type { LaunchProfile } from './profiles.ts';
import { FARGATE_SIZES, roundUp, showSize } from './sizes.ts';

describe('sizes', () => {
  test('are the 74 of the table', () => {
    const perCpu = new Map<number, number>();
    for (const { cpuUnits } of FARGATE_SIZES) perCpu.set(cpuUnits, (perCpu.get(cpuUnits) ?? 0) + 1);
    expect([...perCpu]).toEqual([
      [256, 3],
      [512, 4],
      [1024, 7],
      [2048, 13],
      [4096, 23],
      [8192, 12],
      [16384, 12],
    ]);
    expect(FARGATE_SIZES).toHaveLength(74);
  });

  test.each(FARGATE_SIZES.map((size) => [showSize(size), size] as const))('%s is itself', (_, size) => {
    expect(roundUp(size.cpuUnits / 1024, size.memoryMiB)).toEqual(size);
  });

  test('whatever is asked for, nothing smaller would do, and CPU is saved before memory', () => {
    for (let vcpus = 0.1; vcpus <= 16; vcpus += 0.37)
      for (let memoryMiB = 100; memoryMiB <= 122_880; memoryMiB += 1_777) {
        const fitting = FARGATE_SIZES.filter(
          (size) => size.cpuUnits >= vcpus * 1024 && size.memoryMiB >= memoryMiB,
        );
        const cpuUnits = Math.min(...fitting.map((size) => size.cpuUnits));
        const least = Math.min(
          ...fitting.filter((size) => size.cpuUnits === cpuUnits).map((size) => size.memoryMiB),
        );
        expect(roundUp(vcpus, memoryMiB)).toEqual({ cpuUnits, memoryMiB: least });
      }
  });

  test.each([
    ['1 vCPU with 30 GiB needs 4 vCPU', 1, 30 * 1024, { cpuUnits: 4096, memoryMiB: 30_720 }],
    ['3 vCPU become 4', 3, 2048, { cpuUnits: 4096, memoryMiB: 8192 }],
    ['9 vCPU become 16, and 33 GiB 40', 9, 33 * 1024, { cpuUnits: 16_384, memoryMiB: 40_960 }],
    ['more than the largest is nothing', 16.1, 512, undefined],
    ['more memory than the largest is nothing', 1, 122_881, undefined],
  ])('%s', (_, vcpus, memoryMiB, size) => expect(roundUp(vcpus, memoryMiB)).toEqual(size));
});

describe('prices', () => {
  const task = (vcpus: number, gib: number) => ({
    size: { cpuUnits: vcpus * 1024, memoryMiB: gib * 1024 },
    architecture: 'X86_64' as const,
    storageGiB: 20,
    publicAddress: false,
  });
  test.each([
    ['1 vCPU / 2 GB', task(1, 2), 'us-east-1', 0.0494],
    ['4 vCPU / 30 GB', task(4, 30), 'us-east-1', 0.2953],
    ['16 vCPU / 120 GB', task(16, 120), 'us-east-1', 1.181],
    ['ARM is cheaper', { ...task(1, 2), architecture: 'ARM64' as const }, 'us-east-1', 0.0395],
    ['100 GB more disk', { ...task(1, 2), storageGiB: 120 }, 'us-east-1', 0.0605],
    ['a public address', { ...task(1, 2), publicAddress: true }, 'us-east-1', 0.0544],
    ['an unknown region costs half as much again', task(1, 2), 'xx-nowhere-1', 0.0741],
  ])('%s', (_, one, region, dollars) => expect(dollarsPerHour(one, region)).toBeCloseTo(dollars, 3));

  test('are never below what AWS charges, to the millionth', () => {
    for (const { cpuUnits, memoryMiB } of FARGATE_SIZES) {
      const exact = (cpuUnits / 1024) * 0.04048 + (memoryMiB / 1024) * 0.004445;
      const told = dollarsPerHour({ ...task(1, 2), size: { cpuUnits, memoryMiB } }, 'us-east-1');
      expect(told - exact).toBeGreaterThan(-1e-9);
      expect(told - exact).toBeLessThan(1.1e-6);
    }
  });

  test('say which regions they know', () =>
    expect([isPriced('us-east-1'), isPriced('eu-west-9')]).toEqual([true, false]));
});

const place: Place = {
  cluster: 'muster',
  subnets: ['subnet-a', 'subnet-b', 'subnet-c'],
  securityGroups: ['sg-1'],
  assignPublicIp: false,
  platformVersion: '1.4.0',
  tags: new Map([['team', 'data']]),
};
const profile: LaunchProfile = {
  name: 'default',
  size: { cpuUnits: 1024, memoryMiB: 2048 },
  capabilities: new Map([['linux', 'present']]),
  spot: 'prefer',
  taskDefinition: 'muster-worker',
  image: undefined,
  architecture: 'X86_64',
  storageGiB: 50,
  dollarsPerHour: undefined,
};
const spec = {
  groupId: groupId('g-e1-1'),
  token: 'm-token-1',
  workerIds: [workerId('Worker|g-e1-1|0')],
  capabilities: profile.capabilities,
  env: { MUSTER_SCHEDULER: 'tcp://10.0.0.5:8516', MUSTER_GROUP_ID: 'g-e1-1', MUSTER_OWNER: 'blue' },
};
const definition = { arn: 'arn:aws:ecs:us-east-1:1:task-definition/muster-worker:7', container: 'worker' };
const owner = ownerOf(adapterId('blue'));
const onDemand = { spot: false, subnets: place.subnets, suffix: 'd0' };

describe('a RunTask request', () => {
  test('says everything, and nothing twice', () => {
    expect(runTaskInput(spec, profile, definition, place, owner, onDemand)).toEqual({
      cluster: 'muster',
      taskDefinition: definition.arn,
      count: 1,
      clientToken: 'm-token-1d0',
      startedBy: 'muster/blue',
      launchType: 'FARGATE',
      platformVersion: '1.4.0',
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: ['subnet-a', 'subnet-b', 'subnet-c'],
          securityGroups: ['sg-1'],
          assignPublicIp: 'DISABLED',
        },
      },
      overrides: {
        cpu: '1024',
        memory: '2048',
        ephemeralStorage: { sizeInGiB: 50 },
        containerOverrides: [
          {
            name: 'worker',
            environment: [
              { name: 'MUSTER_SCHEDULER', value: 'tcp://10.0.0.5:8516' },
              { name: 'MUSTER_GROUP_ID', value: 'g-e1-1' },
              { name: 'MUSTER_OWNER', value: 'blue' },
            ],
          },
        ],
      },
      enableECSManagedTags: true,
      propagateTags: 'TASK_DEFINITION',
      tags: [
        { key: 'team', value: 'data' },
        { key: 'muster:adapter', value: 'blue' },
        { key: 'muster:group', value: 'g-e1-1' },
      ],
    });
  });

  test('asks for Spot by its capacity provider, without a launch type', () => {
    const input = runTaskInput(spec, profile, definition, place, owner, { ...onDemand, spot: true });
    expect(input.capacityProviderStrategy).toEqual([{ capacityProvider: 'FARGATE_SPOT', weight: 1 }]);
    expect(input).not.toHaveProperty('launchType');
  });

  test('leaves out what is default', () => {
    const plain = { ...place, securityGroups: [], platformVersion: '', assignPublicIp: true };
    const input = runTaskInput(spec, { ...profile, storageGiB: 20 }, definition, plain, owner, onDemand);
    expect(input).not.toHaveProperty('platformVersion');
    expect(input.overrides).not.toHaveProperty('ephemeralStorage');
    expect(input.networkConfiguration?.awsvpcConfiguration).toEqual({
      subnets: ['subnet-a', 'subnet-b', 'subnet-c'],
      assignPublicIp: 'ENABLED',
    });
  });

  test('is the same bytes each time, as a token demands', () => {
    const bytes = () => JSON.stringify(runTaskInput(spec, profile, definition, place, owner, onDemand));
    expect(bytes()).toBe(bytes());
  });

  test('that ECS would refuse for its size is not sent', () => {
    const long = { ...spec, env: { ...spec.env, MUSTER_WORKER_IDS: 'x'.repeat(OVERRIDES_MAX) } };
    expect(() => runTaskInput(long, profile, definition, place, owner, onDemand)).toThrow(LaunchError);
  });

  test('has a token and a mark that ECS takes, for the longest names', () => {
    const name = adapterId('a'.repeat(29));
    const longest = { ...spec, token: `m-${'0'.repeat(32)}-${'9'.repeat(9)}` };
    const input = runTaskInput(longest, profile, definition, place, ownerOf(name), onDemand);
    expect(input.startedBy).toMatch(/^[A-Za-z0-9_/-]{1,36}$/);
    expect(input.clientToken).toMatch(/^[!-~]{1,64}$/);
  });
});

describe('the ways to launch a group', () => {
  const ways = (spot: LaunchProfile['spot'], subnets = place.subnets) =>
    variantsOf({ ...profile, spot }, { ...place, subnets }, 't').map(
      (one) => `${one.spot ? 'spot' : 'on demand'} ${one.subnets.length} ${one.suffix}`,
    );
  test('prefer Spot, all subnets before one of them', () =>
    expect(ways('prefer')).toEqual([
      'spot 3 ',
      'spot 1 s1',
      'spot 1 s2',
      'on demand 3 d0',
      'on demand 1 d1',
      'on demand 1 d2',
    ]));
  test('are Spot alone where nothing else is wanted', () =>
    expect(ways('only')).toEqual(['spot 3 ', 'spot 1 s1', 'spot 1 s2']));
  test('are one, on demand, with one subnet', () =>
    expect(ways('never', ['subnet-a'])).toEqual(['on demand 1 ']));
  test('are the same for the same group, and spread over the subnets', () => {
    const first = (token: string) => variantsOf(profile, place, token)[1]?.subnets[0];
    expect(first('m-1')).toBe(first('m-1'));
    const all = new Set(Array.from({ length: 50 }, (_, i) => first(`m-${i}`)));
    expect([...all].sort()).toEqual(['subnet-a', 'subnet-b', 'subnet-c']);
  });
  test('have tokens of their own', () => {
    const suffixes = variantsOf(profile, place, 't').map(({ suffix }) => suffix);
    expect(new Set(suffixes).size).toBe(suffixes.length);
  });
});

describe('a profile is found by what a group was accepted for', () => {
  const gpu: LaunchProfile = { ...profile, name: 'gpu', capabilities: new Map([['gpu', 1]]) };
  test.each([
    ['its labels, in any quantity', new Map([['gpu', 4]]), 'gpu'],
    ['the other one', new Map([['linux', 'present' as const]]), 'default'],
    ['nothing that was configured', new Map([['fpga', 'present' as const]]), undefined],
    ['less than any', new Map<string, number>(), undefined],
  ])('%s', (_, capabilities, name) => expect(profileFor([profile, gpu], capabilities)?.name).toBe(name));
});

describe('the breaker of a definition', () => {
  const minutes = (n: number) => instant(n * 60_000);
  const D = 'worker:7';
  const failing = (times: number, at = 0) => {
    const breaker = createBreaker();
    for (let i = 0; i < times; i++) breaker.onFailure(D, 'exit 1', minutes(at));
    return breaker;
  };
  test('opens with the third failure in ten minutes, and says why', () => {
    expect(failing(2).objection(D, minutes(0))).toBeUndefined();
    expect(failing(3).objection(D, minutes(0))).toMatch(/failed 3 times.*1 more minute.*exit 1/);
    expect(failing(3).objection('other:1', minutes(0))).toBeUndefined();
  });
  test('forgets failures that are older', () => {
    const breaker = failing(2);
    breaker.onFailure(D, 'exit 1', minutes(11));
    expect(breaker.objection(D, minutes(11))).toBeUndefined();
  });
  test('starts anew with a success', () => {
    const breaker = failing(2);
    breaker.onSuccess(D);
    breaker.onFailure(D, 'exit 1', minutes(1));
    expect(breaker.objection(D, minutes(1))).toBeUndefined();
  });
  test('lets one through, then waits longer each time: at most 12 launches in two hours', () => {
    const breaker = createBreaker();
    let launches = 0;
    for (let at = 0; at < 120; at += 0.25) {
      if (breaker.objection(D, minutes(at)) !== undefined) continue;
      launches++;
      breaker.onFailure(D, 'exit 1', minutes(at));
    }
    expect(launches).toBeGreaterThan(6);
    expect(launches).toBeLessThanOrEqual(12);
  });
  test('lets only one through at a time, and another when that one came to nothing', () => {
    const breaker = failing(3);
    expect(breaker.objection(D, minutes(2))).toBeUndefined();
    expect(breaker.objection(D, minutes(2))).toMatch(/is tried/);
    breaker.onAbandoned(D);
    expect(breaker.objection(D, minutes(2))).toBeUndefined();
  });
  test('closes when the one that was let through proves itself', () => {
    const breaker = failing(3);
    breaker.objection(D, minutes(2));
    breaker.onSuccess(D);
    expect(breaker.objection(D, minutes(2))).toBeUndefined();
    expect(breaker.objection(D, minutes(2))).toBeUndefined();
  });
});
