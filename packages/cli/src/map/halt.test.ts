import { describe, expect, it } from 'vitest';
import { isHalted, parseHalt } from './halt.ts';

const rule = (text: string): NonNullable<Exclude<ReturnType<typeof parseHalt>, Error>> => {
  const parsed = parseHalt(text);
  if (parsed === undefined || parsed instanceof Error) throw new Error(`not a rule: ${text}`);
  return parsed;
};

describe('parseHalt', () => {
  it('reads never as no rule', () => expect(parseHalt('never')).toBeUndefined());

  it.each([['later,fail=1'], ['now,fail=0'], ['now'], ['now,fail=101%'], ['now,fail=x']])(
    'refuses %s',
    (text) => {
      expect(parseHalt(text)).toBeInstanceOf(Error);
    },
  );
});

describe('isHalted', () => {
  it.each([
    ['now,fail=1', 5, 0, false],
    ['now,fail=1', 5, 1, true],
    ['soon,success=2', 1, 9, false],
    ['soon,success=2', 2, 9, true],
    ['now,done=3', 1, 2, true],
    ['now,fail=50%', 0, 2, false],
    ['now,fail=50%', 1, 2, true],
    ['now,fail=50%', 4, 2, false],
  ])('%s after %i successes and %i failures: %s', (text, succeeded, failed, expected) => {
    expect(isHalted(rule(text), { succeeded, failed })).toBe(expected);
  });
});
