/**
 * Everything at once, by seed: each kind of fault of the peer with some chance at every call, ECS minutes late, kills of the
 * adapter at random moments, work that comes and goes. At the end nothing is left, and at no instant was there too much.
 */
import { ECSClient, RunTaskCommand } from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import { everyFault } from '../support/aws/faults.ts';
import { runRequest } from '../support/aws/fixtures.ts';
import { openWorld, randomOf } from './world.ts';
import type { AdapterProcess, World } from './world.ts';

/** Virtual minutes of trouble per seed, seeds, and the chance of each fault at each call. */
const MINUTES = Number(process.env['MUSTER_CHAOS_MINUTES'] ?? 30);
const SEEDS = Number(process.env['MUSTER_CHAOS_SEEDS'] ?? 3);
const FIRST_SEED = Number(process.env['MUSTER_CHAOS_SEED'] ?? 1);
const CHANCE = 0.05;
const GROUPS_MAX = 6;
const MINUTE_MS = 60_000;

/** Tasks that Fargate runs, by ECS itself: what is not billed yet counts as well. */
const living = (world: World): number => world.groups().length;

const chaos = async (
  seed: number,
): Promise<{ readonly kills: number; readonly launches: number; readonly peak: number }> => {
  const random = randomOf(seed + 1_000);
  await using world = await openWorld({
    seed,
    limits: { groupsMax: GROUPS_MAX },
    taskMs: 15_000,
    peer: { timings: { missingMs: [0, 240_000] } },
  });
  const client = new ECSClient({ maxAttempts: 1 });
  await client.send(new RunTaskCommand(runRequest(world.peer, { startedBy: 'muster/blue-2' })));
  client.destroy();
  let adapter: AdapterProcess | undefined = await world.startAdapter();
  for (const rule of everyFault(CHANCE)) world.peer.setFault({ service: 'ecs', ...rule });
  // Every second fleet is pressed against its cap all the time; the others come and go.
  const pressure = seed % 2 === 0 ? 1 / 60 : 1 / 240;
  let [submitted, kills, peak] = [0, 0, 0];
  for (let second = 0; second < MINUTES * 60; second++) {
    if (random() < pressure) {
      const count = 1 + Math.floor(random() * 60);
      submitted += count;
      world.client.submit(count);
    }
    if (adapter !== undefined && random() < 1 / 120) {
      await adapter.kill();
      adapter = undefined;
      kills++;
    } else if (adapter === undefined && random() < 1 / 10) {
      // A start that fails (its checks meet faults as well) is tried again, as a supervisor does.
      adapter = await world.startAdapter().catch(() => undefined);
    }
    await world.pass(1_000);
    peak = Math.max(peak, living(world));
  }
  world.peer.clearFaults();
  adapter ??= await world.startAdapter();
  await world.until('all results', () => world.client.results === submitted, 600 * MINUTE_MS);
  await world.until(
    'end of the fleet',
    () => living(world) === 0 && world.known().length === 0,
    60 * MINUTE_MS,
  );
  expect(world.doubles).toEqual([]);
  expect(Math.max(peak, world.peer.meter.peak.tasks - 1)).toBeLessThanOrEqual(GROUPS_MAX);
  expect(world.peer.liveTasks().map((task) => task.startedBy)).toEqual(['muster/blue-2']);
  const launches = world.peer.tasks().length;
  return { kills, launches, peak };
};

describe(`${MINUTES} virtual minutes of chaos`, () => {
  const seeds = Array.from({ length: SEEDS }, (_, i) => FIRST_SEED + i);
  test.each(seeds)(
    'end with nothing left and no cap exceeded (seed %i)',
    async (seed) => {
      const { kills, launches, peak } = await chaos(seed);
      process.stdout.write(
        `chaos seed ${seed}: ${kills} kills, ${launches} tasks, at most ${peak} at once\n`,
      );
    },
    3_600_000,
  );
});
