/** Replacement strings of `muster map`, as GNU parallel has them, put into whole words: no shell, no quoting. */
import { basename, dirname } from 'node:path';

type Transform = (value: string) => string;

interface Placeholder {
  /** Which input source, from 1; undefined: all of them, joined by a space. */
  readonly source: number | undefined;
  readonly transform: Transform;
}

const SEQUENCE: unique symbol = Symbol('sequence');
type Part = string | Placeholder | typeof SEQUENCE;

export interface Template {
  /** Argument vector of one job. `values` holds one value per input source, `sequence` counts jobs from 1. */
  render(values: readonly string[], sequence: number): readonly string[];
}

export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  readonly code = 'templateInvalid';
}

const withoutExtension: Transform = (value) => value.replace(/\.[^/.]+$/, '');
const baseOf: Transform = (value) => (value.endsWith('/') ? '' : basename(value));

const TRANSFORMS: ReadonlyMap<string, Transform> = new Map<string, Transform>([
  ['', (value): string => value],
  ['.', withoutExtension],
  ['/', baseOf],
  ['//', (value): string => dirname(value)],
  ['/.', (value): string => withoutExtension(baseOf(value))],
]);

const PLACEHOLDER = /\{(#|%|\d*(?:\/\/|\/\.|\/|\.)?)\}/g;

const parseWord = (word: string, sources: number): readonly Part[] => {
  const parts: Part[] = [];
  let end = 0;
  for (const match of word.matchAll(PLACEHOLDER)) {
    if (match.index > end) parts.push(word.slice(end, match.index));
    end = match.index + match[0].length;
    parts.push(placeholder(match[1] ?? '', sources));
  }
  if (end < word.length) parts.push(word.slice(end));
  return parts;
};

const placeholder = (inner: string, sources: number): Part => {
  if (inner === '#') return SEQUENCE;
  if (inner === '%')
    throw new TemplateError(
      '{%} (the job slot) does not exist here: jobs run on whichever worker is free; {#} is the job number',
    );
  const digits = /^\d*/.exec(inner)?.[0] ?? '';
  const transform = TRANSFORMS.get(inner.slice(digits.length));
  if (transform === undefined) throw new TemplateError(`unknown replacement string {${inner}}`);
  if (digits === '') return { source: undefined, transform };
  const source = Number(digits);
  if (source < 1 || source > sources) {
    throw new TemplateError(
      `{${inner}} names input source ${digits}, but there ${sources === 1 ? 'is 1' : `are ${sources}`}`,
    );
  }
  return { source, transform };
};

/**
 * Reads the words of a command. Where none holds a replacement string, `{}` is appended as a word of its own.
 * @param sources how many input sources there are (the lists after each `:::`; standard input is one)
 */
export const parseTemplate = (words: readonly string[], sources: number): Template => {
  const parsed = words.map((word) => parseWord(word, sources));
  const replaces = parsed.some((parts) => parts.some((part) => typeof part !== 'string'));
  if (!replaces) parsed.push([{ source: undefined, transform: (value): string => value }]);
  return {
    render: (values, sequence) =>
      parsed.map((parts) =>
        parts
          .map((part) => {
            if (typeof part === 'string') return part;
            if (part === SEQUENCE) return String(sequence);
            if (part.source !== undefined) return part.transform(values[part.source - 1] ?? '');
            return values.map(part.transform).join(' ');
          })
          .join(''),
      ),
  };
};

/** A word as a POSIX shell would have to be given it. For people and job logs; nothing here runs a shell. */
export const quoteWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;

export const quoteCommand = (argv: readonly string[]): string => argv.map(quoteWord).join(' ');
