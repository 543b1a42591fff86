import { describe, expect, it } from 'vitest';
import { styleFor, table } from './terminal.ts';

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
