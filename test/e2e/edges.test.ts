/** The main job, as `npm start` runs it: a fleet that grows from zero, real photographs, and nothing left behind. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { processesWith, until } from '../support/processes.ts';

const main = fileURLToPath(new URL('../../packages/client/examples/dist/edges/main.js', import.meta.url));
const run = promisify(execFile);
const RUN_WITHIN_MS = 180_000;
/** Smaller than any edge image of a photograph of one megapixel. */
const IMAGE_BYTES_MIN = 10_000;

describe('the edges job', () => {
  const out = mkdtempSync(join(tmpdir(), 'muster-edges-'));
  const mark = `edges-${process.pid}`;
  afterAll(() => {
    rmSync(out, { recursive: true, force: true });
  });

  it(
    'finds the edges of 26 photographs on a fleet that grows, shrinks and vanishes',
    async () => {
      const { stdout } = await run(process.execPath, [main, '--out', out], {
        env: { ...process.env, EDGES_TEST: mark },
        timeout: RUN_WITHIN_MS,
      });
      const images = readdirSync(out).filter((name) => name.endsWith('-edges.jpg'));
      expect(images).toHaveLength(26);
      for (const name of [...images, 'contact-sheet.jpg']) {
        expect(statSync(join(out, name)).size, name).toBeGreaterThan(IMAGE_BYTES_MIN);
      }
      expect(stdout).toMatch(/26 succeeded, 0 failed/);
      expect(Number(/at most (\d+) at a time/.exec(stdout)?.[1])).toBeGreaterThanOrEqual(2);
      expect(stdout).toMatch(/waiting +p50 [\d.]+ s, p95 [\d.]+ s/);
      expect(stdout).toMatch(/why it scaled\n +\+[\d.]+ s +0 → /);
      await until(
        'no process of it',
        () => processesWith(['EDGES_TEST', mark]).length === 0,
        10_000,
        () => processesWith(['EDGES_TEST', mark]),
      );
    },
    RUN_WITHIN_MS + 15_000,
  );

  it(
    'names a photograph that cannot be read, does the others, and fails',
    async () => {
      const photos = mkdtempSync(join(tmpdir(), 'muster-photos-'));
      const require = createRequire(import.meta.url);
      const good = join(
        dirname(require.resolve('paper-kit-2/package.json')),
        'assets',
        'img',
        'bruno-abatti.jpg',
      );
      copyFileSync(good, join(photos, 'good.jpg'));
      writeFileSync(join(photos, 'broken.jpg'), 'no picture');
      const ended = run(process.execPath, [main, photos, '--out', join(photos, 'out')], {
        timeout: RUN_WITHIN_MS,
      });
      const { code, stdout } = await ended.then(
        (output) => ({ code: 0, ...output }),
        (error: unknown) => error as { code: number; stdout: string },
      );
      expect(code).toBe(1);
      expect(stdout).toMatch(/broken\.jpg +cannot be read: /);
      expect(readdirSync(join(photos, 'out')).sort()).toEqual(['contact-sheet.jpg', 'good-edges.jpg']);
      rmSync(photos, { recursive: true, force: true });
    },
    RUN_WITHIN_MS,
  );

  it('says what is wrong with a folder without photographs', async () => {
    await expect(run(process.execPath, [main, tmpdir() + '/surely-not-there'])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is not a folder') as unknown,
    });
  });
});
