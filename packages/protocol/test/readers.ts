/** Everything that reads a frame of a peer. */
import { decodeMessage, decodeTask, decodeTaskResult, peekKind } from '../src/codec.ts';
import { readFrame } from '../src/codec/frame.ts';
import { readMessageAt } from '../src/generated/message.ts';

export const READERS: readonly ((frame: Uint8Array) => unknown)[] = [
  (frame) => decodeMessage(frame),
  (frame) => readFrame(frame, 0, frame.length, readMessageAt),
  (frame) => peekKind(frame),
  (frame) => decodeTask(frame),
  (frame) => decodeTaskResult(frame),
];
