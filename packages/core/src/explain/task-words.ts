/** What a task's facts mean, in words. */
import type { Instant } from '@muster/protocol/ids';
import type { ExplainSection, TaskFacts } from '../explain.ts';
import { mayBeGivenTasks } from '../scheduler/indexes.ts';
import type { SchedulerState } from '../scheduler/state.ts';
import type { TaskRow } from '../scheduler/task-table.ts';
import type { Worker } from '../scheduler/worker.ts';
import { plural, showAgo, showCount, showDuration } from '../words.ts';
import { latestLines } from './decisions.ts';
import { AHEAD_MAX } from './task-facts.ts';

export interface Words {
  readonly headline: string;
  readonly sections: readonly ExplainSection[];
}

export const taskWords = (state: SchedulerState, facts: TaskFacts, row: TaskRow, now: Instant): Words => {
  const worker = state.tasks.worker(row);
  switch (facts.phase) {
    case 'waiting':
      return {
        headline: `Task ${facts.id} has waited for ${showDuration(facts.ageMs)}: ${facts.reason}.`,
        sections: [
          { title: 'What it waits for', lines: waitingLines(state, facts, row, now) },
          historySection(facts),
        ],
      };
    case 'assigned':
    case 'canceling':
      return {
        headline: `Task ${facts.id} ${facts.phase === 'assigned' ? 'is with' : 'is being canceled at'} worker ${facts.worker ?? '?'}${facts.group === undefined ? '' : ` of group ${facts.group}`}.`,
        sections: [
          ...(worker === undefined
            ? []
            : [{ title: 'Where it is', lines: workerLines(state, facts, row, worker, now) }]),
          historySection(facts),
        ],
      };
    default:
      return endedWords(facts);
  }
};

const showNeeds = (needs: readonly string[]): string =>
  needs.length === 0 ? 'nothing special' : needs.join(', ');

const waitingLines = (
  state: SchedulerState,
  facts: TaskFacts,
  row: TaskRow,
  now: Instant,
): readonly string[] => {
  const { bucket } = state.tasks.kind(row);
  const queue = `the queue of tasks that need ${showNeeds(facts.needs)}`;
  const before =
    facts.ahead === 0
      ? `It is the next one in ${queue}.`
      : `${facts.ahead === AHEAD_MAX ? `At least ${showCount(AHEAD_MAX)} tasks are` : plural(facts.ahead, 'task is', 'tasks are')} before it in ${queue}${facts.priority === 0 ? '' : ` (its priority is ${facts.priority})`}.`;
  const able =
    facts.workersAble === 0
      ? 'No worker is here that may run it.'
      : `${plural(facts.workersAble, 'worker')} may run it, ${facts.workersFree === 0 ? 'none' : showCount(facts.workersFree)} of them with room for more.`;
  const starting = [...state.adapters.values()]
    .filter((one) => one.own === bucket.own && state.allocation.serves(one.capabilities, bucket.needs))
    .flatMap((one) => [...one.groups])
    .filter((group) => group.phase === 'requested');
  const longest = Math.max(0, ...starting.map((group) => now - group.bornAt));
  return [
    before,
    able,
    ...(starting.length === 0
      ? []
      : [
          `${plural(starting.length, 'group that could run it is', 'groups that could run it are')} starting, the first one for ${showDuration(longest)}.`,
        ]),
    ...latestLines(state, bucket.own, now),
  ];
};

const workerLines = (
  state: SchedulerState,
  facts: TaskFacts,
  row: TaskRow,
  worker: Worker,
  now: Instant,
): readonly string[] => {
  const silentMs = now - worker.lastSeen;
  const { workerTimeoutMs } = state.config;
  const asked = state.cancels.get(row);
  return [
    facts.ahead === 0
      ? 'Nothing was given to this worker before it: it runs, or is about to.'
      : `${plural(facts.ahead, 'task was', 'tasks were')} given to this worker before it and ${facts.ahead === 1 ? 'is' : 'are'} not done.`,
    ...(asked === undefined
      ? []
      : [`Its worker was asked ${asked.sends === 1 ? 'once' : `${asked.sends} times`} to cancel it.`]),
    `The worker was heard ${showAgo(silentMs)}; after ${showDuration(workerTimeoutMs)} of silence it is lost, and the task runs elsewhere.`,
    ...(mayBeGivenTasks(worker)
      ? []
      : [
          worker.mute === 'no'
            ? 'The worker takes no new tasks: it is leaving when it has finished what it holds.'
            : 'The worker cannot be reached just now.',
        ]),
  ];
};

const ENDS: Readonly<Record<NonNullable<TaskFacts['end']>, string>> = {
  success: 'succeeded',
  failed: 'failed',
  failedWorkerDied: 'failed, because its workers were lost',
  canceled: 'was canceled',
};

export const endedWords = (facts: TaskFacts): Words => {
  const ago = facts.endedAgoMs === undefined ? '' : ` ${showAgo(facts.endedAgoMs)}`;
  const end = facts.end === undefined ? 'ended' : ENDS[facts.end];
  const where = facts.worker === undefined ? '' : ` The last to have it was worker ${facts.worker}.`;
  return {
    headline: `Task ${facts.id} ${end}${ago}, ${showDuration(facts.ageMs)} after it was submitted.`,
    sections: [
      {
        title: 'Its end',
        lines: [
          facts.phase === 'finished'
            ? 'Its result was sent; its client has not acknowledged it yet, so it is sent again from time to time.'
            : facts.end === 'canceled'
              ? 'Nobody runs it, and nobody will.'
              : 'Its result was handed over, and nothing more is kept than this.',
          `It took ${plural(facts.attempt, 'attempt')}.${where}`,
        ],
      },
      ...(facts.lost.length === 0 ? [] : [{ title: 'What happened to it', lines: lossLines(facts) }]),
    ],
  };
};

const lossLines = ({ lost }: TaskFacts): readonly string[] =>
  lost.map(
    ({ agoMs, worker, attempt }) => `${showAgo(agoMs)}, attempt ${attempt} was lost with worker ${worker}`,
  );

const historySection = (facts: TaskFacts): ExplainSection => {
  const limit =
    facts.attemptsMax === 0
      ? ''
      : `; it fails when ${facts.attemptsMax} were lost while it may have been running`;
  return {
    title: 'What happened to it',
    lines: [
      `${showAgo(facts.ageMs)}, client ${facts.client} submitted it (function ${facts.function}, priority ${facts.priority}, needs ${showNeeds(facts.needs)})`,
      ...lossLines(facts),
      `now attempt ${facts.attempt}, ${facts.losses === 0 ? 'none lost' : `${facts.losses} lost`}${limit}`,
    ],
  };
};
