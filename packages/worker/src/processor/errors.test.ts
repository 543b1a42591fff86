import { decodeValue } from '@muster/protocol/values';
import { expect, it } from 'vitest';
import { encodeError, trimStack } from './errors.ts';

const runner = new URL('./runner.js', import.meta.url).href;

const stack = (...below: readonly string[]): string =>
  [
    'TypeError: bad',
    '    at inner (/home/me/job.mjs:3:68)',
    '    at outer (/home/me/job.mjs:9:1)',
    ...below,
  ].join('\n');
const ours = [
  `    at #call (${runner}:128:24)`,
  `    at Runner.execute (${runner}:37:24)`,
  '    at addChunk (node:internal/streams/readable:561:12)',
];

it('shows the stack down to the function of the user', () => {
  expect(trimStack(stack(...ours))).toBe(stack());
});

it('leaves stacks alone that our runner is not in', () => {
  const foreign = stack('    at run (/home/me/processor/runner.js:1:1)');
  expect(trimStack(foreign)).toBe(foreign);
  expect(trimStack(`Error: see ${runner}`)).toBe(`Error: see ${runner}`);
});

it('trims causes as well, and survives errors that cannot be changed', () => {
  const cause = Object.assign(new Error('inner'), { stack: stack(...ours) });
  const error = Object.assign(new Error('outer', { cause }), { stack: stack(...ours) });
  expect(decodeValue(encodeError(error))).toMatchObject({ stack: stack(), cause: { stack: stack() } });
  const frozen = Object.freeze(Object.assign(new Error('frozen'), { stack: stack(...ours) }));
  expect(decodeValue(encodeError(frozen))).toMatchObject({ message: 'frozen' });
  const endless: Error = new Error('endless');
  endless.cause = endless;
  expect(decodeValue(encodeError(endless))).toMatchObject({ message: 'endless' });
});
