/**
 * A process of its own that measures what one reading of a frame allocates, garbage included. Run without
 * the optimising compiler and its threads, whose code lands on the same heap, and with a young generation
 * large enough that nothing is collected between two looks. In: frames, each after its length (UInt32LE).
 * Out: one line of JSON with the bytes allocated by the greediest reader for each frame.
 */
import { readFileSync } from 'node:fs';
import { READERS } from './readers.ts';

const framesIn = (bytes: Buffer): Buffer[] => {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32LE(at);
    frames.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return frames;
};

const attempt = (read: (frame: Uint8Array) => unknown, frame: Uint8Array): void => {
  try {
    read(frame);
  } catch {
    // Refusals are counted elsewhere; here only their price matters.
  }
};

const allocatedBy = (read: (frame: Uint8Array) => unknown, frame: Uint8Array): number => {
  for (;;) {
    const before = process.memoryUsage();
    attempt(read, frame);
    const after = process.memoryUsage();
    const allocated = after.heapUsed - before.heapUsed + (after.arrayBuffers - before.arrayBuffers);
    // Less than nothing: it was collected in between, look again.
    if (allocated >= 0) return allocated;
  }
};

Error.stackTraceLimit = 0;
const frames = framesIn(readFileSync(0));
for (const frame of frames) for (const read of READERS) attempt(read, frame);
const greediest = frames.map((frame) => Math.max(...READERS.map((read) => allocatedBy(read, frame))));
console.log(JSON.stringify(greediest));
