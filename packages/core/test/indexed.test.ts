/**
 * No event may cost time proportional to all tasks or all workers. Each story is played in a small and in a large
 * world, and the CPU time of its events compared: what grew with the world would be twenty times slower there.
 */
import { policyOf } from '../src/policy-content.ts';
import { instant } from '@muster/protocol/ids';
import { describe, expect, it } from 'vitest';
import type { SchedulerConfig, SchedulerEvent } from '../src/scheduler-types.ts';
import { createScheduler } from '../src/scheduler.ts';
import type { Scheduler } from '../src/scheduler.ts';
import {
  acks,
  adapterBeat,
  clientBeat,
  CONFIG,
  from,
  head,
  listed,
  results,
  submit,
  task16,
  worker,
  workerBeat,
} from './kit.ts';

const GROWTH = 20;
/** Caches and memory make a large world somewhat slower; a scan would be slower by GROWTH. */
const RATIO_MAX = 8;
const EVENTS = 400;

interface World {
  readonly machine: Scheduler;
  now: number;
  feed(...events: SchedulerEvent[]): void;
}

const create = (config: Partial<SchedulerConfig> = {}): World => {
  const machine = createScheduler({ ...CONFIG, ...config }, instant(0));
  const world: World = {
    machine,
    now: 0,
    feed: (...events) => {
      world.now++;
      machine.step(events, instant(world.now));
      machine.nextDeadline();
    },
  };
  return world;
};

const names = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);

const fill = (world: World, tasks: number, workers: number): void => {
  world.feed(from('c', clientBeat()), from('d', clientBeat()));
  for (let i = 0; i < workers; i += 100) {
    world.feed(
      ...Array.from({ length: Math.min(100, workers - i) }, (_, n) =>
        from(worker('lone', i + n), workerBeat()),
      ),
    );
  }
  for (let i = 0; i < tasks; i += 500)
    world.feed(from('c', submit(names(`task ${i} `, Math.min(500, tasks - i)))));
};

type Story = (world: World, round: number) => void;

/** CPU microseconds for EVENTS events, the best of several rounds. */
const cost = (world: World, story: Story): number => {
  let best = Infinity;
  for (let round = 0; round < 6; round++) {
    const before = process.cpuUsage();
    story(world, round);
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, user + system);
  }
  return best;
};

const compare = (small: World, large: World, story: Story): void => {
  const [one, other] = [cost(small, story), cost(large, story)];
  // Below the clock's resolution nothing can be compared, and nothing is slow.
  expect(other / Math.max(one, 1_000)).toBeLessThan(RATIO_MAX);
};

const repeat = (run: (i: number) => void): void => {
  for (let i = 0; i < EVENTS; i++) run(i);
};

describe('the cost of an event does not grow with the number of waiting tasks', () => {
  const build = (tasks: number): World => {
    const world = create();
    fill(world, tasks, 2);
    return world;
  };
  const stories: readonly (readonly [string, Story])[] = [
    [
      'submit and cancel',
      (world, round) =>
        repeat((i) => {
          const name = `x${round} ${i}`;
          world.feed(from('d', submit([name])));
          world.feed(from('d', { kind: 'taskCancel', taskId: task16(name), force: true }));
        }),
    ],
    [
      'heartbeats',
      (world) => repeat(() => world.feed(from('c', clientBeat()), from(worker('lone', 1), workerBeat()))),
    ],
    ['deadlines', (world) => repeat(() => world.feed({ kind: 'deadline' }))],
    [
      'a worker that comes and goes',
      (world) =>
        repeat((i) => {
          const name = worker('brief', i);
          world.feed(from(name, workerBeat()));
          world.feed(from(name, { kind: 'disconnectRequest', worker: name as never }));
        }),
    ],
    [
      'a client that comes and goes',
      (world) =>
        repeat((i) => {
          world.feed(from(`e${i}`, clientBeat()));
          world.feed(from(`e${i}`, { kind: 'clientDisconnect', type: 'disconnect' }));
        }),
    ],
  ];
  const small = build(10_000);
  const large = build(10_000 * GROWTH);
  it.each(stories)('%s', (_, story) => {
    compare(small, large, story);
  });
});

describe('the cost of an event does not grow with the number of workers', () => {
  const build = (workers: number): World => {
    const world = create({
      policy: policyOf('allocate=capability; scaling=vanilla; upper_task_ratio=10; lower_task_ratio=0'),
    });
    world.feed(from('a', adapterBeat('a', { groupsMax: 4 })));
    fill(world, 0, workers);
    return world;
  };
  const small = build(500);
  const large = build(500 * GROWTH);
  const stories: readonly (readonly [string, Story])[] = [
    [
      'a task from submit to acknowledgement',
      (world, round) =>
        repeat((i) => {
          const name = `y${round} ${i}`;
          world.feed(from('c', submit([name])));
          // Whoever has it: the least loaded one, in turn. A stray result costs no less.
          world.feed(from(worker('lone', i % 200), results([name])));
          world.feed(
            from('c', { kind: 'taskCancel', taskId: task16(name), force: true }),
            from('c', acks([name])),
          );
        }),
    ],
    [
      'heartbeats',
      (world) =>
        repeat((i) => world.feed(from(worker('lone', i % 200), workerBeat()), from('a', adapterBeat('a')))),
    ],
    [
      'a worker that comes and goes',
      (world) =>
        repeat((i) => {
          const name = worker('brief', i);
          world.feed(from(name, workerBeat()));
          world.feed(from(name, { kind: 'disconnectRequest', worker: name as never }));
        }),
    ],
    [
      'a link that goes down and up',
      (world) =>
        repeat((i) => {
          world.feed({ kind: 'peerDown', peer: worker('lone', i % 200) as never });
          world.feed(from(worker('lone', i % 200), workerBeat()));
        }),
    ],
  ];
  it.each(stories)('%s', (_, story) => {
    compare(small, large, story);
  });
});

describe('the cost of an event does not grow with the number of groups', () => {
  const build = (groups: number): World => {
    const world = create({
      policy: policyOf(
        'allocate=capability; scaling=capability; upper_task_ratio=10; lower_task_ratio=0; down_step=0',
      ),
      startTimeoutMs: 1e9,
      workerTimeoutMs: 1e9,
      adapterTimeoutMs: 1e9,
    });
    const ids = names('g-e0-', groups);
    world.feed(from('c', clientBeat()), from('small', adapterBeat('small', { groups: [listed('g-e0-s')] })));
    world.feed(from('a', adapterBeat('a', { groupsMax: groups, groups: ids.map((id) => listed(id)) })));
    for (const id of ids) world.feed(from(worker(id, 1), workerBeat()));
    return world;
  };
  const small = build(500);
  const large = build(500 * GROWTH);
  const beat = adapterBeat('small', { groups: [listed('g-e0-s')] });
  const stories: readonly (readonly [string, Story])[] = [
    [
      'a task from submit to acknowledgement, decisions about the fleet included',
      (world, round) =>
        repeat((i) => {
          const name = `z${round} ${i}`;
          world.now += 25;
          world.feed(from('c', submit([name])));
          world.feed(from('c', { kind: 'taskCancel', taskId: task16(name), force: true }));
        }),
    ],
    ['heartbeats of an adapter with few groups', (world) => repeat(() => world.feed(from('small', beat)))],
    [
      'a worker of a group that comes and goes',
      (world) =>
        repeat((i) => {
          const name = worker(`g-e0-${i % 400}`, 2);
          world.now += 25;
          world.feed(from(name, workerBeat()));
          world.feed(from(name, { kind: 'disconnectRequest', worker: name as never }));
        }),
    ],
    ['deadlines', (world) => repeat(() => world.feed({ kind: 'deadline' }))],
  ];
  it.each(stories)('%s', (_, story) => {
    compare(small, large, story);
  });
});

describe('memory', () => {
  it('is given back when the tasks are gone', () => {
    const world = create();
    fill(world, 20_000, 0);
    for (let i = 0; i < 20_000; i += 500) {
      for (const name of names(`task ${i} `, 500)) {
        world.feed(from('c', { kind: 'taskCancel', taskId: head(name).taskId, force: true }));
      }
    }
    world.machine.check();
    expect(world.machine.status(instant(world.now))).toMatchObject({
      tasks: { waiting: 0, canceled: 20_000 },
      waiting: [],
    });
  });
});
