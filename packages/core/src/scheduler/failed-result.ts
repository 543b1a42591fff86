/** A result that the scheduler makes itself: an error without a code, which the client throws as it is. */
import { encodeTaskResult } from '@muster/protocol/codec';
import type { TaskId } from '@muster/protocol/ids';
import type { TaskResultHead } from '@muster/protocol/messages';
import { encodeValue } from '@muster/protocol/values';

export const failedResult = (taskId: TaskId, why: string): TaskResultHead => {
  const error = new Error(why);
  // Where in the scheduler it was made helps nobody, and the same input gives the same bytes.
  error.stack = `Error: ${why}`;
  const outcome = 'failed';
  const bytes = encodeTaskResult({
    taskId,
    outcome,
    metadata: undefined,
    objectIds: [],
    inline: encodeValue(error),
  });
  return { bytes, start: 0, end: bytes.length, taskId, outcome, durationMs: undefined, objectIds: [] };
};
