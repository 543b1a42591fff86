import { decodeValue } from '@muster/protocol/values';
import { expect, test } from 'vitest';
import { type Command, command, commandOutput, commandSpec, encodeArgument } from './command.ts';

test('a command becomes the specification that a worker reads', () => {
  const given: Command = {
    argv: ['sort', '-u'],
    stdin: 'b\na\n',
    filesIn: { './in/x.txt': 'x' },
    filesOut: ['out'],
    env: { A: '1' },
  };
  expect(decodeValue(encodeArgument(command, given, 'argument'))).toStrictEqual({
    argv: ['sort', '-u'],
    env: { A: '1' },
    cwd: undefined,
    stdin: { bytes: new TextEncoder().encode('b\na\n') },
    filesIn: new Map([['in/x.txt', { bytes: new TextEncoder().encode('x') }]]),
    filesOut: ['out'],
    outputBytesMax: 1024 * 1024,
  });
});

test.each<[string, Command]>([
  ['no program', { argv: [] }],
  ['a word with a zero byte', { argv: ['a\0b'] }],
  ['a number for a word', { argv: [5 as never] }],
  ['a relative working directory', { argv: ['x'], cwd: 'here' }],
  ['a file above the working directory', { argv: ['x'], filesIn: { '../x': '' } }],
  ['a file above it on a detour', { argv: ['x'], filesOut: ['a/../../x'] }],
  ['an absolute file', { argv: ['x'], filesOut: ['/etc/passwd'] }],
  ['the working directory itself', { argv: ['x'], filesOut: ['.'] }],
])('%s is refused', (_name, given) => {
  expect(() => commandSpec(given)).toThrow(RangeError);
});

test.each([
  ['environment', 'env'],
  ['filesin', 'filesIn'],
  ['args', 'argv'],
  ['outputMax', 'outputBytesMax'],
])('a key that a command does not have (%s) is refused with the nearest that it has', (key, nearest) => {
  const given = { argv: ['true'], [key]: {} } as Command;
  expect(() => commandSpec(given)).toThrow(RangeError);
  expect(() => commandSpec(given)).toThrow(`a command knows no "${key}"; did you mean "${nearest}"?`);
});

test.each([undefined, null, 'ls'])('%j is no command', (given) => {
  expect(() => commandSpec(given as never)).toThrow(/a command: an object is needed, not/);
});

test('files come back from the result or from the store', async () => {
  const result = {
    exitCode: 3,
    signal: undefined,
    stdout: new Uint8Array([1]),
    stderr: new Uint8Array(0),
    truncated: false,
    filesOut: new Map<string, unknown>([
      ['a', { bytes: new Uint8Array([2]) }],
      ['b', { object: 'ff' }],
    ]),
  };
  const output = await commandOutput(result, async (hex) => new Uint8Array([Number.parseInt(hex, 16)]));
  expect(output).toStrictEqual({
    exitCode: 3,
    signal: undefined,
    stdout: new Uint8Array([1]),
    stderr: new Uint8Array(0),
    truncated: false,
    files: new Map([
      ['a', new Uint8Array([2])],
      ['b', new Uint8Array([255])],
    ]),
  });
});
