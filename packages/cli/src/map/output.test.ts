import { expect, it } from 'vitest';
import { tagLines } from './output.ts';

const tagged = (text: string): string => Buffer.from(tagLines(Buffer.from(text), 'v')).toString();

it.each([
  ['', ''],
  ['a\nb\n', 'v\ta\nv\tb\n'],
  ['a\nb', 'v\ta\nv\tb'],
  ['\n\nx', 'v\t\nv\t\nv\tx'],
])('tags each line of %j', (text, expected) => {
  expect(tagged(text)).toBe(expected);
});
