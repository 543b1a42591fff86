/** The processor's end of the line: what a runner finds goes into the journal, and the host is woken for it. */
import type { Socket } from 'node:net';
import * as frames from '../channel/frames.ts';
import type { LogStream } from '../channel/frames.ts';
import { JournalWriter } from '../channel/journal.ts';
import type { FinishedRecord } from '../channel/journal.ts';
import { signalGroup } from './commands.ts';
import type { Entry, Sink } from './execution.ts';
import { createLogLimiter } from './logs.ts';
import type { LogLimiter } from './logs.ts';

/**
 * Results wait in the journal about this long while the processor has more to run: waking the host, and all behind
 * it, costs as much as a small command. Less than what the host hands over ahead, so that nobody runs dry.
 */
const WAKE_MS = 25;
/** Log lines that the host has not taken; more are dropped. */
const LOG_BYTES_MAX = 1024 * 1024;

export class ChildSink implements Sink {
  readonly #socket: Socket;
  readonly #journal: JournalWriter;
  readonly #logs: LogLimiter;
  readonly #groups = new Set<number>();
  #generation = 0;
  /** The journal holds something that the host was not woken for. */
  #unannounced = false;
  /** With no more than this left to do, the host should hand over more. */
  #low = 0;
  #wokenAt = 0;
  /** Wakes the host while a run takes longer than that and lets the event loop turn. */
  #late: NodeJS.Timeout | undefined;

  constructor(socket: Socket, journalFd: number) {
    this.#socket = socket;
    this.#journal = new JournalWriter(journalFd);
    this.#logs = createLogLimiter((run, stream, text) => {
      if (socket.writableLength > LOG_BYTES_MAX) return false;
      socket.write(frames.encodeLog(run, stream, text));
      return true;
    });
  }

  /** Something new was handed over. */
  onExecute({ generation, consumed, runs }: frames.Execute): void {
    this.#low = runs.length >> 1;
    this.#generation = generation;
    this.#journal.onConsumed(consumed);
  }

  begin(entry: Entry, behind: number): boolean {
    // Superseded: the host took it back before it handed over anything newer, and knows.
    if (entry.generation !== this.#generation) return false;
    this.#journal.begun(entry.run);
    this.#journal.commit();
    if (this.#journal.generation() !== entry.generation) {
      this.#journal.dropped(entry.run);
      this.#unannounced = true;
      return false;
    }
    if (!this.#unannounced) return true;
    if (behind <= this.#low || performance.now() - this.#wokenAt >= WAKE_MS) this.#wake();
    else this.#late ??= setTimeout(() => this.idle(), WAKE_MS);
    return true;
  }

  finished(record: FinishedRecord): void {
    this.#journal.finished(record);
    this.#unannounced = true;
  }

  idle(): void {
    this.#journal.commit();
    if (this.#unannounced) this.#wake();
  }

  log(run: number, stream: LogStream, text: string): void {
    this.#logs.log(run, stream, text);
  }

  group(pgid: number, state: 'started' | 'ended'): void {
    if (state === 'started') this.#groups.add(pgid);
    else this.#groups.delete(pgid);
    this.#journal.group(pgid, state);
    // The end of a group may wait for the end of its run.
    if (state === 'started') this.#journal.commit();
  }

  killGroups(): void {
    for (const pgid of this.#groups) signalGroup(pgid, 'SIGKILL');
  }

  #wake(): void {
    clearTimeout(this.#late);
    this.#late = undefined;
    this.#unannounced = false;
    this.#low = -1;
    this.#wokenAt = performance.now();
    this.#socket.write(frames.encodeWake(this.#journal.tail));
  }
}
