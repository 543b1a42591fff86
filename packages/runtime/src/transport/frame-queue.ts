/** First in, first out, with the bytes counted: what bounds each peer's queue. */

/** What a queued frame costs beside its bytes: its view, its buffer object, its slot. */
const FRAME_OVERHEAD_BYTES = 128;
/** A queue that was longer than this gives its slots back when it runs empty, or when half of them are free. */
const SLOTS_KEPT = 1024;

export interface FrameQueue {
  readonly length: number;
  /** False when the frame does not fit. One frame always fits into an empty queue, whatever its size. */
  push(frame: Uint8Array): boolean;
  peek(): Uint8Array | undefined;
  shift(): Uint8Array | undefined;
}

export const frameQueue = (bytesMax: number): FrameQueue => {
  // Slots before `head` and from `tail` on are free. An empty queue starts over at slot 0, so that the usual
  // one frame in, one frame out allocates nothing.
  let slots: (Uint8Array | undefined)[] = [];
  let head = 0;
  let tail = 0;
  let bytes = 0;
  const giveBack = (): void => {
    if (head === tail) {
      if (tail > SLOTS_KEPT) slots = [];
    } else if (head < SLOTS_KEPT || head * 2 < tail) {
      return;
    } else {
      slots = slots.slice(head, tail);
    }
    tail -= head;
    head = 0;
  };
  return {
    get length() {
      return tail - head;
    },
    push(frame) {
      const cost = frame.byteLength + FRAME_OVERHEAD_BYTES;
      if (bytes > 0 && bytes + cost > bytesMax) return false;
      bytes += cost;
      slots[tail++] = frame;
      return true;
    },
    peek: () => (head < tail ? slots[head] : undefined),
    shift() {
      const frame = head < tail ? slots[head] : undefined;
      if (frame === undefined) return undefined;
      slots[head++] = undefined;
      bytes -= frame.byteLength + FRAME_OVERHEAD_BYTES;
      giveBack();
      return frame;
    },
  };
};
