/** Looks at a processor's memory while something runs. */
const SAMPLE_MS = 100;

export interface MemoryWatch {
  /** Of the last look; 0 before. */
  readonly rssBytes: number;
  /** Something runs from now on. */
  onRunning(): void;
  /** Looks now; the looks go on while `isRunning`. */
  look(): void;
  stop(): void;
}

export interface MemoryWatchParts {
  readonly read: () => number | undefined;
  readonly isRunning: () => boolean;
  readonly bytesMax: number;
  readonly onSample: (rssBytes: number) => void;
}

export const createMemoryWatch = (parts: MemoryWatchParts): MemoryWatch => {
  let rssBytes = 0;
  let wasOver = false;
  let timer: NodeJS.Timeout | undefined;

  const look = (): void => {
    const bytes = parts.read();
    if (bytes === undefined) return;
    rssBytes = bytes;
    // A child between fork and exec looks as large as its parent: once over the limit is a reason to look again.
    const over = bytes > parts.bytesMax;
    if (!over || wasOver) parts.onSample(bytes);
    wasOver = over;
  };
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  return {
    get rssBytes() {
      return rssBytes;
    },
    onRunning: () => {
      if (timer !== undefined) return;
      timer = setInterval(() => (parts.isRunning() ? look() : stop()), SAMPLE_MS);
      timer.unref();
    },
    look,
    stop,
  };
};
