/** A plan as text and as JSON. */
import { showCount } from './words/values.ts';
import { showDollars, showShare, showTime } from './chart/numbers.ts';
import type { Line, Plan } from './plan.ts';
import type { Outcome, Waits } from './outcome.ts';

interface Column {
  readonly title: string;
  readonly isLeft?: boolean;
  show(line: Line): string;
  /** Where less is better. */
  measure?(line: Line): number | undefined;
}

const wait = (title: string, pick: (waits: Waits) => number): Column => ({
  title,
  show: ({ outcome }) => (outcome.waits === undefined ? '-' : showTime(pick(outcome.waits))),
  measure: ({ outcome }) => (outcome.waits === undefined ? undefined : pick(outcome.waits)),
});

const fact = (title: string, pick: (outcome: Outcome) => number, show = showCount): Column => ({
  title,
  show: ({ outcome }) => show(pick(outcome)),
});

const goal = (title: string, pick: (outcome: Outcome) => number, show = showCount): Column => ({
  ...fact(title, pick, show),
  measure: ({ outcome }) => pick(outcome),
});

/** Of the table, and of the page's. */
export const COLUMNS: readonly Column[] = [
  { title: 'policy', isLeft: true, show: (line) => line.case.label },
  wait('wait p50', (waits) => waits.p50Ms),
  wait('p95', (waits) => waits.p95Ms),
  wait('p99', (waits) => waits.p99Ms),
  goal('makespan', (outcome) => outcome.makespanMs, showTime),
  fact('groups', (outcome) => outcome.groupsStarted),
  fact('peak', (outcome) => outcome.groupsPeak),
  goal('cost', (outcome) => outcome.dollars, showDollars),
  {
    title: 'idle',
    show: ({ outcome }) => showShare(outcome.idleShare),
    measure: ({ outcome }) => outcome.idleShare,
  },
  fact('failed starts', (outcome) => outcome.failedStarts),
  goal('cut runs', (outcome) => outcome.cutRuns),
  goal('unserved', (outcome) => unservedOf(outcome)),
];

const unservedOf = ({ unserved }: Outcome): number => unserved.reduce((sum, one) => sum + one.tasks, 0);

/** What the numbers alone do not say, a line each; for people. Policies of which the same is to be said share a line. */
export const remarksOf = ({ lines }: Plan): readonly string[] => {
  const labels = new Map<string, string[]>();
  for (const { case: one, outcome } of lines) {
    for (const remark of remarksAbout(outcome)) {
      const known = labels.get(remark);
      if (known === undefined) labels.set(remark, [one.label]);
      else known.push(one.label);
    }
  }
  return [...labels].map(([remark, who]) =>
    who.length === lines.length && who.length > 1 ? `all: ${remark}` : `${who.join(', ')}: ${remark}`,
  );
};

const counted = (count: number, what: string): string =>
  `${showCount(count)} ${what}${count === 1 ? '' : 's'}`;

const remarksAbout = (outcome: Outcome): readonly string[] => {
  const remarks = outcome.unserved.map(({ needs, tasks, reason }) => {
    const what = needs.length === 0 ? '' : ` that ${tasks === 1 ? 'needs' : 'need'} ${needs.join(' and ')}`;
    return `${counted(tasks, 'task')}${what} never ran${reason === '' ? '' : `: ${reason}`}`;
  });
  if (outcome.cutRuns > 0) {
    const lost = showHours(outcome.workerHours.lost);
    remarks.push(
      `stopped groups cut ${counted(outcome.cutRuns, 'run')} short; ${lost} of work was for nothing`,
    );
  }
  if (outcome.failed > 0)
    remarks.push(`${counted(outcome.failed, 'task')} failed, lost too often with their groups`);
  if (outcome.groupsLeft > 0) {
    const until = showTime(outcome.simulatedMs);
    remarks.push(`${counted(outcome.groupsLeft, 'group')} still there at the end, paid for until ${until}`);
  }
  return remarks;
};

const showHours = (hours: number): string =>
  hours < 2 ? showTime(hours * 3_600_000) : `${showCount(Number(hours.toFixed(hours < 100 ? 1 : 0)))} h`;

export const showWork = ({ work }: Plan): string => {
  const spanMs = work.lastSubmitMs - work.firstSubmitMs;
  const over = spanMs === 0 ? 'at once' : `over ${showTime(spanMs)}`;
  return `${showCount(work.tasks)} ${work.tasks === 1 ? 'task' : 'tasks'} ${over}, ${showHours(work.workHours)} of work`;
};

const table = (lines: readonly Line[]): string => {
  const cells = lines.map((line) => COLUMNS.map((column) => column.show(line)));
  const widths = COLUMNS.map(({ title }, at) =>
    Math.max(title.length, ...cells.map((row) => (row[at] ?? '').length)),
  );
  const row = (texts: readonly string[]): string =>
    texts
      .map((text, at) => {
        const width = widths[at] ?? 0;
        return COLUMNS[at]?.isLeft === true ? text.padEnd(width) : text.padStart(width);
      })
      .join('  ')
      .trimEnd();
  return [row(COLUMNS.map(({ title }) => title)), ...cells.map(row)].join('\n');
};

/** Aligned, without a line end after the last line. */
export const textReport = (plan: Plan): string => {
  const remarks = remarksOf(plan);
  const head = `${showWork(plan)}; seed ${plan.scenario.seed}`;
  return [head, '', table(plan.lines), ...(remarks.length > 0 ? ['', ...remarks] : [])].join('\n');
};

const DIGITS = 6;
/** Digits beyond any meaning would only make two reports hard to compare by eye. */
const rounded = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toFixed(DIGITS)) : value;

/** One JSON object on one line: the same scenario gives the same bytes. Durations in milliseconds. */
export const jsonReport = ({ scenario, work, lines }: Plan): string =>
  JSON.stringify(
    {
      seed: scenario.seed,
      workloads: scenario.workloads.map(({ text }) => text),
      adapters: scenario.adapters.map(({ text }) => text),
      work,
      policies: lines.map(({ case: { label, text, compat }, outcome }) => {
        const {
          series: _series,
          firstDecisions: _decisions,
          waitQuantilesMs: _quantiles,
          ...numbers
        } = outcome;
        return { label, policy: text, compat, ...numbers };
      }),
    },
    rounded,
  );
