import { expect, test } from 'vitest';
import { checkPlatform } from './platform.ts';

test.each([
  ['20.19.0', 'linux'],
  ['20.20.2', 'darwin'],
  ['22.0.0', 'linux'],
  ['100.0.0', 'linux'],
])('Node %s on %s is fine', (node, platform) => {
  expect(checkPlatform(node, platform)).toBeUndefined();
});

test.each([
  [
    '20.18.9',
    'linux',
    'Muster needs Node 20.19 or newer, and this is Node 20.18.9: install a current one from https://nodejs.org.',
  ],
  [
    '18.20.0',
    'darwin',
    'Muster needs Node 20.19 or newer, and this is Node 18.20.0: install a current one from https://nodejs.org.',
  ],
  [
    '22.0.0',
    'win32',
    'Muster runs on Linux and macOS, and this is win32: use the Windows Subsystem for Linux.',
  ],
  ['22.0.0', 'freebsd', 'Muster runs on Linux and macOS, and this is freebsd: use a Linux container.'],
])('Node %s on %s is told in one sentence', (node, platform, sentence) => {
  expect(checkPlatform(node, platform)).toBe(sentence);
});

test('this machine is fine', () => {
  expect(checkPlatform()).toBeUndefined();
});
