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

  add(other: ReadonlyMap<string, number>): void {
    for (const [what, times] of other) this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }

  get missing(): readonly Transition[] {
    return [...GROUP_TRANSITIONS, ...TASK_TRANSITIONS].filter((one) => !this.counts.has(one));
  }
}
