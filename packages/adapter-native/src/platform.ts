/** What differs between operating systems: how processes are seen. */
import { execFileSync } from 'node:child_process';
import type { ReadProcesses } from './processes/entry.ts';
import { PS_ENV, readPs } from './processes/darwin.ts';
import { procReader, procStart } from './processes/linux.ts';

export interface Platform {
  readonly read: ReadProcesses;
  /** Start of the process that has this pid now, as in the table; undefined when none is alive. */
  readonly startOf: (pid: number) => string | undefined;
}

/** Undefined where worker groups cannot be found again, so that none may be started. */
export const platformOf = (name: string): Platform | undefined => {
  if (name === 'linux') return { read: procReader(), startOf: (pid) => procStart(pid) };
  if (name === 'darwin') return { read: readPs, startOf: darwinStart };
  return undefined;
};

const darwinStart = (pid: number): string | undefined => {
  try {
    const text = execFileSync('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], {
      env: PS_ENV,
      encoding: 'utf8',
    });
    return text.trim().replace(/\s+/g, ' ');
  } catch {
    // ps ends with 1 when no process has this pid.
    return undefined;
  }
};
