import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  announce,
  announcementPath,
  baseDirectory,
  createFleetDirectory,
  readAnnouncement,
  refuseSecondUp,
  withdrawAnnouncement,
} from './run-dir.ts';

/** Larger than any process id of Linux (2^22) or macOS. */
const DEAD = 2 ** 30;
let directory: string;
let before: string | undefined;

beforeEach(() => {
  before = process.env['XDG_RUNTIME_DIR'];
  directory = mkdtempSync(join(tmpdir(), 'mrd-'));
  process.env['XDG_RUNTIME_DIR'] = directory;
});
afterEach(() => {
  if (before === undefined) delete process.env['XDG_RUNTIME_DIR'];
  else process.env['XDG_RUNTIME_DIR'] = before;
  rmSync(directory, { recursive: true, force: true });
});

const write = (text: string): void => {
  mkdirSync(baseDirectory(), { recursive: true });
  writeFileSync(announcementPath(), text);
};

describe('the fleet directory', () => {
  it('is short, fresh and open to its owner only', () => {
    const [one, other] = [createFleetDirectory(), createFleetDirectory()];
    expect(one).not.toBe(other);
    expect(statSync(one).mode & 0o077).toBe(0);
    expect(statSync(baseDirectory()).mode & 0o077).toBe(0);
  });

  it('closes a base directory that others could enter', () => {
    mkdirSync(baseDirectory(), { recursive: true, mode: 0o777 });
    createFleetDirectory();
    expect(statSync(baseDirectory()).mode & 0o077).toBe(0);
  });

  it('sweeps what a killed fleet left, and nothing else', () => {
    const mine = createFleetDirectory();
    const left = join(baseDirectory(), `f-${DEAD}-abcdef`);
    const other = join(baseDirectory(), 'store-1');
    mkdirSync(left);
    mkdirSync(other);
    createFleetDirectory();
    expect([existsSync(mine), existsSync(left), existsSync(other)]).toEqual([true, false, true]);
  });

  it('refuses a path that is too long for a socket, with the way out', () => {
    process.env['XDG_RUNTIME_DIR'] = join(directory, 'x'.repeat(90));
    expect(createFleetDirectory).toThrow(/too long/);
  });
});

describe('the announcement', () => {
  it('is found while it stands, and taken back when disposed', () => {
    expect(readAnnouncement()).toBeUndefined();
    {
      using announced = announce('ipc:///s');
      void announced;
      expect(readAnnouncement()).toEqual({ scheduler: 'ipc:///s', pid: process.pid });
      expect(statSync(announcementPath()).mode & 0o077).toBe(0);
    }
    expect(existsSync(announcementPath())).toBe(false);
  });

  it('of a living process is refused to a second one, by its number', () => {
    write(JSON.stringify({ scheduler: 'ipc:///other', pid: process.ppid }));
    expect(refuseSecondUp).toThrow(new RegExp(`process ${process.ppid}`));
    expect(() => announce('ipc:///mine')).toThrow(/already runs/);
  });

  it.each([
    ['a dead process', JSON.stringify({ scheduler: 'ipc:///s', pid: DEAD })],
    ['half a file', '{"scheduler":'],
    ['another shape', '[]'],
  ])('of %s counts as none and is replaced', (_, text) => {
    write(text);
    expect(readAnnouncement()).toBeUndefined();
    using announced = announce('ipc:///new');
    void announced;
    expect(readFileSync(announcementPath(), 'utf8')).toContain('ipc:///new');
  });

  it('is withdrawn only for the process it names', () => {
    write(JSON.stringify({ scheduler: 'ipc:///s', pid: process.ppid }));
    withdrawAnnouncement(process.pid);
    expect(existsSync(announcementPath())).toBe(true);
    withdrawAnnouncement(process.ppid);
    expect(existsSync(announcementPath())).toBe(false);
  });
});
