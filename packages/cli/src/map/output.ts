/** What a finished job prints: its output in one piece, its own streams kept apart. */
import type { Finished } from './run.ts';

export interface JobOutput {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

const NEWLINE = 0x0a;

/** Every line of the bytes with `tag` and a tab before it. */
export const tagLines = (bytes: Uint8Array, tag: string): Uint8Array => {
  if (bytes.length === 0) return bytes;
  const prefix = Buffer.from(`${tag}\t`);
  const pieces: Uint8Array[] = [];
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(NEWLINE, start);
    const next = end < 0 ? bytes.length : end + 1;
    pieces.push(prefix, bytes.subarray(start, next));
    start = next;
  }
  return Buffer.concat(pieces);
};

/** @param tag whether each line starts with the job's values, as `--tag` of GNU parallel does */
export const jobOutput = (finished: Finished, tag: boolean): JobOutput => {
  const { attempted, job } = finished;
  if (attempted.kind !== 'ran')
    return {
      stdout: new Uint8Array(),
      stderr: Buffer.from(`muster map: job ${job.sequence}: ${attempted.message}\n`),
    };
  const { stdout, stderr, truncated } = attempted.result;
  const label = job.values.join(' ');
  const out = tag ? tagLines(stdout, label) : stdout;
  const err = tag ? tagLines(stderr, label) : stderr;
  if (!truncated) return { stdout: out, stderr: err };
  const warning = Buffer.from(
    `muster map: job ${job.sequence} wrote more than is kept; its output is cut (see --output-bytes-max)\n`,
  );
  return { stdout: out, stderr: Buffer.concat([err, warning]) };
};
