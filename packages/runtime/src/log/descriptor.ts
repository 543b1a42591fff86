/**
 * Lines to a file descriptor: asynchronous, so that a slow reader stops nobody; bounded; flushed at exit.
 * Our own, because pino's destination spins for ever at exit when the reader is gone (sonic-boom 4, `flushSync`
 * retries EPIPE), and a process that outlives its parent is what must not happen here.
 */
import { write, writeSync } from 'node:fs';

export interface LineWriter {
  write(line: string): void;
  /** Writes what is in memory before it returns, for at most about a second; gives up when the reader is gone. */
  flushSync(): void;
}

/** In memory while the descriptor is slow; lines beyond it are dropped and counted. */
const BUFFER_CHARACTERS_MAX = 16 * 1024 * 1024;
const RETRY_MS = 20;
const FLUSH_TRIES_MAX = 50;
/**
 * Bytes per asynchronous write: a pipe takes as many at once or not at all, so that what a thread still writes
 * during the last flush is neither torn nor mixed with what the flush writes. Source: PIPE_BUF in pipe(7).
 */
const CHUNK_BYTES = 4096;
/** Time for a write that a thread has begun to end, before and after the last flush. */
const IN_FLIGHT_MS = 20;

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

const sleepSync = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};

export const lineWriter = (fd: number): LineWriter => {
  let lines: string[] = [];
  let characters = 0;
  let dropped = 0;
  let broken = false;
  /** 'writing': a thread has it. 'waiting': the descriptor was full, the timer tries again. */
  let pending: { readonly chunk: Buffer; readonly state: 'writing' | 'waiting' } | undefined;
  let timer: NodeJS.Timeout | undefined;

  const take = (bytesMax: number): Buffer | undefined => {
    if (dropped > 0) {
      const note = { level: 'warn', time: new Date().toISOString(), event: 'log.dropped', lines: dropped };
      dropped = 0;
      lines.push(`${JSON.stringify(note)}\n`);
    }
    let count = 0;
    // A character is at most three bytes of UTF-8 here (four make two characters).
    for (let bytes = 0; count < lines.length; count++) {
      bytes += (lines[count]?.length ?? 0) * 3;
      if (count > 0 && bytes > bytesMax) break;
    }
    if (count === 0) return undefined;
    const chunk = lines.splice(0, count).join('');
    characters = Math.max(0, characters - chunk.length);
    return Buffer.from(chunk);
  };
  const send = (chunk: Buffer | undefined): void => {
    pending = undefined;
    if (chunk === undefined || broken) return;
    const mine = { chunk, state: 'writing' } as const;
    pending = mine;
    write(fd, chunk, (error, count) => {
      // A flush went past us meanwhile.
      if (pending !== mine) return;
      if (error === null) return send(count < chunk.length ? chunk.subarray(count) : take(CHUNK_BYTES));
      if (codeOf(error) !== 'EAGAIN') return breakOff();
      pending = { chunk, state: 'waiting' };
      timer = setTimeout(() => send(chunk), RETRY_MS);
      timer.unref();
    });
  };
  const breakOff = (): void => {
    broken = true;
    lines = [];
    pending = undefined;
  };
  const flushChunk = (chunk: Buffer): void => {
    let rest = chunk;
    for (let tries = 0; rest.length > 0 && tries < FLUSH_TRIES_MAX; ) {
      try {
        rest = rest.subarray(writeSync(fd, rest));
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN') return breakOff();
        tries += 1;
        sleepSync(RETRY_MS);
      }
    }
  };
  const startWriting = (): void => {
    if (pending === undefined) send(take(CHUNK_BYTES));
  };
  const writer: LineWriter = {
    write(line) {
      if (broken) return;
      if (characters + line.length > BUFFER_CHARACTERS_MAX) {
        dropped += 1;
        return;
      }
      lines.push(line);
      characters += line.length;
      // A microtask later, so that the lines of one turn become one write.
      if (pending === undefined && lines.length === 1) queueMicrotask(startWriting);
    },
    flushSync() {
      const { state, chunk: unsent } = pending ?? {};
      pending = undefined;
      clearTimeout(timer);
      if (state === 'writing') sleepSync(IN_FLIGHT_MS);
      if (state === 'waiting' && unsent !== undefined) flushChunk(unsent);
      const chunk = take(Number.POSITIVE_INFINITY);
      if (chunk !== undefined && !broken) flushChunk(chunk);
      if (state === 'writing') sleepSync(IN_FLIGHT_MS);
    },
  };
  process.once('exit', () => writer.flushSync());
  return writer;
};
