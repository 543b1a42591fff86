/** What came of a policy: the numbers behind table and charts. */
import { instant } from '@muster/protocol/ids';
import type { SeriesName } from './world/books.ts';
import type { World } from './world/world.ts';
import type { Point } from './world/series.ts';
import type { Decision } from './world/decisions.ts';

export interface Waits {
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface AdapterOutcome {
  readonly id: string;
  readonly started: number;
  readonly failedStarts: number;
  readonly peak: number;
  readonly dollars: number;
  readonly groupHours: number;
}

/** Tasks that never ran. */
export interface Unserved {
  readonly needs: readonly string[];
  readonly tasks: number;
  readonly reason: string;
}

export interface Outcome {
  readonly tasks: number;
  readonly succeeded: number;
  /** Lost too often with the groups that they ran on. */
  readonly failed: number;
  /** Runs that a stopped group cut short; they ran again. */
  readonly cutRuns: number;
  readonly unserved: readonly Unserved[];
  /** From submit to the start of the run that counted; undefined when nothing ran. */
  readonly waits: Waits | undefined;
  /** From the first submit to the last result. */
  readonly makespanMs: number;
  readonly groupsStarted: number;
  readonly failedStarts: number;
  readonly groupsPeak: number;
  /** Still there at the end: a policy that keeps them, or one that could not stop them. */
  readonly groupsLeft: number;
  readonly dollars: number;
  /** Of the worker time that was paid for, what ran no task: starting, idle and stopping. */
  readonly idleShare: number | undefined;
  /** Worker time that was paid for, by what the workers did. */
  readonly workerHours: {
    readonly starting: number;
    readonly busy: number;
    readonly idle: number;
    readonly stopping: number;
    /** Of the busy hours: runs that were cut short. */
    readonly lost: number;
  };
  readonly adapters: readonly AdapterOutcome[];
  readonly simulatedMs: number;
  /** Until then something happened: where a chart ends. */
  readonly activeMs: number;
  /** Waits of equal shares of the tasks, shortest first: 0 %, 1 %, … 100 %. Empty when nothing ran. */
  readonly waitQuantilesMs: readonly number[];
  readonly decisions: number;
  readonly firstDecisions: readonly Decision[];
  readonly series: Readonly<Record<SeriesName, readonly Point[]>>;
}

const QUANTILES: readonly number[] = Array.from({ length: 101 }, (_, index) => index / 100);
const HOUR_MS = 3_600_000;

/** Nearest rank: the smallest wait that at least this share of tasks did not exceed. */
export const percentile = (sorted: Float64Array, share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;

/** Of all tasks that ran, shortest first. */
const sortedWaits = ({ books }: World): Float64Array => {
  const { tasks, startedMs, endedMs } = books;
  const waits = new Float64Array(tasks.count);
  let count = 0;
  for (let task = 0; task < tasks.count; task++) {
    if ((endedMs[task] ?? -1) >= 0) waits[count++] = (startedMs[task] ?? 0) - (tasks.submittedMs[task] ?? 0);
  }
  return waits.subarray(0, count).sort();
};

const waitsOf = (sorted: Float64Array): Waits | undefined =>
  sorted.length === 0
    ? undefined
    : {
        meanMs: sorted.reduce((sum, wait) => sum + wait, 0) / sorted.length,
        p50Ms: percentile(sorted, 0.5),
        p95Ms: percentile(sorted, 0.95),
        p99Ms: percentile(sorted, 0.99),
        maxMs: sorted.at(-1) ?? 0,
      };

/** By need, with what the scheduler says of those that wait. */
const unservedOf = ({ books, scheduler, nowMs }: World): readonly Unserved[] => {
  const left = new Map<string, { needs: readonly string[]; tasks: number }>();
  for (let task = 0; task < books.submitted; task++) {
    if ((books.endedMs[task] ?? -1) >= 0) continue;
    const needs = books.tasks.kinds[books.tasks.kindOf[task] ?? 0]?.needs ?? [];
    const row = left.get(needs.join('+')) ?? { needs, tasks: 0 };
    row.tasks++;
    left.set(needs.join('+'), row);
  }
  if (left.size === 0) return [];
  const waiting = scheduler.status(instant(nowMs)).waiting;
  return [...left].map(([key, row]) => ({
    ...row,
    reason:
      waiting.find((one) => [...one.needs].sort().join('+') === key)?.reason ?? waiting[0]?.reason ?? '',
  }));
};

/** Of a world that is over and closed. */
export const outcomeOf = (world: World): Outcome => {
  const { books, providers, decisions } = world;
  const { paid } = books;
  const waits = sortedWaits(world);
  const isSettled = books.groups === 0 && books.over === books.submitted;
  const paidMs = paid.starting + paid.busy + paid.idle + paid.stopping;
  const sum = (pick: (one: AdapterOutcome) => number): number =>
    adapters.reduce((total, one) => total + pick(one), 0);
  const adapters = providers.map(({ spec, totals }) => ({
    id: spec.id,
    started: totals.started,
    failedStarts: totals.failed,
    peak: totals.peak,
    dollars: totals.dollars,
    groupHours: totals.groupMs / HOUR_MS,
  }));
  const points = (name: SeriesName): readonly Point[] => books.series[name].points(world.nowMs);
  return {
    tasks: books.tasks.count,
    succeeded: books.succeeded,
    failed: books.failed,
    cutRuns: books.cut,
    unserved: books.failed + books.succeeded === books.submitted ? [] : unservedOf(world),
    waits: waitsOf(waits),
    makespanMs: Math.max(0, books.lastEndMs - (books.tasks.submittedMs[0] ?? 0)),
    groupsStarted: sum((one) => one.started),
    failedStarts: sum((one) => one.failedStarts),
    groupsPeak: books.groupsPeak,
    groupsLeft: books.groups,
    dollars: sum((one) => one.dollars),
    idleShare: paidMs > 0 ? 1 - paid.busy / paidMs : undefined,
    workerHours: {
      starting: paid.starting / HOUR_MS,
      busy: paid.busy / HOUR_MS,
      idle: paid.idle / HOUR_MS,
      stopping: paid.stopping / HOUR_MS,
      lost: books.lostMs / HOUR_MS,
    },
    adapters,
    simulatedMs: world.nowMs,
    activeMs: isSettled
      ? world.nowMs
      : Math.max(books.lastEndMs, books.progressMs, books.tasks.submittedMs[books.tasks.count - 1] ?? 0),
    waitQuantilesMs: waits.length === 0 ? [] : QUANTILES.map((share) => percentile(waits, share)),
    decisions: decisions.count,
    firstDecisions: decisions.kept,
    series: {
      queued: points('queued'),
      busy: points('busy'),
      starting: points('starting'),
      up: points('up'),
      stopping: points('stopping'),
    },
  };
};
