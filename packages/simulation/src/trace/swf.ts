/**
 * Traces in the Standard Workload Format, as the Parallel Workloads Archive has them: comments begin with `;`, a job is
 * a line of 18 numbers. Used here: 2 submit time, 4 run time, 5 allocated processors (8, the requested ones, where that
 * is unknown) and 14 the number of the executable.
 * Source: https://www.cs.huji.ac.il/labs/parallel/workload/swf.html
 */
import type { Parsed } from '../words/words.ts';
import { ERRORS_MAX } from './trace.ts';
import type { Trace, TraceRow } from './trace.ts';

const FIELDS = 18;
const PROCESSORS_MAX = 100_000;

/** @param processors each: a job on four processors is four tasks of its run time; one: it is one. */
export const readSwf = (text: string, processors: 'each' | 'one'): Parsed<Trace> => {
  const rows: TraceRow[] = [];
  const errors: string[] = [];
  text.split(/\r?\n/).forEach((line, index) => {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith(';') || errors.length >= ERRORS_MAX) return;
    const fields = trimmed.split(/\s+/).map(Number);
    if (fields.length < FIELDS || fields.some((field) => Number.isNaN(field))) {
      errors.push(`line ${index + 1} is not a job of ${FIELDS} numbers`);
      return;
    }
    const submitted = fields[1] ?? -1;
    const runs = fields[3] ?? -1;
    // Canceled before it ran, or not known: no work.
    if (submitted < 0 || runs < 0) return;
    const allocated = fields[4] ?? -1;
    const wanted = allocated > 0 ? allocated : (fields[7] ?? 1);
    const executable = fields[13] ?? -1;
    rows.push({
      submittedMs: submitted * 1_000,
      serviceMs: runs * 1_000,
      needs: [],
      functionName: executable < 0 ? 'job' : `job-${executable}`,
      copies: processors === 'one' ? 1 : Math.max(1, Math.min(PROCESSORS_MAX, Math.round(wanted))),
    });
  });
  return errors.length > 0 ? { kind: 'wrong', errors } : { kind: 'ok', value: { rows } };
};
