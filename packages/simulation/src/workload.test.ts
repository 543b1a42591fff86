import { describe, expect, it } from 'vitest';
import { right, wrong } from './testing/scenes.ts';
import { parseWorkload } from './workload.ts';

describe('a workload in words', () => {
  it('is a batch, in short or in full', () => {
    const short = right(parseWorkload('batch 15 x 6s'));
    expect(short).toMatchObject({
      kind: 'made',
      arrivals: { kind: 'batch' },
      tasksMax: 15,
      service: { kind: 'fixed', ms: 6_000 },
      fromMs: 0,
      needs: [{ needs: [], share: 1 }],
    });
    expect(right(parseWorkload('batch 15x6s'))).toEqual({ ...short, text: 'batch 15x6s' });
    expect(right(parseWorkload('batch tasks=15 service=6s'))).toEqual({
      ...short,
      text: 'batch tasks=15 service=6s',
    });
  });

  it('is a burst with what its tasks need', () => {
    const text = 'burst rate=40 idle=2 period=300s service=2s±50% tasks=200000 needs=gpu:10%,gpu+large:5%';
    expect(right(parseWorkload(text))).toMatchObject({
      arrivals: { kind: 'burst', rate: 0.04, idle: 0.002, periodMs: 300_000, on: 0.5 },
      tasksMax: 200_000,
      service: { kind: 'uniform', lowMs: 1_000, highMs: 3_000 },
      needs: [
        { needs: ['gpu'], share: 0.1 },
        { needs: ['gpu', 'large'], share: 0.05 },
        { needs: [], share: 0.85 },
      ],
    });
  });

  it.each([
    ['regular rate=100/min for=1h service=1s', { kind: 'regular', rate: 100 / 60_000 }],
    ['poisson rate=5/h tasks=3 service=1s', { kind: 'poisson', rate: 5 / 3_600_000 }],
    ['diurnal rate=2 for=1d service=1s', { kind: 'diurnal', rate: 0.002, low: 0, periodMs: 86_400_000 }],
    [
      'spike rate=1 peak=9 at=1min for=5min service=1s',
      { kind: 'spike', rate: 0.001, peak: 0.009, atMs: 60_000, halfMs: 60_000 },
    ],
  ])('%s', (text, arrivals) => {
    expect(right(parseWorkload(text))).toMatchObject({ arrivals });
  });

  it.each([
    ['service=2s..10s', { kind: 'uniform', lowMs: 2_000, highMs: 10_000 }],
    ['service=2s+-25%', { kind: 'uniform', lowMs: 1_500, highMs: 2_500 }],
    ['service=exp(2s)', { kind: 'exponential', meanMs: 2_000 }],
    ['service=lognormal(2s,1.2)', { kind: 'lognormal', medianMs: 2_000, sigma: 1.2 }],
    ['service=pareto(2s,1.5)', { kind: 'pareto', leastMs: 2_000, shape: 1.5 }],
    ['service=1m30s', { kind: 'fixed', ms: 90_000 }],
  ])('varies its tasks by %s', (words, service) => {
    expect(right(parseWorkload(`batch tasks=1 ${words}`))).toMatchObject({ service });
  });

  it('follows a trace, faster or in part', () => {
    expect(
      right(parseWorkload('swf file=log.swf speed=60 tasks=100 processors=one from=1min')),
    ).toMatchObject({
      kind: 'trace',
      format: 'swf',
      file: 'log.swf',
      speed: 60,
      tasksMax: 100,
      processors: 'one',
      fromMs: 60_000,
    });
  });

  it.each([
    ['', 'a workload begins with batch, regular, poisson, burst, diurnal, spike, csv, swf or record'],
    [
      'burts rate=4',
      'unknown workload "burts" at column 1; it is batch, regular, poisson, burst, diurnal, spike, csv, swf or record',
    ],
    [
      'batch 15 by 6s',
      '"15" at column 7 is not of the form key=value; keys are tasks, service, from, needs and function',
    ],
    ['batch 15 x 6', `"6" after x is not a duration that varies; it is such as 6s, 6s±50%, 2s..10s, exp(6s)`],
    ['batch 0 x 6s', '"0" before x is out of range; it is 1 to 10,000,000'],
    ['batch 2 x 6s tasks=3', 'tasks is said twice: before x and as a key'],
    ['batch tasks=15', 'service is missing, as in service=6s'],
    ['batch tasks=1.5 service=6s', 'tasks "1.5" at column 13 is not a whole number'],
    [
      'poisson rate=1 service=1s foo=2 tasks=1',
      'unknown key "foo" at column 27; poisson knows rate, service, tasks, for, from, needs and function',
    ],
    ['poisson rate=1 rate=2 service=1s tasks=1', 'rate is said twice, again at column 16'],
    ['poisson rate=1 service=1s', 'poisson has no end; say tasks=1000 or for=1h'],
    ['poisson rate=0 service=1s tasks=1', 'rate "0" at column 14 is not above 0'],
    [
      'poisson rate=1/year service=1s tasks=1',
      'rate "1/year" at column 14 is not a rate such as 40 (per second), 100/min or 5/h',
    ],
    ['burst rate=1 idle=2 period=1s service=1s tasks=1', 'idle is above rate; rate is the higher one'],
    ['burst rate=1 service=1s tasks=1', 'period is missing, as in period=300s'],
    ['spike rate=5 peak=2 at=0 service=1s tasks=1', 'peak is below rate; a spike goes up'],
    [
      'batch 1 x pareto(2s,1)',
      '"pareto(2s,1)" after x has no mean; the second number of pareto is above 1, such as pareto(2s,1.5)',
    ],
    [
      'batch 1 x 1s needs=gpu:70%,large:40%',
      'needs "gpu:70%,large:40%" at column 20 sums up to 110%; it is at most 100%',
    ],
    [
      'batch 1 x 1s needs=gpu:ten',
      'needs "gpu:ten" at column 20 is not a list of needs such as gpu or gpu:10%,gpu+large:2%',
    ],
    ['csv speed=2', 'file is missing, as in file=trace.csv'],
    [
      'csv file=a.csv processors=one',
      'unknown key "processors" at column 16; csv knows file, speed, tasks and from',
    ],
    ['swf file=a.swf processors=two', 'processors "two" at column 27 is neither each nor one'],
    ['csv file=a.csv speed=0', 'speed "0" at column 22 is not a number above 0'],
  ])('says what is wrong with "%s"', (text, error) => {
    const errors = wrong(parseWorkload(text));
    expect(errors[0]).toContain(error);
  });
});
