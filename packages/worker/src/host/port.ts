/** What a worker needs of its processor, whether that is a child process or this one. */
import type { TaskId } from '@muster/protocol/ids';
import type { Run, WorkerEvent } from '@muster/core/worker-types';
import type { LogStream, StoreAddress } from '../channel/frames.ts';

export interface ProcessorPort {
  /** Of the processor that lives now. */
  readonly pid: number | undefined;
  /** Answered by `processorReady` or `processorEnded`. */
  start(): void;
  execute(runs: readonly Run[]): void;
  /** Answered at once, by `finished` for what ended meanwhile and `recalled`. */
  recall(): void;
  stopRun(run: number, how: 'abort' | 'terminate'): void;
  /** Answered by `processorEnded`. */
  kill(): void;
  /** For this processor and those after it. */
  setStore(store: StoreAddress): void;
  /** Resident bytes of the processor and its descendants; undefined where that cannot be told. */
  memoryBytes(): number | undefined;
  /** Answers nothing more. What runs gets SIGTERM, and SIGKILL after `graceMs`; at once for 0. Resolves when it is gone. */
  close(graceMs: number): Promise<void>;
}

export interface PortEvents {
  onEvents(events: readonly WorkerEvent[]): void;
  onLog(taskId: TaskId, stream: LogStream, text: string): void;
}
