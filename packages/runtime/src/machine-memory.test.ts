import { expect, it } from 'vitest';
import { machineMemoryBytes, processorMemoryShare } from './machine-memory.ts';

const GIB = 1024 ** 3;

it.each([
  ['no container', 0, 16 * GIB, 16 * GIB],
  ['a container', 4 * GIB, 16 * GIB, 4 * GIB],
  ['no limit, as version 1 of control groups says it', 2 ** 63, 16 * GIB, 16 * GIB],
])('memory of the machine: %s', (_, constrained, total, expected) => {
  expect(machineMemoryBytes(constrained, total)).toBe(expected);
});

it('shares 80 % among all processors, whatever their number', () => {
  for (const processors of [1, 2, 7, 64])
    expect(processors * processorMemoryShare(processors, 16 * GIB)).toBeLessThanOrEqual(0.8 * 16 * GIB);
  expect(processorMemoryShare(4, 10 * GIB)).toBe(2 * GIB);
});

it('leaves a processor enough to start', () => {
  expect(processorMemoryShare(1_000, 4 * GIB)).toBe(128 * 1024 ** 2);
});
