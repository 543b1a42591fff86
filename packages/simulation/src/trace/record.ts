/**
 * Recordings of `muster scheduler --record` as workload: when tasks were submitted, what they needed, and how long each
 * ran. A task without a measured result (canceled, or unfinished when the recording ended) takes as long as the others of
 * its function did on average; one of a function that never ended takes no time, and is left out.
 */
import type { RecordedStep } from '@muster/core/replay';
import { showId } from '@muster/protocol/ids';
import type { TaskId } from '@muster/protocol/ids';
import type { Message, TaskHead, TaskResultHead } from '@muster/protocol/messages';
import type { Parsed } from '../words/words.ts';
import type { Trace, TraceRow } from './trace.ts';

interface Seen {
  readonly submittedMs: number;
  readonly needs: readonly string[];
  readonly functionName: string;
  serviceMs: number | undefined;
}

interface Mean {
  sum: number;
  count: number;
}

const resultsOf = (message: Message): readonly TaskResultHead[] =>
  message.kind === 'taskResultBatch'
    ? message.results
    : message.kind === 'taskResult'
      ? [message.result]
      : [];

const tasksOf = (message: Message): readonly TaskHead[] =>
  message.kind === 'taskBatch' ? message.tasks : message.kind === 'task' ? [message.task] : [];

/** Twelve digits tell functions apart for people. */
const NAME_DIGITS = 12;

export const readRecord = (steps: Iterable<RecordedStep>): Parsed<Trace> => {
  const seen = new Map<TaskId, Seen>();
  for (const { now, events } of steps) {
    for (const event of events) {
      if (event.kind !== 'message') continue;
      // Offered again after a reconnect, it is the same task.
      for (const task of tasksOf(event.message)) {
        if (seen.has(task.taskId)) continue;
        const needs = [...task.needs.keys()].sort();
        const functionName = `f-${showId(task.functionId).slice(0, NAME_DIGITS)}`.replaceAll(' ', '_');
        seen.set(task.taskId, { submittedMs: now, needs, functionName, serviceMs: undefined });
      }
      for (const { taskId, durationMs } of resultsOf(event.message)) {
        const task = seen.get(taskId);
        if (task !== undefined && durationMs !== undefined) task.serviceMs = durationMs;
      }
    }
  }
  if (seen.size === 0) return { kind: 'wrong', errors: ['nobody submitted a task in this recording'] };
  return { kind: 'ok', value: { rows: rowsOf([...seen.values()]) } };
};

const rowsOf = (tasks: readonly Seen[]): readonly TraceRow[] => {
  const means = new Map<string, Mean>();
  for (const { functionName, serviceMs } of tasks) {
    if (serviceMs === undefined) continue;
    const mean = means.get(functionName) ?? { sum: 0, count: 0 };
    mean.sum += serviceMs;
    mean.count++;
    means.set(functionName, mean);
  }
  return tasks.flatMap(({ submittedMs, needs, functionName, serviceMs }): readonly TraceRow[] => {
    const mean = means.get(functionName);
    if (mean === undefined) return [];
    return [{ submittedMs, serviceMs: serviceMs ?? mean.sum / mean.count, needs, functionName, copies: 1 }];
  });
};
