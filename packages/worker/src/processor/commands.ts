/** Command tasks: a program with its arguments, no shell, in a process group of its own. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, rmdirSync } from 'node:fs';
import { realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandResult, CommandSpec, Payload } from '@muster/protocol/calls';
import { objectId } from '@muster/protocol/ids';
import { TaskFailure } from '../errors.ts';
import { parseCommandSpec } from './command-spec.ts';
import type { Execution, Sink } from './execution.ts';
import type { Objects } from './objects.ts';
import { createOutputKeeper } from './output.ts';
import type { OutputKeeper } from './output.ts';
import type { RunCommand } from './runner.ts';
import { readInside, writeInside } from './working-folder.ts';

/** Someone outside the group may hold the output open after the program has ended; nobody waits longer than this for it. */
const OUTPUT_AFTER_EXIT_MS = 500;
/** All files that a command gives back together. */
const FILES_BYTES_MAX = 256 * 1024 * 1024;

/** SIGTERM or SIGKILL to a whole group; false where it is gone. */
export const signalGroup = (pgid: number, signal: NodeJS.Signals): boolean => {
  // 0 and 1 would mean our own group and everybody.
  if (pgid <= 1) return false;
  try {
    return process.kill(-pgid, signal);
  } catch {
    return false; // ESRCH: gone. EPERM: it changed its user, which is beyond us
  }
};

interface Ended {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
}

/** @param folder Private; fresh working directories are made in it. */
export const createCommands = (sink: Sink, objects: Objects, folder: string): RunCommand => {
  // Reading process.env costs more than starting a small program's arguments; it is what this process was given.
  const inherited = { ...process.env };
  let counter = 0;

  const content = async (payload: Payload, signal: AbortSignal): Promise<Uint8Array> =>
    'bytes' in payload
      ? payload.bytes
      : objects.get(objectId(Buffer.from(payload.object, 'hex').toString('latin1')), signal);

  const inFolder = async (spec: CommandSpec, root: string, execution: Execution): Promise<CommandResult> => {
    const { signal } = execution;
    const realRoot = spec.filesIn.size + spec.filesOut.length > 0 ? await realpath(root) : root;
    for (const [path, payload] of spec.filesIn)
      await writeInside(realRoot, path, await content(payload, signal));
    const stdin = spec.stdin === undefined ? undefined : await content(spec.stdin, signal);
    const streamed = (stream: 'stdout' | 'stderr'): ((text: string) => void) | undefined =>
      execution.streams ? (text) => execution.log(stream, text) : undefined;
    const stdout = createOutputKeeper(spec.outputBytesMax, streamed('stdout'));
    const stderr = createOutputKeeper(spec.outputBytesMax, streamed('stderr'));
    const startedMs = performance.now();
    const ended = await run({
      spec,
      root,
      stdin,
      env: { ...inherited, ...spec.env },
      sink,
      signal,
      stdout,
      stderr,
    });
    const durationMs = performance.now() - startedMs;
    const out = stdout.end();
    const err = stderr.end();
    const filesOut = new Map<string, Payload>();
    let room = FILES_BYTES_MAX;
    for (const path of spec.filesOut) {
      const bytes = await readInside(realRoot, path, room);
      if (bytes === undefined) continue;
      room -= bytes.byteLength;
      filesOut.set(path, { bytes });
    }
    return {
      ...ended,
      stdout: out.kept,
      stderr: err.kept,
      truncated: out.truncated || err.truncated,
      filesOut,
      durationMs,
    };
  };
  return async (value, execution) => {
    const spec = parseCommandSpec(value);
    if (spec.cwd !== undefined) return inFolder(spec, spec.cwd, execution);
    const root = join(folder, `c${process.pid}-${++counter}`);
    mkdirSync(root, { mode: 0o700 });
    try {
      return await inFolder(spec, root, execution);
    } finally {
      await removeFolder(root);
    }
  };
};

const removeFolder = async (root: string): Promise<void> => {
  try {
    rmdirSync(root);
  } catch {
    // Not empty. What cannot be removed now goes with the host's folder.
    await rm(root, { recursive: true, force: true }).catch(() => undefined);
  }
};

interface Running {
  readonly spec: CommandSpec;
  readonly root: string;
  readonly stdin: Uint8Array | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly sink: Sink;
  readonly signal: AbortSignal;
  readonly stdout: OutputKeeper;
  readonly stderr: OutputKeeper;
}

const run = (running: Running): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const { spec, signal, sink } = running;
    const [program = '', ...args] = spec.argv;
    let child: ChildProcess;
    try {
      const stdin = running.stdin === undefined ? 'ignore' : 'pipe';
      child = spawn(program, args, {
        cwd: running.root,
        env: running.env,
        detached: true,
        stdio: [stdin, 'pipe', 'pipe'],
      });
    } catch (cause) {
      return reject(notStarted(program, spec, cause));
    }
    const { pid } = child;
    if (pid !== undefined) sink.group(pid, 'started');
    const terminate = (): void => {
      if (pid !== undefined) signalGroup(pid, 'SIGTERM');
    };
    let late: NodeJS.Timeout | undefined;
    child.stdout?.on('data', (chunk: Buffer) => running.stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => running.stderr.push(chunk));
    // A program need not read all of its input.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(running.stdin);
    child.once('error', (cause) => {
      signal.removeEventListener('abort', terminate);
      reject(notStarted(program, spec, cause));
    });
    child.once('exit', () => {
      // What the program left behind in its group ends with it.
      if (pid !== undefined) signalGroup(pid, 'SIGKILL');
      late = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, OUTPUT_AFTER_EXIT_MS);
    });
    child.once('close', (code, signalName) => {
      clearTimeout(late);
      signal.removeEventListener('abort', terminate);
      if (pid !== undefined) sink.group(pid, 'ended');
      resolve({ exitCode: code ?? undefined, signal: signalName ?? undefined });
    });
    signal.addEventListener('abort', terminate, { once: true });
    if (signal.aborted) terminate();
  });

const notStarted = (program: string, spec: CommandSpec, cause: unknown): TaskFailure => {
  const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  const where = spec.cwd === undefined ? '' : ` in ${spec.cwd}`;
  return new TaskFailure('TaskInvalidError', `"${program}" cannot be started${where}: ${why}`, { cause });
};
