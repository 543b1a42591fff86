/** The native provisioner against processes that do not behave. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Note } from '@muster/core/machine';
import type { GroupSpec } from '@muster/adapter-kit/provisioner';
import { NativeConfigError, nativeProvisioner } from '@muster/adapter-native/provisioner';
import type { NativeConfig, NativeProvisioner } from '@muster/adapter-native/provisioner';
import { adapterId, groupId } from '@muster/protocol/ids';
import { systemClock } from '@muster/runtime/system-clock';
import { processesWith, STAND_IN_HOST, until } from './support.ts';

const { signal } = new AbortController();
const g1 = groupId('g-native-1');

describe.skipIf(process.platform !== 'linux')('native worker groups', () => {
  let stateDir: string;
  let label: string;
  let opened: NativeProvisioner[];
  let notes: Note[];
  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'muster-native-'));
    label = `label-${process.pid}-${Math.trunc(performance.now() * 1000)}`;
    opened = [];
    notes = [];
  });
  afterEach(async () => {
    for (const one of opened) await one.killAll();
    for (const one of opened) await one.close();
    for (const pid of processesWith(label)) process.kill(pid, 'SIGKILL');
    rmSync(stateDir, { recursive: true, force: true });
  });

  const open = (overrides: Partial<NativeConfig> = {}): NativeProvisioner => {
    const one = nativeProvisioner({
      command: [process.execPath, STAND_IN_HOST],
      stateDir,
      ownerMark: adapterId(label),
      clock: systemClock(),
      log: (note) => notes.push(note),
      settleMs: 1_000,
      ...overrides,
    });
    opened.push(one);
    return one;
  };
  const spec = (mode: string): GroupSpec => ({
    groupId: g1,
    token: 't',
    workerIds: [],
    capabilities: new Map(),
    env: { MUSTER_TEST_HOST: mode, MUSTER_TEST_LABEL: label },
  });
  const gone = (): Promise<true> => until('end of every process', () => processesWith(label).length === 0);

  test('a host that ignores SIGTERM is killed when its grace is over', async () => {
    const native = open({ graceMs: 200 });
    await native.start([spec('deaf')], signal);
    await native.stop([g1], 'test', signal);
    expect(await native.list(signal)).toMatchObject([{ groupId: g1, state: 'stopping' }]);
    await gone();
    expect(await native.list(signal)).toEqual([]);
  });

  test('a host has its whole grace', async () => {
    const native = open({ graceMs: 60_000 });
    await native.start([spec('deaf')], signal);
    await native.stop([g1], 'test', signal);
    await native.stop([g1], 'test', signal);
    expect(processesWith(label)).toHaveLength(1);
  });

  test('nothing of a group is left when its host ends on request and its descendants do not', async () => {
    const native = open();
    await native.start([spec('parent')], signal);
    await until('three descendants', () => processesWith(label).length === 4);
    await native.stop([g1], 'test', signal);
    await gone();
  });

  test('what a killed host leaves behind is no group, and a stop sweeps it', async () => {
    const native = open();
    const { started } = await native.start([spec('parent')], signal);
    await until('three descendants', () => processesWith(label).length === 4);
    // As every 2 s: what runs away later is known from here on.
    await native.list(signal);
    process.kill(Number(started[0]?.nativeId), 'SIGKILL');
    await until('the end of the host', () => processesWith(label).length === 3);
    expect(await native.list(signal)).toMatchObject([{ groupId: g1, state: 'stopping' }]);
    const { started: again, failures } = await native.start([spec('good')], signal);
    expect([again, failures[0]?.kind]).toEqual([[], 'throttled']);
    await native.stop([g1], 'test', signal);
    await gone();
    expect(await native.list(signal)).toEqual([]);
  });

  test('a host that ends at once is a failed start, with its last words', async () => {
    const { started, failures } = await open({ settleMs: 20_000 }).start([spec('broken')], signal);
    expect(started).toEqual([]);
    expect(failures).toEqual([
      {
        groupId: g1,
        kind: 'invalid',
        detail:
          'the worker host exited at once with code 3 and said: cannot read the configuration | the value of MUSTER_SCHEDULER is not an address',
      },
    ]);
  });

  test('a program that does not exist is a failed start', async () => {
    const { failures } = await open({ command: ['/does/not/exist'] }).start([spec('good')], signal);
    expect(failures).toMatchObject([
      { groupId: g1, kind: 'invalid', detail: expect.stringContaining('ENOENT') as string },
    ]);
  });

  test('a host that dies later is noted with its last words', async () => {
    const native = open({ settleMs: 100 });
    const { started } = await native.start([spec('good')], signal);
    process.kill(Number(started[0]?.nativeId), 'SIGKILL');
    const exit = await until('note of the exit', () =>
      notes.find((note) => note.event === 'native.host.exited'),
    );
    expect(exit).toMatchObject({ level: 'warn', fields: { group: g1, signal: 'SIGKILL', asked: false } });
  });

  test('a restarted adapter ends a stop that its predecessor began', async () => {
    await open({ graceMs: 300 }).start([spec('deaf')], signal);
    await open({ graceMs: 300 }).stop([g1], 'test', signal);
    // Neither of the two is asked again: their timers are cancelled, as by kill -9.
    for (const one of opened) await one.close();
    const next = open({ graceMs: 60_000 });
    await until('end of the group', () => {
      void next.list(signal);
      return processesWith(label).length === 0;
    });
  });

  test('without its records, a restarted adapter still finds and stops its groups by their mark', async () => {
    const native = open();
    await native.start([spec('good')], signal);
    rmSync(stateDir, { recursive: true });
    const next = open();
    expect(await next.list(signal)).toMatchObject([{ groupId: g1, state: 'running' }]);
    await next.stop([g1], 'test', signal);
    await gone();
  });

  test('two adapters of one name on one machine: the second is refused until the first is gone', async () => {
    const first = open();
    await first.prepare(signal);
    const second = open();
    await expect(second.prepare(signal)).rejects.toMatchObject({ code: 'ADAPTER_BUSY', pid: process.pid });
    await first.close();
    await second.prepare(signal);
  });

  test('killAll ends everything now', async () => {
    const native = open({ graceMs: 60_000 });
    await native.start([spec('deaf')], signal);
    expect(await native.killAll()).toEqual([]);
    expect(processesWith(label)).toEqual([]);
  });

  test('refuses a name that is no file name, and a state folder that is a file', () => {
    expect(() => open({ ownerMark: adapterId('../x') })).toThrow(NativeConfigError);
    writeFileSync(join(stateDir, 'file'), '');
    expect(() => open({ stateDir: join(stateDir, 'file') })).toThrow();
  });
});
