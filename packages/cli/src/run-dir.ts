/**
 * The private directory of this user's running fleets: sockets that only the user can open, and `up.json`,
 * which tells clients where `muster up` listens.
 */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError, systemCode } from './errors.ts';

/** What `up.json` says. */
export interface Announcement {
  readonly scheduler: string;
  readonly pid: number;
}

const userId = (): number => process.getuid?.() ?? 0;

/** Directory for everything of ours, without making it. */
export const baseDirectory = (env: NodeJS.ProcessEnv = process.env): string => {
  const runtime = env['XDG_RUNTIME_DIR'];
  return join(
    runtime !== undefined && runtime !== '' ? runtime : join(tmpdir(), `muster-${userId()}`),
    'muster',
  );
};

export const announcementPath = (): string => join(baseDirectory(), 'up.json');

/** Makes the directory for its owner alone; refuses one that somebody else made or can enter. */
const ensurePrivate = (path: string): void => {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const found = lstatSync(path);
  const isOurs = found.isDirectory() && (process.getuid === undefined || found.uid === userId());
  if (!isOurs) {
    throw new CliError(
      'failed',
      `${path} belongs to somebody else, so sockets in it would not be private.`,
      'Remove it, or set XDG_RUNTIME_DIR to a directory of your own.',
    );
  }
  if ((found.mode & 0o077) !== 0) chmodSync(path, 0o700);
};

/** Makes it, open to its user only. @throws CliError when somebody else owns it */
export const ensureBaseDirectory = (): string => {
  const base = baseDirectory();
  const runtime = process.env['XDG_RUNTIME_DIR'];
  if (runtime === undefined || runtime === '') ensurePrivate(join(base, '..'));
  ensurePrivate(base);
  return base;
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
};

/** Removes what fleets of dead processes left, as after `kill -9`. */
const sweep = (base: string): void => {
  for (const name of readdirSync(base)) {
    const pid = Number(/^f-(\d+)-/.exec(name)?.[1] ?? Number.NaN);
    if (Number.isInteger(pid) && !isAlive(pid)) rmSync(join(base, name), { recursive: true, force: true });
  }
};

/** A fresh directory for the sockets of one fleet of this process. Short: socket paths end at about 100 bytes. */
export const createFleetDirectory = (): string => {
  const base = ensureBaseDirectory();
  sweep(base);
  const path = mkdtempSync(join(base, `f-${process.pid}-`));
  if (path.length > 80) {
    rmSync(path, { recursive: true });
    throw new CliError(
      'failed',
      `${base} is too long a path for local sockets.`,
      'Set XDG_RUNTIME_DIR to a shorter one, such as /tmp/me, and run the command again.',
    );
  }
  return path;
};

export const removeFleetDirectory = (path: string): void => rmSync(path, { recursive: true, force: true });

/** What `muster up` of this user says, when it lives. */
export const readAnnouncement = (): Announcement | undefined => {
  let text: string;
  try {
    text = readFileSync(announcementPath(), 'utf8');
  } catch {
    return undefined; // no file: nobody announced anything
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('scheduler' in value))
      return undefined;
    const { pid, scheduler } = value;
    if (typeof pid !== 'number' || typeof scheduler !== 'string' || !isAlive(pid)) return undefined;
    return { scheduler, pid };
  } catch {
    return undefined; // half written by a process that died: as good as none
  }
};

/** Throws when another living `muster up` of this user is announced. */
export const refuseSecondUp = (): void => {
  const other = readAnnouncement();
  if (other === undefined || other.pid === process.pid) return;
  throw new CliError(
    'failed',
    `muster up already runs as process ${other.pid}, at ${other.scheduler}.`,
    `Use it as it is (muster map and muster status find it by themselves), or end it first: kill ${other.pid}`,
  );
};

/** Tells clients of this user where the fleet is. Dispose to take it back. Throws where another one stands. */
export const announce = (scheduler: string): Disposable => {
  ensureBaseDirectory();
  const path = announcementPath();
  const announcement: Announcement = { scheduler, pid: process.pid };
  // Exclusive, so that of two that start at once one is refused.
  const write = (): void =>
    writeFileSync(path, `${JSON.stringify(announcement)}\n`, { mode: 0o600, flag: 'wx' });
  try {
    write();
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    refuseSecondUp();
    rmSync(path, { force: true }); // left by a process that was killed
    write();
  }
  return { [Symbol.dispose]: () => withdrawAnnouncement(process.pid) };
};

/** Removes the announcement of a process, also on behalf of one that was killed. */
export const withdrawAnnouncement = (pid: number): void => {
  try {
    const value: unknown = JSON.parse(readFileSync(announcementPath(), 'utf8'));
    if (typeof value === 'object' && value !== null && 'pid' in value && value.pid === pid)
      rmSync(announcementPath(), { force: true });
  } catch {
    // Already gone, or somebody else's half-written file: not ours to remove.
  }
};
