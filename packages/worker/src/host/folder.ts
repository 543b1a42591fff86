/** The private folder of a worker host: modules, journals, working directories. Folders of dead hosts are removed. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'muster-worker-';

export const createHostFolder = (parent: string = tmpdir()): string => {
  removeOrphans(parent);
  return mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
};

export const removeHostFolder = (folder: string): void => {
  rmSync(folder, { recursive: true, force: true });
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

/** The guardian removes them; this is for the day on which the machine went down. */
const removeOrphans = (parent: string): void => {
  const user = process.getuid?.();
  for (const name of readdirSync(parent)) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const path = join(parent, name);
    try {
      if (statSync(path).uid === user) removeHostFolder(path);
    } catch {
      // somebody else removed it
    }
  }
};

/** Unique to this host: everything that it starts carries it in its environment. */
export const freshMark = (): string => randomBytes(16).toString('hex');
