/** One run of `muster map`: a fleet, a client, the jobs, their output and the exit code. */
import { constants } from 'node:os';
import { resolve } from 'node:path';
import {
  command,
  connect,
  ConnectError,
  TaskCanceledError,
  TaskError,
  type Client,
  type CommandOutput,
  type TaskHandle,
} from '@muster/client/index';
import type { Capabilities } from '@muster/protocol/ids';
import { CliError, EXIT, messageOf, systemCode } from '../errors.ts';
import { startFleet, type Fleet } from '../fleet.ts';
import { writeFully } from '../terminal.ts';
import { findAddress } from '../where.ts';
import type { HaltRule } from './halt.ts';
import { combine, countJobs, type InputSource } from './inputs.ts';
import { say, watchInterrupts, type Interrupts } from './interrupts.ts';
import { openJobLog, type JobLog, type JobRecord } from './joblog.ts';
import { jobOutput } from './output.ts';
import { createProgress, type Progress } from './progress.ts';
import { isSuccess, runJobs, type Attempted, type Finished, type Job, type RunSummary } from './run.ts';
import { quoteCommand, type Template } from './template.ts';
import { createWaitingNotes, watchWaiting } from './waiting.ts';

/** Any trouble that is not a failed job. Source: GNU parallel, EXIT STATUS. */
export const EXIT_OTHER = 255;
const FAILED_SHOWN_MAX = 101;

export interface MapRequest {
  readonly template: Template;
  readonly sources: readonly InputSource[];
  readonly separator: '\n' | '\0';
  readonly skipBlank: boolean;
  readonly address: string | undefined;
  /** As asked for; undefined: no limit of its own on a named fleet. */
  readonly jobs: number | undefined;
  /** Workers of a fleet of its own. */
  readonly workers: number;
  readonly keepOrder: boolean;
  readonly tries: number;
  readonly timeoutMs: number | undefined;
  readonly halt: HaltRule | undefined;
  readonly joblog: string | undefined;
  readonly dryRun: boolean;
  readonly tag: boolean;
  readonly capabilities: Capabilities;
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string | undefined;
  readonly outputBytesMax: number;
  readonly showProgress: boolean;
}

/** Jobs submitted ahead of the workers, so that none of them waits for us. */
const AHEAD_MAX = 2_000;
const MAP_DRAIN_MS = 5_000;

async function* inputsOf(request: MapRequest): AsyncGenerator<readonly string[], void> {
  for await (const values of combine(request.sources, process.stdin, request.separator)) {
    if (request.skipBlank && values.every((value) => value.trim() === '')) continue;
    yield values;
  }
}

const dryRun = async (request: MapRequest): Promise<number> => {
  let sequence = 0;
  for await (const values of inputsOf(request)) {
    sequence += 1;
    await writeFully(process.stdout, `${quoteCommand(request.template.render(values, sequence))}\n`);
  }
  return EXIT.ok;
};

/** Whether jobs run on this machine, and so may run in this directory. */
const isLocal = (address: string): boolean =>
  /^(ipc|inproc):|^tcp:\/\/(127\.|localhost:|\[::1\])/.test(address);

const workdirOf = (request: MapRequest, address: string): string | undefined => {
  if (request.workdir === 'tmp') return undefined;
  if (request.workdir !== undefined) return resolve(request.workdir);
  return isLocal(address) ? process.cwd() : undefined;
};

/** With a limit of its own (`--jobs`, `--halt soon`) no job may be started beyond it; else the fleet is kept busy. */
const windowOf = (request: MapRequest, ownsFleet: boolean): number => {
  if (request.jobs !== undefined && !ownsFleet) return request.jobs;
  if (request.halt !== undefined) return request.jobs ?? request.workers;
  return AHEAD_MAX;
};

const createAttempt = (
  client: Client,
  request: MapRequest,
  cwd: string | undefined,
  drain: AbortSignal,
): ((job: Job, signal: AbortSignal) => Promise<Attempted>) => {
  const options = {
    ...(request.timeoutMs === undefined ? {} : { timeoutMs: request.timeoutMs }),
    ...(request.capabilities.size === 0 ? {} : { capabilities: [...request.capabilities.keys()] }),
  };
  const base = {
    env: request.env,
    outputBytesMax: request.outputBytesMax,
    ...(cwd === undefined ? {} : { cwd }),
  };
  // One listener for all jobs: thousands on one signal cost time that grows with their number.
  const running = new Set<TaskHandle<CommandOutput>>();
  drain.addEventListener('abort', () => running.forEach((handle) => handle.withdraw()), { once: true });
  let watched: AbortSignal | undefined;
  const watch = (signal: AbortSignal): void => {
    if (watched === signal) return;
    watched = signal;
    signal.addEventListener('abort', () => running.forEach((handle) => void handle.cancel()), { once: true });
  };
  return async (job, signal) => {
    watch(signal);
    const handle = client.submit(command, { ...base, argv: job.argv }, options);
    running.add(handle);
    try {
      const result = await handle;
      return {
        kind: 'ran',
        result,
        durationS: result.durationMs === undefined ? undefined : result.durationMs / 1_000,
      } satisfies Attempted;
    } catch (error) {
      if (error instanceof TaskCanceledError) return { kind: 'canceled' };
      if (error instanceof TaskError) return { kind: 'broken', code: error.code, message: error.message };
      throw error;
    } finally {
      running.delete(handle);
    }
  };
};

const connectTo = async (address: string): Promise<Client> => {
  try {
    return await connect({ address });
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    throw new CliError(error.code === 'invalidAddress' ? 'usage' : 'nobodyAnswers', error.message, '', {
      cause: error,
    });
  }
};

const signalNumber = (name: string | undefined): number => {
  if (name === undefined) return 0;
  return Object.entries(constants.signals).find(([signal]) => signal === name)?.[1] ?? 0;
};

const TIMED_OUT = { exitCode: -1, signal: 15 };

const recordOf = (finished: Finished): JobRecord => {
  const { attempted, job } = finished;
  const runtimeS =
    attempted.kind === 'ran' && attempted.durationS !== undefined
      ? attempted.durationS
      : (finished.finishedMs - finished.submittedMs) / 1_000;
  const how =
    attempted.kind === 'ran'
      ? { exitCode: attempted.result.exitCode ?? 0, signal: signalNumber(attempted.result.signal) }
      : attempted.code === 'TaskTimeoutError'
        ? TIMED_OUT
        : { exitCode: -1, signal: 0 };
  return {
    sequence: job.sequence,
    host: ':',
    startS: finished.finishedMs / 1_000 - runtimeS,
    runtimeS,
    receivedBytes: attempted.kind === 'ran' ? attempted.result.stdout.length : 0,
    ...how,
    command: quoteCommand(job.argv),
  };
};

const openLog = (path: string | undefined): JobLog | undefined => {
  if (path === undefined) return undefined;
  try {
    return openJobLog(path);
  } catch (error) {
    throw new CliError(
      'failed',
      `the job log ${path} cannot be written: ${systemCode(error) ?? messageOf(error)}.`,
      'Name another file with --joblog.',
    );
  }
};

const exitCodeOf = (summary: RunSummary): number => {
  const { haltedBy } = summary;
  if (haltedBy === undefined) return Math.min(summary.failed, FAILED_SHOWN_MAX);
  if (isSuccess(haltedBy)) return EXIT.ok;
  return haltedBy.attempted.kind === 'ran'
    ? (haltedBy.attempted.result.exitCode ?? EXIT.failed)
    : EXIT.failed;
};

const WORKERS_PER_GROUP_MAX = 8;

/** Exactly this many workers, in as few host processes as their number divides into. */
export const fleetShape = (
  workers: number,
): { readonly groupsMax: number; readonly workersPerGroup: number } => {
  let workersPerGroup = Math.min(workers, WORKERS_PER_GROUP_MAX);
  while (workers % workersPerGroup !== 0) workersPerGroup -= 1;
  return { groupsMax: workers / workersPerGroup, workersPerGroup };
};

/**
 * Jobs do not wait for each other, so they travel many at a time: what wakes client, scheduler and worker host costs as
 * much as several small commands. What has not begun moves to whoever is idle.
 */
const FLEET_ARGS = ['--prefetch', '100ms'];

const endsLine = (bytes: Uint8Array): boolean => bytes.length === 0 || bytes.at(-1) === 0x0a;

const runOn = async (
  request: MapRequest,
  address: string,
  fleet: Fleet | undefined,
  interrupts: Interrupts,
): Promise<number> => {
  using log = openLog(request.joblog);
  await using client = await connectTo(address);
  using progress: Progress = createProgress(request.showProgress, countJobs(request.sources));
  const notes = createWaitingNotes([...request.capabilities.keys()], performance.now(), say);
  await using waiting = watchWaiting(address, notes);
  void waiting;
  const summary = await runJobs({
    template: request.template,
    inputs: inputsOf(request),
    window: windowOf(request, fleet !== undefined),
    tries: request.tries,
    halt: request.halt,
    keepOrder: request.keepOrder,
    drain: interrupts.drain,
    signal: interrupts.signal,
    attempt: createAttempt(client, request, workdirOf(request, address), interrupts.drain),
    onFinished: (finished) => {
      notes.progress(performance.now());
      log?.write(recordOf(finished));
      progress.finished(isSuccess(finished));
    },
    emit: async (finished) => {
      const { stdout, stderr } = jobOutput(finished, request.tag);
      await progress.aside(
        async () => {
          if (stdout.length > 0) await writeFully(process.stdout, stdout);
          if (stderr.length > 0) await writeFully(process.stderr, stderr);
        },
        endsLine(stdout) && endsLine(stderr),
      );
    },
  });
  return exitCodeOf(summary);
};

/** Exit code of the command. Rejects with a CliError, or with what makes running jobs impossible. */
export const mapJobs = async (request: MapRequest): Promise<number> => {
  if (request.dryRun) return dryRun(request);
  const named = findAddress(request.address);
  const fleet =
    named === undefined
      ? await startFleet({ ...fleetShape(request.workers), schedulerArgs: FLEET_ARGS })
      : undefined;
  const interrupts = watchInterrupts(fleet);
  try {
    const code = await runOn(request, named ?? fleet?.address ?? '', fleet, interrupts);
    return interrupts.code() ?? code;
  } finally {
    await fleet?.stop(MAP_DRAIN_MS);
    interrupts.dispose();
  }
};
