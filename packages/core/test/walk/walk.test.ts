/** Many seeds of the small world: whatever is lost and whoever dies, the promises hold in the end. */
import { describe, expect, it } from 'vitest';
import type { SchedulerConfig } from '../../src/scheduler-types.ts';
import { AdapterModel } from './adapters.ts';
import { ClientModel } from './peers.ts';
import { CALM, World } from './world.ts';
import type { Faults } from './world.ts';

const CONFIG: Partial<SchedulerConfig> = {
  policy: { allocate: 'even_load', scaling: 'vanilla', upperTaskRatio: 3, lowerTaskRatio: 1 },
  startTimeoutMs: 10_000,
  drainTimeoutMs: 5_000,
  stopTimeoutMs: 15_000,
  idleBeforeStopMs: 2_000,
  resultResendMs: 2_000,
  attemptsMax: 5,
};

const FAULTS: Faults = {
  adapterLoss: 0.05,
  linkBreak: 0.01,
  startFailure: 0.2,
  groupDeath: 0.02,
  adapterRestart: 0.02,
  full: 0.01,
};

interface Story {
  readonly world: World;
  readonly clients: readonly ClientModel[];
  readonly adapters: readonly AdapterModel[];
}

const TROUBLE_MS = 60_000;
const END_MS = 300_000;

const play = (seed: number, own: boolean, faults: Faults): Story => {
  const world = new World(seed, CONFIG, faults);
  world.feed({
    kind: 'objectStore',
    state: { address: { host: '127.0.0.1', port: 1 }, path: '', epoch: 's1' },
  });
  const adapters = [
    new AdapterModel(world, 'a', own, { groupsMax: 3, workersPerGroup: 1 }),
    new AdapterModel(world, 'b', own, { groupsMax: 2, workersPerGroup: 2 }),
  ];
  const clients = [new ClientModel(world, 'c', own), new ClientModel(world, 'd', own)];
  clients.forEach((client, index) => {
    for (let burst = 0; burst < 6; burst++) {
      const names = Array.from({ length: world.between(1, 12) }, (_, i) => `${client.id}-${burst}-${i}`);
      world.at(world.between(0, TROUBLE_MS - 10_000), () => {
        if (!client.dead) client.submit(names, world.chance(0.2) ? 1 : 0);
      });
      world.at(world.between(0, TROUBLE_MS), () => {
        for (const task of client.open) if (world.chance(0.1)) client.cancel(task);
      });
    }
    if (index === 1 && world.chance(0.3)) world.at(world.between(1_000, TROUBLE_MS), () => client.die());
  });
  for (const adapter of adapters) {
    world.onEffect = (effect) => {
      if (effect.kind !== 'note' || effect.event !== 'group.requested') return;
      const { groups } = world.machine.status(world.now as never);
      const mine = groups.filter((group) => group.adapter.startsWith(adapter.name));
      if (mine.length > adapter.options.groupsMax)
        throw new Error(`P3: ${mine.length} groups at ${adapter.name}`);
    };
  }
  try {
    world.run(TROUBLE_MS);
    world.faults = CALM;
    world.run(END_MS);
  } catch (error) {
    throw new Error(`seed ${seed} at ${world.now} ms: ${String(error)}`, { cause: error });
  }
  return { world, clients, adapters };
};

const judge = ({ world, clients, adapters }: Story, seed: number, lossless: boolean): void => {
  const status = world.machine.status(world.now as never);
  for (const client of clients) {
    expect(client.faults, `P1, seed ${seed}`).toEqual([]);
    if (!client.dead) expect(client.open, `P1 and P5, seed ${seed}: open tasks of ${client.id}`).toEqual([]);
  }
  expect(status.tasks, `P1, seed ${seed}`).toMatchObject({ waiting: 0, assigned: 0, canceling: 0 });
  expect(status.groups, `P2, seed ${seed}`).toEqual([]);
  expect(status.workers, `P2, seed ${seed}`).toEqual([]);
  for (const adapter of adapters) {
    expect([...adapter.instances.keys()], `P2, seed ${seed}: groups at ${adapter.name}`).toEqual([]);
    if (lossless) expect(adapter.kills, `P4, seed ${seed}`).toEqual([]);
  }
};

const seeds = (count: number): readonly number[] => {
  const only = process.env['WALK_SEED'];
  if (only !== undefined) return [Number(only)];
  const many = Number(process.env['WALK_SEEDS'] ?? count);
  return Array.from({ length: many }, (_, i) => i + 1);
};

const printed = (story: Story): void => {
  if (process.env['WALK_LOG'] !== undefined) console.log(story.world.log.join('\n'));
};

describe('a fleet of own peers', () => {
  it('keeps its promises without faults, and never kills a running task', () => {
    for (const seed of seeds(10)) {
      const story = play(seed, true, CALM);
      printed(story);
      judge(story, seed, true);
    }
  });

  it('keeps its promises whatever is lost and whoever dies', () => {
    for (const seed of seeds(60)) {
      const story = play(seed, true, FAULTS);
      printed(story);
      judge(story, seed, false);
    }
  });

  it('decides the same for the same events', () => {
    const [one, other] = [play(7, true, FAULTS), play(7, true, FAULTS)];
    expect(one.world.log).toEqual(other.world.log);
    expect(one.world.log.length).toBeGreaterThan(100);
  });
});

describe('a fleet of stock peers', () => {
  it('keeps its promises without faults, and never kills a running task', () => {
    for (const seed of seeds(10)) {
      const story = play(seed, false, CALM);
      printed(story);
      judge(story, seed, true);
    }
  });

  // Commands to stock adapters and their answers are not repeated by anybody: losing one is the documented hole.
  it('keeps its promises when links break, starts fail and groups die', () => {
    for (const seed of seeds(40)) {
      const story = play(seed, false, { ...FAULTS, adapterLoss: 0, adapterRestart: 0 });
      printed(story);
      judge(story, seed, false);
    }
  });
});
