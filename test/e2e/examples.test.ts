/** The example programs run as users run them, on one fleet, and print what their last comment says. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as FleetModule from '@muster/cli/fleet';

const { startFleet } = (await import(
  new URL('../../dist/cli/fleet.js', import.meta.url).href
)) as typeof FleetModule;

const folder = fileURLToPath(new URL('../../packages/client/examples/', import.meta.url));
const names = readdirSync(folder).filter((name) => name.endsWith('.mjs'));
const run = promisify(execFile);
const RUN_WITHIN_MS = 60_000;

describe('example programs', () => {
  let fleet: FleetModule.Fleet;

  beforeAll(async () => {
    fleet = await startFleet({
      policyContent: 'allocate=capability; scaling=vanilla; upper_task_ratio=1; lower_task_ratio=1',
      adapterArgs: ['--per-worker-capabilities', 'gpu'],
    });
  });
  afterAll(async () => {
    await fleet.stop();
  });

  it('are found', () => {
    expect(names.length).toBeGreaterThanOrEqual(7);
  });

  it.each(names)(
    '%s prints what it says',
    async (name) => {
      const source = readFileSync(`${folder}${name}`, 'utf8');
      const expected = /\/\*\s*Expected output:\n([\s\S]*?)\*\/\s*$/.exec(source)?.[1];
      expect(expected, 'the comment with the expected output').toBeDefined();
      const { stdout } = await run(process.execPath, [`${folder}${name}`], {
        env: { ...process.env, MUSTER_SCHEDULER: fleet.address },
        timeout: RUN_WITHIN_MS,
      });
      const lines = (text: string): string[] =>
        text
          .trim()
          .split('\n')
          .map((line) => line.trim());
      expect(lines(stdout)).toEqual(lines(expected ?? ''));
    },
    RUN_WITHIN_MS + 5_000,
  );
});
