/** The last lines that a processor printed: context for whoever has to explain its death. */
const TAIL_BYTES = 2048;

export interface Tail {
  push(chunk: Buffer): void;
  text(): string;
}

export const createTail = (): Tail => {
  let kept: Buffer[] = [];
  let bytes = 0;
  return {
    push: (chunk) => {
      kept.push(chunk.length > TAIL_BYTES ? Buffer.from(chunk.subarray(-TAIL_BYTES)) : chunk);
      bytes += Math.min(chunk.length, TAIL_BYTES);
      if (bytes < TAIL_BYTES * 4) return;
      const joined = Buffer.concat(kept).subarray(-TAIL_BYTES);
      kept = [joined];
      bytes = joined.length;
    },
    text: () => {
      const all = Buffer.concat(kept);
      const last = all.subarray(-TAIL_BYTES).toString('utf8').trim();
      return all.length > TAIL_BYTES ? `…${last}` : last;
    },
  };
};
