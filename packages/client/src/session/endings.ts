/** Ends that the client itself gives to tasks. */
import { showId } from '@muster/protocol/ids';
import { SchedulerUnreachableError, TaskCanceledError } from '../api/errors.ts';
import type { PendingTask } from './pending.ts';

export const canceled = ({ id }: PendingTask, reason: unknown): TaskCanceledError =>
  new TaskCanceledError('TaskCanceledError', `task ${showId(id)} was canceled`, showId(id), reason);

/** @param silentMs How long nothing was heard of the scheduler; undefined: it said good-bye. */
export const unreachable = (
  { id }: PendingTask,
  address: string,
  silentMs: number | undefined,
): SchedulerUnreachableError => {
  const text =
    silentMs === undefined
      ? `the scheduler at ${address} was shut down before the task had ended`
      : `nothing was heard of the scheduler at ${address} for ${silentMs / 1_000} s`;
  return new SchedulerUnreachableError('SchedulerUnreachableError', text, showId(id));
};
