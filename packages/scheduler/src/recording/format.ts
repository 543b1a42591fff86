/**
 * The file of a recording: a line of JSON that says what machine it was, then one record for each of its steps, each
 * led by its length. A message is the frame in which it came, so a recording holds what tasks were given.
 *
 * | bytes | of a record |
 * |---|---|
 * | u32 | length of what follows |
 * | f64 | when, on the machine's clock |
 * | u32 | events, and then these: a byte for the kind and what it needs |
 * | u8 | 1: the step was done, 0: it threw |
 * | u32 | its effects |
 * | text | its notes as a JSON list, '' for none |
 *
 * Numbers are little-endian; text and frames are led by a u32 length, peers by a u16 one and hold a byte per character.
 */
import type { RecordedRun } from '@muster/core/replay';
import type { SchedulerEvent } from '@muster/core/scheduler-types';

export const FORMAT_VERSION = 1;
export const MARK = 'muster-recording';

/** First line of the file. */
export interface RecordingHead extends RecordedRun {
  /** Release that recorded. Another one may decide otherwise. */
  readonly muster: string;
  /** Wall clock of `createdAt`, ISO 8601. */
  readonly startedAt: string;
}

/** `format`: another version; `notRecording`: something else; `damaged`: what no scheduler wrote. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
  readonly code: 'format' | 'notRecording' | 'damaged';

  constructor(code: RecordingError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** First byte of an event. */
export const KIND: Readonly<Record<SchedulerEvent['kind'], number>> = {
  deadline: 0,
  message: 1,
  peerDown: 2,
  undelivered: 3,
  objectStore: 4,
  operator: 5,
};
export const DONE = 1;
export const BUG = 0;
