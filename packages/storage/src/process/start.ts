/** Tells a process apart from a later one with the same number. */
import { readFileSync } from 'node:fs';

/**
 * Clock ticks after boot at which a process started; undefined when there is no such process (one that ended and was
 * not waited for is none), or where the system does not tell. Source: proc(5), fields 3 and 22 of stat.
 */
export const startTicks = (pid: number): string | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command in field 2 may hold spaces and brackets: count from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    // Gone between two looks, or no /proc here: the same answer.
    return undefined;
  }
};

/** Whether the process that had this number and start is still there. `ticks` '0': its start was not known. */
export const isSameProcess = (pid: number, ticks: string): boolean => {
  const found = startTicks(pid);
  if (found !== undefined) return found === ticks;
  try {
    process.kill(pid, 0);
    return ticks === '0';
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};
