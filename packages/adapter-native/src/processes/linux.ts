/** Process table from /proc. Needs no cgroup and no tool. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { WORKER_ENV } from '@muster/protocol/calls';
import type { GroupMark, ProcessEntry, ReadProcesses } from './entry.ts';

/** Processes read in one turn of the event loop: about a millisecond. */
const PER_TURN = 64;
/** Looks at an environment before it is believed: between fork and exec a process still shows its parent's. */
const LOOKS = 3;

interface Seen {
  readonly start: string;
  readonly mark: GroupMark | undefined;
  looks: number;
}

/** One per adapter: it remembers environments, which are most of the cost, of processes that it has seen a few times. */
export const procReader = (root = '/proc'): ReadProcesses => {
  const uid = process.getuid?.() ?? 0;
  let known = new Map<string, Seen>();
  return async () => {
    const pids = readdirSync(root).filter((name) => /^\d+$/.test(name));
    const found: ProcessEntry[] = [];
    const seen = new Map<string, Seen>();
    for (let from = 0; from < pids.length; from += PER_TURN) {
      if (from > 0) await nextTurn();
      for (const pid of pids.slice(from, from + PER_TURN)) {
        const entry = readEntry(root, pid, uid, known, seen);
        if (entry !== undefined) found.push(entry);
      }
    }
    known = seen;
    return found;
  };
};

const readEntry = (
  root: string,
  pid: string,
  uid: number,
  known: ReadonlyMap<string, Seen>,
  seen: Map<string, Seen>,
): ProcessEntry | undefined => {
  try {
    if (statSync(`${root}/${pid}`).uid !== uid) return undefined;
    const entry = parseStat(readFileSync(`${root}/${pid}/stat`, 'latin1'));
    if (entry === undefined || entry.zombie) return entry;
    const before = known.get(pid);
    const isKnown = before?.start === entry.start && before.looks >= LOOKS;
    const mark = isKnown ? before.mark : parseEnviron(readFileSync(`${root}/${pid}/environ`, 'latin1'));
    seen.set(pid, { start: entry.start, mark, looks: before?.start === entry.start ? before.looks + 1 : 1 });
    return { ...entry, mark };
  } catch {
    // It ended while we looked, or it is not ours to look into.
    return undefined;
  }
};

/** The process that has this pid now, without its mark; undefined when there is none. Synchronous: right before a kill. */
export const procStart = (pid: number, root = '/proc'): string | undefined => {
  try {
    const entry = parseStat(readFileSync(`${root}/${pid}/stat`, 'latin1'));
    return entry === undefined || entry.zombie ? undefined : entry.start;
  } catch {
    return undefined;
  }
};

/**
 * `pid (comm) state ppid pgrp session … starttime`; comm may hold spaces and parentheses.
 * Source: proc_pid_stat(5): state is field 3, ppid 4, pgrp 5, session 6, starttime 22 (ticks since boot).
 */
export const parseStat = (text: string): ProcessEntry | undefined => {
  const close = text.lastIndexOf(')');
  const pid = Number.parseInt(text, 10);
  const fields = text.slice(close + 2).split(' ');
  const [state, ppid, pgid, sid] = fields;
  const start = fields[19];
  if (close < 0 || Number.isNaN(pid) || state === undefined || start === undefined) return undefined;
  return {
    pid,
    ppid: Number(ppid),
    pgid: Number(pgid),
    sid: Number(sid),
    start,
    startedAt: Number(start),
    zombie: state === 'Z' || state === 'X',
    mark: undefined,
  };
};

/** The first of several equal names counts, as for getenv(3). */
export const parseEnviron = (text: string): GroupMark | undefined => {
  let owner: string | undefined;
  let group: string | undefined;
  for (const pair of text.split('\0')) {
    if (pair.startsWith(`${WORKER_ENV.owner}=`)) owner ??= pair.slice(WORKER_ENV.owner.length + 1);
    else if (pair.startsWith(`${WORKER_ENV.groupId}=`)) group ??= pair.slice(WORKER_ENV.groupId.length + 1);
  }
  return owner === undefined || group === undefined ? undefined : { owner, group };
};
