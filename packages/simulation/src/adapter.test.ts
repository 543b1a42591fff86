import { describe, expect, it } from 'vitest';
import { parseAdapter } from './adapter.ts';
import { right, wrong } from './testing/scenes.ts';

describe('an adapter in words', () => {
  it('says everything', () => {
    const text =
      'ecs start=40s±30% stop=5s groups=50 workers=4 price=0.2469/h minimum=60s offers=gpu fail=1% launches=20/min budget=5/h';
    expect(right(parseAdapter(text))).toEqual({
      text,
      id: 'ecs',
      start: { kind: 'uniform', lowMs: 28_000, highMs: 52_000 },
      stop: { kind: 'fixed', ms: 5_000 },
      groupsMax: 50,
      workersPerGroup: 4,
      offers: [{ offers: ['gpu'], dollarsPerHour: 0.2469 }],
      billedMinimumMs: 60_000,
      failShare: 0.01,
      startsPerMinuteMax: 20,
      dollarsPerHourMax: 5,
    });
  });

  it('is free, plain and quick unless it says otherwise', () => {
    expect(right(parseAdapter('local groups=10'))).toMatchObject({
      start: { kind: 'fixed', ms: 1_000 },
      workersPerGroup: 1,
      offers: [{ offers: [], dollarsPerHour: 0 }],
      billedMinimumMs: 0,
      failShare: 0,
    });
  });

  it('offers several kinds of groups at their prices', () => {
    expect(right(parseAdapter('ecs groups=9 price=1/d offers=-,gpu+large:$1.2/h')).offers).toEqual([
      { offers: [], dollarsPerHour: 1 / 24 },
      { offers: ['gpu', 'large'], dollarsPerHour: 1.2 },
    ]);
  });

  it.each([
    ['', 'an adapter begins with its name, as in ecs groups=50'],
    [
      'groups=50',
      '"groups=50" at column 1 stands where the name of the adapter belongs, as in ecs groups=50',
    ],
    ['e/s groups=50', '"e/s" at column 1 is not a name of letters, digits, dots, - and _'],
    ['ecs', 'groups is missing, as in groups=50'],
    ['ecs groups=0', 'groups "0" at column 12 is out of range; it is 1 to 100,000'],
    [
      'ecs groups=1 speed=3',
      'unknown key "speed" at column 14; ecs knows start, stop, groups, workers, price, minimum, offers, fail, launches and budget',
    ],
    ['ecs groups=1 start=soon', 'start "soon" at column 20 is not a duration that varies'],
    ['ecs groups=1 price=cheap', 'price "cheap" at column 20 is not a price such as 0.2469/h'],
    ['ecs groups=1 fail=110%', 'fail "110%" at column 19 is more than all; a share is 0% to 100%'],
    ['ecs groups=1 offers=gpu,gpu:1/h', 'offers "gpu,gpu:1/h" at column 21 names the same offer twice'],
    ['ecs groups=1 launches=0', 'launches "0" at column 23 is less than one a minute'],
    ['ecs groups=1 budget=all', 'budget "all" at column 21 is not a rate of spending such as 5/h'],
    ['ecs groups=1 minimum=60', 'minimum "60" at column 22 is not a duration such as 300s, 5min or 1.5h'],
  ])('says what is wrong with "%s"', (text, error) => {
    expect(wrong(parseAdapter(text))[0]).toContain(error);
  });

  it('says all that is wrong at once', () => {
    expect(wrong(parseAdapter('groups=x foo'))).toHaveLength(3);
  });
});
