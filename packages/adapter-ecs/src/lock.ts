/** One adapter per name and machine: a second one would take the tasks of the first for orphans. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export class AdapterBusyError extends Error {
  override readonly name = 'AdapterBusyError';
  readonly code = 'ADAPTER_BUSY';
  readonly pid: number;
  constructor(path: string, pid: number) {
    super(`process ${pid} runs an adapter of the same name already (${path})`);
    this.pid = pid;
  }
}

/** Attempts to take over from a holder that is dead, while others try the same. */
const TRIES_MAX = 5;

/**
 * @returns what releases it, any number of times. It is also free once this process is gone, however it ended.
 * @throws AdapterBusyError while its holder lives.
 */
export const takeLock = (path: string): (() => void) => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const self = `${process.pid} ${startOf(process.pid)}`;
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, self, { mode: 0o600 });
  try {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      if (tryLink(mine, path)) return () => release(path, self);
      const holder = read(path);
      const pid = Number(holder?.split(' ')[0]);
      if (holder !== undefined && pid > 0 && holder === `${pid} ${startOf(pid)}`)
        throw new AdapterBusyError(path, pid);
      if (holder !== undefined) moveAway(path, `${mine}.stale`, holder);
    }
    throw new AdapterBusyError(path, 0);
  } finally {
    rmSync(mine, { force: true });
  }
};

const release = (path: string, self: string): void => {
  if (read(path) === self) rmSync(path, { force: true });
};

/** Tells a later process of the same id apart; '' for none. Elsewhere than on Linux, any living process of that id counts. */
const startOf = (pid: number): string => {
  try {
    // The name of the program, in brackets, may hold anything. Source: proc(5), field 22.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return process.platform === 'linux' || !isAlive(pid) ? '' : 'alive';
  }
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
};

/** Only the very file that was judged is removed: whoever was faster has put a fresh one in its place. */
const moveAway = (path: string, aside: string, judged: string): void => {
  try {
    renameSync(path, aside);
    if (read(aside) !== judged) tryLink(aside, path);
    rmSync(aside, { force: true });
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
};

const tryLink = (from: string, to: string): boolean => {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
};

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
};

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';
