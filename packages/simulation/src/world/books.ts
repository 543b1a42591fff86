/**
 * What is counted while the world runs.
 *
 * A1 Every task of the workload is to come, queued, running or over.
 * A2 Worker time that is paid for is starting, busy, idle or stopping time, and nothing else.
 */
import { InvariantError } from '@muster/core/machine';
import type { Tasks } from '../tasks.ts';
import { Series } from './series.ts';

export type SeriesName = 'queued' | 'busy' | 'starting' | 'up' | 'stopping';

const ACCURACY = 1e-6;

export class Books {
  readonly tasks: Tasks;
  /** Start of the latest run of each task; negative before the first. */
  readonly startedMs: Float64Array;
  readonly endedMs: Float64Array;

  submitted = 0;
  queued = 0;
  running = 0;
  /** Groups' worth of running tasks: each counts as the part of its group that it keeps busy. */
  busy = 0;
  succeeded = 0;
  failed = 0;
  /** Runs that were cut short by the end of their worker. */
  cut = 0;
  /** Latest time at which a task began or ended, or a group came up. */
  progressMs = 0;
  lastEndMs = 0;

  /** Groups that are paid for, by what they do. */
  starting = 0;
  up = 0;
  stopping = 0;
  groupsPeak = 0;

  /** Worker milliseconds. */
  readonly paid: Record<'starting' | 'busy' | 'idle' | 'stopping', number> = {
    starting: 0,
    busy: 0,
    idle: 0,
    stopping: 0,
  };
  /** Of the busy time: runs that were cut short. */
  lostMs = 0;

  readonly series: Readonly<Record<SeriesName, Series>> = {
    queued: new Series(),
    busy: new Series(),
    starting: new Series(),
    up: new Series(),
    stopping: new Series(),
  };

  constructor(tasks: Tasks) {
    this.tasks = tasks;
    this.startedMs = new Float64Array(tasks.count).fill(-1);
    this.endedMs = new Float64Array(tasks.count).fill(-1);
  }

  get over(): number {
    return this.succeeded + this.failed;
  }

  get groups(): number {
    return this.starting + this.up + this.stopping;
  }

  /** @param part of its group that one worker is. */
  onRun(task: number, part: number, atMs: number): void {
    this.queued--;
    this.running++;
    this.busy += part;
    this.startedMs[task] = atMs;
    this.progressMs = atMs;
  }

  onEnd(task: number, part: number, atMs: number): void {
    this.#rest(part);
    this.endedMs[task] = atMs;
    this.progressMs = atMs;
    if (atMs > this.lastEndMs) this.lastEndMs = atMs;
  }

  onCut(task: number, part: number, ranMs: number): void {
    this.#rest(part);
    this.queued++;
    this.cut++;
    this.lostMs += ranMs;
    this.startedMs[task] = -1;
  }

  /** Sums of fractions drift; nobody busy is nothing. */
  #rest(part: number): void {
    this.running--;
    this.busy = this.running === 0 ? 0 : this.busy - part;
  }

  /** Nothing changed from one time to the other. */
  pass(fromMs: number, toMs: number): void {
    if (this.groups > this.groupsPeak) this.groupsPeak = this.groups;
    if (toMs <= fromMs) return;
    const { series } = this;
    series.queued.add(this.queued, fromMs, toMs);
    series.busy.add(this.busy, fromMs, toMs);
    series.starting.add(this.starting, fromMs, toMs);
    series.up.add(this.up, fromMs, toMs);
    series.stopping.add(this.stopping, fromMs, toMs);
  }

  /** @param paidMs worker milliseconds from each group's request to its end. */
  check(paidMs: number): void {
    const tasks = this.queued + this.running + this.over;
    if (tasks !== this.submitted)
      throw new InvariantError(`A1: ${tasks} tasks of ${this.submitted} submitted`);
    const { starting, busy, idle, stopping } = this.paid;
    const sum = starting + busy + idle + stopping;
    if (Math.abs(sum - paidMs) > ACCURACY * Math.max(1, paidMs))
      throw new InvariantError(`A2: ${sum} ms are spent, ${paidMs} ms are paid for`);
  }
}
