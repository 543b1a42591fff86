import { describe, expect, it } from 'vitest';
import { adapter, NOW, shown, view } from '../../../test/scaling-view.ts';
import type { AdapterGiven } from '../../../test/scaling-view.ts';
import type { AdapterView, ScalingView } from '../view.ts';
import { fixedElastic } from './fixed-elastic.ts';

const decide = (given: ScalingView): readonly string[] => shown(fixedElastic(given));

/** "identified by `max_worker_groups == 1`" */
const primary = (more: AdapterGiven = {}): AdapterView =>
  adapter({ key: 'own', max: 1, workers: 4, ...more });
const burst = (more: AdapterGiven = {}): AdapterView => adapter({ key: 'cloud', max: 20, ...more });

describe('"Primary Adapter: A single worker group (…) that starts once and never shuts down"', () => {
  it.each([
    ['not before there was a task', view(0, [primary(), burst()]), []],
    ['with the first task', view(1, [primary(), burst()]), ['own:1 ( x 1)']],
    ['whatever the ratio: one task is enough', view(1, [primary(), burst({ running: 9 })]), ['own:1 ( x 1)']],
    ['once: not beside the one that starts', view(1, [primary({ requested: 1 }), burst()]), []],
    [
      'again when it was lost, with or without work',
      view(0, [primary(), burst()], { hadWork: true }),
      ['own:1 ( x 1)'],
    ],
    ['never let go', view(0, [primary({ idleMs: [99_000] }), burst()], { hadWork: true }), []],
    ['each of several', view(1, [primary(), primary({ key: 'own2' })]), ['own:1 ( x 1)', 'own2:1 ( x 1)']],
  ])('%s', (_, given, targets) => {
    expect(decide(given)).toEqual(targets);
  });

  it('its workers are not too many as soon as they are asked for', () => {
    expect(fixedElastic(view(1, [primary(), burst()]))).toMatchObject({
      rule: 'primary',
      reason: '1 task on 0 workers: primary own gets its group',
    });
  });

  it('its failure is told, and does not keep the others from growing', () => {
    const decision = fixedElastic(view(25, [primary({ blockedUntil: NOW + 900 }), burst()]));
    expect(shown(decision)).toEqual(['own:1 ( x 1)', 'cloud:3 ( x 3)']);
    expect(decision).toMatchObject({ blockedBy: ['own: rests after failed starts'], recheckAt: NOW + 900 });
  });
});

describe('"Secondary adapter groups are created when demand exceeds primary capacity"', () => {
  it.each([
    [
      'forty tasks on the four workers of the primary: enough',
      view(40, [primary({ running: 1 }), burst()]),
      [],
    ],
    ['forty-one: one more', view(41, [primary({ running: 1 }), burst()]), ['cloud:1 ( x 1)']],
    [
      'counted with the primary that starts',
      view(60, [primary(), burst()]),
      ['own:1 ( x 1)', 'cloud:2 ( x 2)'],
    ],
    ['as many as needed at once', view(200, [primary({ running: 1 }), burst()]), ['cloud:16 ( x 16)']],
  ])('%s', (_, given, targets) => {
    expect(decide(given)).toEqual(targets);
  });
});

describe('"When scaling down, only secondary adapter groups are shut down"', () => {
  it.each([
    [
      'idle ones, while the primary has room for the tasks',
      view(2, [primary({ idleMs: [99_000] }), burst({ idleMs: [9_000, 8_000] })]),
      ['cloud:0-cloud0-cloud1'],
    ],
    [
      'only those beyond one task per worker',
      view(5, [primary({ running: 1 }), burst({ running: 3, idleMs: [9_000, 8_000, 7_000] })]),
      ['cloud:1-cloud0-cloud1'],
    ],
    ['busy ones stay', view(1, [primary({ running: 1 }), burst({ running: 3 })]), []],
  ])('%s', (_, given, targets) => {
    expect(decide(given)).toEqual(targets);
  });
});
