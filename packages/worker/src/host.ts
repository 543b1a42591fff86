/** A worker group on one machine: N workers in this process, each with an identity and a processor of its own. */
import { writeFileSync } from 'node:fs';
import type { WorkerConfig } from '@muster/core/worker-types';
import { WORKER_ENV } from '@muster/protocol/calls';
import type { Capabilities, WorkerId } from '@muster/protocol/ids';
import type { Clock } from '@muster/runtime/clock';
import { processorMemoryShare } from '@muster/runtime/machine-memory';
import { systemClock } from '@muster/runtime/system-clock';
import { silentLog } from '@muster/runtime/log';
import type { Log } from '@muster/runtime/log';
import type { Transport } from '@muster/runtime/transport';
import { zeromqTransport } from '@muster/runtime/zeromq';
import { createHostFolder, freshMark, removeHostFolder } from './host/folder.ts';
import { createGuardian } from './host/guardian.ts';
import type { Guardian } from './host/guardian.ts';
import { createInProcess } from './host/in-process.ts';
import type { PortEvents, ProcessorPort } from './host/port.ts';
import { killMarked } from './host/proc.ts';
import { ProcessorProcess } from './host/processor-process.ts';
import { WorkerShell } from './host/worker.ts';
import type { WorkerEnd } from './host/worker.ts';

export type { WorkerEnd } from './host/worker.ts';

export interface WorkerHostConfig {
  readonly scheduler: string;
  readonly groupId: string;
  /** One worker each. */
  readonly workerIds: readonly WorkerId[];
  readonly capabilities: Capabilities;
  readonly deathTimeoutMs: number;
  readonly lifetimeMaxMs: number | undefined;
  /** Bound of a drain that ends in an exit; user code gets as much, but at most 5 s, between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  /** Of one processor with its children; undefined: a share of most of the memory. */
  readonly processorMemoryBytesMax: number | undefined;
  /** Runs tasks in this process. For a debugger: a task that loops or exits takes the host with it. Default false. */
  readonly inProcess?: boolean;
  /** Default: ZeroMQ. */
  readonly transport?: Transport;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Default: silent. */
  readonly log?: Log;
}

export interface WorkerHost {
  /** Drains and ends; any number of times. */
  stop(reason: string): void;
  /** Ends at once: what runs is cut short. */
  abandon(reason: string): void;
  /** Resolves when every worker has ended and nothing of them is left. Rejects on a bug of ours. */
  readonly ended: Promise<WorkerEnd>;
  /** Synchronously kills all that this host started, for the last moments of its process. */
  killNow(): void;
}

const HEARTBEAT_MS = 2000;
const ABORT_GRACE_MS = 1000;
const KILL_GRACE_MS_MAX = 5000;
const RESULT_RESEND_MS = 5000;
const RESULT_BYTES_MAX = 64 * 1024 * 1024;
const TASKS_MAX = 10_000;
/** Handed over ahead: more than a processor lets pass between two wake-ups, so that it never waits for the next task. */
const PIPELINE_MS = 50;
const PIPELINE_TASKS_MAX = 512;
const PROCESSOR_START_MS = 60_000;
/** Less than a processor's 900: memory runs out in user code. More than the scheduler's 0. Source: proc(5). */
const OOM_SCORE = '300';
const MARK = 'MUSTER_HOST';

/** @throws TransportError for an address that cannot be used */
export const startWorkerHost = async (config: WorkerHostConfig): Promise<WorkerHost> => {
  const log = config.log ?? silentLog;
  const transport =
    config.transport ?? zeromqTransport({ onNote: (note) => log[note.level](note.event, note.fields) });
  const clock = config.clock ?? systemClock();
  const surroundings = createSurroundings(config, log);
  let fail: (bug: unknown) => void = () => undefined;
  const broken = new Promise<never>((_, reject) => (fail = reject));
  const shells: WorkerShell[] = [];
  try {
    for (const identity of config.workerIds) {
      const connection = await transport.connect(config.scheduler, { identity });
      const createPort = (events: PortEvents): ProcessorPort => surroundings.createPort(identity, events);
      const { capabilities } = config;
      const parts = {
        config: workerConfigOf(config, identity),
        capabilities,
        connection,
        clock,
        createPort,
        onBug: fail,
      };
      shells.push(new WorkerShell({ ...parts, log: log.child({ worker: identity }) }));
    }
  } catch (error) {
    for (const shell of shells) shell.feed({ kind: 'abandon', reason: 'the host cannot start' });
    await Promise.all(shells.map((shell) => shell.ended));
    surroundings.remove();
    throw error;
  }
  const killNow = (): void => {
    for (const shell of shells) shell.killNow();
    surroundings.remove();
  };
  // Whatever ends this process, short of a SIGKILL, ends what it started.
  process.once('exit', killNow);
  const all = Promise.race([Promise.all(shells.map((shell) => shell.ended)), broken]).then(summarize);
  const ended = all.finally(() => {
    process.off('exit', killNow);
    killNow();
  });
  ended.catch(() => undefined); // whoever awaits it hears of it
  return {
    stop: (reason) => shells.forEach((shell) => shell.feed({ kind: 'stop', reason })),
    abandon: (reason) => shells.forEach((shell) => shell.feed({ kind: 'abandon', reason })),
    ended,
    killNow,
  };
};

const summarize = (ends: readonly WorkerEnd[]): WorkerEnd => ({
  reason: [...new Set(ends.map((end) => end.reason))].join('; '),
  clean: ends.every((end) => end.clean),
});

const workerConfigOf = (config: WorkerHostConfig, workerId: WorkerId): WorkerConfig => ({
  workerId,
  heartbeatMs: HEARTBEAT_MS,
  deathTimeoutMs: config.deathTimeoutMs,
  lifetimeMaxMs: config.lifetimeMaxMs,
  drainMs: config.graceMs,
  abortGraceMs: ABORT_GRACE_MS,
  killGraceMs: Math.min(config.graceMs, KILL_GRACE_MS_MAX),
  resultResendMs: RESULT_RESEND_MS,
  resultBytesMax: RESULT_BYTES_MAX,
  tasksMax: TASKS_MAX,
  pipelineMs: PIPELINE_MS,
  pipelineTasksMax: PIPELINE_TASKS_MAX,
  processorMemoryBytesMax: config.processorMemoryBytesMax ?? processorMemoryShare(config.workerIds.length),
  processorStartMs: PROCESSOR_START_MS,
});

interface Surroundings {
  createPort(identity: WorkerId, events: PortEvents): ProcessorPort;
  /** Kills what is left and removes the folder; any number of times. */
  remove(): void;
}

/** What all workers of the host share: folder, environment, guardian. */
const createSurroundings = (config: WorkerHostConfig, log: Log): Surroundings => {
  const folder = createHostFolder();
  const mark = freshMark();
  if (config.inProcess === true) {
    return {
      createPort: (_, events) => createInProcess(folder, events),
      remove: () => removeHostFolder(folder),
    };
  }
  const guardian: Guardian = createGuardian(mark, folder, (why) => log.warn('worker.guardian.lost', { why }));
  const env = { ...process.env, [MARK]: mark, [WORKER_ENV.groupId]: config.groupId };
  const heapBytesMax = config.processorMemoryBytesMax;
  let removed = false;
  return {
    createPort: (identity, events) =>
      new ProcessorProcess(
        { folder, env, mark: `${mark}-${identity}`, heapBytesMax, onGroup: guardian.onGroup },
        events,
      ),
    remove: () => {
      if (removed) return;
      removed = true;
      killMarked(`${MARK}=${mark}`);
      removeHostFolder(folder);
      guardian.dismiss();
    },
  };
};

/** The kernel takes processors first, then hosts, never the scheduler. */
export const raiseOwnOomScore = (): void => {
  if (process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/oom_score_adj', OOM_SCORE);
  } catch {
    // A container may forbid it.
  }
};
