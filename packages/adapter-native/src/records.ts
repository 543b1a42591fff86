/** One small file per group: which process is its host, and until when it has time to stop. A hint; /proc is the truth. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostRecord } from './processes/members.ts';

export interface GroupRecord extends HostRecord {
  /** Wall clock, milliseconds: when the grace of a stop that was asked for ends. */
  readonly stopBy: number | undefined;
}

export interface GroupRecords {
  all(): ReadonlyMap<string, GroupRecord>;
  put(group: string, record: GroupRecord): void;
  /** Forgets the group; its log stays for a while. */
  drop(group: string): void;
}

const SUFFIX = '.json';

/** Reads the folder once; later changes are ours alone. Writing is best effort: a full disk must not keep groups alive. */
export const groupRecords = (folder: string, onTrouble: (error: unknown) => void): GroupRecords => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const known = new Map<string, GroupRecord>();
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(SUFFIX)) continue;
    const record = parse(readFileSync(join(folder, name), 'utf8'));
    if (record !== undefined) known.set(name.slice(0, -SUFFIX.length), record);
  }
  const bestEffort = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      onTrouble(error);
    }
  };
  return {
    all: () => known,
    put: (group, record) => {
      known.set(group, record);
      bestEffort(() => {
        const path = join(folder, group + SUFFIX);
        writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
        renameSync(`${path}.new`, path);
      });
    },
    drop: (group) => {
      if (known.delete(group)) bestEffort(() => rmSync(join(folder, group + SUFFIX), { force: true }));
    },
  };
};

const parse = (text: string): GroupRecord | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('start' in value))
      return undefined;
    const { pid, start } = value;
    const stopBy = 'stopBy' in value && typeof value.stopBy === 'number' ? value.stopBy : undefined;
    return typeof pid === 'number' && typeof start === 'string' ? { pid, start, stopBy } : undefined;
  } catch {
    // Cut short by a crash: the processes themselves still bear the group's mark.
    return undefined;
  }
};
