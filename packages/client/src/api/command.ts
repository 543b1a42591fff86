/** Commands: programs that a worker starts, without a shell. */
import { isAbsolute, normalize, sep } from 'node:path';
import type { CommandResult, CommandSpec, Payload } from '@muster/protocol/calls';
import { encodeValue } from '@muster/protocol/values';
import { refuseUnknownKeys } from './keys.ts';
import type { TaskReference } from './task.ts';

/** A program to run on a worker, without a shell. */
export interface Command {
  /** Program and arguments; at least the program, which is looked up in the worker's PATH. */
  readonly argv: readonly string[];
  /** Variables added to the worker's own environment. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
  /** Absolute. Default: a fresh empty directory that is removed afterwards. */
  readonly cwd?: string;
  /** What the program reads; text is sent as UTF-8. Default: nothing. */
  readonly stdin?: string | Uint8Array;
  /** Written before the program starts: path relative to the working directory → content, text as UTF-8. Default: none. */
  readonly filesIn?: Readonly<Record<string, string | Uint8Array>>;
  /** Relative paths to bring back; a missing file is left out of {@link CommandOutput.files}. Default: none. */
  readonly filesOut?: readonly string[];
  /** Bytes kept of stdout and of stderr. Default 1 MiB. */
  readonly outputBytesMax?: number;
}

/** A program that ran to its end, whatever its exit code. */
export interface CommandOutput {
  /** 0 to 255. Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  /** Name of the signal that ended it, such as SIGKILL; undefined when it ended by itself. */
  readonly signal: string | undefined;
  /** Its first `outputBytesMax` bytes. */
  readonly stdout: Uint8Array;
  /** Its first `outputBytesMax` bytes. */
  readonly stderr: Uint8Array;
  /** Whether stdout or stderr was longer than `outputBytesMax`. */
  readonly truncated: boolean;
  /** Those of `filesOut` that were there when the program had ended. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Wall time of the program, in milliseconds. */
  readonly durationMs?: number;
}

/**
 * The task that runs a program: `client.map(command, [{ argv: ['gzip', …] }, …])`. Ends in TaskInvalidError where
 * the program cannot be started. Needs a fleet: not there with `inProcess`.
 */
export const command: TaskReference<Command, CommandOutput> = Object.freeze({
  module: 'muster:command',
  export: 'command',
});

const OUTPUT_BYTES_MAX_DEFAULT = 1024 * 1024;

const text = new TextEncoder();

const payload = (content: string | Uint8Array): Payload => ({
  bytes: typeof content === 'string' ? text.encode(content) : content,
});

const inside = (path: string, what: string): string => {
  const clean = normalize(path);
  if (
    isAbsolute(clean) ||
    clean === '..' ||
    clean.startsWith(`..${sep}`) ||
    path.includes('\0') ||
    clean === '.'
  ) {
    throw new RangeError(`${what} must lie inside the working directory: ${JSON.stringify(path)}`);
  }
  return clean;
};

const KEYS = {
  argv: true,
  env: true,
  cwd: true,
  stdin: true,
  filesIn: true,
  filesOut: true,
  outputBytesMax: true,
} as const satisfies Record<keyof Command, true>;

/** @throws RangeError for a command that no worker could run, and for a key that is none of its. */
export const commandSpec = (given: Command): CommandSpec => {
  refuseUnknownKeys(given, KEYS, 'a command');
  const { argv, cwd } = given;
  if (
    !Array.isArray(argv) ||
    argv.length === 0 ||
    !argv.every((word) => typeof word === 'string' && !word.includes('\0'))
  ) {
    throw new RangeError('a command needs argv: the program and its arguments, each a string');
  }
  if (cwd !== undefined && !isAbsolute(cwd))
    throw new RangeError(`cwd must be absolute, not ${JSON.stringify(cwd)}`);
  const filesIn = Object.entries(given.filesIn ?? {});
  return {
    argv,
    env: { ...given.env },
    cwd,
    stdin: given.stdin === undefined ? undefined : payload(given.stdin),
    filesIn: new Map(filesIn.map(([path, content]) => [inside(path, 'filesIn'), payload(content)])),
    filesOut: (given.filesOut ?? []).map((path) => inside(path, 'filesOut')),
    outputBytesMax: given.outputBytesMax ?? OUTPUT_BYTES_MAX_DEFAULT,
  };
};

/**
 * The argument of a task as bytes.
 *
 * @param root What the argument is called in the path of a refusal.
 * @throws ValueError; RangeError for a command.
 */
export const encodeArgument = (task: unknown, argument: unknown, root: string): Uint8Array =>
  encodeValue(task === command ? commandSpec(argument as Command) : argument, root);

/**
 * @param fetch Brings the bytes of a large file that the worker left in the object store.
 */
export const commandOutput = async (
  value: unknown,
  fetch: (hex: string) => Promise<Uint8Array>,
): Promise<CommandOutput> => {
  const { filesOut, ...rest } = value as CommandResult;
  const files = [...filesOut].map(async ([path, content]): Promise<[string, Uint8Array]> => {
    return [path, 'bytes' in content ? content.bytes : await fetch(content.object)];
  });
  return { ...rest, files: new Map(await Promise.all(files)) };
};
