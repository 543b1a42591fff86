/**
 * Lines to a file descriptor: asynchronous, so that a slow reader stops nobody; bounded; flushed at exit.
 * Our own, because pino's destination spins for ever at exit when the reader is gone (sonic-boom 4, `flushSync`
 * retries EPIPE), and a process that outlives its parent is what must not happen here.
 */
import { write, writeSync } from 'node:fs';

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

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

const sleepSync = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};

/** 'writing': a thread has it. 'waiting': the descriptor was full, a timer tries again. */
interface Pending {
  readonly chunk: Buffer;
  readonly state: 'writing' | 'waiting';
}

export class LineWriter {
  readonly #fd: number;
  #lines: string[] = [];
  #characters = 0;
  #dropped = 0;
  #broken = false;
  #pending: Pending | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(fd: number) {
    this.#fd = fd;
    process.once('exit', () => this.flushSync());
  }

  write(line: string): void {
    if (this.#broken) return;
    if (this.#characters + line.length > BUFFER_CHARACTERS_MAX) {
      this.#dropped += 1;
      return;
    }
    this.#lines.push(line);
    this.#characters += line.length;
    // A microtask later, so that the lines of one turn become one write.
    if (this.#pending === undefined && this.#lines.length === 1) {
      queueMicrotask(() => {
        if (this.#pending === undefined) this.#send(this.#take(CHUNK_BYTES));
      });
    }
  }

  /** Writes what is in memory before it returns, for at most about a second; gives up when the reader is gone. */
  flushSync(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    clearTimeout(this.#timer);
    if (pending?.state === 'writing') sleepSync(IN_FLIGHT_MS);
    if (pending?.state === 'waiting') this.#flush(pending.chunk);
    this.#flush(this.#take(Number.POSITIVE_INFINITY));
    if (pending?.state === 'writing') sleepSync(IN_FLIGHT_MS);
  }

  #take(bytesMax: number): Buffer | undefined {
    if (this.#dropped > 0) {
      const note = {
        level: 'warn',
        time: new Date().toISOString(),
        event: 'log.dropped',
        lines: this.#dropped,
      };
      this.#dropped = 0;
      this.#lines.push(`${JSON.stringify(note)}\n`);
    }
    let count = 0;
    // At most three bytes of UTF-8 for each character of a JavaScript string.
    for (let bytes = 0; count < this.#lines.length; count++) {
      bytes += (this.#lines[count]?.length ?? 0) * 3;
      if (count > 0 && bytes > bytesMax) break;
    }
    if (count === 0) return undefined;
    const chunk = this.#lines.splice(0, count).join('');
    this.#characters = Math.max(0, this.#characters - chunk.length);
    return Buffer.from(chunk);
  }

  #send(chunk: Buffer | undefined): void {
    this.#pending = undefined;
    if (chunk === undefined || this.#broken) return;
    const mine: Pending = { chunk, state: 'writing' };
    this.#pending = mine;
    write(this.#fd, chunk, (error, count) => {
      // A flush went past us meanwhile.
      if (this.#pending !== mine) return;
      if (error === null)
        return this.#send(count < chunk.length ? chunk.subarray(count) : this.#take(CHUNK_BYTES));
      if (codeOf(error) !== 'EAGAIN') return this.#breakOff();
      this.#pending = { chunk, state: 'waiting' };
      this.#timer = setTimeout(() => this.#send(chunk), RETRY_MS);
      this.#timer.unref();
    });
  }

  #flush(chunk: Buffer | undefined): void {
    let rest = chunk ?? Buffer.alloc(0);
    for (let tries = 0; rest.length > 0 && !this.#broken && tries < FLUSH_TRIES_MAX;) {
      try {
        rest = rest.subarray(writeSync(this.#fd, rest));
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN') return this.#breakOff();
        tries += 1;
        sleepSync(RETRY_MS);
      }
    }
  }

  #breakOff(): void {
    this.#broken = true;
    this.#lines = [];
    this.#pending = undefined;
  }
}
