/** Vocabulary of the worker machine's tests. */
import { instant, objectId, taskId, workerId } from '@muster/protocol/ids';
import type { TaskId } from '@muster/protocol/ids';
import type { EchoExtras, Message } from '@muster/protocol/messages';
import type { FinishedRun, OfferedTask, WorkerConfig, WorkerEffect, WorkerEvent } from '../worker-types.ts';
import { createWorker } from '../worker.ts';

export const testConfig: WorkerConfig = {
  workerId: workerId('Worker|g-test-1|0'),
  heartbeatMs: 2000,
  deathTimeoutMs: 300_000,
  lifetimeMaxMs: undefined,
  drainMs: 30_000,
  abortGraceMs: 1000,
  killGraceMs: 4000,
  resultResendMs: 5000,
  resultBytesMax: 64 * 1024 * 1024,
  tasksMax: 1000,
  pipelineMs: 5,
  pipelineTasksMax: 8,
  processorMemoryBytesMax: 1_000_000,
  processorStartMs: 30_000,
};

export const taskName = (name: string): TaskId => taskId(name.padEnd(16, '.'));

export const offered = (name: string, more: Partial<OfferedTask> = {}): OfferedTask => ({
  taskId: taskName(name),
  attempt: 1,
  priority: 0,
  functionId: objectId('f'.padEnd(32, '.')),
  timeoutMs: 0,
  streamOutput: false,
  frame: { bytes: new Uint8Array(0), start: 0, end: 0 },
  ...more,
});

export const finishedRun = (run: number, more: Partial<FinishedRun> = {}): FinishedRun => ({
  run,
  outcome: 'success',
  aborted: false,
  durationS: 1,
  cpuS: 1,
  objectIds: [],
  inline: new Uint8Array([run]),
  ...more,
});

export const echo = (epoch: string): WorkerEvent => {
  const extras: EchoExtras = { features: 1, epoch, storePath: '', storeEpoch: '' };
  return said({ kind: 'workerHeartbeatEcho', storage: { host: '127.0.0.1', port: 1 }, extras });
};

export const said = (message: Message): WorkerEvent => ({ kind: 'message', message });

export interface Harness {
  /** One step; the invariants are checked after it. */
  feed(...events: WorkerEvent[]): readonly WorkerEffect[];
  /** Moves time and gives every deadline on the way its step; all effects but heartbeats. */
  advance(ms: number): readonly WorkerEffect[];
  /** Moves time without a step, as a stopped process sees it. */
  sleep(ms: number): void;
}

export const harness = (more: Partial<WorkerConfig> = {}): Harness => {
  let now = 0;
  const worker = createWorker({ ...testConfig, ...more }, instant(now));
  const feed = (...events: WorkerEvent[]): readonly WorkerEffect[] => {
    const effects = worker.step(events, instant(now));
    worker.check();
    return effects;
  };
  const advance = (ms: number): readonly WorkerEffect[] => {
    const end = now + ms;
    const effects: WorkerEffect[] = [];
    for (let steps = 0; steps < 10_000; steps++) {
      const at = worker.nextDeadline();
      if (at === undefined || at > end) break;
      now = Math.max(now, at);
      effects.push(...feed({ kind: 'deadline' }));
    }
    now = end;
    return effects.filter((effect) => effect.kind !== 'heartbeat');
  };
  const sleep = (ms: number): void => {
    now += ms;
  };
  return { feed, advance, sleep };
};

/** Connected to an own scheduler of epoch `e1`, processor ready, nothing to do. */
export const readyWorker = (more: Partial<WorkerConfig> = {}): Harness => {
  const worker = harness(more);
  worker.feed({ kind: 'deadline' });
  worker.feed({ kind: 'connection', state: 'up' }, echo('e1'), { kind: 'processorReady' });
  worker.feed({ kind: 'deadline' });
  return worker;
};

/** The same, and functions `f` are known to take a millisecond: several are handed over at once. Runs so far: 1. */
export const warmWorker = (more: Partial<WorkerConfig> = {}): Harness => {
  const worker = readyWorker(more);
  worker.feed({ kind: 'tasks', tasks: [offered('warm-up')] });
  worker.feed({ kind: 'finished', runs: [finishedRun(1, { durationS: 0.001 })] });
  worker.feed(said({ kind: 'resultAck', tasks: [{ taskId: taskName('warm-up'), attempt: 1 }] }));
  return worker;
};
