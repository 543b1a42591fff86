import { describe, expect, it } from 'vitest';
import { checkSources, combine, countJobs, splitArguments, splitStream, type InputSource } from './inputs.ts';

async function* chunksOf(...chunks: string[]): AsyncGenerator<Uint8Array, void> {
  for (const chunk of chunks) yield Buffer.from(chunk, 'latin1');
}

const collect = async <T>(values: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
};

const list = (...values: string[]): InputSource => ({ kind: 'list', values });

describe('splitArguments', () => {
  it('finds the command and each list', () => {
    expect(splitArguments(['echo', '{}', ':::', 'a', 'b', '::::', 'f', 'g', ':::', '1'])).toEqual({
      command: ['echo', '{}'],
      sources: [list('a', 'b'), { kind: 'file', path: 'f' }, { kind: 'file', path: 'g' }, list('1')],
    });
  });

  it('leaves a command without a list whole', () => {
    expect(splitArguments(['echo', '{}'])).toEqual({ command: ['echo', '{}'], sources: [] });
  });
});

describe('splitStream', () => {
  it('joins pieces across chunks, keeps blank ones and takes a last line without its newline', async () => {
    expect(await collect(splitStream(chunksOf('a', 'b\n\nc', '\nd e'), '\n'))).toEqual([
      'ab',
      '',
      'c',
      'd e',
    ]);
  });

  it('puts characters together that a chunk cut in two', async () => {
    expect(await collect(splitStream(chunksOf('\xc3', '\xa4\n'), '\n'))).toEqual(['ä']);
  });

  it('splits at NUL, so that names may hold newlines', async () => {
    expect(await collect(splitStream(chunksOf('a\nb\0c\0'), '\0'))).toEqual(['a\nb', 'c']);
  });
});

describe('combine', () => {
  it('combines each with each, the last source fastest', async () => {
    expect(await collect(combine([list('a', 'b'), list('1', '2')], chunksOf(), '\n'))).toEqual([
      ['a', '1'],
      ['a', '2'],
      ['b', '1'],
      ['b', '2'],
    ]);
  });

  it('reads standard input where a source names it', async () => {
    expect(await collect(combine([{ kind: 'file', path: '-' }], chunksOf('x\ny\n'), '\n'))).toEqual([
      ['x'],
      ['y'],
    ]);
  });

  it('makes no job where a list is empty', async () => {
    expect(await collect(combine([list('a'), list()], chunksOf(), '\n'))).toEqual([]);
    expect(countJobs([list('a'), list()])).toBe(0);
  });
});

describe('checkSources', () => {
  const file = (path: string): InputSource => ({ kind: 'file', path });

  it('names the file that does not exist', () => {
    expect(() => checkSources([list('a'), file('/no/such')])).toThrow(
      'the argument file /no/such does not exist.',
    );
  });

  it('refuses a directory', () => {
    expect(() => checkSources([file('/')])).toThrow('the argument file / is a directory.');
  });

  it('lets standard input and readable files pass', () => {
    expect(() => checkSources([file('-'), file(import.meta.filename)])).not.toThrow();
  });
});
