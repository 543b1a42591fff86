/** The published package: one tarball, installed in an empty directory, is a command and a library. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);
const INSTALL_WITHIN_MS = 180_000;

const PROGRAM = `
import { connect, defineTask, isMain } from 'muster';
import { startFleet } from 'muster/fleet';
export const square = defineTask(import.meta.url, 'square', (n) => n * n);
if (isMain(import.meta.url)) {
  const fleet = await startFleet({ groupsMax: 1 });
  const client = await connect({ address: fleet.address });
  console.log(await client.map(square, [1, 2, 3]).toArray());
  await client.close();
  await fleet.stop();
}
`;

describe('the package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-package-'));
  const npm = (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
    run('npm', args, { cwd: folder, timeout: INSTALL_WITHIN_MS });

  beforeAll(async () => {
    // The build that the tests run on is what is packed: no second build beside running tests.
    const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
      cwd: root,
    });
    await npm('init', '--yes');
    const tarball = stdout.trim().split('\n').at(-1) ?? '';
    await npm('install', '--prefer-offline', '--no-audit', '--no-fund', join(folder, tarball));
  }, INSTALL_WITHIN_MS * 2);
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('is a command', async () => {
    expect((await npm('exec', '--offline', '--', 'muster', '--version')).stdout.trim()).toMatch(
      /^\d+\.\d+\.\d+$/,
    );
    const { stdout } = await npm(
      'exec',
      '--offline',
      '--',
      'muster',
      'map',
      '--',
      'echo',
      'hello',
      '{}',
      ':::',
      'world',
    );
    expect(stdout.trim()).toBe('hello world');
  }, 60_000);

  it('is a library with a fleet', async () => {
    writeFileSync(join(folder, 'squares.mjs'), PROGRAM);
    const { stdout } = await run(process.execPath, ['squares.mjs'], { cwd: folder, timeout: 60_000 });
    expect(stdout.trim()).toBe('[ 1, 4, 9 ]');
  }, 70_000);
});
