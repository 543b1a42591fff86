/** The ECS provisioner, with the real SDK over the wire, against the rules that every provisioner keeps. */
import { ECSClient, StopTaskCommand } from '@aws-sdk/client-ecs';
import { describe, test } from 'vitest';
import { describeProvisioner } from '@muster/adapter-kit/conformance';
import type { ProviderUnderTest } from '@muster/adapter-kit/conformance';
import { ecsProvisioner } from '@muster/adapter-ecs/provisioner';
import type { EcsProvisioner } from '@muster/adapter-ecs/provisioner';
import type { LaunchProfile } from '@muster/adapter-ecs/profiles';
import { adapterId, workerId } from '@muster/protocol/ids';
import type { AdapterId, Capabilities } from '@muster/protocol/ids';
import { systemClock } from '@muster/runtime/system-clock';
import { NEW_ACCOUNT_QUOTAS, fasterTimings } from '../support/aws/ecs/settings.ts';
import { testAccount } from '../support/aws/fixtures.ts';

const SMALL: LaunchProfile = {
  name: 'small',
  size: { cpuUnits: 256, memoryMiB: 512 },
  capabilities: new Map(),
  spot: 'never',
  taskDefinition: 'muster-worker',
  image: 'example.test/muster:1',
  architecture: 'X86_64',
  storageGiB: 20,
  dollarsPerHour: undefined,
};
/** More than the account may run: Fargate refuses it, and keeps refusing. */
const HUGE: LaunchProfile = {
  ...SMALL,
  name: 'huge',
  size: { cpuUnits: 16_384, memoryMiB: 32_768 },
  capabilities: new Map([['huge', 'present']]),
};

const create = async (): Promise<ProviderUnderTest> => {
  const clock = systemClock();
  const account = await testAccount({
    clock,
    timings: fasterTimings(200),
    quotas: NEW_ACCOUNT_QUOTAS,
    behave: () => ({ drainMs: 10 }),
  });
  const { peer } = account;
  Object.assign(process.env, peer.env);
  const opened: EcsProvisioner[] = [];
  const open = (owner: AdapterId): EcsProvisioner => {
    const one = ecsProvisioner({
      ownerMark: owner,
      place: {
        cluster: 'main',
        subnets: peer.network.subnets.slice(0, 1).map(({ id }) => id),
        securityGroups: [],
        assignPublicIp: true,
        platformVersion: '',
        tags: new Map([['team', 'conformance']]),
      },
      profiles: [SMALL, HUGE],
      clock,
      log: () => undefined,
    });
    opened.push(one);
    return one;
  };
  const first = open(adapterId('conformance'));
  let broken = 0;
  const needs = (): Capabilities => (broken-- > 0 ? HUGE : SMALL).capabilities;
  return {
    provisioner: first,
    specOf: (group) => ({
      groupId: group,
      token: `token-${group}`,
      workerIds: [workerId(`Worker|${group}|${'0'.repeat(32)}`)],
      capabilities: needs(),
      env: { MUSTER_SCHEDULER: 'tcp://127.0.0.1:1' },
    }),
    restart: async () => {
      await first.close();
      return open(adapterId('conformance'));
    },
    stranger: async () => open(adapterId('conformance-2')),
    kill: async (group) => {
      // As by a person in the console: the adapter hears nothing of it.
      const client = new ECSClient({});
      for (const task of peer.liveTasks())
        if (task.environment['MUSTER_GROUP_ID'] === group)
          await client.send(new StopTaskCommand({ cluster: 'main', task: task.taskArn, reason: 'by hand' }));
      client.destroy();
    },
    breakNextStart: async () => void (broken = 1),
    dispose: async () => {
      for (const one of opened) await one.close();
      await account[Symbol.asyncDispose]();
    },
  };
};

describeProvisioner({
  name: 'ecs',
  runner: {
    describe: (name, define) => void describe(name, define),
    test: (name, run, timeoutMs) => test(name, run, timeoutMs),
    skip: (name) => test.skip(name, () => undefined),
  },
  create,
});
