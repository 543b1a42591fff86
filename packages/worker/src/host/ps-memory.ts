/**
 * Memory of process trees from `ps` on macOS, which has no /proc. The parser is tested over outputs written by hand
 * after ps(1); it never ran there.
 */
import { execFile } from 'node:child_process';

/** One `ps` for all processors of the host, at most this often: it takes some 10 ms. */
const REFRESH_MS = 500;
const TIMEOUT_MS = 5_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
/** Source: ps(1) of macOS; `rss` is in units of 1,024 bytes. */
const ARGS: readonly string[] = ['-axo', 'pid=,ppid=,rss='];

interface Row {
  readonly bytes: number;
  readonly children: number[];
}
export type MemoryTable = ReadonlyMap<number, Row>;

export const parsePsMemory = (text: string): MemoryTable => {
  const rows = [...text.matchAll(/^\s*(\d+)\s+(\d+)\s+(\d+)\s*$/gm)].map(([, ...fields]) =>
    fields.map(Number),
  );
  const table = new Map<number, Row>(
    rows.map(([pid = 0, , kib = 0]) => [pid, { bytes: kib * 1024, children: [] }]),
  );
  for (const [pid = 0, parent = 0] of rows) if (pid !== parent) table.get(parent)?.children.push(pid);
  return table;
};

/** Undefined for a process that is not listed. */
export const treeBytes = (table: MemoryTable, pid: number): number | undefined => {
  const root = table.get(pid);
  if (root === undefined) return undefined;
  let bytes = 0;
  const open = [root];
  const seen = new Set<Row>();
  for (let row = open.pop(); row !== undefined; row = open.pop()) {
    if (seen.has(row)) continue;
    seen.add(row);
    bytes += row.bytes;
    for (const child of row.children) {
      const found = table.get(child);
      if (found !== undefined) open.push(found);
    }
  }
  return bytes;
};

export type ReadPs = (done: (text: string | undefined) => void) => void;

const readPs: ReadPs = (done) => {
  execFile('/bin/ps', ARGS, { timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX }, (error, stdout) =>
    done(error === null ? stdout : undefined),
  );
};

/**
 * Answers from the latest table and never waits: undefined while there is none, and for what this process was told
 * before, so that one look is not taken for two.
 */
export const createPsMemory = (
  read: ReadPs = readPs,
  nowMs: () => number = () => performance.now(),
): ((pid: number) => number | undefined) => {
  let table: MemoryTable = new Map();
  let askedMs = Number.NEGATIVE_INFINITY;
  let isReading = false;
  const told = new Set<number>();
  return (pid) => {
    if (!isReading && nowMs() - askedMs >= REFRESH_MS) {
      isReading = true;
      askedMs = nowMs();
      read((text) => {
        isReading = false;
        if (text === undefined) return;
        table = parsePsMemory(text);
        told.clear();
      });
    }
    if (told.has(pid)) return undefined;
    told.add(pid);
    return treeBytes(table, pid);
  };
};
