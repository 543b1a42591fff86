import { describe, expect, it } from 'vitest';
import { generateTasks } from './generate.ts';
import { right, wrong } from './testing/scenes.ts';
import type { Tasks } from './tasks.ts';
import { parseWorkload } from './workload.ts';

const made = (...texts: readonly string[]): Tasks =>
  right(
    generateTasks(
      texts.map((text) => right(parseWorkload(text))),
      1,
      new Map(),
    ),
  );

const traced = (text: string, file: string): ReturnType<typeof generateTasks> =>
  generateTasks([right(parseWorkload(text))], 1, new Map([['f', file]]));

const between = ({ submittedMs }: Tasks, fromMs: number, toMs: number): number =>
  submittedMs.filter((at) => at >= fromMs && at < toMs).length;

/** How many deviations a count of random arrivals is off what is expected. */
const deviations = (count: number, expected: number): number =>
  Math.abs(count - expected) / Math.sqrt(expected);

describe('made workloads', () => {
  it('come at once, or in equal gaps', () => {
    expect([...made('batch 3 x 6s from=2s').submittedMs]).toEqual([2_000, 2_000, 2_000]);
    expect([...made('regular rate=2 tasks=3 service=1s').submittedMs]).toEqual([500, 1_000, 1_500]);
    expect(made('regular rate=2 for=10s service=1s').count).toBe(19);
  });

  it('come at their rate, at random', () => {
    const tasks = made('poisson rate=10 for=1000s service=exp(2s)');
    expect(deviations(tasks.count, 10_000)).toBeLessThan(4);
    const mean = tasks.serviceMs.reduce((sum, ms) => sum + ms, 0) / tasks.count;
    expect(mean).toBeGreaterThan(1_900);
    expect(mean).toBeLessThan(2_100);
  });

  it('burst, sway and spike as they say', () => {
    const burst = made('burst rate=10 idle=1 period=100s on=20% for=1000s service=1s');
    expect(deviations(between(burst, 0, 20_000), 200)).toBeLessThan(4);
    expect(deviations(between(burst, 20_000, 100_000), 80)).toBeLessThan(4);
    const day = made('diurnal rate=10 low=2 period=1000s for=1000s service=1s');
    expect(deviations(between(day, 450_000, 550_000), 990)).toBeLessThan(4);
    expect(deviations(between(day, 0, 50_000), 101)).toBeLessThan(4);
    const crowd = made('spike rate=1 peak=50 at=100s half=10s for=300s service=1s');
    expect(deviations(between(crowd, 0, 100_000), 100)).toBeLessThan(4);
    // 49 a second that halve every 10 s, over the first 10 s, and the steady one.
    expect(deviations(between(crowd, 100_000, 110_000), (49 * 10 * 0.5) / Math.LN2 + 10)).toBeLessThan(4);
  });

  it('end when a crowd is gone and nothing comes after it', () => {
    expect(made('spike rate=0 peak=5 at=10s half=1s tasks=1000 service=1s').count).toBeLessThan(100);
  });

  it('have their shares of needs, and functions of their own', () => {
    const tasks = made('batch 10000 x 1s needs=gpu:10%', 'batch 5 x 1s function=other');
    const counts = new Map<string, number>();
    for (const kind of tasks.kindOf) {
      const { needs, functionName } = tasks.kinds[kind] ?? { needs: [], functionName: '' };
      const key = `${functionName} ${needs.join('+')}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(deviations(counts.get('work-1 gpu') ?? 0, 1_000)).toBeLessThan(4);
    expect(counts.get('other ')).toBe(5);
  });

  it('are the same for the same seed, and add up in time', () => {
    const texts = ['poisson rate=5 for=10s service=exp(1s)', 'regular rate=1 for=10s service=1s'];
    const tasks = made(...texts);
    expect(tasks).toEqual(made(...texts));
    expect([...tasks.submittedMs]).toEqual([...tasks.submittedMs].sort((one, other) => one - other));
    const other = right(
      generateTasks(
        texts.map((text) => right(parseWorkload(text))),
        2,
        new Map(),
      ),
    );
    expect([...other.submittedMs]).not.toEqual([...tasks.submittedMs]);
  });

  it('are refused when nothing arrives', () => {
    const none = generateTasks([right(parseWorkload('regular rate=1 for=1ms service=1s'))], 1, new Map());
    expect(wrong(none)).toEqual(['no task arrives: there is nothing to simulate']);
  });
});

describe('traces', () => {
  it('are read from comma-separated values, in any order of columns and rows', () => {
    const file =
      'needs,duration_s,ignored,submitted_s,function\n,6,x,10.5,render\n"large+gpu", 0.25 ,,8,\n\n';
    const tasks = right(traced('csv file=f from=1s', file));
    expect([...tasks.submittedMs]).toEqual([1_000, 3_500]);
    expect([...tasks.serviceMs]).toEqual([250, 6_000]);
    expect([...tasks.kindOf].map((kind) => tasks.kinds[kind])).toEqual([
      { needs: ['gpu', 'large'], functionName: 'trace' },
      { needs: [], functionName: 'render' },
    ]);
  });

  it('are played faster, and in part', () => {
    const file = 'submitted_s,duration_s\n30,1\n0,2\n10,3\n';
    const tasks = right(traced('csv file=f speed=10 tasks=2', file));
    expect([...tasks.submittedMs]).toEqual([0, 1_000]);
    expect([...tasks.serviceMs]).toEqual([2_000, 3_000]);
  });

  it('say what is wrong with a line', () => {
    const file = 'submitted_s,duration_s,needs\n1,2,\nsoon,3,\n4,,\n5,6,g p u\n';
    expect(wrong(traced('csv file=f', file))).toEqual([
      'f: line 3: submitted_s "soon" is not a number of seconds',
      'f: line 4: duration_s "" is not a number of seconds',
      'f: line 5: needs "g p u" is not a list such as gpu+large',
    ]);
    expect(wrong(traced('csv file=f', 'when,how\n'))).toEqual([
      'f: line 1 does not name the column submitted_s and duration_s; a trace has submitted_s and duration_s, and may have needs and function',
    ]);
  });

  it('are read in the Standard Workload Format, a task for each processor', () => {
    const file = [
      '; Version: 2.2',
      '1 100 5 60 2 -1 -1 2 -1 -1 1 1 1 7 1 -1 -1 -1',
      '2 110 5 -1 4 -1 -1 4 -1 -1 5 1 1 7 1 -1 -1 -1',
      '3 130 5 10 -1 -1 -1 3 -1 -1 1 1 1 -1 1 -1 -1 -1',
    ].join('\n');
    const each = right(traced('swf file=f', file));
    expect([...each.submittedMs]).toEqual([0, 0, 30_000, 30_000, 30_000]);
    expect(each.kinds.map((kind) => kind.functionName)).toEqual(['job-7', 'job']);
    expect(right(traced('swf file=f processors=one', file)).count).toBe(2);
    expect(wrong(traced('swf file=f', '1 2 3'))).toEqual(['f: line 1 is not a job of 18 numbers']);
  });
});
