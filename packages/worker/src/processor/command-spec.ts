/** A command as its submitter wrote it, checked: nothing of it is trusted before. */
import { isAbsolute } from 'node:path';
import type { CommandSpec, Payload } from '@muster/protocol/calls';
import { TaskFailure } from '../errors.ts';
import { insidePath } from './working-folder.ts';

const invalid = (what: string): TaskFailure =>
  new TaskFailure('TaskInvalidError', `the command cannot be run: ${what}`);

const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0');

const payload = (value: unknown, what: string): Payload => {
  if (typeof value === 'object' && value !== null) {
    if ('bytes' in value && value.bytes instanceof Uint8Array) return { bytes: value.bytes };
    if ('object' in value && typeof value.object === 'string' && /^[0-9a-f]{64}$/.test(value.object)) {
      return { object: value.object };
    }
  }
  throw invalid(`${what} is neither bytes nor an object id`);
};

const environment = (value: unknown): Record<string, string> => {
  if (typeof value !== 'object' || value === null) throw invalid('env is no record');
  const env: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) {
    if (!isText(name) || name === '' || name.includes('=') || !isText(text))
      throw invalid(`variable "${name}" is not text`);
    env[name] = text;
  }
  return env;
};

/** @throws TaskFailure 'TaskInvalidError' */
export const parseCommandSpec = (value: unknown): CommandSpec => {
  if (typeof value !== 'object' || value === null) throw invalid('its description is no record');
  const { argv, env, cwd, stdin, filesIn, filesOut, outputBytesMax } = value as {
    readonly [Key in keyof CommandSpec]?: unknown;
  };
  if (!Array.isArray(argv) || argv.length === 0 || !argv.every(isText) || argv[0] === '')
    throw invalid('argv needs at least a program');
  if (cwd !== undefined && (!isText(cwd) || !isAbsolute(cwd))) throw invalid('cwd is not an absolute path');
  const files = new Map<string, Payload>();
  if (filesIn !== undefined && !(filesIn instanceof Map)) throw invalid('filesIn is no Map');
  for (const [path, content] of (filesIn ?? new Map<unknown, unknown>()) as ReadonlyMap<unknown, unknown>) {
    if (!isText(path)) throw invalid('a path of filesIn is not text');
    files.set(insidePath(path), payload(content, `file "${path}"`));
  }
  const wanted: readonly unknown[] = Array.isArray(filesOut) ? filesOut : [];
  if (!wanted.every(isText)) throw invalid('a path of filesOut is not text');
  wanted.forEach(insidePath);
  const isSize = typeof outputBytesMax === 'number' && outputBytesMax >= 0;
  if (outputBytesMax !== undefined && !isSize) throw invalid('outputBytesMax is no size');
  return {
    argv: argv,
    env: env === undefined ? {} : environment(env),
    cwd,
    stdin: stdin === undefined ? undefined : payload(stdin, 'stdin'),
    filesIn: files,
    filesOut: wanted,
    outputBytesMax: isSize ? outputBytesMax : 1024 * 1024,
  };
};
