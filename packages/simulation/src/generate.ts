/** Turns workloads into tasks. */
import type { RecordedStep } from '@muster/core/replay';
import type { Random } from './random.ts';
import { randomOf } from './random.ts';
import { TaskColumns, TASKS_MAX } from './tasks.ts';
import type { Tasks } from './tasks.ts';
import { readCsv } from './trace/csv.ts';
import { readRecord } from './trace/record.ts';
import { readSwf } from './trace/swf.ts';
import type { Trace } from './trace/trace.ts';
import { sample } from './words/spread.ts';
import { showCount } from './words/values.ts';
import type { NeedShare } from './words/values.ts';
import type { Parsed } from './words/words.ts';
import type { Arrivals, MadeWorkload, TraceWorkload, Workload } from './workload.ts';

/** What a trace is read from. */
export type TraceSource = string | Iterable<RecordedStep>;

/**
 * All workloads together, by time of submit. The same workloads and seed give the same tasks.
 * @param files what is in each trace's file, by its name: text, or the steps of a recording.
 */
export const generateTasks = (
  workloads: readonly Workload[],
  seed: number,
  files: ReadonlyMap<string, TraceSource>,
): Parsed<Tasks> => {
  const columns = new TaskColumns();
  const errors: string[] = [];
  workloads.forEach((workload, index) => {
    if (errors.length > 0) return;
    if (workload.kind === 'made') make(columns, workload, index, seed, errors);
    else follow(columns, workload, files.get(workload.file) ?? '', errors);
  });
  if (errors.length === 0 && columns.count === 0)
    errors.push('no task arrives: there is nothing to simulate');
  return errors.length > 0 ? { kind: 'wrong', errors } : { kind: 'ok', value: columns.tasks() };
};

const TOO_MANY = `more than ${showCount(TASKS_MAX)} tasks arrive`;
const TOO_MANY_KINDS = 'too many different functions and needs to tell apart';

const make = (
  columns: TaskColumns,
  workload: MadeWorkload,
  index: number,
  seed: number,
  errors: string[],
): void => {
  const { arrivals, fromMs, forMs, service } = workload;
  const kinds = workload.needs.map(({ needs, share }) => ({
    kind: columns.kind(needs, workload.functionName ?? `work-${index + 1}`) ?? 0,
    share,
  }));
  const times = randomOf(seed, `arrivals ${index}`);
  const lengths = randomOf(seed, `service ${index}`);
  const choices = randomOf(seed, `needs ${index}`);
  const tasksMax = workload.tasksMax ?? Infinity;
  let atMs = 0;
  for (let task = 0; task < tasksMax; task++) {
    atMs = nextArrival(arrivals, atMs, times, forMs ?? Infinity);
    if (atMs >= (forMs ?? Infinity)) break;
    if (columns.count >= TASKS_MAX) return void errors.push(TOO_MANY);
    columns.add(fromMs + atMs, sample(service, lengths), choose(kinds, choices));
  }
};

const choose = (
  kinds: readonly { readonly kind: number; readonly share: NeedShare['share'] }[],
  random: Random,
): number => {
  let left = random.next();
  for (const { kind, share } of kinds) {
    left -= share;
    if (left < 0) return kind;
  }
  return kinds.at(-1)?.kind ?? 0;
};

/** Rate at a time; never above the one at the top. */
const rateAt = (arrivals: Exclude<Arrivals, { kind: 'batch' }>, atMs: number): number => {
  switch (arrivals.kind) {
    case 'regular':
    case 'poisson':
      return arrivals.rate;
    case 'burst':
      return (atMs / arrivals.periodMs) % 1 < arrivals.on ? arrivals.rate : arrivals.idle;
    case 'diurnal': {
      const wave = (1 - Math.cos((2 * Math.PI * atMs) / arrivals.periodMs)) / 2;
      return arrivals.low + (arrivals.rate - arrivals.low) * wave;
    }
    case 'spike': {
      if (atMs < arrivals.atMs) return arrivals.rate;
      const left = 0.5 ** ((atMs - arrivals.atMs) / arrivals.halfMs);
      return arrivals.rate + (arrivals.peak - arrivals.rate) * left;
    }
  }
};

/** Thinning: candidates come at the top rate, and each stays with the probability of its moment. */
const nextArrival = (arrivals: Arrivals, afterMs: number, random: Random, untilMs: number): number => {
  if (arrivals.kind === 'batch') return 0;
  if (arrivals.kind === 'regular') return afterMs + 1 / arrivals.rate;
  const top = arrivals.kind === 'spike' ? arrivals.peak : arrivals.rate;
  let atMs = afterMs;
  while (atMs < untilMs) {
    atMs += -Math.log(1 - random.next()) / top;
    if (arrivals.kind === 'poisson') return atMs;
    if (random.next() * top < rateAt(arrivals, atMs)) return atMs;
    // A crowd that is gone and leaves nothing behind would be waited for until the end of time.
    if (arrivals.kind === 'spike' && arrivals.rate === 0 && atMs > arrivals.atMs + 60 * arrivals.halfMs)
      return Infinity;
  }
  return atMs;
};

const follow = (
  columns: TaskColumns,
  workload: TraceWorkload,
  source: TraceSource,
  errors: string[],
): void => {
  const read = readTrace(workload, source);
  if (read.kind === 'wrong') {
    errors.push(...read.errors.map((error) => `${workload.file}: ${error}`));
    return;
  }
  const { rows } = read.value;
  const first = rows.reduce((least, row) => Math.min(least, row.submittedMs), Infinity);
  const kept = workload.tasksMax === undefined ? rows : inTime(rows).slice(0, workload.tasksMax);
  for (const row of kept) {
    const kind = columns.kind(row.needs, row.functionName);
    if (kind === undefined) return void errors.push(`${workload.file}: ${TOO_MANY_KINDS}`);
    if (columns.count + row.copies > TASKS_MAX) return void errors.push(TOO_MANY);
    const atMs = workload.fromMs + (row.submittedMs - first) / workload.speed;
    for (let copy = 0; copy < row.copies; copy++) columns.add(atMs, row.serviceMs, kind);
  }
};

const inTime = (rows: Trace['rows']): Trace['rows'] =>
  rows.toSorted((one, other) => one.submittedMs - other.submittedMs);

const readTrace = (workload: TraceWorkload, source: TraceSource): Parsed<Trace> => {
  if (workload.format === 'record')
    return typeof source === 'string'
      ? { kind: 'wrong', errors: ['this is no recording'] }
      : readRecord(source);
  if (typeof source !== 'string') return { kind: 'wrong', errors: ['this is a recording, not text'] };
  return workload.format === 'csv' ? readCsv(source) : readSwf(source, workload.processors);
};
