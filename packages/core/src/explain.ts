/**
 * What a scheduler can tell about itself: why the fleet has the size it has, why a task waits, what became of a group.
 * Answers are plain data, safe for JSON, and hold the words for people beside the facts for programs. They read what
 * the scheduler holds and what it wrote down when it decided; nothing is decided here.
 */
import type { DecisionRecord } from './scaling/record.ts';

export type ExplainSubject = 'scale' | 'task' | 'group' | 'adapter';
export const EXPLAIN_SUBJECTS: readonly ExplainSubject[] = ['scale', 'task', 'group', 'adapter'];

export type ExplainQuery =
  | { readonly what: 'scale' }
  /** By id as it is shown anywhere, whole or its beginning, of tasks also its end; '' lists what there is to ask about. */
  | { readonly what: 'task' | 'group' | 'adapter'; readonly id: string };

export interface ExplainSection {
  readonly title: string;
  /** One sentence or table row each. */
  readonly lines: readonly string[];
}

interface AnswerOf<What extends ExplainSubject, Facts> {
  readonly what: What;
  /** False: there is nothing by that id, and the headline says what is known all the same. */
  readonly found: boolean;
  /** The answer in one sentence. */
  readonly headline: string;
  readonly sections: readonly ExplainSection[];
  /** Undefined when nothing was found. */
  readonly facts: Facts | undefined;
}

export type ExplainAnswer =
  | AnswerOf<'scale', ScaleFacts>
  | AnswerOf<'task', TaskFacts | { readonly tasks: readonly TaskFacts[] }>
  | AnswerOf<'group', GroupFacts | { readonly groups: readonly GroupFacts[] }>
  | AnswerOf<'adapter', AdapterFacts | { readonly adapters: readonly AdapterFacts[] }>;

/** Durations in milliseconds; `agoMs` counts from the moment of the answer. */
export interface DecisionFacts extends Omit<DecisionRecord, 'at'> {
  readonly agoMs: number;
}

/** What the policy would say if only the number of tasks were another. */
export interface OutlookFacts {
  readonly side: 'own' | 'stock';
  /** Needs of the tasks that it is about. */
  readonly needs: readonly string[];
  readonly unfinished: number;
  /** Fewest unfinished tasks at which there would be another group; undefined: no number of them helps. */
  readonly growsAt: number | undefined;
  /** What stands against it then, '' for nothing. */
  readonly growthBlockedBy: string;
  /** Most unfinished tasks at which a group would go, if enough of them were idle; undefined: none would. */
  readonly shrinksAt: number | undefined;
}

export interface ScaleFacts {
  readonly policy: string;
  readonly uptimeMs: number;
  readonly unfinished: number;
  readonly waiting: number;
  readonly workers: number;
  readonly groups: {
    readonly requested: number;
    readonly running: number;
    readonly draining: number;
    readonly stopping: number;
  };
  /** When the policy is asked again even if nothing changes; undefined: only when something changes. */
  readonly askedAgainInMs: number | undefined;
  /** When the first of the groups that are idle may be let go, by itself; undefined when none is idle. */
  readonly releasableInMs: number | undefined;
  /** Latest first. */
  readonly decisions: readonly DecisionFacts[];
  readonly outlook: readonly OutlookFacts[];
}

export interface TaskFacts {
  readonly id: string;
  readonly phase: 'waiting' | 'assigned' | 'canceling' | 'finished' | 'gone';
  /** How it ended; undefined while it has not. */
  readonly end: 'success' | 'failed' | 'failedWorkerDied' | 'canceled' | undefined;
  readonly endedAgoMs: number | undefined;
  /** Since it was submitted, or until it ended. */
  readonly ageMs: number;
  /** Number of the current or next hand-over to a worker. */
  readonly attempt: number;
  /** Losses that count against its limit. */
  readonly losses: number;
  /** 0: no limit. */
  readonly attemptsMax: number;
  readonly lost: readonly { readonly agoMs: number; readonly worker: string; readonly attempt: number }[];
  readonly client: string;
  readonly function: string;
  readonly priority: number;
  readonly needs: readonly string[];
  readonly worker: string | undefined;
  readonly group: string | undefined;
  /** Tasks before it: in the queue while it waits, with its worker afterwards. */
  readonly ahead: number;
  /** Workers that may run it, and how many of them could take a task now. */
  readonly workersAble: number;
  readonly workersFree: number;
  /** Why it waits, '' when it does not. */
  readonly reason: string;
}

export interface GroupFacts {
  readonly id: string;
  readonly adapter: string;
  readonly own: boolean;
  readonly phase: 'requested' | 'running' | 'draining' | 'stopping' | 'gone';
  readonly sinceMs: number;
  /** Why it is in this phase. */
  readonly reason: string;
  readonly nativeId: string;
  readonly capabilities: readonly string[];
  readonly workers: readonly { readonly id: string; readonly held: number; readonly phase: string }[];
  readonly idleMs: number | undefined;
  /** When it may be let go, if fewer groups are needed; undefined while it is not idle. */
  readonly releasableInMs: number | undefined;
  /** When it is given up, stopped or told again, if nothing happens before; undefined: it has all the time. */
  readonly deadlineInMs: number | undefined;
  /** Oldest first; the first one is its birth. */
  readonly life: readonly { readonly agoMs: number; readonly phase: string; readonly reason: string }[];
  /** Changes after the first one that are not remembered. */
  readonly forgotten: number;
}

export interface AdapterFacts {
  readonly id: string;
  readonly own: boolean;
  readonly heardAgoMs: number;
  readonly up: boolean;
  readonly groupsMax: number;
  readonly workersPerGroup: number;
  /** What it can start, cheapest first. */
  readonly offers: readonly {
    readonly name: string;
    readonly capabilities: readonly string[];
    /** 0 where it costs nothing. */
    readonly dollarsPerHour: number;
  }[];
  readonly groups: {
    readonly requested: number;
    readonly running: number;
    readonly draining: number;
    readonly stopping: number;
  };
  /** Groups that may be started there now, and why they are not more; '' when only its limit says so. */
  readonly room: number;
  readonly roomLimit: string;
  /** Median time from a start command to the first worker; undefined before the first. */
  readonly startMs: number | undefined;
  readonly failuresInARow: number;
  /** It is not asked for groups for this long. */
  readonly restsForMs: number | undefined;
  /** Its last failure, or what it says keeps it from starting anything; '' for nothing. */
  readonly trouble: string;
}
