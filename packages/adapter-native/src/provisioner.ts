/**
 * Worker groups as child processes of this machine, each in a session of its own.
 *
 * They outlive the adapter: a group is found again by the mark in the environment of its processes (`MUSTER_OWNER` and
 * `MUSTER_GROUP_ID`), never by being our child. To stop a group is to ask its host (SIGTERM: it drains) and, when the
 * grace is over, to kill every process that bears the mark, wherever it has moved to. A group whose host has died on its
 * own counts as stopping, and the next `stop` sweeps what it left behind.
 */
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Provisioner } from '@muster/adapter-kit/provisioner';
import type { Note } from '@muster/core/machine';
import type { AdapterId, GroupId } from '@muster/protocol/ids';
import type { Clock } from '@muster/runtime/clock';
import { hostLogs } from './host-log.ts';
import { takeLock } from './lock.ts';
import type { Lock } from './lock.ts';
import { note, systemKill } from './native.ts';
import type { Native } from './native.ts';
import { platformOf } from './platform.ts';
import { groupRecords } from './records.ts';
import { startGroups } from './start.ts';
import { killEverything, listGroups, stopGroups } from './stop.ts';

export interface NativeConfig {
  /** Program and arguments that run a worker host. It is told everything else by its environment. */
  readonly command: readonly string[];
  /** Folder for records, logs and the lock; made where missing, open to its user only. */
  readonly stateDir: string;
  /** Name of the adapter; `[A-Za-z0-9._-]`, at most 64 characters. */
  readonly ownerMark: AdapterId;
  readonly clock: Clock;
  readonly log: (note: Note) => void;
  /** From SIGTERM to the host until everything of the group is killed. Default 30 s. Longer than the workers' own grace. */
  readonly graceMs?: number;
  /** A host that ends within this after its launch is a failed start. Default 300 ms. */
  readonly settleMs?: number;
  /** Bound of a host's log file. Default 1 MiB. */
  readonly logBytesMax?: number;
  /** Handed on to the hosts, without what says `MUSTER_…`. Default: the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface NativeProvisioner extends Provisioner, AsyncDisposable {
  /** Kills every group of this adapter now, without grace. Resolves when none is left, or after 5 s. */
  killAll(): Promise<readonly GroupId[]>;
  /** Releases the lock; groups stay. Any number of times. */
  close(): Promise<void>;
}

export class NativeConfigError extends Error {
  override readonly name = 'NativeConfigError';
  readonly code = 'NATIVE_CONFIG_INVALID';
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** @throws NativeConfigError for an unusable configuration or an unsupported platform. */
export const nativeProvisioner = (config: NativeConfig): NativeProvisioner => {
  const native = createNative(config);
  let lock: Lock | undefined;
  const close = async (): Promise<void> => {
    for (const alarm of native.alarms.values()) alarm.cancel();
    native.alarms.clear();
    await Promise.allSettled([...native.sweeps.values()]);
    lock?.release();
    lock = undefined;
  };
  return {
    name: 'native',
    prepare: async () => {
      if (lock !== undefined) return;
      const start = native.platform.startOf(process.pid) ?? '';
      lock = takeLock(join(native.folder, 'lock'), { pid: process.pid, start }, native.platform.startOf);
    },
    start: (specs, signal) => startGroups(native, specs, signal),
    list: () => listGroups(native),
    stop: (ids) => stopGroups(native, ids),
    killAll: () => killEverything(native),
    close,
    [Symbol.asyncDispose]: close,
  };
};

/** Records name processes that we will kill, so nobody else may write them. */
const privateFolder = (stateDir: string, name: string): string => {
  const folder = join(stateDir, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const path of [stateDir, folder]) {
    const found = lstatSync(path);
    if (!found.isDirectory() || found.uid !== process.getuid?.())
      throw new NativeConfigError(
        `${path} is not a folder of this user: remove it, or choose another one with --state-dir`,
      );
  }
  chmodSync(folder, 0o700);
  return folder;
};

const createNative = (config: NativeConfig): Native => {
  if (!NAME.test(config.ownerMark))
    throw new NativeConfigError(`'${config.ownerMark}' cannot name an adapter: use A-Z a-z 0-9 . _ -`);
  const [program] = config.command;
  if (program === undefined) throw new NativeConfigError('the worker command is empty');
  const platform = platformOf(process.platform);
  if (platform === undefined)
    throw new NativeConfigError(`worker groups cannot be local processes on ${process.platform}`);
  const folder = privateFolder(config.stateDir, config.ownerMark);
  return {
    command: config.command,
    ownerMark: config.ownerMark,
    clock: config.clock,
    log: config.log,
    platform,
    kill: systemKill,
    folder,
    graceMs: config.graceMs ?? 30_000,
    settleMs: config.settleMs ?? 300,
    env: config.env ?? process.env,
    logs: hostLogs(join(folder, 'logs'), config.logBytesMax ?? 1024 * 1024),
    records: groupRecords(join(folder, 'groups'), (error) =>
      note(config, 'warn', 'native.record.failed', { detail: String(error) }),
    ),
    seen: new Map(),
    sweeps: new Map(),
    alarms: new Map(),
  };
};
