import { describe, expect, it } from 'vitest';
import * as frames from './frames.ts';

const split = (bytes: Buffer, sizes: number): [number, Buffer][] => {
  const messages: [number, Buffer][] = [];
  const push = frames.messageSplitter((kind, body) => messages.push([kind, Buffer.from(body)]));
  for (let at = 0; at < bytes.length; at += sizes) push(Buffer.from(bytes.subarray(at, at + sizes)));
  return messages;
};

describe('messages between host and processor', () => {
  const task = Buffer.from('..a whole task frame..');
  const run = { run: 5, attempt: 2, bytes: task, start: 2, end: 20 };
  const stream = Buffer.concat([
    frames.openMessage(frames.KIND.ready, 0),
    frames.encodeExecute(3, 64, [run, { ...run, run: 6 }]),
    frames.encodeLog(5, 'stderr', 'grüße\n'),
    frames.encodeAbort(5),
    frames.encodeStore({ path: '/p', host: '::1', port: 8 }),
    frames.encodeWake(99),
  ]);

  it('arrive whole in whatever pieces the socket delivers them', () => {
    const whole = split(stream, stream.length);
    expect(whole.map(([kind]) => kind)).toEqual([4, 1, 6, 2, 3, 5]);
    for (const size of [1, 2, 3, 5, 7, 64]) expect(split(stream, size)).toEqual(whole);
  });

  it('say what they were given', () => {
    const [, execute, log, , store, wake] = split(stream, stream.length).map(([, body]) => body);
    const decoded = frames.decodeExecute(execute ?? Buffer.alloc(0));
    expect(decoded.generation).toBe(3);
    expect(decoded.consumed).toBe(64);
    expect(
      decoded.runs.map((one) => [
        one.run,
        one.attempt,
        Buffer.from(one.bytes).toString('latin1', one.start, one.end),
      ]),
    ).toEqual([
      [5, 2, 'a whole task frame'],
      [6, 2, 'a whole task frame'],
    ]);
    expect(frames.decodeLog(log ?? Buffer.alloc(0))).toEqual({ run: 5, stream: 'stderr', text: 'grüße\n' });
    expect(frames.decodeStore(store ?? Buffer.alloc(0))).toEqual({ path: '/p', host: '::1', port: 8 });
    expect(wake?.readUInt32LE(0)).toBe(99);
  });

  it('of an absurd length are refused', () => {
    const push = frames.messageSplitter(() => undefined, 1000);
    expect(() => push(Buffer.from([255, 255, 255, 255, 1]))).toThrow(RangeError);
    expect(() => frames.messageSplitter(() => undefined)(Buffer.from([0, 0, 0, 0, 1]))).toThrow(RangeError);
  });
});
