import { defineCommand, option, required } from '@muster/runtime/config';
import { boolean, text } from '@muster/runtime/config-kinds';
import { TransportError } from '@muster/runtime/transport';
import { describe, expect, it } from 'vitest';
import { explainError, runCommand } from './command.ts';

const spec = defineCommand({
  section: 'map',
  options: {
    noRunIfEmpty: option(boolean(), { default: false, short: 'r', doc: 'no job for a blank line' }),
    progress: option(boolean(), { default: true, doc: 'a bar' }),
  },
});

const read = async (...argv: string[]): Promise<{ noRunIfEmpty: boolean; progress: boolean }> => {
  let read = { noRunIfEmpty: false, progress: false };
  await runCommand(
    {
      name: 'map',
      summary: '',
      spec,
      examples: [],
      run: (values) => {
        read = { noRunIfEmpty: values.noRunIfEmpty, progress: values.progress };
        return Promise.resolve(0);
      },
    },
    argv,
  );
  return read;
};

describe('a flag whose own name begins with no', () => {
  it.each([
    [[], { noRunIfEmpty: false, progress: true }],
    [['-r'], { noRunIfEmpty: true, progress: true }],
    [['--no-run-if-empty'], { noRunIfEmpty: true, progress: true }],
    [['--no-progress'], { noRunIfEmpty: false, progress: false }],
  ])('is no negation: %j', async (argv, expected) => {
    expect(await read(...argv)).toEqual(expected);
  });
});

it('says of a missing argument first of all how it is typed', async () => {
  const needy = defineCommand({
    section: 'worker',
    options: { schedulerAddress: required(text(), { positional: true, doc: 'whom to serve' }) },
  });
  const ran = runCommand(
    {
      name: 'worker',
      summary: '',
      spec: needy,
      examples: ['muster worker tcp://127.0.0.1:8516'],
      run: () => Promise.resolve(0),
    },
    [],
  );
  await expect(ran).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining(
      '(give it as the first argument: muster worker tcp://127.0.0.1:8516, or as ',
    ) as unknown,
  });
});

it('takes an address that is none for a mistake of the user, not for a bug', () => {
  const error = new TransportError('EINVAL', 'foo', 'foo is not an address that can be used');
  expect(explainError(error)).toEqual({ text: 'foo is not an address that can be used', exitCode: 2 });
  expect(explainError(new TransportError('EFAILED', 'foo', 'broken')).text).toContain(
    'this is a bug in Muster',
  );
});
