/** Task frames as the worker machine takes them. */
import { decodeTask, ProtocolError } from '@muster/protocol/codec';
import type { TaskHead } from '@muster/protocol/messages';
import type { OfferedTask } from '@muster/core/worker-types';

/** @param frame what the heads were read from; it is copied once, because it belongs to the transport. */
export const offeredTasks = (
  frame: Uint8Array,
  heads: readonly TaskHead[],
  attempts: readonly number[],
): OfferedTask[] => {
  const bytes = Uint8Array.prototype.slice.call(frame);
  return heads.map((head, at) => {
    const { start, end, taskId, functionId, priority } = head;
    return {
      taskId,
      attempt: attempts[at] ?? 0,
      priority,
      functionId,
      ...limitsOf(bytes, start, end),
      frame: { bytes, start, end },
    };
  });
};

/** A task that cannot be read beyond its head runs without limits, and fails in the processor, which says why. */
const limitsOf = (
  bytes: Uint8Array,
  start: number,
  end: number,
): Pick<OfferedTask, 'timeoutMs' | 'streamOutput'> => {
  try {
    const { timeoutMs, metadata } = decodeTask(bytes, start, end);
    return { timeoutMs, streamOutput: metadata?.streamOutput === true };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { timeoutMs: 0, streamOutput: false };
  }
};
