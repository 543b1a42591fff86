/**
 * What /proc says about processes. Everything is undefined or empty where there is no /proc, but memory, which macOS
 * has from `ps`. Source: proc(5).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createPsMemory } from './ps-memory.ts';

const DESCENDANTS_MAX = 4096;
/** Clock ticks per second in /proc/<pid>/stat: USER_HZ is 100 on every platform that Node supports. */
const TICK_MS = 10;

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined; // gone, or not ours to read
  }
};

const ownRssBytes = (pid: number): number | undefined => {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
};

const childrenOf = (pid: number): number[] =>
  (read(`/proc/${pid}/task/${pid}/children`) ?? '')
    .split(' ')
    .flatMap((text) => (text === '' ? [] : [Number(text)]));

/** Resident memory of a process and its descendants; pages that they share are counted in each. */
export const treeRssBytes: (pid: number) => number | undefined =
  process.platform === 'darwin' ? createPsMemory() : (pid) => procTreeRssBytes(pid);

const procTreeRssBytes = (pid: number): number | undefined => {
  const own = ownRssBytes(pid);
  if (own === undefined) return undefined;
  let bytes = own;
  const open = childrenOf(pid);
  for (let seen = 0; open.length > 0 && seen < DESCENDANTS_MAX; seen++) {
    const child = open.pop();
    if (child === undefined) break;
    bytes += ownRssBytes(child) ?? 0;
    open.push(...childrenOf(child));
  }
  return bytes;
};

/** User and system time of a process so far. */
export const cpuMs = (pid: number): number | undefined => {
  const text = read(`/proc/${pid}/stat`);
  // The name may hold spaces and brackets: fields are counted behind its end.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields?.[11]) + Number(fields?.[12]);
  return Number.isFinite(ticks) ? ticks * TICK_MS : undefined;
};

/** Processes that carry this entry in their environment, ours left out. */
export const pidsWithEnvironment = (entry: string): number[] => {
  const pids: number[] = [];
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return pids; // no /proc: process groups are all we know
  }
  for (const name of names) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    if (`\0${read(`/proc/${name}/environ`) ?? ''}`.includes(`\0${entry}\0`)) pids.push(pid);
  }
  return pids;
};

const SWEEPS_MAX = 5;

/** SIGKILL to every process that carries the mark, until none is left: one that forks meanwhile is met by the next sweep. */
export const killMarked = (entry: string): number => {
  let killed = 0;
  for (let sweep = 0; sweep < SWEEPS_MAX; sweep++) {
    const pids = pidsWithEnvironment(entry);
    if (pids.length === 0) break;
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
        killed++;
      } catch {
        // gone by itself
      }
    }
  }
  return killed;
};
