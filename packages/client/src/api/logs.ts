import type { TaskLogEntry } from './options.ts';

/** Characters kept until somebody reads; older output goes first. */
const KEPT_MAX = 1024 * 1024;

/** Output of one task between the wire and whoever reads it. */
export class LogBuffer implements AsyncIterable<TaskLogEntry> {
  readonly #streams: boolean;
  #entries: TaskLogEntry[] = [];
  #length = 0;
  #isOver = false;
  #wake: (() => void)[] = [];

  constructor(streams: boolean) {
    this.#streams = streams;
  }

  push(entry: TaskLogEntry): void {
    this.#entries.push(entry);
    this.#length += entry.content.length;
    while (this.#length > KEPT_MAX && this.#entries.length > 1)
      this.#length -= this.#entries.shift()?.content.length ?? 0;
    this.#wakeAll();
  }

  end(): void {
    this.#isOver = true;
    this.#wakeAll();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TaskLogEntry, void> {
    if (!this.#streams)
      throw new Error('this task does not stream its output: submit it with { streamOutput: true }');
    for (;;) {
      const entries = this.#entries;
      this.#entries = [];
      this.#length = 0;
      yield* entries;
      if (this.#entries.length > 0) continue;
      if (this.#isOver) return;
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  #wakeAll(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const one of wake) one();
  }
}
