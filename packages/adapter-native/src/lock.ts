/** One adapter per name and machine: two would stop each other's groups. */
import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export class AdapterBusyError extends Error {
  override readonly name = 'AdapterBusyError';
  readonly code = 'ADAPTER_BUSY';
  readonly pid: number;
  constructor(path: string, pid: number) {
    super(
      `process ${pid} runs an adapter of the same name already (${path}); stop it or choose another name`,
    );
    this.pid = pid;
  }
}

export interface LockHolder {
  readonly pid: number;
  /** Tells a later process with the same pid apart. */
  readonly start: string;
}

export interface Lock {
  /** Any number of times. */
  release(): void;
}

/** Attempts to take over a lock whose holder is dead, while others try the same. */
const TRIES_MAX = 8;

/**
 * @param startOf start of the process that has this pid now; undefined when there is none.
 * @throws AdapterBusyError while the holder lives.
 */
export const takeLock = (
  path: string,
  self: LockHolder,
  startOf: (pid: number) => string | undefined,
): Lock => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const mine = `${path}.${self.pid}`;
  writeFileSync(mine, JSON.stringify(self), { mode: 0o600 });
  try {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      if (tryLink(mine, path)) return { release: () => release(path, self) };
      const text = read(path);
      const holder = text === undefined ? undefined : parse(text);
      if (holder !== undefined && startOf(holder.pid) === holder.start)
        throw new AdapterBusyError(path, holder.pid);
      if (text !== undefined) moveAway(path, `${mine}.stale`, text);
    }
    throw new AdapterBusyError(path, parse(read(path) ?? '')?.pid ?? 0);
  } finally {
    unlinkSync(mine);
  }
};

/** Only the very file that was judged stale is removed: whoever was faster has put a fresh one in its place. */
const moveAway = (path: string, aside: string, judged: string): void => {
  try {
    renameSync(path, aside);
    if (read(aside) !== judged) tryLink(aside, path);
    unlinkSync(aside);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
};

const release = (path: string, self: LockHolder): void => {
  const holder = parse(read(path) ?? '');
  if (holder?.pid === self.pid && holder.start === self.start) unlinkSync(path);
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

const parse = (text: string): LockHolder | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('start' in value))
      return undefined;
    const { pid, start } = value;
    return typeof pid === 'number' && typeof start === 'string' ? { pid, start } : undefined;
  } catch {
    // Cut short by a crash: nobody holds it.
    return undefined;
  }
};

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';
