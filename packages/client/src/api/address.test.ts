import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { announcementPath, findScheduler } from './address.ts';

let runtime = '';
beforeEach(() => {
  runtime = mkdtempSync(join(tmpdir(), 'muster-address-'));
});
afterEach(() => rmSync(runtime, { recursive: true, force: true }));

const announce = (text: string): void => {
  const path = announcementPath({ XDG_RUNTIME_DIR: runtime });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
};

test('the given address wins over the environment, that over the running fleet', () => {
  announce(JSON.stringify({ scheduler: 'ipc:///run/muster/s', pid: process.pid }));
  const env = { XDG_RUNTIME_DIR: runtime, MUSTER_SCHEDULER: 'tcp://10.0.0.1:8516' };
  expect(findScheduler('tcp://[::1]:9', env)).toBe('tcp://[::1]:9');
  expect(findScheduler(undefined, env)).toBe('tcp://10.0.0.1:8516');
  expect(findScheduler(undefined, { XDG_RUNTIME_DIR: runtime })).toBe('ipc:///run/muster/s');
  expect(findScheduler(undefined, { XDG_RUNTIME_DIR: runtime, MUSTER_SCHEDULER: '' })).toBe(
    'ipc:///run/muster/s',
  );
});

test.each([
  ['nothing'],
  ['{'],
  ['null'],
  ['{"scheduler": 5}'],
  ['{"scheduler": "ipc:///x", "pid": 2147483646}'],
])('without a living fleet (%s) it says how to get one', (text) => {
  if (text !== 'nothing') announce(text);
  expect(() => findScheduler(undefined, { XDG_RUNTIME_DIR: runtime })).toThrow(
    /no scheduler is known: .*"muster up".*MUSTER_SCHEDULER/,
  );
});

test.runIf(process.getuid?.() === 0)('an announcement of another user is not believed', () => {
  announce(JSON.stringify({ scheduler: 'ipc:///run/muster/s', pid: process.pid }));
  chownSync(announcementPath({ XDG_RUNTIME_DIR: runtime }), 65_534, 65_534);
  expect(() => findScheduler(undefined, { XDG_RUNTIME_DIR: runtime })).toThrow(/no scheduler is known/);
});

test.each(['localhost:8516', 'http://x:1', 'tcp://x', 'tcp://:', ''])('%j is no address', (address) => {
  expect(() => findScheduler(address, { XDG_RUNTIME_DIR: runtime })).toThrow(
    /is no address of a scheduler|no scheduler is known/,
  );
});

test('without a runtime directory the announcement is in a directory of this user', () => {
  expect(announcementPath({})).toBe(join(tmpdir(), `muster-${process.getuid?.()}`, 'muster', 'up.json'));
});
