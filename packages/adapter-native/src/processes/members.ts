/** Which processes belong to which worker group. Pure: a process table and our records in, groups out. */
import type { ProcessEntry } from './entry.ts';

/** What was written down when a group's host was started. */
export interface HostRecord {
  readonly pid: number;
  readonly start: string;
}

export interface GroupProcesses {
  readonly group: string;
  /** The worker host; undefined when it is dead, whatever it left behind. */
  readonly host: ProcessEntry | undefined;
  /** Living processes of the group, the host included. */
  readonly members: readonly ProcessEntry[];
}

/**
 * A process belongs to a group when its environment says so. It also does when it descends from one that does, or lives in
 * a process group or session led by one, or did so when we last looked: user code may wipe its environment and leave its
 * session, but not before it was born.
 *
 * N1 a process that bears the mark of another owner, or of another group of ours, is never counted to a group by descent.
 * N2 we ourselves and pid 1 belong to no group.
 */
export const groupProcesses = (
  table: readonly ProcessEntry[],
  owner: string,
  records: ReadonlyMap<string, HostRecord>,
  self: number,
  former: ReadonlyMap<string, GroupProcesses> = new Map(),
): ReadonlyMap<string, GroupProcesses> => {
  const living = table.filter((one) => !one.zombie && one.pid !== self && one.pid !== 1);
  const groups = new Set([...records.keys(), ...former.keys()]);
  for (const one of living) if (one.mark?.owner === owner) groups.add(one.mark.group);
  const found = new Map<string, GroupProcesses>();
  for (const group of groups) {
    const record = records.get(group);
    const members = membersOf(living, owner, group, record, former.get(group)?.members ?? []);
    if (members.length > 0) found.set(group, { group, host: hostOf(members, owner, group, record), members });
  }
  return found;
};

const membersOf = (
  living: readonly ProcessEntry[],
  owner: string,
  group: string,
  record: HostRecord | undefined,
  former: readonly ProcessEntry[],
): readonly ProcessEntry[] => {
  const starts = new Map(former.map((one) => [one.pid, one.start]));
  const isMember = (one: ProcessEntry): boolean =>
    one.mark === undefined
      ? starts.get(one.pid) === one.start
      : one.mark.owner === owner && one.mark.group === group;
  const members = new Map(living.filter(isMember).map((one) => [one.pid, one]));
  const candidates = living.filter((one) => one.mark === undefined);
  // A pid is not given away again while a session or process group bears it, so a dead leader still names them.
  const leaders = new Set(members.keys());
  if (record !== undefined && leaderIsOurs(living, record)) leaders.add(record.pid);
  for (let grown = true; grown;) {
    grown = false;
    for (const one of candidates) {
      const related =
        leaders.has(one.ppid) || leaders.has(one.pgid) || (one.sid !== undefined && leaders.has(one.sid));
      if (members.has(one.pid) || !related) continue;
      members.set(one.pid, one);
      leaders.add(one.pid);
      grown = true;
    }
  }
  return [...members.values()];
};

/** False when the pid of the record has gone to a stranger. */
const leaderIsOurs = (living: readonly ProcessEntry[], record: HostRecord): boolean => {
  const now = living.find((one) => one.pid === record.pid);
  return now === undefined || now.start === record.start;
};

/** By the record; without one (the adapter died right after the launch) the oldest leader of a process group. */
const hostOf = (
  members: readonly ProcessEntry[],
  owner: string,
  group: string,
  record: HostRecord | undefined,
): ProcessEntry | undefined => {
  if (record !== undefined)
    return members.find((one) => one.pid === record.pid && one.start === record.start);
  return members
    .filter((one) => one.mark?.owner === owner && one.mark.group === group && one.pid === one.pgid)
    .sort((a, b) => a.startedAt - b.startedAt || a.pid - b.pid)[0];
};
