/** Where the values of jobs come from: lists after `:::`, files after `::::`, or lines of standard input. */
import { accessSync, constants, createReadStream, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { CliError, messageOf, systemCode } from '../errors.ts';

export interface SplitArguments {
  /** The command before the first `:::` or `::::`. */
  readonly command: readonly string[];
  readonly sources: readonly InputSource[];
}

export type InputSource =
  | { readonly kind: 'list'; readonly values: readonly string[] }
  /** '-' is standard input. */
  | { readonly kind: 'file'; readonly path: string };

/** Takes the command line apart: `cmd {} ::: a b ::: c :::: file`. */
export const splitArguments = (words: readonly string[]): SplitArguments => {
  const isMark = (word: string): boolean => word === ':::' || word === '::::';
  const first = words.findIndex(isMark);
  if (first < 0) return { command: words, sources: [] };
  const sources: InputSource[] = [];
  let at = first;
  while (at < words.length) {
    const mark = words[at];
    let end = at + 1;
    while (end < words.length && !isMark(words[end] ?? '')) end += 1;
    const values = words.slice(at + 1, end);
    if (mark === ':::') sources.push({ kind: 'list', values });
    else for (const path of values) sources.push({ kind: 'file', path });
    at = end;
  }
  return { command: words.slice(0, first), sources };
};

/** @throws CliError (usage) that names the first argument file that cannot be read; nothing is opened, so that pipes keep their bytes */
export const checkSources = (sources: readonly InputSource[]): void => {
  for (const source of sources) {
    if (source.kind === 'list' || source.path === '-') continue;
    try {
      accessSync(source.path, constants.R_OK);
    } catch (error) {
      const what =
        systemCode(error) === 'ENOENT'
          ? `the argument file ${source.path} does not exist.`
          : `the argument file ${source.path} cannot be read: ${messageOf(error)}.`;
      throw new CliError('usage', what, '', { cause: error });
    }
    if (statSync(source.path).isDirectory())
      throw new CliError('usage', `the argument file ${source.path} is a directory.`);
  }
};

/** Pieces of a stream between separators, without them; a last piece without one counts as well. */
export async function* splitStream(
  chunks: AsyncIterable<Uint8Array | string>,
  separator: '\n' | '\0',
): AsyncGenerator<string, void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of chunks) {
    const text =
      rest +
      (typeof chunk === 'string'
        ? chunk
        : decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)));
    let start = 0;
    for (let end = text.indexOf(separator); end >= 0; end = text.indexOf(separator, start)) {
      yield text.slice(start, end);
      start = end + 1;
    }
    rest = text.slice(start);
  }
  rest += decoder.end();
  if (rest !== '') yield rest;
}

const openSource = (
  source: InputSource,
  stdin: AsyncIterable<Uint8Array | string>,
  separator: '\n' | '\0',
): AsyncIterable<string> | readonly string[] => {
  if (source.kind === 'list') return source.values;
  return splitStream(source.path === '-' ? stdin : createReadStream(source.path), separator);
};

/**
 * The values of one job after another. Several sources are combined each with each, the last one fastest, as
 * GNU parallel does; only the first is read as it comes, the others are held.
 */
export async function* combine(
  sources: readonly InputSource[],
  stdin: AsyncIterable<Uint8Array | string>,
  separator: '\n' | '\0',
): AsyncGenerator<readonly string[], void> {
  const [first, ...others] = sources;
  if (first === undefined) return;
  const held: string[][] = [];
  for (const source of others) {
    const values: string[] = [];
    for await (const value of openSource(source, stdin, separator)) values.push(value);
    held.push(values);
  }
  for await (const value of openSource(first, stdin, separator)) yield* product([value], held);
}

function* product(
  head: readonly string[],
  lists: readonly (readonly string[])[],
): Generator<readonly string[], void> {
  const [list, ...others] = lists;
  if (list === undefined) yield head;
  else for (const value of list) yield* product([...head, value], others);
}

/** How many jobs there will be; undefined while a stream decides. */
export const countJobs = (sources: readonly InputSource[]): number | undefined => {
  let count = 1;
  for (const source of sources) {
    if (source.kind === 'file') return undefined;
    count *= source.values.length;
  }
  return count;
};
