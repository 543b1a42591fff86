import { capabilityKey, groupId } from '@muster/protocol/ids';
import { describe, expect, it } from 'vitest';
import { caps } from '../../../test/scaling-view.ts';
import { policyOf } from '../../policy-content.ts';
import { decideStock } from './decide.ts';
import type { StockDecision, StockView } from './view.ts';

interface Given {
  /** Tasks by needs, workers by offers. */
  readonly tasks?: Readonly<Record<string, number>>;
  readonly workers?: Readonly<Record<string, number>>;
  /** `id: [adapter, offers, workers, queued]` */
  readonly groups?: Readonly<Record<string, readonly [string, string, number, number]>>;
  readonly max?: number;
  readonly wasStarted?: boolean;
}

const viewOf = (given: Given, upper: number, lower: number): StockView => ({
  upperTaskRatio: upper,
  lowerTaskRatio: lower,
  demands: Object.entries(given.tasks ?? {}).map(([needs, tasks]) => ({
    key: capabilityKey(caps(needs)),
    needs: caps(needs),
    tasks,
  })),
  workers: Object.entries(given.workers ?? {}).map(([offers, workers]) => ({
    offers: caps(offers),
    workers,
  })),
  groups: Object.entries(given.groups ?? {}).map(([id, [adapter, offers, workers, queued]]) => ({
    id: groupId(id),
    adapter,
    offers: caps(offers),
    workers,
    queued,
  })),
  adapters: [
    { key: 'a', groupsMax: given.max ?? 4, wasStarted: given.wasStarted ?? false },
    { key: 'b', groupsMax: 4, wasStarted: false },
  ],
});

const decide = (scaling: string, given: Given, adapter = 'a'): StockDecision => {
  const policy = policyOf(`allocate=even_load; scaling=${scaling}`);
  return decideStock(policy, viewOf(given, policy.upperTaskRatio, policy.lowerTaskRatio), adapter);
};

/** `+needs` for each start, `-id` for each stop. */
const shown = ({ starts, stops }: StockDecision): string =>
  [...starts.map(({ ask }) => `+${[...ask.keys()].join('+')}`), ...stops.map((id) => `-${id}`)].join(' ');

describe('compat=stock, vanilla as Scaler 1.15.0 has it', () => {
  it.each<readonly [string, Given, string]>([
    ['no worker and a task: a start', { tasks: { '': 1 } }, '+'],
    ['no worker and no task: nothing', {}, ''],
    [
      'no worker, a task, but as many groups as allowed',
      { tasks: { '': 1 }, max: 1, groups: { g: ['a', '', 1, 0] } },
      '',
    ],
    [
      'groups of another adapter count against the limit too',
      { tasks: { '': 1 }, max: 1, groups: { g: ['b', '', 1, 0] } },
      '',
    ],
    ['ten tasks on a worker: nothing', { tasks: { '': 10 }, workers: { '': 1 } }, ''],
    ['eleven: one start, however many are needed', { tasks: { '': 11 }, workers: { '': 1 } }, '+'],
    [
      'starting groups do not count: one start on every heartbeat',
      { tasks: { '': 500 }, workers: { '': 1 }, groups: { g: ['a', '', 0, 0] } },
      '+',
    ],
    [
      'one task on a worker: nothing',
      { tasks: { '': 1 }, workers: { '': 1 }, groups: { g: ['a', '', 1, 0] } },
      '',
    ],
    [
      'fewer: one stop, busy or not',
      { tasks: { '': 1 }, workers: { '': 2 }, groups: { g: ['a', '', 1, 0], h: ['a', '', 1, 0] } },
      '-g',
    ],
    [
      'of the group with the fewest queued tasks',
      { workers: { '': 2 }, groups: { g: ['a', '', 1, 3], h: ['a', '', 1, 2] } },
      '-h',
    ],
    ['ties: the oldest', { workers: { '': 2 }, groups: { g: ['a', '', 1, 2], h: ['a', '', 1, 2] } }, '-g'],
    ['and nothing while none is known', { workers: { '': 2 } }, ''],
    ['needs and offers do not matter', { tasks: { gpu: 11 }, workers: { '': 1 } }, '+'],
    ['its own groups only', { workers: { '': 2 }, groups: { g: ['b', '', 1, 0], h: ['a', '', 1, 5] } }, '-h'],
  ])('%s', (_, given, expected) => {
    expect(shown(decide('vanilla', given))).toBe(expected);
  });
});

describe('compat=stock, fixed_elastic as Scaler 1.15.0 has it', () => {
  it.each<readonly [string, Given, string]>([
    ['the primary starts when a task has no worker', { tasks: { '': 1 }, max: 1 }, '+'],
    ['but not by itself', { max: 1 }, ''],
    [
      "and once in a scheduler's life, even if that failed",
      { tasks: { '': 1 }, max: 1, wasStarted: true },
      '',
    ],
    ['a secondary starts above the ratio', { tasks: { '': 11 }, workers: { '': 1 } }, '+'],
    [
      'not at its limit',
      { tasks: { '': 99 }, workers: { '': 1 }, max: 2, groups: { g: ['a', '', 1, 0], h: ['b', '', 1, 0] } },
      '',
    ],
    [
      'the primary never stops',
      { workers: { '': 1 }, max: 1, wasStarted: true, groups: { g: ['a', '', 1, 0] } },
      '',
    ],
    [
      'neither does a secondary: nobody fills the set that would name it',
      { workers: { '': 2 }, groups: { g: ['a', '', 1, 0], h: ['a', '', 1, 0] } },
      '',
    ],
  ])('%s', (_, given, expected) => {
    expect(shown(decide('fixed_elastic', given))).toBe(expected);
  });
});

/** Source: tests/scheduler/test_scaling.py of that release, by name. */
describe('compat=stock, capability: what the tests of Scaler 1.15.0 pin', () => {
  it.each<readonly [string, Given, string]>([
    ['test_starts_worker_group_when_no_capable_workers', { tasks: { gpu: 1 } }, '+gpu'],
    ['test_no_scale_when_capable_workers_exist', { tasks: { gpu: 1 }, workers: { gpu: 1 } }, ''],
    ['test_scales_when_task_ratio_exceeds_threshold', { tasks: { gpu: 15 }, workers: { gpu: 1 } }, '+gpu'],
    ['test_different_capability_sets_handled_separately', { tasks: { gpu: 1, tpu: 1 } }, '+gpu +tpu'],
    [
      'test_worker_with_superset_capabilities_matches_task',
      { tasks: { gpu: 1 }, workers: { 'gpu+cpu': 1 } },
      '',
    ],
    ['test_tasks_without_capabilities_handled', { tasks: { '': 1 } }, '+'],
    [
      'test_no_duplicate_worker_group_for_pending_group',
      { tasks: { gpu: 2 }, groups: { g: ['a', 'gpu', 0, 0] } },
      '',
    ],
  ])('%s', (_, given, expected) => {
    const decision = decide('capability', given);
    expect(shown(decision)).toBe(expected);
    for (const { groups } of decision.starts) expect(groups).toBe(1);
  });

  it('asks with the quantities of the first task', () => {
    expect([...decide('capability', { tasks: { gpu: 1 } }).starts[0]!.ask]).toEqual([['gpu', 1]]);
  });
});

describe('compat=stock, capability: the rest of its rule', () => {
  const idle = { workers: { gpu: 4 }, groups: { g: ['a', 'gpu', 2, 0], h: ['a', 'gpu', 2, 0] } } as const;
  it.each<readonly [string, Given, string]>([
    ['starts of one pass do not count against the limit', { tasks: { gpu: 1, tpu: 1 }, max: 1 }, '+gpu +tpu'],
    ['groups do', { tasks: { gpu: 1 }, max: 1, groups: { g: ['a', '', 1, 0] } }, ''],
    ['below half a task per worker: one stop', { ...idle, tasks: { gpu: 1 } }, '-g'],
    ['at half a task per worker: nothing', { ...idle, tasks: { gpu: 2 } }, ''],
    [
      'one stop for each set',
      { workers: { gpu: 1, tpu: 1 }, groups: { g: ['a', 'gpu', 1, 0], t: ['a', 'tpu', 1, 0] } },
      '-g -t',
    ],
    [
      'tasks that need less count too',
      { workers: { gpu: 2 }, groups: { g: ['a', 'gpu', 1, 0] }, tasks: { '': 1 } },
      '',
    ],
    [
      'not the last one while there are tasks',
      { tasks: { gpu: 1 }, workers: { gpu: 4 }, groups: { g: ['a', 'gpu', 4, 0] } },
      '',
    ],
    [
      'not if it would be started again',
      { tasks: { gpu: 7 }, workers: { gpu: 20 }, groups: { g: ['a', 'gpu', 19, 0] } },
      '',
    ],
    ['nothing without capable workers', { groups: { g: ['a', 'gpu', 1, 0] } }, ''],
    [
      'starts and stops are never mixed',
      { tasks: { tpu: 1 }, workers: { gpu: 1 }, groups: { g: ['a', 'gpu', 1, 0] } },
      '+tpu',
    ],
  ])('%s', (_, given, expected) => {
    expect(shown(decide('capability', given))).toBe(expected);
  });
});

describe('compat=stock, what 1.15.0 does not have', () => {
  it.each(['no', 'target', 'waterfall; tiers=a'])('%s: nothing', (scaling) => {
    expect(decide(scaling, { tasks: { '': 50 } })).toMatchObject({ starts: [], stops: [], rule: 'off' });
  });
});
