/** Why a task waits, where it is, or how it ended. */
import { showId } from '@muster/protocol/ids';
import type { Instant, TaskId } from '@muster/protocol/ids';
import type { ExplainAnswer } from '../explain.ts';
import type { SchedulerState } from '../scheduler/state.ts';
import { NO_TASK } from '../scheduler/task-table.ts';
import { showDuration } from '../words.ts';
import { findTask } from './find.ts';
import { quoted, several, unknownTask } from './nothing.ts';
import { endedFacts, latestEnding, taskFacts } from './task-facts.ts';
import { endedWords, taskWords } from './task-words.ts';

type TaskAnswer = Extract<ExplainAnswer, { readonly what: 'task' }>;

export const explainTask = (state: SchedulerState, text: string, now: Instant): TaskAnswer => {
  const found = findTask(state, text);
  if (found.kind === 'one') return answerAbout(state, found.value, now);
  const nothing = { what: 'task' as const, found: false, facts: undefined };
  if (found.kind === 'many') {
    const shown = found.values.map((id) => showId(id).trimEnd());
    return {
      ...nothing,
      headline: several('task', 'begin or end with', text, found),
      sections: [{ title: 'Which one', lines: shown }],
    };
  }
  return {
    ...nothing,
    headline: `No task is known by ${quoted(text)}.`,
    sections: [unknownTask(state, now, found.partly)],
  };
};

const answerAbout = (state: SchedulerState, id: TaskId, now: Instant): TaskAnswer => {
  const row = state.tasks.find(id);
  const ending = latestEnding(state, id);
  if (row !== NO_TASK) {
    const facts = taskFacts(state, row, now);
    return { what: 'task', found: true, facts, ...taskWords(state, facts, row, now) };
  }
  if (ending !== undefined) {
    const facts = endedFacts(state, ending, now);
    return { what: 'task', found: true, facts, ...endedWords(facts) };
  }
  const orphan = state.orphans.get(id);
  const worker = orphan === undefined ? 'a worker' : `worker ${showId(orphan.worker.id)}`;
  return {
    what: 'task',
    found: true,
    facts: undefined,
    headline: `Task ${showId(id).trimEnd()} is with ${worker}, from before this scheduler started, and no client has claimed it yet.`,
    sections: [
      {
        title: 'What happens next',
        lines: [
          orphan === undefined
            ? 'Its client offers it again, or it is canceled.'
            : `Its client offers it again within ${showDuration(Math.max(0, orphan.until - now))}, or it is canceled.`,
        ],
      },
    ],
  };
};
