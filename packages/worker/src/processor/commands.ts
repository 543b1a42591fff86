/** Command tasks: a program with its arguments, no shell, in a process group of its own. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { realpath, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandResult, CommandSpec, Payload } from '@muster/protocol/calls';
import { objectId } from '@muster/protocol/ids';
import { TaskFailure } from '../errors.ts';
import { parseCommandSpec } from './command-spec.ts';
import type { Execution, Sink } from './execution.ts';
import type { Objects } from './objects.ts';
import { filedOutput, streamedOutput } from './output.ts';
import type { Output } from './output.ts';
import type { RunCommand } from './runner.ts';
import { readInside, writeInside } from './working-folder.ts';

/** Someone outside the group may hold a pipe open after the program has ended; nobody waits longer than this for it. */
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

/** @param folder Private to the host; fresh working directories are made in it. */
export const createCommands = (sink: Sink, objects: Objects, folder: string): RunCommand => {
  // What this process was given; reading process.env costs more than the rest of a small command's preparation.
  const inherited = { ...process.env };
  const envOf = ({ env }: CommandSpec): NodeJS.ProcessEnv =>
    Object.keys(env).length === 0 ? inherited : { ...inherited, ...env };
  let counter = 0;

  const content = async (payload: Payload, { signal }: Execution): Promise<Uint8Array> =>
    'bytes' in payload
      ? payload.bytes
      : objects.get(objectId(Buffer.from(payload.object, 'hex').toString('latin1')), signal);

  const inFolder = async (spec: CommandSpec, root: string, execution: Execution): Promise<CommandResult> => {
    const realRoot = spec.filesIn.size + spec.filesOut.length > 0 ? await realpath(root) : root;
    for (const [path, payload] of spec.filesIn)
      await writeInside(realRoot, path, await content(payload, execution));
    const stdin = spec.stdin === undefined ? undefined : await content(spec.stdin, execution);
    const output = execution.streams
      ? streamedOutput(spec.outputBytesMax, (stream, text) => execution.log(stream, text))
      : filedOutput(folder, spec.outputBytesMax);
    try {
      const startedMs = performance.now();
      const ended = await run({ spec, root, stdin, env: envOf(spec), sink, execution, output });
      const durationMs = performance.now() - startedMs;
      return { ...ended, ...output.end(), filesOut: await filesOutOf(spec, realRoot), durationMs };
    } finally {
      output.dispose();
    }
  };
  return async (value, execution) => {
    const spec = parseCommandSpec(value);
    if (spec.cwd !== undefined) return inFolder(spec, spec.cwd, execution);
    const root = join(folder, `c${process.pid}-${++counter}`);
    mkdirSync(root, { mode: 0o700 });
    try {
      return await inFolder(spec, root, execution);
    } finally {
      removeFolder(root);
    }
  };
};

const filesOutOf = async (spec: CommandSpec, root: string): Promise<ReadonlyMap<string, Payload>> => {
  const files = new Map<string, Payload>();
  let room = FILES_BYTES_MAX;
  for (const path of spec.filesOut) {
    const bytes = await readInside(root, path, room);
    if (bytes === undefined) continue;
    room -= bytes.byteLength;
    files.set(path, { bytes });
  }
  return files;
};

/** Not awaited: a disk's journal can take a millisecond for it. What cannot be removed goes with the host's folder. */
const removeFolder = (root: string): void => {
  rmdir(root)
    .catch(() => rm(root, { recursive: true, force: true }))
    .catch(() => undefined);
};

interface Running {
  readonly spec: CommandSpec;
  readonly root: string;
  readonly stdin: Uint8Array | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly sink: Sink;
  readonly execution: Execution;
  readonly output: Output;
}

const run = (running: Running): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const { spec, execution, sink, output } = running;
    const [program = '', ...args] = spec.argv;
    let child: ChildProcess;
    try {
      const stdin = running.stdin === undefined ? 'ignore' : 'pipe';
      child = spawn(program, args, {
        cwd: running.root,
        env: running.env,
        detached: true,
        stdio: [stdin, ...output.stdio],
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
    output.attach(child);
    // A program need not read all of its input.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(running.stdin);
    child.once('error', (cause) => {
      execution.onAbort = undefined;
      reject(notStarted(program, spec, cause));
    });
    child.once('exit', () => {
      // What the program left behind in its group ends with it.
      if (pid !== undefined) signalGroup(pid, 'SIGKILL');
      if (child.stdout === null) return;
      late = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, OUTPUT_AFTER_EXIT_MS);
    });
    child.once('close', (code, signalName) => {
      clearTimeout(late);
      execution.onAbort = undefined;
      if (pid !== undefined) sink.group(pid, 'ended');
      resolve({ exitCode: code ?? undefined, signal: signalName ?? undefined });
    });
    execution.onAbort = terminate;
    if (execution.aborted) terminate();
  });

const notStarted = (program: string, spec: CommandSpec, cause: unknown): TaskFailure => {
  const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  const where = spec.cwd === undefined ? '' : ` in ${spec.cwd}`;
  return new TaskFailure('TaskInvalidError', `"${program}" cannot be started${where}: ${why}`, { cause });
};
