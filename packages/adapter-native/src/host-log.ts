/** Output of worker hosts: a file per group, since a pipe would die with the adapter. Bounded, and pruned. */
import {
  closeSync,
  copyFileSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';

export interface HostLogs {
  /** For appending; the caller closes it. */
  open(group: string): number;
  /** What the host said last, for a diagnosis: at most 5 lines and 1 KiB, control characters removed. */
  tail(group: string): string;
  /** Cuts logs that have grown too long, and removes the oldest ones of groups that are no more. */
  prune(living: ReadonlySet<string>): void;
}

const SUFFIX = '.log';
const TAIL_BYTES = 1_024;
const TAIL_LINES = 5;
/** Logs of ended groups that are kept for people. */
const ENDED_LOGS_MAX = 32;

/** @param bytesMax per group, twice: the current file and what was cut off last (`.log.old`). */
export const hostLogs = (folder: string, bytesMax: number): HostLogs => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const pathOf = (group: string): string => join(folder, group + SUFFIX);
  const cut = (path: string): void => {
    copyFileSync(path, `${path}.old`);
    truncateSync(path, 0);
  };
  const ended = (living: ReadonlySet<string>): readonly string[] =>
    readdirSync(folder)
      .filter((name) => name.endsWith(SUFFIX) && !living.has(name.slice(0, -SUFFIX.length)))
      .map((name) => ({ path: join(folder, name), at: statSync(join(folder, name)).mtimeMs }))
      .sort((a, b) => b.at - a.at)
      .map((one) => one.path);
  return {
    open: (group) => openSync(pathOf(group), 'a', 0o600),
    tail: (group) => {
      try {
        return lastLines(readEnd(pathOf(group)));
      } catch {
        // No log, no diagnosis; the exit code is still told.
        return '';
      }
    },
    prune: (living) => {
      for (const group of living) {
        const path = pathOf(group);
        if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > bytesMax) cut(path);
      }
      for (const path of ended(living).slice(ENDED_LOGS_MAX)) {
        rmSync(path, { force: true });
        rmSync(`${path}.old`, { force: true });
      }
    },
  };
};

const readEnd = (path: string): string => {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(TAIL_BYTES);
    const length = readSync(file, buffer, 0, TAIL_BYTES, Math.max(0, fstatSync(file).size - TAIL_BYTES));
    return buffer.toString('utf8', 0, length);
  } finally {
    closeSync(file);
  }
};

export const lastLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.replace(/[\x00-\x1f\x7f]+/g, ' ').trim())
    .filter((line) => line !== '')
    .slice(-TAIL_LINES)
    .join(' | ');
