import { expect, it } from 'vitest';
import { jobLine } from './joblog.ts';

it('writes the columns of GNU parallel', () => {
  // Source: `parallel --joblog` of release 20221122, the fields of a real line.
  const line = jobLine({
    sequence: 1,
    host: ':',
    startS: 1795352637.608,
    runtimeS: 0.099,
    receivedBytes: 32,
    exitCode: 1,
    signal: 0,
    command: "sleep 0.1; echo 'a\nb'",
  });
  expect(line).toBe("1\t:\t1795352637.608\t     0.099\t0\t32\t1\t0\tsleep 0.1; echo 'a\0b'\n");
});
