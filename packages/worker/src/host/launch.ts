/** Starts the child process of a processor and what connects it to the host. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JournalReader } from '../channel/journal.ts';

const MIB = 1024 * 1024;
/**
 * Young generation. V8 lets it grow to 16 MiB, three of them; a processor is forked for each command, which costs
 * about 9 us here and 12 us in the child for each such MiB (measured), and short functions are no slower without.
 */
const SEMI_SPACE = '--max-semi-space-size';
const SEMI_SPACE_MIB = 4;
const HEAP_MIB_MIN = 32;
/** Name of the environment entry that tells one processor's descendants from another's. */
export const PROCESSOR_MARK = 'MUSTER_PROCESSOR';

export interface ProcessorSettings {
  /** Private to the host. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Value of {@link PROCESSOR_MARK}, unique to this worker. */
  readonly mark: string;
  /** Of V8's old space; undefined: V8's own default. */
  readonly heapBytesMax: number | undefined;
  /** A process group begins or ends, for whoever must clean up when this process cannot. */
  readonly onGroup: (pgid: number, state: 'started' | 'ended') => void;
}

export interface Launched {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly socket: Socket;
  readonly journal: JournalReader;
  /** Closes what this process holds of it. */
  dispose(): void;
}

/** Sources are tested beside their build: a child process always runs the built file. */
const processorFile = (): string => {
  const here = import.meta.url;
  const built = here.endsWith('.ts') ? '../../dist/processor-main.js' : '../processor-main.js';
  return fileURLToPath(new URL(built, here));
};

const flagsOf = ({ heapBytesMax, env }: ProcessorSettings): readonly string[] => {
  const flags: string[] = [];
  if (heapBytesMax !== undefined)
    flags.push(`--max-old-space-size=${Math.max(HEAP_MIB_MIN, Math.floor(heapBytesMax / MIB))}`);
  // Whoever sets it knows the tasks better.
  if (env['NODE_OPTIONS']?.includes(SEMI_SPACE) !== true) flags.push(`${SEMI_SPACE}=${SEMI_SPACE_MIB}`);
  return flags;
};

let journals = 0;

/** @throws what the system says when it cannot: no descriptors, processes, memory or disk. */
export const launchProcessor = (settings: ProcessorSettings): Launched => {
  // Without a name nobody can find it, and nothing is left when both sides are gone.
  const path = join(settings.folder, `journal-${++journals}`);
  const journalFd = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  try {
    const child: ChildProcess = spawn(
      process.execPath,
      [...flagsOf(settings), processorFile(), settings.folder],
      {
        env: { ...settings.env, [PROCESSOR_MARK]: settings.mark },
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe', 'pipe', journalFd],
      },
    );
    // An error event follows when there is no pid; it says no more than that.
    child.on('error', () => undefined);
    const { pid } = child;
    // Without descriptors there is no stdio at all, whatever its type says.
    const socket: unknown = (child.stdio as readonly unknown[] | undefined)?.[3];
    if (pid === undefined || !(socket instanceof Socket)) throw new Error('no process could be made');
    return launched(pid, child, socket, journalFd);
  } catch (error) {
    closeSync(journalFd);
    throw error;
  }
};

const launched = (pid: number, child: ChildProcess, socket: Socket, journalFd: number): Launched => {
  const dispose = (): void => {
    socket.destroy();
    closeSync(journalFd);
  };
  return { pid, child, socket, journal: new JournalReader(journalFd), dispose };
};
