/** What the parts of the native provisioner share. */
import type { Note } from '@muster/core/machine';
import type { GroupId } from '@muster/protocol/ids';
import { instant } from '@muster/protocol/ids';
import type { Clock } from '@muster/runtime/clock';
import type { HostLogs } from './host-log.ts';
import type { Platform } from './platform.ts';
import { groupProcesses } from './processes/members.ts';
import type { GroupProcesses } from './processes/members.ts';
import type { GroupRecords } from './records.ts';

/** A negative pid is a whole process group. A process that is gone already is no error. */
export type Kill = (pid: number, signal: NodeJS.Signals) => void;

export const systemKill: Kill = (pid, signal) => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code !== 'ESRCH') throw error;
  }
};

export interface Native {
  readonly command: readonly string[];
  readonly ownerMark: string;
  readonly clock: Clock;
  readonly log: (note: Note) => void;
  readonly platform: Platform;
  /** Everything of this adapter: records, logs, lock. */
  readonly folder: string;
  readonly kill: Kill;
  readonly graceMs: number;
  readonly settleMs: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logs: HostLogs;
  readonly records: GroupRecords;
  /** What the last scan found: a process that has run away from its parents since is still known. */
  seen: ReadonlyMap<string, GroupProcesses>;
  /** Sweeps under way, by group; each tells whether nothing was left. */
  readonly sweeps: Map<GroupId, Promise<boolean>>;
  /** Ends of graces, by group. */
  readonly alarms: Map<GroupId, { cancel(): void }>;
}

export const note = (
  native: Pick<Native, 'log'>,
  level: Note['level'],
  event: string,
  fields: Note['fields'],
): void => native.log({ kind: 'note', event, level, fields });

/** Every group of ours that has a living process. */
export const scan = async (native: Native): Promise<ReadonlyMap<string, GroupProcesses>> => {
  const before = new Map(native.records.all());
  const table = await native.platform.read();
  native.seen = groupProcesses(table, native.ownerMark, before, process.pid, native.seen);
  return native.seen;
};

export const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.wakeAt(instant(clock.now() + ms), () => resolve()));
