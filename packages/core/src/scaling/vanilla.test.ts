import { groupId, instant } from '@muster/protocol/ids';
import { describe, expect, it } from 'vitest';
import { clamp } from './clamp.ts';
import { none } from './none.ts';
import type { AdapterView, ScalingView } from './policy.ts';
import { stockVanilla } from './stock.ts';
import { vanilla } from './vanilla.ts';

const adapter = (
  fields: Partial<AdapterView> & { readonly idleSince?: readonly number[] } = {},
): AdapterView => {
  const { idleSince = [], ...rest } = fields;
  const running = rest.running ?? idleSince.length;
  return {
    key: 'a',
    groupsMax: 10,
    workersPerGroup: 1,
    requested: 0,
    draining: 0,
    stopping: 0,
    serving: running,
    idle: idleSince.map((since, i) => ({ id: groupId(`${rest.key ?? 'a'}${i}`), idleSince: instant(since) })),
    isWanted: false,
    blockedUntil: undefined,
    ...rest,
    running,
  };
};

const view = (
  tasks: number,
  adapters: readonly AdapterView[],
  fields: Partial<ScalingView> = {},
): ScalingView => ({
  now: instant(100_000),
  tasks,
  unservableTasks: 0,
  ungroupedWorkers: 0,
  upperTaskRatio: 10,
  lowerTaskRatio: 1,
  idleBeforeStopMs: 3_000,
  adapters,
  ...fields,
});

/** `groups` by adapter, and who is let go. */
const decide = (given: ScalingView): readonly string[] =>
  vanilla(given).targets.map(
    (one) => `${one.adapter}:${one.groups}${one.release.length > 0 ? `-${one.release.join('-')}` : ''}`,
  );

describe('vanilla: "Scale up: When tasks / workers > upper_task_ratio (default: 10)"', () => {
  it.each([
    ['one task and no worker: one group', view(1, [adapter()]), ['a:1']],
    ['no task, no worker: nothing', view(0, [adapter()]), []],
    ['ten tasks on one worker: just enough', view(10, [adapter({ running: 1 })]), []],
    ['eleven tasks on one worker: one more', view(11, [adapter({ running: 1 })]), ['a:2']],
    ['as many as needed at once', view(75, [adapter({ running: 1 })]), ['a:8']],
    ['groups that start count as workers', view(75, [adapter({ requested: 8 })]), []],
    ['a group of several workers counts as several', view(75, [adapter({ workersPerGroup: 4 })]), ['a:2']],
    ['workers of no group count', view(75, [adapter()], { ungroupedWorkers: 8 }), []],
    ['groups that leave do not count as workers', view(11, [adapter({ running: 0, draining: 2 })]), ['a:2']],
    [
      'a running group without a live worker is no capacity',
      view(5, [adapter({ running: 1, serving: 0 })]),
      ['a:2'],
    ],
    ['another threshold', view(75, [adapter()], { upperTaskRatio: 75 }), ['a:1']],
    [
      'what one adapter has no room for goes to the next',
      view(75, [adapter({ groupsMax: 3 }), adapter({ key: 'b', workersPerGroup: 2 })]),
      ['a:3', 'b:3'],
    ],
    [
      'what nobody has room for is still asked for, so that the limit gets a name',
      view(75, [adapter({ groupsMax: 3 })]),
      ['a:8'],
    ],
    [
      'an adapter whose starts fail is left alone, another one is asked',
      view(15, [adapter({ blockedUntil: instant(100_500) }), adapter({ key: 'b' })]),
      ['b:2'],
    ],
  ])('%s', (_, given, targets) => {
    expect(decide(given)).toEqual(targets);
  });

  it.each([
    [
      'one group for tasks that no worker may run',
      view(2, [adapter({ isWanted: true })], { ungroupedWorkers: 5 }),
      ['a:1'],
    ],
    [
      'not another one while that starts',
      view(2, [adapter({ isWanted: true, requested: 1 })], { ungroupedWorkers: 5 }),
      [],
    ],
    [
      'of the adapter that can serve them',
      view(2, [adapter({ running: 3 }), adapter({ key: 'b', isWanted: true })], { ungroupedWorkers: 5 }),
      ['b:1'],
    ],
  ])('starts %s, whatever the ratio says', (_, given, targets) => {
    expect(decide(given)).toEqual(targets);
  });

  it('asks again when a back-off is over', () => {
    const decision = vanilla(view(15, [adapter({ blockedUntil: instant(100_500) })]));
    expect(decision.recheckAt).toBe(100_500);
    expect(decision.reason).toBe(
      '15 tasks on 0 workers: above 10 per worker, 2 needed, but starts failed: again in 500 ms',
    );
  });
});

describe('vanilla: "Scale down: When tasks / workers < lower_task_ratio (default: 1)"', () => {
  it.each([
    ['one task each: kept', view(3, [adapter({ idleSince: [1, 2, 3] })]), []],
    ['nothing to do: all go', view(0, [adapter({ idleSince: [1, 2, 3] })]), ['a:0-a0-a1-a2']],
    [
      'longest idle first, and one worker for each task stays',
      view(1, [adapter({ running: 4, idleSince: [1, 2, 3] })]),
      ['a:1-a0-a1-a2'],
    ],
    ['only as many as are spare', view(2, [adapter({ running: 4, idleSince: [7, 8, 9] })]), ['a:2-a0-a1']],
    ['busy groups stay', view(1, [adapter({ running: 4, idleSince: [] })]), []],
    ['not before they were idle long enough', view(0, [adapter({ idleSince: [99_000] })]), []],
    [
      'a group larger than what is spare stays',
      view(2, [adapter({ running: 1, workersPerGroup: 4, idleSince: [1] })]),
      [],
    ],
    [
      'a threshold of none keeps everything',
      view(0, [adapter({ idleSince: [1] })], { lowerTaskRatio: 0 }),
      [],
    ],
    [
      'the longest idle of all adapters goes first',
      view(1, [adapter({ idleSince: [5] }), adapter({ key: 'b', idleSince: [1] })]),
      ['b:0-b0'],
    ],
  ])('%s', (_, given, targets) => {
    expect(decide(given)).toEqual(targets);
  });

  it('asks again when the next group has been idle long enough', () => {
    expect(vanilla(view(0, [adapter({ idleSince: [99_000, 99_500] })])).recheckAt).toBe(102_000);
  });

  it('never shrinks into an immediate regrow', () => {
    for (let tasks = 0; tasks <= 60; tasks++) {
      for (let groups = 1; groups <= 12; groups++) {
        const idle = Array.from({ length: groups }, (_, i) => i);
        const before = view(tasks, [adapter({ idleSince: idle, workersPerGroup: 3, groupsMax: 99 })]);
        const target = vanilla(before).targets[0];
        if (target === undefined || target.groups >= groups) continue;
        const left = idle.slice(groups - target.groups);
        expect(
          decide(view(tasks, [adapter({ idleSince: left, workersPerGroup: 3, groupsMax: 99 })])),
        ).toEqual([]);
      }
    }
  });
});

describe('no: "The simplest policy that performs no automatic scaling."', () => {
  it('asks for nothing', () => {
    expect(none(view(100, [adapter()]))).toMatchObject({ targets: [], recheckAt: undefined });
  });
});

describe('compat=stock', () => {
  const victim = { id: groupId('a0'), idleSince: undefined };
  it.each([
    [
      'starting groups do not count: one start on every heartbeat',
      view(5, [adapter({ requested: 2 })]),
      0,
      ['a:3'],
    ],
    ['one start at a time', view(100, [adapter({ running: 1 })]), 1, ['a:2']],
    ['no start at the limit', view(100, [adapter({ running: 10 })]), 1, []],
    ['below one task per worker: one stop, busy or not', view(1, [adapter({ running: 2 })]), 2, ['a:1-a0']],
    ['between the thresholds: nothing', view(5, [adapter({ running: 2 })]), 2, []],
  ])('%s', (_, given, workers, targets) => {
    const { targets: found } = stockVanilla(given, given.adapters[0]!, workers, victim);
    expect(
      found.map((one) => `${one.adapter}:${one.groups}${one.release.map((id) => `-${id}`).join('')}`),
    ).toEqual(targets);
  });
});

describe('limits', () => {
  it('keep what was asked for and say why it was cut', () => {
    const target = { adapter: 'a', groups: 8, release: [] };
    expect(clamp(target, adapter({ groupsMax: 3 }))).toEqual({
      ...target,
      groups: 3,
      asked: 8,
      limit: 'the limit of adapter a is 3',
    });
    expect(clamp(target, adapter({ groupsMax: 8 }))).toEqual({ ...target, asked: 8, limit: undefined });
  });

  it('count groups that drain or stop: they still cost', () => {
    const cut = clamp(
      { adapter: 'a', groups: 4, release: [] },
      adapter({ groupsMax: 4, draining: 1, stopping: 2 }),
    );
    expect(cut).toMatchObject({
      groups: 1,
      asked: 4,
      limit: 'the limit of adapter a is 4, 3 of them leaving',
    });
  });
});
