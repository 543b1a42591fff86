/** First in, first out, with the bytes counted: what bounds each peer's queue. */

/** What a queued frame costs beside its bytes: its view, its buffer object, its slot. */
const FRAME_OVERHEAD_BYTES = 128;
/** Slots given back at once, so that a queue which never runs empty does not grow. */
const COMPACT_AT = 1024;

export interface FrameQueue {
  readonly length: number;
  /** False when the frame does not fit. One frame always fits into an empty queue, whatever its size. */
  push(frame: Uint8Array): boolean;
  peek(): Uint8Array | undefined;
  shift(): Uint8Array | undefined;
}

export const frameQueue = (bytesMax: number): FrameQueue => {
  let frames: (Uint8Array | undefined)[] = [];
  let head = 0;
  let bytes = 0;
  return {
    get length() {
      return frames.length - head;
    },
    push(frame) {
      const cost = frame.byteLength + FRAME_OVERHEAD_BYTES;
      if (bytes > 0 && bytes + cost > bytesMax) return false;
      bytes += cost;
      frames.push(frame);
      return true;
    },
    peek: () => frames[head],
    shift() {
      const frame = frames[head];
      if (frame === undefined) return undefined;
      frames[head] = undefined;
      head += 1;
      bytes -= frame.byteLength + FRAME_OVERHEAD_BYTES;
      if (head === frames.length) {
        frames = [];
        head = 0;
      } else if (head >= COMPACT_AT && head * 2 >= frames.length) {
        frames = frames.slice(head);
        head = 0;
      }
      return frame;
    },
  };
};
