/** Output of a command: the first part is kept, and all of it may be streamed as it comes. */
import { StringDecoder } from 'node:string_decoder';

export interface OutputKeeper {
  push(chunk: Buffer): void;
  /** The first `bytesMax` bytes; what was incomplete is streamed. */
  end(): { readonly kept: Uint8Array; readonly truncated: boolean };
}

/** @param stream called with whole characters; undefined: nobody listens. */
export const createOutputKeeper = (
  bytesMax: number,
  stream: ((text: string) => void) | undefined,
): OutputKeeper => {
  const chunks: Buffer[] = [];
  const decoder = stream === undefined ? undefined : new StringDecoder('utf8');
  let keptBytes = 0;
  let truncated = false;
  const say = (text: string | undefined): void => {
    if (text !== undefined && text !== '') stream?.(text);
  };
  return {
    push: (chunk) => {
      say(decoder?.write(chunk));
      const room = bytesMax - keptBytes;
      if (chunk.length > room) truncated = true;
      if (room <= 0) return;
      const part = chunk.length > room ? Buffer.from(chunk.subarray(0, room)) : chunk;
      chunks.push(part);
      keptBytes += part.length;
    },
    end: () => {
      say(decoder?.end());
      return { kept: Buffer.concat(chunks, keptBytes), truncated };
    },
  };
};
