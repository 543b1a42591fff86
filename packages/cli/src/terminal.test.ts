import { describe, expect, it } from 'vitest';
import { showDuration, styleFor, table } from './terminal.ts';

describe('table', () => {
  it('aligns columns and ends no line in spaces', () => {
    expect(
      table(
        ['GROUP', 'TASKS', 'WHY'],
        [
          ['g-1', '12', ''],
          ['g-10', '3', 'idle'],
        ],
        ['TASKS'],
      ),
    ).toBe(['GROUP  TASKS  WHY', 'g-1       12', 'g-10       3  idle'].join('\n'));
  });

  it('is a head alone without rows', () => expect(table(['A', 'B'], [])).toBe('A  B'));
});

it.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [184_000, '3 min 4 s'],
  [7_500_000, '2 h 5 min'],
])('shows %i ms as %s', (ms, text) => {
  expect(showDuration(ms)).toBe(text);
});

describe('styleFor', () => {
  const painted = '\u001b[1mx\u001b[22m';
  it.each([
    ['a terminal', { isTTY: true }, {}, painted],
    ['a pipe', {}, {}, 'x'],
    ['a terminal with NO_COLOR', { isTTY: true }, { NO_COLOR: '1' }, 'x'],
    ['a terminal with an empty NO_COLOR', { isTTY: true }, { NO_COLOR: '' }, painted],
    ['a dumb terminal', { isTTY: true }, { TERM: 'dumb' }, 'x'],
  ])('paints for %s as it should', (_, stream, env, expected) => {
    expect(styleFor(stream, env).bold('x')).toBe(expected);
  });
});
