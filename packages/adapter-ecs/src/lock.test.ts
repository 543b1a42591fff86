import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AdapterBusyError, takeLock } from './lock.ts';

describe('the lock of an adapter', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-lock-'));
    path = join(folder, 'blue', 'lock');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('is held by one at a time, and free again when released, any number of times', () => {
    const release = takeLock(path);
    expect(() => takeLock(path)).toThrow(AdapterBusyError);
    release();
    release();
    takeLock(path)();
    expect(existsSync(path)).toBe(false);
  });

  test('passes on from a process that is gone, and from a later one of the same id', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => child.once('exit', resolve));
    takeLock(path)();
    for (const holder of [`${child.pid} 123`, `${process.pid} 1`, '', 'nonsense']) {
      writeFileSync(path, holder);
      takeLock(path)();
    }
    expect(readdirSync(join(folder, 'blue'))).toEqual([]);
  });

  test('does not release what somebody else has taken since', () => {
    const release = takeLock(path);
    writeFileSync(path, '1 1');
    release();
    expect(existsSync(path)).toBe(true);
  });
});
