/**
 * Every frame that real peers were seen to send: read and written back equal in canonical form, once through
 * the generated readers and writers and once through messages.ts.
 */
import { describe, expect, it } from 'vitest';
import type { RecordedFrame } from '../../../test/fixtures/scaler/recordings.ts';
import { readRecording, recordingNames } from '../../../test/fixtures/scaler/recordings.ts';
import { canonical } from '../test/canonical.ts';
import { capnpConvert, missingTool } from '../test/capnp-tool.ts';
import {
  decodeMessage,
  decodeTask,
  decodeTaskResult,
  encodeMessage,
  encodeTask,
  encodeTaskResult,
  peekKind,
  ProtocolError,
} from './codec.ts';
import { readFrame, writeFrame } from './codec/frame.ts';
import { readMessageAt } from './generated/message.ts';
import {
  decodeObjectRequest,
  decodeObjectResponse,
  encodeObjectRequest,
  encodeObjectResponse,
  OBJECT_REQUEST,
} from './object-storage.ts';

const names = recordingNames();
const messagesOf = (name: string): RecordedFrame[] =>
  readRecording(name).filter(({ link }) => link !== 'object-store');

/** A frame of the monitor or of a worker's inside has no place in messages.ts. */
const isUnhandled = (frame: Uint8Array): boolean => {
  try {
    decodeMessage(frame);
    return false;
  } catch (error) {
    if (error instanceof ProtocolError && error.code === 'unhandledTag') return true;
    throw error;
  }
};

const again = (frame: Uint8Array): Uint8Array => {
  const message = decodeMessage(frame);
  if (message.kind === 'task') return encodeTask(decodeTask(frame));
  if (message.kind === 'taskResult') return encodeTaskResult(decodeTaskResult(frame));
  return encodeMessage(message);
};

describe('recorded conversations', () => {
  it('are all there', () => {
    expect(names).toHaveLength(15);
    expect(names.flatMap(messagesOf).length).toBe(2316);
  });

  it.each(names)('%s: every message is read and written back by the generated code', (name) => {
    for (const { frame } of messagesOf(name)) {
      const message = readFrame(frame, 0, frame.length, readMessageAt);
      expect(canonical(writeFrame(message)).equals(canonical(frame))).toBe(true);
    }
  });

  it.each(names)('%s: every message but the monitor’s goes through messages.ts and back', (name) => {
    for (const { frame, link } of messagesOf(name)) {
      if (link === 'monitor') {
        expect(isUnhandled(frame)).toBe(true);
        expect(peekKind(frame)).toBe(undefined);
        continue;
      }
      expect(peekKind(frame)).toBe(decodeMessage(frame).kind);
      expect(canonical(again(frame)).toString('hex')).toBe(canonical(frame).toString('hex'));
    }
  });

  it('hold messages of several segments', () => {
    const frames = names.flatMap(messagesOf).filter(({ frame }) => frame.readUInt32LE(0) > 0);
    expect(frames.map(({ frame }) => frame.readUInt32LE(0) + 1).sort()).toEqual([2, 2, 2, 3, 3, 3, 3, 3]);
    const tasks = frames.filter(({ frame }) => peekKind(frame) === 'task');
    expect(tasks.map(({ frame }) => decodeTask(frame).args.length)).toContain(400);
  });

  it.skipIf(missingTool !== undefined)('have the canonical form that the capnp tool gives them', () => {
    const frames = names.flatMap(messagesOf).map(({ frame }) => frame);
    const ours = Buffer.concat(frames.map(canonical));
    expect(capnpConvert('binary:canonical', Buffer.concat(frames)).equals(ours)).toBe(true);
  });
});

interface Direction {
  headers: Buffer[];
  next: 'identity' | 'header' | 'payload';
}

/** Headers of one direction of a connection, told apart from identities and payloads. */
const headersOf = (frames: readonly RecordedFrame[], way: RecordedFrame['way']): Buffer[] => {
  const state: Direction = { headers: [], next: 'identity' };
  for (const { frame } of frames.filter((one) => one.way === way)) {
    // The stock server sends an empty frame after an empty object.
    if (state.next === 'header' && frame.length === 0) continue;
    if (state.next === 'header') {
      state.headers.push(frame);
      state.next = hasPayload(frame, way) ? 'payload' : 'header';
    } else state.next = 'header';
  }
  return state.headers;
};

const hasPayload = (header: Buffer, way: RecordedFrame['way']): boolean => {
  if (way === 'from') return decodeObjectResponse(header).payloadLength > 0;
  const { type } = decodeObjectRequest(header);
  return type === OBJECT_REQUEST.setObject || type === OBJECT_REQUEST.duplicateObjectID;
};

describe('recorded object store connections', () => {
  it('every header is read and written back byte for byte', () => {
    let headers = 0;
    for (const name of names) {
      const frames = readRecording(name).filter(({ link }) => link === 'object-store');
      for (const peer of new Set(frames.map((one) => one.peer))) {
        const connection = frames.filter((one) => one.peer === peer);
        for (const header of headersOf(connection, 'to')) {
          expect(encodeObjectRequest(decodeObjectRequest(header))).toEqual(header);
          headers++;
        }
        for (const header of headersOf(connection, 'from')) {
          expect(encodeObjectResponse(decodeObjectResponse(header))).toEqual(header);
          headers++;
        }
      }
    }
    expect(headers).toBeGreaterThan(5000);
  });
});
