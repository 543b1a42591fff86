import { expect, it } from 'vitest';
import { createPsMemory, parsePsMemory, treeBytes } from './ps-memory.ts';

/** Written by hand after ps(1) of macOS. */
const OUTPUT = [
  '    1     0   9120',
  '  501     1  40960',
  '  777   501   2048',
  '  778   777   1024',
  ' 9001     1    512',
  '',
].join('\n');

it('sums a process and its descendants, in bytes', () => {
  const table = parsePsMemory(OUTPUT);
  expect(treeBytes(table, 501)).toBe((40_960 + 2_048 + 1_024) * 1_024);
  expect(treeBytes(table, 9001)).toBe(512 * 1_024);
  expect(treeBytes(table, 4)).toBeUndefined();
});

it('ends for a table that goes round in circles, and skips what is no row', () => {
  expect(treeBytes(parsePsMemory('2 3 1\n3 2 1\nps: oops\n0 0 0\n'), 2)).toBe(2_048);
});

it('asks ps at most twice a second, tells a look once, and does without when ps fails', () => {
  let now = 0;
  const asked: ((text: string | undefined) => void)[] = [];
  const bytes = createPsMemory(
    (done) => asked.push(done),
    () => now,
  );
  expect(bytes(9001)).toBeUndefined();
  now = 600;
  expect(bytes(9001)).toBeUndefined();
  expect(asked).toHaveLength(1); // one at a time
  asked[0]?.(OUTPUT);
  now = 700;
  expect(bytes(9001)).toBe(512 * 1_024);
  expect(bytes(9001)).toBeUndefined();
  expect(asked).toHaveLength(2);
  asked[1]?.(undefined);
  now = 1_300;
  expect(bytes(9001)).toBeUndefined();
  asked[2]?.(OUTPUT);
  expect(bytes(9001)).toBe(512 * 1_024);
});
