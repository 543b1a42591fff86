/**
 * What a command prints. Streamed output comes through pipes, is passed on as it comes, and its first part is kept.
 * Other output goes into files without a name: a small command then costs half, because no socket is made and watched.
 */
import type { ChildProcess } from 'node:child_process';
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statfsSync,
  unlinkSync,
} from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { LogStream } from '../channel/frames.ts';

const { O_APPEND, O_CREAT, O_EXCL, O_RDWR } = constants;

/** Files here cost a disk's journal nothing: 60 to 200 us less for each command (measured, ext4). */
const MEMORY_FOLDER = '/dev/shm';
/** It must hold what is printed between two cuts; containers often have 64 MiB. */
const MEMORY_FOLDER_BYTES_MIN = 2 * 1024 * 1024 * 1024;
/** More is not kept in memory. */
const IN_MEMORY_BYTES_MAX = 16 * 1024 * 1024;

const NOTHING = new Uint8Array(0);

export interface Printed {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly truncated: boolean;
}

export interface Output {
  /** For stdout and stderr of `spawn`. */
  readonly stdio: readonly ['pipe' | number, 'pipe' | number];
  attach(child: ChildProcess): void;
  /** After the end of the command. */
  end(): Printed;
  /** Any number of times. */
  dispose(): void;
}

/** @param bytesMax kept of each stream. @param say called with whole characters. */
export const streamedOutput = (bytesMax: number, say: (stream: LogStream, text: string) => void): Output => {
  const keepers = {
    stdout: createKeeper(bytesMax, (text) => say('stdout', text)),
    stderr: createKeeper(bytesMax, (text) => say('stderr', text)),
  };
  return {
    stdio: ['pipe', 'pipe'],
    attach: (child) => {
      child.stdout?.on('data', (chunk: Buffer) => keepers.stdout.push(chunk));
      child.stderr?.on('data', (chunk: Buffer) => keepers.stderr.push(chunk));
    },
    end: () => {
      const [stdout, stderr] = [keepers.stdout.end(), keepers.stderr.end()];
      return { stdout: stdout.kept, stderr: stderr.kept, truncated: stdout.truncated || stderr.truncated };
    },
    dispose: () => undefined,
  };
};

interface Kept {
  readonly kept: Uint8Array;
  readonly truncated: boolean;
}

const createKeeper = (
  bytesMax: number,
  say: (text: string) => void,
): { push(chunk: Buffer): void; end(): Kept } => {
  const chunks: Buffer[] = [];
  const decoder = new StringDecoder('utf8');
  let keptBytes = 0;
  let truncated = false;
  const pass = (text: string): void => {
    if (text !== '') say(text);
  };
  return {
    push: (chunk) => {
      pass(decoder.write(chunk));
      const room = bytesMax - keptBytes;
      if (chunk.length > room) truncated = true;
      if (room <= 0) return;
      const part = chunk.length > room ? Buffer.from(chunk.subarray(0, room)) : chunk;
      chunks.push(part);
      keptBytes += part.length;
    },
    end: () => {
      pass(decoder.end());
      return { kept: Buffer.concat(chunks, keptBytes), truncated };
    },
  };
};

/** How often files are looked at while a command runs: what it prints beyond the limit is cut then. */
const TRIM_MS = 50;
/** After so many looks at nothing the looking ends, until the next command. */
const IDLE_LOOKS_MAX = 20;

const watched = new Set<OutputFile>();
let looking: NodeJS.Timeout | undefined;
let idleLooks = 0;
let files = 0;

/** One timer for all commands: making one for each would cost more than most of them print. */
const watch = (file: OutputFile): void => {
  watched.add(file);
  if (looking !== undefined) return;
  idleLooks = 0;
  looking = setInterval(() => {
    for (const one of watched) one.trim();
    idleLooks = watched.size > 0 ? 0 : idleLooks + 1;
    if (idleLooks < IDLE_LOOKS_MAX) return;
    clearInterval(looking);
    looking = undefined;
  }, TRIM_MS);
  looking.unref();
};

let memoryFolder: string | false | undefined;

const folderFor = (privateFolder: string, bytesMax: number): string => {
  if (memoryFolder === undefined) {
    try {
      const { bavail, bsize } = statfsSync(MEMORY_FOLDER);
      memoryFolder = bavail * bsize >= MEMORY_FOLDER_BYTES_MIN ? MEMORY_FOLDER : false;
    } catch {
      memoryFolder = false; // macOS has none
    }
  }
  return memoryFolder === false || bytesMax > IN_MEMORY_BYTES_MAX ? privateFolder : memoryFolder;
};

/** @param privateFolder of the host, for what does not belong in memory. */
export const filedOutput = (privateFolder: string, bytesMax: number): Output => {
  const folder = folderFor(privateFolder, bytesMax);
  const stdout = new OutputFile(openNameless(folder, privateFolder), bytesMax);
  const stderr = new OutputFile(openNameless(folder, privateFolder), bytesMax);
  return {
    stdio: [stdout.fd, stderr.fd],
    attach: () => {
      watch(stdout);
      watch(stderr);
    },
    end: () => {
      const [out, err] = [stdout.end(), stderr.end()];
      return { stdout: out.kept, stderr: err.kept, truncated: out.truncated || err.truncated };
    },
    dispose: () => {
      stdout.close();
      stderr.close();
    },
  };
};

/** For appending, so that a cut moves the writer back to the front. */
const openNameless = (folder: string, otherwise: string): number => {
  const path = `${folder}/muster-output-${process.pid}-${++files}`;
  try {
    const fd = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND, 0o600);
    unlinkSync(path);
    return fd;
  } catch (error) {
    if (folder === otherwise) throw error;
    return openNameless(otherwise, otherwise);
  }
};

class OutputFile {
  readonly fd: number;
  readonly #bytesMax: number;
  #first: Uint8Array | undefined;
  #open = true;

  constructor(fd: number, bytesMax: number) {
    this.fd = fd;
    this.#bytesMax = bytesMax;
  }

  trim(): void {
    const bytes = fstatSync(this.fd).size;
    if (bytes <= this.#bytesMax && this.#first === undefined) return;
    this.#first ??= this.#read(this.#bytesMax);
    ftruncateSync(this.fd, 0);
  }

  end(): Kept {
    if (this.#first !== undefined) return { kept: this.#first, truncated: true };
    const bytes = fstatSync(this.fd).size;
    return { kept: this.#read(Math.min(bytes, this.#bytesMax)), truncated: bytes > this.#bytesMax };
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    watched.delete(this);
    closeSync(this.fd);
  }

  #read(bytes: number): Uint8Array {
    if (bytes === 0) return NOTHING;
    const content = new Uint8Array(bytes);
    let filled = 0;
    while (filled < bytes) {
      const more = readSync(this.fd, content, filled, bytes - filled, filled);
      if (more === 0) break; // cut by the command itself
      filled += more;
    }
    return content.subarray(0, filled);
  }
}
