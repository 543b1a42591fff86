import { describe, expect, it } from 'vitest';
import { showDollars, showShare, showTime } from './chart/numbers.ts';
import { timeAxis } from './chart/axis.ts';
import { pageReport } from './page.ts';
import { pictureReport } from './picture.ts';
import { jsonReport, remarksOf, textReport } from './report.ts';
import { parseScenario } from './scenario.ts';
import { play, right, VANILLA, wrong } from './testing/scenes.ts';

const SCENE = {
  workloads: ['batch 15 x 6s', 'batch 1 x 1s needs=a<b'.replace('a<b', 'ab')],
  adapters: ['local groups=10 start=1s price=0.36/h'],
  policies: [VANILLA, `${VANILLA}; upper_task_ratio=1`],
};

describe('the reports', () => {
  const plan = play(SCENE);

  it('show a line for each policy, aligned', () => {
    const [head, blank, titles, ...rows] = textReport(plan).split('\n');
    expect(head).toBe('16 tasks at once, 91.0 s of work; seed 1');
    expect(blank).toBe('');
    expect(titles).toMatch(/^policy +wait p50 +p95 +p99 +makespan +groups +peak +cost +idle +failed starts/);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatch(/^vanilla +[\d.]+ s .* 0$/);
    expect(rows[1]).toMatch(/^vanilla upper_task_ratio=1 +[\d.]+ s /);
    expect(new Set(rows.map((row) => row.length))).toEqual(new Set([titles?.length]));
  });

  it('are JSON for programs, without what only charts need', () => {
    const json: unknown = JSON.parse(jsonReport(plan));
    expect(json).toMatchObject({
      seed: 1,
      workloads: SCENE.workloads,
      adapters: SCENE.adapters,
      work: { tasks: 16 },
      policies: [
        { label: 'vanilla', policy: VANILLA, compat: 'own', succeeded: 16, groupsLeft: 0 },
        { label: 'vanilla upper_task_ratio=1' },
      ],
    });
    expect(jsonReport(plan)).not.toContain('series');
    expect(jsonReport(plan)).not.toContain('\n');
  });

  it('are a page and a picture that need nothing from anywhere', () => {
    const page = pageReport(plan, 'muster simulate --workload "<&>"');
    expect(page).toContain('&lt;&amp;&gt;');
    expect(page).not.toMatch(/<script|<link|<img|@import|url\(|https?:/);
    expect(page.match(/<svg /g)).toHaveLength(2 + 2 * 2);
    const picture = pictureReport(plan);
    expect(picture.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|url\(/);
    for (const text of [page, picture]) {
      expect(text).toContain('vanilla upper_task_ratio=1');
      expect(text).not.toMatch(/NaN|undefined|Infinity/);
      const opened = text.match(/<(svg|path|g|text|table|tr|td|section|div)[ >]/g)?.length;
      const closed = text.match(/<\/(svg|path|g|text|table|tr|td|section|div)>|<path [^>]*\/>/g)?.length;
      expect(opened).toBe(closed);
    }
    expect(pageReport(play(SCENE), 'x')).toBe(pageReport(plan, 'x'));
  });

  it('show a plan in which nothing ran', () => {
    const stuck = play({ ...SCENE, policies: ['allocate=even_load; scaling=no'] });
    expect(pageReport(stuck, 'x') + pictureReport(stuck)).not.toMatch(/NaN|undefined|Infinity/);
    expect(remarksOf(stuck).join('\n')).toMatch(
      /^no: 15 tasks never ran: .*\nno: 1 task that needs ab never ran: /,
    );
  });

  it('say once what is so under all policies', () => {
    const stuck = play({
      ...SCENE,
      policies: [
        'allocate=capability; scaling=vanilla',
        'allocate=capability; scaling=vanilla; upper_task_ratio=1',
      ],
    });
    expect(remarksOf(stuck)).toEqual([expect.stringMatching(/^all: 1 task that needs ab never ran: .*ab/)]);
  });
});

describe('numbers', () => {
  it.each([
    [showTime(999.4), '999 ms'],
    [showTime(43_000), '43.0 s'],
    [showTime(130_000), '2.2 min'],
    [showTime(9_400_000), '2.6 h'],
    [showTime(300_000_000), '3.5 d'],
    [showDollars(0), '$0'],
    [showDollars(0.01234), '$0.0123'],
    [showDollars(1_234.5), '$1,234.50'],
    [showShare(0.0426), '4.3 %'],
    [showShare(0.466), '47 %'],
    [showShare(undefined), '-'],
    [
      timeAxis(9_400_000, true)
        .ticks.map((tick) => timeAxis(9_400_000, true).show(tick))
        .join(' '),
      '0 30 min 60 min 90 min 120 min 150 min',
    ],
    [
      timeAxis(45_000, false)
        .ticks.map((tick) => timeAxis(45_000, false).show(tick))
        .join(' '),
      '0 10 s 20 s 30 s 40 s 50 s',
    ],
  ])('%s', (shown, wanted) => {
    expect(shown).toBe(wanted);
  });
});

describe('a scenario', () => {
  const WORDS = {
    workloads: ['batch 1 x 1s'],
    adapters: ['a groups=2'],
    policies: [],
    compat: 'own',
    seed: 1,
  } as const;

  it('compares the policies that this release has, each with an allocation that fits', () => {
    const plain = right(parseScenario(WORDS)).cases;
    expect(plain[0]).toMatchObject({ label: 'vanilla', text: VANILLA });
    const special = right(parseScenario({ ...WORDS, workloads: ['batch 1 x 1s needs=gpu'] })).cases;
    expect(special[0]?.text).toBe('allocate=capability; scaling=vanilla');
  });

  it('puts the stock rules beside ours', () => {
    const { cases } = right(parseScenario({ ...WORDS, policies: [VANILLA], compat: 'stock' }));
    expect(cases.map(({ label, compat }) => [label, compat])).toEqual([
      ['vanilla', 'own'],
      ['vanilla (stock)', 'stock'],
    ]);
  });

  it('shows the allocation where that is what differs', () => {
    const policies = [VANILLA, 'allocate=capability;scaling=vanilla'];
    const { cases } = right(parseScenario({ ...WORDS, policies }));
    expect(cases.map(({ label }) => label)).toEqual([
      'vanilla allocate=even_load',
      'vanilla allocate=capability',
    ]);
  });

  it('says where each error is', () => {
    const errors = wrong(
      parseScenario({
        ...WORDS,
        workloads: ['batch'],
        adapters: ['a groups=2', 'a groups=3'],
        policies: [VANILLA, VANILLA, 'scaling=vanilla'],
      }),
    );
    expect(errors).toEqual([
      '--workload "batch": service is missing, as in service=6s',
      '--workload "batch": tasks is missing, as in tasks=15',
      '--adapter "a groups=3": another adapter is called a',
      '--policy "scaling=vanilla": allocate is missing; it is even_load or capability, as in allocate=even_load',
      `--policy "${VANILLA}": it is the same as another one`,
    ]);
  });
});
