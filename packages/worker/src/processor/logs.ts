/** Output of streamed tasks, bounded: a task that prints for ever costs its own lines, not the host's memory. */
import { StringDecoder } from 'node:string_decoder';
import type { LogStream } from '../channel/frames.ts';
import type { Execution } from './execution.ts';

/** Bytes that a task may print at once, and per second after that. */
const BYTES_PER_S = 1024 * 1024;
const CHUNK_CHARACTERS_MAX = 16 * 1024;

export interface LogLimiter {
  log(run: number, stream: LogStream, text: string): void;
}

/** @param send whole pieces; false: nobody takes them fast enough. */
export const createLogLimiter = (
  send: (run: number, stream: LogStream, text: string) => boolean,
  now: () => number = () => performance.now(),
): LogLimiter => {
  let run = 0;
  let budget = 0;
  let at = 0;
  let dropped = 0;
  const refill = (): void => {
    const ms = now();
    budget = Math.min(BYTES_PER_S, budget + ((ms - at) * BYTES_PER_S) / 1000);
    at = ms;
  };
  return {
    log: (forRun, stream, text) => {
      if (forRun !== run) {
        run = forRun;
        budget = BYTES_PER_S;
        at = now();
        dropped = 0;
      } else refill();
      if (budget < text.length) {
        dropped += text.length;
        return;
      }
      budget -= text.length;
      if (dropped > 0 && send(forRun, 'stderr', `[muster] ${dropped} characters of output were dropped\n`))
        dropped = 0;
      for (let from = 0; from < text.length; from += CHUNK_CHARACTERS_MAX) {
        const piece = text.slice(from, from + CHUNK_CHARACTERS_MAX);
        if (!send(forRun, stream, piece)) dropped += piece.length;
      }
    },
  };
};

type Write = typeof process.stdout.write;

/**
 * Redirects what JavaScript writes to stdout and stderr while a streamed task runs; everything else goes where it
 * always went. What native code and child processes write is seen by the host alone.
 */
export const captureOutput = (runner: { readonly current: Execution | undefined }): void => {
  for (const name of ['stdout', 'stderr'] as const) {
    const stream = process[name];
    const original: Write = stream.write.bind(stream);
    const decoder = new StringDecoder('utf8');
    const write = (chunk: string | Uint8Array, second?: unknown, third?: unknown): boolean => {
      const { current } = runner;
      const encoding = typeof second === 'string' ? (second as BufferEncoding) : undefined;
      const done = (typeof second === 'function' ? second : third) as
        ((error?: Error | null) => void) | undefined;
      if (current?.streams !== true) return original(chunk, encoding, done);
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk);
      current.log(name, decoder.write(bytes));
      if (done !== undefined) process.nextTick(done);
      return true;
    };
    stream.write = write;
  }
};
