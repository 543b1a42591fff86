import { spawn } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { cpuMs, killMarked, pidsWithEnvironment, treeRssBytes } from './proc.ts';

const MARK = `MUSTER_TEST_MARK=${process.pid}-${performance.now()}`;
const [name = '', value = ''] = MARK.split('=');

describe.skipIf(process.platform !== 'linux')('what /proc says', () => {
  afterEach(() => void killMarked(MARK));

  const start = async (): Promise<number> => {
    // A name with a space and a bracket, as any program may have.
    const child = spawn('sh', ['-c', 'echo up; sleep 1000 & wait'], {
      env: { ...process.env, [name]: value },
      argv0: 's) h',
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    return child.pid ?? 0;
  };

  it('counts the memory of a process with its descendants', async () => {
    const pid = await start();
    const both = treeRssBytes(pid) ?? 0;
    expect(both).toBeGreaterThan(500_000);
    expect(treeRssBytes(process.pid)).toBeGreaterThan(both);
    expect(treeRssBytes(2 ** 30)).toBeUndefined();
    expect(cpuMs(pid)).toBeGreaterThanOrEqual(0);
    expect(cpuMs(2 ** 30)).toBeUndefined();
  });

  it('finds and kills whoever carries a mark, and nobody else', async () => {
    const pid = await start();
    expect(pidsWithEnvironment(MARK)).toContain(pid);
    expect(pidsWithEnvironment(`${MARK}0`)).toEqual([]);
    expect(killMarked(MARK)).toBeGreaterThanOrEqual(2);
    expect(pidsWithEnvironment(MARK)).toEqual([]);
  });
});
