/**
 * Traces as comma-separated values. The first line names the columns, in any order:
 *
 *     submitted_s,duration_s,needs,function
 *     0.0,6.0,gpu+large,render
 *
 * `needs` (names joined by `+`) and `function` may be missing or empty; other columns are passed over.
 */
import { capabilityNames } from '../words/values.ts';
import { list } from '../words/words.ts';
import type { Parsed } from '../words/words.ts';
import { ERRORS_MAX } from './trace.ts';
import type { Trace, TraceRow } from './trace.ts';

const REQUIRED = ['submitted_s', 'duration_s'];
const OPTIONAL = ['needs', 'function'];

/** Cells of one line; quotes keep commas together, two of them stand for one. */
const cellsOf = (line: string): readonly string[] => {
  if (!line.includes('"')) return line.split(',').map((cell) => cell.trim());
  return [...line.matchAll(/(?:^|,)\s*(?:"((?:[^"]|"")*)"\s*|([^,]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '').trim() : quoted.replaceAll('""', '"'),
  );
};

const seconds = (cell: string | undefined): number | undefined =>
  cell !== undefined && /^\d+(\.\d+)?(e[+-]?\d+)?$/i.test(cell) ? Number(cell) * 1_000 : undefined;

export const readCsv = (text: string): Parsed<Trace> => {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const head = cellsOf(lines[0] ?? '').map((cell) => cell.toLowerCase());
  const missing = REQUIRED.filter((column) => !head.includes(column));
  if (missing.length > 0) {
    const may = `a trace has ${list(REQUIRED)}, and may have ${list(OPTIONAL)}`;
    return { kind: 'wrong', errors: [`line 1 does not name the column ${list(missing)}; ${may}`] };
  }
  const place = (column: string): number => head.indexOf(column);
  const columns = { at: place('submitted_s'), length: place('duration_s'), needs: place('needs') };
  const functionAt = place('function');
  const rows: TraceRow[] = [];
  const errors: string[] = [];
  for (let index = 1; index < lines.length && errors.length < ERRORS_MAX; index++) {
    const line = lines[index] ?? '';
    if (line.trim() === '') continue;
    const cells = cellsOf(line);
    const submittedMs = seconds(cells[columns.at]);
    const serviceMs = seconds(cells[columns.length]);
    const needs = capabilityNames(cells[columns.needs] ?? '');
    const wrong = (column: string, what: string, cell: string | undefined): void =>
      void errors.push(`line ${index + 1}: ${column} "${cell ?? ''}" is not ${what}`);
    if (submittedMs === undefined) wrong('submitted_s', 'a number of seconds', cells[columns.at]);
    if (serviceMs === undefined) wrong('duration_s', 'a number of seconds', cells[columns.length]);
    if (needs === undefined) wrong('needs', 'a list such as gpu+large', cells[columns.needs]);
    if (submittedMs === undefined || serviceMs === undefined || needs === undefined) continue;
    const named = cells[functionAt] ?? '';
    rows.push({ submittedMs, serviceMs, needs, functionName: named === '' ? 'trace' : named, copies: 1 });
  }
  return errors.length > 0 ? { kind: 'wrong', errors } : { kind: 'ok', value: { rows } };
};
