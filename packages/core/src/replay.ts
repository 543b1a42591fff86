/**
 * P6: the same events give the same decisions. Feeds what a scheduler was fed to a fresh machine and compares what
 * that one decides with what was decided then.
 */
import type { Instant } from '@muster/protocol/ids';
import type { Note } from './machine.ts';
import { createScheduler } from './scheduler.ts';
import type { Scheduler } from './scheduler.ts';
import type { SchedulerConfig, SchedulerEffect, SchedulerEvent } from './scheduler-types.ts';

/** What a machine is made of. */
export interface RecordedRun {
  readonly config: SchedulerConfig;
  /** When it was made, on the clock of its steps. */
  readonly createdAt: Instant;
}

export interface RecordedStep {
  readonly now: Instant;
  readonly events: readonly SchedulerEvent[];
  /** What came of it: its notes and the number of all effects; or it threw, which is a bug of ours. */
  readonly outcome:
    | { readonly kind: 'done'; readonly notes: readonly Note[]; readonly effects: number }
    | { readonly kind: 'bug' };
}

/** Where a replay first decided otherwise. */
export interface Difference {
  readonly at: Instant;
  /** Number of the step, from 1. */
  readonly step: number;
  /** What was recorded there and what came now, one line each; '' for nothing. */
  readonly recorded: string;
  readonly replayed: string;
}

export interface ReplayOptions {
  /** Steps after it are not played. */
  readonly until?: Instant | undefined;
  /** Each note that the replay makes. */
  readonly onNote?: ((note: Note, at: Instant) => void) | undefined;
}

export interface Replayed {
  /** As it was after the last step played; not to be stepped again when `bug` is set. */
  readonly scheduler: Scheduler;
  readonly steps: number;
  readonly events: number;
  readonly notes: number;
  /** Time of the last step played. */
  readonly at: Instant;
  /** Steps that came out otherwise. */
  readonly differing: number;
  readonly difference: Difference | undefined;
  /** What a step threw; the replay ends there. */
  readonly bug: unknown;
}

/** Without its level: `scaling.decided adapter=a from=0 to=1`. */
export const showNote = ({ event, fields }: Note): string =>
  [event, ...Object.entries(fields).map(([key, value]) => `${key}=${showValue(value)}`)].join(' ');

const showValue = (value: string | number | boolean): string =>
  typeof value === 'string' && /[\s"=]|^$/.test(value) ? JSON.stringify(value) : String(value);

const notesOf = (effects: readonly SchedulerEffect[]): readonly Note[] =>
  effects.filter((effect) => effect.kind === 'note');

/** By content: another release may name the fields in another order. */
const same = (one: Note, other: Note): boolean => {
  const [ones, others] = [Object.entries(one.fields), Object.entries(other.fields)];
  return (
    one.event === other.event &&
    one.level === other.level &&
    ones.length === others.length &&
    ones.every(([key, value]) => Object.is(other.fields[key], value))
  );
};

const compare = (
  recorded: RecordedStep['outcome'],
  replayed: RecordedStep['outcome'],
): Pick<Difference, 'recorded' | 'replayed'> | undefined => {
  if (recorded.kind === 'bug' || replayed.kind === 'bug') {
    const name = ({ kind }: RecordedStep['outcome']): string => (kind === 'bug' ? 'a bug' : 'no bug');
    return recorded.kind === replayed.kind
      ? undefined
      : { recorded: name(recorded), replayed: name(replayed) };
  }
  const count = Math.max(recorded.notes.length, replayed.notes.length);
  for (let i = 0; i < count; i++) {
    const [then, now] = [recorded.notes[i], replayed.notes[i]];
    if (then !== undefined && now !== undefined && same(then, now)) continue;
    return {
      recorded: then === undefined ? '' : showNote(then),
      replayed: now === undefined ? '' : showNote(now),
    };
  }
  if (recorded.effects === replayed.effects) return undefined;
  return { recorded: `${recorded.effects} effects`, replayed: `${replayed.effects} effects` };
};

/** Plays the steps as they come from `steps`; what that throws, it throws. */
export const replay = (
  run: RecordedRun,
  steps: Iterable<RecordedStep>,
  options: ReplayOptions = {},
): Replayed => {
  const scheduler = createScheduler(run.config, run.createdAt);
  const count = { steps: 0, events: 0, notes: 0, differing: 0 };
  let at = run.createdAt;
  let difference: Difference | undefined;
  for (const step of steps) {
    if (options.until !== undefined && step.now > options.until) break;
    at = step.now;
    count.steps++;
    count.events += step.events.length;
    const played = play(scheduler, step);
    if (played.outcome.kind === 'done') {
      count.notes += played.outcome.notes.length;
      for (const note of played.outcome.notes) options.onNote?.(note, at);
    }
    const found = compare(step.outcome, played.outcome);
    if (found !== undefined) {
      count.differing++;
      difference ??= { at, step: count.steps, ...found };
    }
    if (played.outcome.kind === 'bug') return { scheduler, ...count, at, difference, bug: played.bug };
  }
  return { scheduler, ...count, at, difference, bug: undefined };
};

const play = (
  scheduler: Scheduler,
  { events, now }: RecordedStep,
): { readonly outcome: RecordedStep['outcome']; readonly bug?: unknown } => {
  try {
    const effects = scheduler.step(events, now);
    return { outcome: { kind: 'done', notes: notesOf(effects), effects: effects.length } };
  } catch (bug) {
    return { outcome: { kind: 'bug' }, bug };
  }
};
