/** Held results as frames: one by one, or in batches that copy the frames unchanged. */
import { encodeMessage, encodeTaskResult } from '@muster/protocol/codec';
import type { TaskResultHead } from '@muster/protocol/messages';
import { encodeValue } from '@muster/protocol/values';
import type { HeldResult } from '@muster/core/worker-types';
import { TaskFailure } from '../errors.ts';

const BATCH_RESULTS_MAX = 256;
const BATCH_BYTES_MAX = 1024 * 1024;

const headOf = (held: HeldResult): TaskResultHead => {
  const { taskId, outcome, body } = held;
  const objectIds = body.kind === 'value' ? body.objectIds : [];
  const inline = body.kind === 'value' ? body.inline : encodeFailure(body.code, body.message);
  const { durationS, cpuS, memoryPeakBytes } = held;
  const bytes = encodeTaskResult({
    taskId,
    outcome,
    metadata: { durationS, cpuS, memoryPeakBytes },
    objectIds,
    inline,
  });
  return { bytes, start: 0, end: bytes.length, taskId, outcome, durationMs: durationS * 1000, objectIds };
};

const encodeFailure = (code: ConstructorParameters<typeof TaskFailure>[0], message: string): Uint8Array => {
  const failure = new TaskFailure(code, message);
  // The stack would be the host's, which explains nothing.
  failure.stack = `${code}: ${message}`;
  return encodeValue(failure);
};

/** Frames to send, in order. */
export const resultFrames = (results: readonly HeldResult[], batched: boolean): Uint8Array[] => {
  const frames: Uint8Array[] = [];
  let heads: TaskResultHead[] = [];
  let attempts: number[] = [];
  let bytes = 0;
  const close = (): void => {
    if (heads.length > 0) frames.push(encodeMessage({ kind: 'taskResultBatch', results: heads, attempts }));
    heads = [];
    attempts = [];
    bytes = 0;
  };
  for (const held of results) {
    const head = headOf(held);
    if (!batched) {
      frames.push(head.bytes);
      continue;
    }
    if (heads.length === BATCH_RESULTS_MAX || bytes + head.end > BATCH_BYTES_MAX) close();
    heads.push(head);
    attempts.push(held.attempt);
    bytes += head.end;
  }
  close();
  return frames;
};
