import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';
import { describeProvisioner } from '@muster/adapter-kit/conformance';
import type { ProviderUnderTest } from '@muster/adapter-kit/conformance';
import { fakeProvider } from '@muster/adapter-kit/fake';
import type { GroupSpec } from '@muster/adapter-kit/provisioner';
import { nativeProvisioner } from '@muster/adapter-native/provisioner';
import type { NativeProvisioner } from '@muster/adapter-native/provisioner';
import { adapterId, workerId } from '@muster/protocol/ids';
import type { AdapterId, GroupId } from '@muster/protocol/ids';
import { systemClock } from '@muster/runtime/system-clock';

const HOST = fileURLToPath(new URL('./stand-in-host.mjs', import.meta.url));
/** A broken host ends before a Node process could, so that no test waits long for one that does not. */
const FAIL_FAST = '[ "$MUSTER_TEST_HOST" = broken ] && { echo broken >&2; exit 3; }; exec "$0" "$1"';

const runner = {
  describe: (name: string, define: () => void) => describe(name, define),
  test: (name: string, run: () => Promise<void>, timeoutMs: number) => test(name, run, timeoutMs),
  skip: (name: string) => test.skip(name, () => undefined),
};
const specOf = (group: GroupId): GroupSpec => ({
  groupId: group,
  token: `token-${group}`,
  workerIds: [workerId(`Worker|${group}|${'0'.repeat(32)}`)],
  capabilities: new Map(),
  env: {},
});

describeProvisioner({
  name: 'fake',
  runner,
  create: async (): Promise<ProviderUnderTest> => {
    const provider = fakeProvider({ clock: systemClock(), listLagMs: 50, bootMs: 50, stopMs: 50 });
    return {
      provisioner: provider.provisioner(adapterId('a')),
      specOf,
      restart: async () => provider.provisioner(adapterId('a')),
      stranger: async () => provider.provisioner(adapterId('b')),
      kill: async (group) => provider.kill(group),
      breakNextStart: async () => void provider.startFaults.push({ kind: 'fail', failure: 'invalid' }),
      dispose: async () => undefined,
    };
  },
});

const createNative = async (): Promise<ProviderUnderTest> => {
  const stateDir = mkdtempSync(join(tmpdir(), 'muster-native-'));
  const opened: NativeProvisioner[] = [];
  let broken = 0;
  const open = (owner: AdapterId): NativeProvisioner => {
    const one = nativeProvisioner({
      command: ['/bin/sh', '-c', FAIL_FAST, process.execPath, HOST],
      stateDir,
      ownerMark: owner,
      clock: systemClock(),
      log: () => undefined,
      graceMs: 10_000,
      settleMs: 250,
    });
    opened.push(one);
    return one;
  };
  const first = open(adapterId(`conformance-${process.pid}`));
  return {
    provisioner: first,
    specOf: (group) => ({ ...specOf(group), env: { MUSTER_TEST_HOST: broken-- > 0 ? 'broken' : 'good' } }),
    restart: async () => {
      await first.close();
      return open(adapterId(`conformance-${process.pid}`));
    },
    stranger: async () => open(adapterId(`stranger-${process.pid}`)),
    kill: async (group) => {
      const [found] = (await first.list(new AbortController().signal)).filter((one) => one.groupId === group);
      if (found !== undefined) process.kill(Number(found.nativeId), 'SIGKILL');
    },
    breakNextStart: async () => void (broken = 1),
    dispose: async () => {
      for (const one of opened) await one.killAll();
      for (const one of opened) await one.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
};

describeProvisioner({ name: 'native', runner, create: createNative });
