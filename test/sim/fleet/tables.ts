/** The transitions that a run must have taken somewhere: rows of the group table and of the task table in the core. */
export const GROUP_TRANSITIONS = [
  '– → requested: wanted',
  '– → requested: adopted',
  '– → stopping: adopted while it stops',
  'requested → running: first worker',
  'requested → gone: start failed',
  'requested → gone: ended while it started',
  'requested → stopping: start deadline',
  'running → draining: scale-down',
  'running → draining: operator',
  'running → draining: its workers drain',
  'running → stopping: no live worker',
  'running → gone: not listed',
  'draining → stopping: drained',
  'draining → running: called off',
  'draining → stopping: drain deadline',
  'stopping → gone: stopped',
  'stopping → stopping: stop deadline',
] as const;

export const TASK_TRANSITIONS = [
  'waiting → assigned',
  'waiting → canceled',
  'assigned → waiting: given back',
  'assigned → waiting: undelivered',
  'assigned → waiting: worker lost',
  'assigned → finished: too many losses',
  'assigned → finished: result',
  'assigned → canceling',
  'canceling → assigned: cancel failed',
  'canceling → canceled',
  'canceling → finished: result',
  'finished → gone: acknowledged',
  '– → assigned: recovered',
] as const;

export type Transition = (typeof GROUP_TRANSITIONS)[number] | (typeof TASK_TRANSITIONS)[number];

export class Coverage {
  readonly counts = new Map<string, number>();

  took(transition: Transition): void {
    this.count(transition);
  }

  /** Worth knowing, not required. */
  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** The largest value seen; worth knowing. */
  most(what: string, value: number): void {
    this.counts.set(`most: ${what}`, Math.max(this.counts.get(`most: ${what}`) ?? 0, value));
  }

  add(other: ReadonlyMap<string, number>): void {
    for (const [what, times] of other) {
      const before = this.counts.get(what) ?? 0;
      this.counts.set(what, what.startsWith('most: ') ? Math.max(before, times) : before + times);
    }
  }
}

/** What nobody has taken. */
export const missingIn = (counts: ReadonlyMap<string, number>): readonly Transition[] =>
  [...GROUP_TRANSITIONS, ...TASK_TRANSITIONS].filter((one) => !counts.has(one));
