import { describe, expect, it } from 'vitest';
import { adapter, NOW, shown, view } from '../../../test/scaling-view.ts';
import type { AdapterGiven, DemandGiven, ViewGiven } from '../../../test/scaling-view.ts';
import { policyOf } from '../../policy-content.ts';
import { decide as decideAll } from '../decide.ts';
import { NO_MEMORY } from '../limits/memory.ts';
import type { LimitMemory } from '../limits/memory.ts';
import type { AdapterView, ScalingView } from '../view.ts';
import { target } from './target.ts';

const decide = (given: ScalingView): readonly string[] => shown(target(given));

const measured = (waiting: number, eachMs: number, busy = 0, needs = ''): DemandGiven => ({
  needs,
  tasks: waiting + busy,
  waiting,
  waitingMs: waiting * eachMs,
  slowestMs: eachMs,
});

const at = (more: AdapterGiven = {}): AdapterView => adapter({ max: 100, startMs: 1_000, ...more });
const given = (demand: DemandGiven, one: AdapterView, more: ViewGiven = {}): ScalingView =>
  view([demand], [one], more);
const within = (seconds: number): ViewGiven => ({ tuning: { drainMs: seconds * 1_000 } });

describe("target: slots by Little's law, busy + backlog x service time / target", () => {
  it.each([
    ['60 s of work within 30 s: two', given(measured(60, 1_000), at(), within(30)), ['a:2 ( x 2)']],
    ['within 10 s: six', given(measured(60, 1_000), at(), within(10)), ['a:6 ( x 6)']],
    ['slots, not groups', given(measured(60, 1_000), at({ workers: 4 }), within(10)), ['a:2 ( x 2)']],
    ['never more slots than tasks', given(measured(3, 600_000), at(), within(10)), ['a:3 ( x 3)']],
    [
      'busy ones beside the backlog',
      given(measured(60, 1_000, 5), at({ running: 5 }), within(30)),
      ['a:7 ( x 2)'],
    ],
    ['groups that start count', given(measured(60, 1_000), at({ requested: 2 }), within(30)), []],
    ['a task that was never measured is one slot', given({ tasks: 7 }, at(), within(30)), ['a:7 ( x 7)']],
    [
      'or as much of one as assumed',
      given({ tasks: 60 }, at(), { tuning: { drainMs: 30_000, assumedMs: 1_000 } }),
      ['a:2 ( x 2)'],
    ],
    [
      'measured ones and others',
      given({ tasks: 63, waitingMs: 60_000, unmeasured: 3 }, at(), within(30)),
      ['a:5 ( x 5)'],
    ],
    ['one slot at least', given(measured(1, 0), at(), within(30)), ['a:1 ( x 1)']],
    [
      'each need for itself',
      view(
        [measured(60, 1_000), measured(30, 1_000, 0, 'gpu')],
        [at(), at({ key: 'b', offers: 'gpu' })],
        within(10),
      ),
      ['a:6 ( x 6)', 'b/gpu:3 (gpu x 3)'],
    ],
    [
      'tasks that wait in the queue of a busy worker are not slots',
      given({ tasks: 500, waiting: 0 }, at({ running: 2 }), within(30)),
      [],
    ],
  ])('%s', (_, one, targets) => {
    expect(decide(one)).toEqual(targets);
  });

  it('says what it counted', () => {
    expect(target(given(measured(60, 1_000, 5), at({ running: 5 }), within(30))).reason).toBe(
      '65 tasks on 5 workers: 65 tasks that need nothing special: ' +
        '5 running, 60 s of work waits, 7 slots needed to be done in 30 s',
    );
  });
});

describe('the target time, unless it is given', () => {
  it.each([
    ['the start time of the adapter', given(measured(120, 100), at({ startMs: 4_000 })), ['a:3 ( x 3)']],
    ['two of the slowest tasks, if that is longer', given(measured(12, 6_000), at()), ['a:6 ( x 6)']],
    [
      'but not longer than 30 s: one slot for each long task',
      given(measured(5, 600_000), at()),
      ['a:5 ( x 5)'],
    ],
    [
      'longer only if starting takes longer',
      given(measured(12, 60_000), at({ startMs: 90_000 })),
      ['a:8 ( x 8)'],
    ],
    ['10 s while no start was measured', given(measured(50, 1_000), adapter({})), ['a:5 ( x 5)']],
    ['at least one second', given(measured(5_000, 1), at({ startMs: 20 })), ['a:5 ( x 5)']],
  ])('is %s', (_, one, targets) => {
    expect(decide(one)).toEqual(targets);
  });
});

describe('cold-start gate', () => {
  const slow = at({ startMs: 40_000, running: 4 });
  it('does not start what would come when the queue is gone', () => {
    const decision = target(given(measured(20, 2_000, 4), slow, within(5)));
    expect(decision).toMatchObject({
      targets: [],
      rule: 'gated',
      alternatives: ['a: takes 40 s to start, longer than the queue lasts'],
    });
  });

  it.each([
    ['starts when the queue lasts longer', given(measured(200, 2_000, 4), slow, within(50)), ['a:12 ( x 8)']],
    [
      'when nobody works yet',
      given(measured(20, 2_000), at({ startMs: 40_000 }), within(10)),
      ['a:4 ( x 4)'],
    ],
    [
      'when a short task waits behind long ones',
      given({ ...measured(1, 10, 4), slowestMs: 600_000 }, slow, within(5)),
      ['a:5 ( x 1)'],
    ],
    ['when it cannot be told', given({ tasks: 5, waiting: 1 }, slow, within(5)), ['a:5 ( x 1)']],
    [
      'where it starts faster',
      view([measured(40, 2_000, 4)], [slow, at({ key: 'fast', price: 9 })], within(10)),
      ['fast:8 ( x 8)'],
    ],
  ])('%s', (_, one, targets) => {
    expect(decide(one)).toEqual(targets);
  });
});

describe('target lets idle groups go', () => {
  it.each([
    ['all without work', view(0, [at({ idleMs: [9_000, 8_000] })]), ['a:0-a0-a1']],
    [
      'those beyond the slots it needs',
      given(measured(0, 0, 3), at({ running: 5, idleMs: [9_000, 8_000] })),
      ['a:3-a0-a1'],
    ],
    ['none that it needs', given(measured(0, 0, 3), at({ running: 3 })), []],
  ])('%s', (_, one, targets) => {
    expect(decide(one)).toEqual(targets);
  });
});

/**
 * When 15 tasks of 6 s are done, with 10 single-worker groups allowed that take `startMs` to start: the decisions of a
 * policy and its limits every 100 ms, each worker taking the next task when it is free.
 */
const makespanMs = (scaling: string, startMs: number, isMeasured: boolean): number => {
  const policy = policyOf(`allocate=capability; scaling=${scaling}`);
  const groups: { readonly readyAt: number; freeAt: number }[] = [];
  const ends: number[] = [];
  let waiting = 15;
  let memory: LimitMemory = NO_MEMORY;
  for (let t = 0; waiting > 0; t += 100) {
    for (const group of groups) {
      if (group.readyAt > t || group.freeAt > t || waiting === 0) continue;
      waiting--;
      group.freeAt = t + 6_000;
      ends.push(group.freeAt);
    }
    const running = groups.filter(({ readyAt }) => readyAt <= t).length;
    const busy = ends.filter((end) => end > t).length;
    const isKnown = isMeasured || ends.some((end) => end <= t);
    const demand = isKnown ? measured(waiting, 6_000, busy) : { tasks: waiting + busy, waiting };
    const one = adapter({ max: 10, startMs, running, requested: groups.length - running });
    const { upperTaskRatio: upper, lowerTaskRatio: lower } = policy;
    const decided = decideAll(policy, view([demand], [one], { upper, lower, now: NOW + t }), memory);
    memory = decided.memory;
    const wanted = decided.targets[0]?.groups ?? groups.length;
    while (groups.length < wanted) groups.push({ readyAt: t + startMs, freeAt: 0 });
  }
  return Math.max(...ends);
};

describe('15 tasks of 6 s, 10 single-worker groups allowed', () => {
  it.each([
    ['never measured', 500, false],
    ['measured before', 500, true],
    ['measured, and slow to start', 2_000, true],
    ['never measured, and slow to start', 2_000, false],
  ])('are done by target in 14 s: %s', (_, startMs, isMeasured) => {
    expect(makespanMs('target', startMs, isMeasured)).toBeLessThanOrEqual(14_000);
  });

  it('take vanilla and capability longer: their ratios want 2 and 3 workers', () => {
    expect(makespanMs('vanilla', 500, true)).toBe(48_500);
    expect(makespanMs('capability', 500, true)).toBe(30_500);
  });
});
