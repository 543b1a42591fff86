/** Promises of the design that need a whole fleet to be seen, on real processes that nobody kills. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as FleetModule from '@muster/cli/fleet';
import type * as ClientModule from '@muster/client/index';
import type { SchedulerStatus } from '@muster/core/scheduler-types';
import type { Slow } from '../support/promise-tasks.ts';
import { until } from '../support/processes.ts';

const { startFleet } = (await import(
  new URL('../../dist/cli/fleet.js', import.meta.url).href
)) as typeof FleetModule;
const { connect } = (await import(
  new URL('../../dist/client/index.js', import.meta.url).href
)) as typeof ClientModule;

const slow: ClientModule.TaskReference<Slow, number> = {
  module: new URL('../support/promise-tasks.ts', import.meta.url),
  export: 'slow',
};
const STEP_WITHIN_MS = 60_000;

describe('a fleet that is left alone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-promises-'));
  let fleet: FleetModule.Fleet;
  let client: ClientModule.Client;
  let last: SchedulerStatus | undefined;
  let groupsPeak = 0;
  const stopWatching = new AbortController();

  beforeAll(async () => {
    fleet = await startFleet({ groupsMax: 2, workersPerGroup: 1 });
    client = await connect({ address: fleet.address });
    void (async () => {
      for await (const status of fleet.watch(50, stopWatching.signal)) {
        last = status;
        groupsPeak = Math.max(groupsPeak, status.groups.length);
      }
    })();
  });
  afterAll(async () => {
    stopWatching.abort();
    await client.close();
    await fleet.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const groups = (): number => last?.groups.length ?? -1;
  const state = (): unknown => last;

  it(
    'P4: shrinks around a running task and does not touch it',
    async () => {
      const journal = join(folder, 'long');
      const shorts = Array.from({ length: 12 }, (_, i) => ({
        ms: 20 + i,
        journal: join(folder, `short-${i}`),
      }));
      const long = client.submit(slow, { ms: 8_000, journal });
      expect(await client.map(slow, shorts).toArray()).toEqual(shorts.map(({ ms }) => ms));
      await until('one group while the long task runs', () => groups() === 1, STEP_WITHIN_MS, state);
      expect(last?.tasks.assigned).toBe(1);
      expect(await long.result).toBe(8_000);
      expect(readFileSync(journal, 'utf8')).toBe('started\n');
      expect(last?.tasks.lostAttempts).toBe(0);
      expect(groupsPeak).toBe(2);
    },
    STEP_WITHIN_MS * 2,
  );

  it(
    'P2: is empty some time after its last task',
    async () => {
      await until('no group', () => groups() === 0, STEP_WITHIN_MS, state);
      expect(last?.groupsStarted).toBe(last?.groupsStopped);
    },
    STEP_WITHIN_MS,
  );

  it(
    'P5: says why a task waits, and ends it when it is canceled',
    async () => {
      const waiting = client.submit(
        slow,
        { ms: 1, journal: join(folder, 'never') },
        { capabilities: ['unobtainium'] },
      );
      const ended = expect(waiting.result).rejects.toMatchObject({ code: 'TaskCanceledError' });
      await waiting.cancel();
      await ended;
    },
    STEP_WITHIN_MS,
  );
});
