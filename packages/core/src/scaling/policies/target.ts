/**
 * Drains the backlog within a target time, by Little's law: slots = busy + backlog x service time / target.
 *
 * - Service times are measured, per function. A task whose function never was counts one slot, or with
 *   `assumed_seconds` so much of one as that time is of the target.
 * - Never more slots than there are tasks.
 * - The target is `target_seconds`, else {@link targetMsOf}: long enough for a start to pay off, and short enough that
 *   every slot runs at most two of the slowest tasks. (With a fixed 30 s, 15 tasks of 6 s would be given 3 workers.)
 * - Cold-start gate: no group whose start outlasts the queue, because it would come to find nothing to do. As long as
 *   one task's time is unknown, or nobody works yet, the queue is taken to last.
 */
import { showId } from '@muster/protocol/ids';
import { workersOf } from '../view.ts';
import type { Demand, ScalingPolicy } from '../view.ts';
import { byNeeds } from './by-needs.ts';
import { draftOf } from './draft.ts';
import type { Line } from './draft.ts';
import { Flow } from './flow.ts';
import { ableFor, needsOf } from './needs.ts';
import type { Needs } from './needs.ts';
import { count, round, seconds } from './wording.ts';

/** A start that was never measured: between a local process and a container in a cloud. */
const START_MS = 10_000;
/** Where tasks are longer than half of it, more workers than one per task would not help. */
const TARGET_MS_MAX = 30_000;
/** No fleet is sized for less than this. */
const TARGET_MS_MIN = 1_000;
/** Slots are full when no task of the same length could begin in them twice within the target. */
const ROUNDS = 2;

interface Estimate {
  readonly slots: number;
  readonly targetMs: number;
  readonly busy: number;
}

export const target: ScalingPolicy = (view) => {
  const draft = draftOf(view);
  const needs = needsOf(draft);
  const busy = busyOf(needs);
  const estimates = new Map(
    needs.demands.map((demand, i) => [demand, estimateOf(demand, busy[i] ?? 0, needs)]),
  );
  const slotsOf = (demand: Demand): number => estimates.get(demand)?.slots ?? 0;
  return byNeeds(draft, needs, {
    want: slotsOf,
    keep: slotsOf,
    why: (demand) => whyOf(demand, estimates.get(demand)),
    whyFewer: 'more slots than the backlog needs',
    gate: gateOf,
    gated: { rule: 'gated', words: 'but the queue ends before a group could start' },
  });
};

/** Slots that are in use: no more than there are workers, however many tasks each of them holds. */
const busyOf = (needs: Needs): readonly number[] => {
  const { kinds, lines } = needs.draft;
  const serving = Float64Array.from(kinds, (kind) => kind.ungrouped);
  for (const { kind, adapter, supply } of lines)
    serving[kind] = (serving[kind] ?? 0) + workersOf(supply, adapter);
  const flow = new Flow(serving, needs.serves);
  return needs.demands.map(({ tasks, waiting }, i) => tasks - waiting - flow.put(i, tasks - waiting));
};

const estimateOf = (demand: Demand, busy: number, needs: Needs): Estimate => {
  const { tuning } = needs.draft.view;
  const targetMs = targetMsOf(demand, needs);
  const { waiting, waitingMs, unmeasured } = demand;
  const each = tuning.assumedMs === undefined ? 1 : Math.min(1, tuning.assumedMs / targetMs);
  const backlog = Math.ceil(waitingMs / targetMs + unmeasured * each);
  const least = demand.tasks > 0 ? 1 : 0;
  return { slots: Math.max(least, Math.min(busy + backlog, busy + waiting)), targetMs, busy };
};

/** The start time of the adapter that comes first, or two rounds of the slowest task if that is longer, up to 30 s. */
const targetMsOf = (demand: Demand, needs: Needs): number => {
  const { drainMs } = needs.draft.view.tuning;
  if (drainMs !== undefined) return Math.max(1, drainMs);
  const [first] = ableFor(needs, needs.demands.indexOf(demand));
  const serviceMs = Math.max(meanMsOf(demand), demand.slowestMs ?? 0);
  return Math.max(
    TARGET_MS_MIN,
    first?.adapter.startMs ?? START_MS,
    Math.min(TARGET_MS_MAX, ROUNDS * serviceMs),
  );
};

const meanMsOf = ({ waiting, waitingMs, unmeasured }: Demand): number =>
  waiting > unmeasured ? waitingMs / (waiting - unmeasured) : 0;

const gateOf = (line: Line, demand: Demand, needs: Needs): string | undefined => {
  const { startMs } = line.adapter;
  const queueMs = queueMsOf(demand, needs);
  if (startMs === undefined || queueMs === undefined || queueMs > startMs) return undefined;
  return `${showId(line.adapter.key)}: takes ${seconds(startMs)} to start, longer than the queue lasts`;
};

/** When the last of those that wait begins, at the latest; undefined when that cannot be told. */
const queueMsOf = (demand: Demand, needs: Needs): number | undefined => {
  const { waiting, slowestMs } = demand;
  if (waiting === 0 || slowestMs === undefined) return undefined;
  const serves = needs.serves[needs.demands.indexOf(demand)];
  let serving = 0;
  let coming = 0;
  needs.draft.kinds.forEach(({ ungrouped }, kind) => (serving += serves?.[kind] === 1 ? ungrouped : 0));
  for (const line of needs.draft.lines) {
    if (serves?.[line.kind] !== 1) continue;
    const here = workersOf(line.supply, line.adapter);
    serving += here;
    coming += line.workers - here;
  }
  if (serving === 0) return undefined;
  return Math.max(slowestMs, Math.ceil(waiting / (serving + coming)) * meanMsOf(demand));
};

const whyOf = (demand: Demand, estimate: Estimate | undefined): string => {
  if (estimate === undefined) return '';
  const { slots, targetMs, busy } = estimate;
  const work = demand.waitingMs > 0 ? `${seconds(demand.waitingMs)} of work waits` : `${demand.waiting} wait`;
  const unmeasured =
    demand.unmeasured > 0 && demand.waitingMs > 0 ? `, ${demand.unmeasured} of unknown length` : '';
  return `${busy} running, ${work}${unmeasured}, ${count(round(slots), 'slot')} needed to be done in ${seconds(targetMs)}`;
};
