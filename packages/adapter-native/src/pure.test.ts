import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WORKER_ENV } from '@muster/protocol/calls';
import { adapterId, groupId } from '@muster/protocol/ids';
import { resolveConfig } from '@muster/runtime/config';
import { machineMemoryBytes, processorMemoryShare } from '@muster/runtime/machine-memory';
import { adapterNameOf, defaultStateDir, nativeAdapterOf, nativeCommand, nativeConfigOf } from './config.ts';
import { earlyExit, launchFailure } from './failures.ts';
import { hostLogs, lastLines } from './host-log.ts';
import { launchOf } from './launch.ts';
import { AdapterBusyError, takeLock } from './lock.ts';
import { groupRecords } from './records.ts';
import { instanceOf } from './states.ts';

const g1 = groupId('g-e1-1');
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'muster-native-unit-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('launchOf', () => {
  const spec = {
    groupId: g1,
    token: 't',
    workerIds: [],
    capabilities: new Map(),
    env: { MUSTER_SCHEDULER: 'ipc:///s' },
  };

  test('runs the command as it is and marks the environment', () => {
    expect(launchOf(['node', 'host.js', '; rm'], 'me', spec, { PATH: '/bin', EMPTY: undefined })).toEqual({
      file: 'node',
      args: ['host.js', '; rm'],
      env: { PATH: '/bin', MUSTER_SCHEDULER: 'ipc:///s', MUSTER_OWNER: 'me', MUSTER_GROUP_ID: g1 },
    });
  });
  test('hands on no setting of the adapter itself but the log level: it may live inside a group of another adapter', () => {
    const inherited = {
      MUSTER_OWNER: 'outer',
      MUSTER_GROUP_ID: 'g-outer',
      MUSTER_LIFELINE: '3',
      MUSTER_LOG_LEVEL: 'debug',
    };
    expect(launchOf(['x'], 'me', { ...spec, env: {} }, inherited).env).toEqual({
      MUSTER_OWNER: 'me',
      MUSTER_GROUP_ID: g1,
      MUSTER_LOG_LEVEL: 'debug',
    });
  });
  test('refuses an empty command', () => {
    expect(() => launchOf([], 'me', spec, {})).toThrow(RangeError);
  });
});

describe('instanceOf', () => {
  const host = {
    pid: 10,
    ppid: 1,
    pgid: 10,
    sid: 10,
    start: 's',
    startedAt: 1,
    zombie: false,
    mark: undefined,
  };
  test.each([
    ['a living host', host, false, 'running'],
    ['a host that was asked to go', host, true, 'stopping'],
    ['a dead host', undefined, false, 'stopping'],
  ])('%s', (_, living, asked, state) => {
    expect(instanceOf({ group: g1, host: living, members: [host] }, asked)).toEqual({
      groupId: g1,
      nativeId: '10',
      state,
    });
  });
});

describe('failures', () => {
  test.each([
    ['ENOENT', 'invalid'],
    ['EACCES', 'invalid'],
    ['E2BIG', 'invalid'],
    ['EAGAIN', 'capacity'],
    ['ENOMEM', 'capacity'],
    ['ENOSPC', 'capacity'],
    ['EMFILE', 'throttled'],
    ['ENFILE', 'throttled'],
  ])('a launch that fails with %s is %s', (code, kind) => {
    const cause = Object.assign(new Error(`spawn x ${code}`), { code });
    expect(launchFailure(g1, 'x', cause)).toEqual({
      groupId: g1,
      kind,
      detail: `cannot start x: spawn x ${code}`,
      cause,
    });
  });
  test.each([
    [3, null, 'bad flag', 'invalid', 'the worker host exited at once with code 3 and said: bad flag'],
    [0, null, '', 'invalid', 'the worker host exited at once with code 0 and said nothing'],
    [null, 'SIGSEGV', '', 'invalid', 'the worker host was ended at once by SIGSEGV and said nothing'],
    [null, 'SIGKILL', '', 'capacity', 'the worker host was ended at once by SIGKILL and said nothing'],
  ] as const)('an exit with %s/%s right after the start', (code, signal, said, kind, detail) => {
    expect(earlyExit(g1, code, signal, said)).toEqual({ groupId: g1, kind, detail });
  });
});

describe('takeLock', () => {
  const startOf = (alive: Record<number, string>) => (pid: number) => alive[pid];
  const path = () => join(folder, 'deep', 'lock');

  test('refuses a second holder while the first lives, and says who it is', () => {
    takeLock(path(), { pid: 10, start: 'a' }, startOf({ 10: 'a', 11: 'b' }));
    expect(() => takeLock(path(), { pid: 11, start: 'b' }, startOf({ 10: 'a', 11: 'b' }))).toThrow(
      AdapterBusyError,
    );
    expect(() => takeLock(path(), { pid: 11, start: 'b' }, startOf({ 10: 'a', 11: 'b' }))).toThrow(
      /^process 10 runs/,
    );
  });
  test.each([
    ['is dead', {}],
    ['has given its pid to somebody else', { 10: 'z' }],
  ])('takes over when the holder %s', (_, alive) => {
    takeLock(path(), { pid: 10, start: 'a' }, startOf(alive));
    takeLock(path(), { pid: 11, start: 'b' }, startOf(alive));
    expect(readFileSync(path(), 'utf8')).toBe('{"pid":11,"start":"b"}');
    expect(readdirSync(join(folder, 'deep'))).toEqual(['lock']);
  });
  test('takes over a lock file that was cut short', () => {
    takeLock(path(), { pid: 10, start: 'a' }, startOf({})).release();
    writeFileSync(path(), '{"pid":1');
    takeLock(path(), { pid: 11, start: 'b' }, startOf({ 1: 'x' }));
    expect(readFileSync(path(), 'utf8')).toContain('11');
  });
  test('releases its own lock only, any number of times', () => {
    const first = takeLock(path(), { pid: 10, start: 'a' }, startOf({}));
    takeLock(path(), { pid: 11, start: 'b' }, startOf({}));
    first.release();
    first.release();
    expect(readFileSync(path(), 'utf8')).toContain('11');
  });
});

describe('groupRecords', () => {
  const open = () => groupRecords(folder, (error) => expect.unreachable(String(error)));
  test('survive a restart, and forget what was dropped', () => {
    const records = open();
    records.put('a', { pid: 1, start: 's', stopBy: undefined });
    records.put('b', { pid: 2, start: 't', stopBy: 99 });
    records.put('c', { pid: 3, start: 'u', stopBy: undefined });
    records.drop('c');
    expect([...open().all()]).toEqual([
      ['a', { pid: 1, start: 's', stopBy: undefined }],
      ['b', { pid: 2, start: 't', stopBy: 99 }],
    ]);
  });
  test('leave out what a crash cut short', () => {
    open().put('a', { pid: 1, start: 's', stopBy: undefined });
    writeFileSync(join(folder, 'a.json'), '{"pid":1,');
    expect([...open().all()]).toEqual([]);
  });
});

describe('hostLogs', () => {
  test('give the last words of a host, without control characters', () => {
    writeFileSync(
      join(folder, 'a.log'),
      `${'x'.repeat(5_000)}\none\n\n\u001b[31mtwo\u001b[0m\r\nthree\nfour\nfive\nsix\n`,
    );
    expect(hostLogs(folder, 1_000).tail('a')).toBe('[31mtwo [0m | three | four | five | six');
    expect(hostLogs(folder, 1_000).tail('missing')).toBe('');
    expect(lastLines('')).toBe('');
  });
  test('cut a log that has grown too long, and keep what was cut once', () => {
    const logs = hostLogs(folder, 100);
    writeFileSync(join(folder, 'a.log'), 'y'.repeat(101));
    writeFileSync(join(folder, 'b.log'), 'y'.repeat(100));
    logs.prune(new Set(['a', 'b']));
    expect([statSync(join(folder, 'a.log')).size, statSync(join(folder, 'a.log.old')).size]).toEqual([
      0, 101,
    ]);
    expect(statSync(join(folder, 'b.log')).size).toBe(100);
  });
  test('keep the newest 32 logs of groups that are no more', () => {
    for (let i = 0; i < 40; i++) {
      writeFileSync(join(folder, `g${i}.log`), '');
      utimesSync(join(folder, `g${i}.log`), i, i);
    }
    hostLogs(folder, 100).prune(new Set(['g0']));
    const left = readdirSync(folder);
    expect(left).toHaveLength(33);
    expect(left).toContain('g0.log');
    expect(left).not.toContain('g7.log');
  });
});

describe('nativeCommand', () => {
  const resolve = (flags: Record<string, unknown>) =>
    resolveConfig(nativeCommand, { flags, args: ['tcp://127.0.0.1:8516'], env: {}, file: undefined }).values;

  test('says everything that the provisioner and the runtime need', () => {
    const settings = resolve({
      maxWorkerGroups: '4',
      workersPerGroup: '2',
      deathTimeout: '5',
      grace: '3s',
      adapterName: 'blue',
      stateDir: '/x',
    });
    expect(nativeConfigOf(settings)).toEqual({ stateDir: '/x', ownerMark: 'blue', graceMs: 11_000 });
    expect(nativeAdapterOf(settings)).toEqual({
      scheduler: 'tcp://127.0.0.1:8516',
      adapterId: 'blue',
      workersPerGroup: 2,
      capabilities: new Map(),
      limits: { groupsMax: 4, startsPerMinuteMax: 300 },
      cost: {},
      intentsFile: '/x/blue/intents',
      workerEnv: {
        MUSTER_DEATH_TIMEOUT_MS: '5000',
        MUSTER_GRACE_MS: '3000',
        MUSTER_PROCESSOR_MEMORY_BYTES_MAX: String(processorMemoryShare(4 * 2)),
      },
      pace: { listLagMs: 0, listBusyIntervalMs: 250, startTimeoutMs: 30_000 },
    });
  });
  test('shares the memory of the machine among all workers that may exist, unless told a limit', () => {
    const limit = (flags: Record<string, unknown>): number =>
      Number(nativeAdapterOf(resolve(flags)).workerEnv?.[WORKER_ENV.processorMemoryBytesMax]);
    expect(4 * limit({ maxWorkerGroups: '4' })).toBeLessThanOrEqual(0.8 * machineMemoryBytes());
    expect(limit({ maxWorkerGroups: '2', workersPerGroup: '2' })).toBe(limit({ maxWorkerGroups: '4' }));
    expect(limit({ maxProcessorMemory: '1GiB', maxWorkerGroups: '4' })).toBe(1024 ** 3);
  });
  test('names an adapter by the scheduler that it serves: the same after a restart, another one beside it', () => {
    const one = adapterNameOf({ adapterName: undefined, schedulerAddress: 'tcp://127.0.0.1:8516' });
    expect(one).toMatch(/^native-[0-9a-f]{12}$/);
    expect(adapterNameOf({ adapterName: undefined, schedulerAddress: 'tcp://127.0.0.1:8516' })).toBe(one);
    expect(adapterNameOf({ adapterName: undefined, schedulerAddress: 'tcp://127.0.0.1:8517' })).not.toBe(one);
    expect(adapterNameOf({ adapterName: 'blue', schedulerAddress: 'x' })).toBe(adapterId('blue'));
  });
  test('has no unlimited fleet', () => {
    expect(() => resolve({ maxWorkerGroups: '-1' })).toThrow(/too small/);
  });
  test('keeps its state with the user', () => {
    expect(defaultStateDir({ XDG_RUNTIME_DIR: '/run/user/5' })).toBe('/run/user/5/muster/adapters');
    expect(defaultStateDir({})).toMatch(/muster-\d+\/muster\/adapters$/);
  });
});
