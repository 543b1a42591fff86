/** What the standard streams can do, and how to write to them without losing or drowning anything. */
import type { Writable } from 'node:stream';

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

const plain: Style = { bold: (t) => t, dim: (t) => t, red: (t) => t, green: (t) => t, yellow: (t) => t };

const paint =
  (open: number, close: number): ((text: string) => string) =>
  (text) =>
    `\u001b[${open}m${text}\u001b[${close}m`;

const coloured: Style = {
  bold: paint(1, 22),
  dim: paint(2, 22),
  red: paint(31, 39),
  green: paint(32, 39),
  yellow: paint(33, 39),
};

/** Colours on a terminal only, and not where NO_COLOR is set (https://no-color.org) or the terminal is dumb. */
export const styleFor = (
  stream: { readonly isTTY?: boolean },
  env: NodeJS.ProcessEnv = process.env,
): Style => {
  const refused = env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '';
  return stream.isTTY === true && !refused && env['TERM'] !== 'dumb' ? coloured : plain;
};

/** Exit code of a command whose reader went away, as a shell shows SIGPIPE (128 + 13). */
export const EXIT_CLOSED_OUTPUT = 141;

let reactToClosed: (() => void) | undefined;

/**
 * What to do when nobody reads our output any more (`muster status | head -1`): by default, end quietly. The
 * latest call wins.
 */
export const onClosedOutput = (react: () => void = (): void => process.exit(EXIT_CLOSED_OUTPUT)): void => {
  const isFirst = reactToClosed === undefined;
  reactToClosed = react;
  if (!isFirst) return;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE' || error.code === 'EIO' || error.code === 'ERR_STREAM_DESTROYED')
        reactToClosed?.();
      else throw error;
    });
  }
};

/** Writes and waits until the stream wants more. */
export const writeFully = (stream: Writable, bytes: Uint8Array | string): Promise<void> => {
  if (stream.write(bytes) || stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      stream.off('drain', end);
      stream.off('close', end);
      resolve();
    };
    stream.once('drain', end);
    stream.once('close', end);
  });
};

/** A table with aligned columns; columns named in `right` are aligned to the right. No line ends in spaces. */
export const table = (
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly string[] = [],
): string => {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    head
      .map((title, column) => {
        const cell = cells[column] ?? '';
        const width = widths[column] ?? 0;
        return right.includes(title) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [head, ...rows].map(line).join('\n');
};
