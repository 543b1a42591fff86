/** What every benchmark shares: child processes, their CPU time and memory, and the one-line result. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
export const muster: string = join(root, 'bin', 'muster.js');

/** Kernel clock ticks per second; 100 on every Linux that Node runs on. Source: sysconf(_SC_CLK_TCK). */
const TICKS_PER_SECOND = 100;

/** User + system CPU seconds of a process so far. Linux only. */
export const cpuSeconds = (pid: number): number => {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
};

/** CPU seconds of all processes below this one that have ended and were waited for. */
export const cpuSecondsOfEnded = (): number => {
  const text = readFileSync('/proc/self/stat', 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
};

export const rssMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / 1024;

export const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
};

const children = new Set<ChildProcess>();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

/** A child that is killed with this process; its standard error is kept for when it fails. */
export const start = (
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): ChildProcess => {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
    serialization: 'advanced',
  });
  children.add(child);
  child.on('exit', () => children.delete(child));
  return child;
};

export const stop = async (child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  child.kill(signal);
  const force = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await gone;
  clearTimeout(force);
};

/** The next message of a child that was forked with an IPC channel. */
export const message = async <T>(child: ChildProcess): Promise<T> =>
  new Promise((resolve, reject) => {
    child.once('message', (value) => resolve(value as T));
    child.once('exit', (code, signal) =>
      reject(new Error(`child ended (${code ?? signal}) before it answered`)),
    );
  });

export interface BenchResult {
  readonly bench: string;
  readonly load: Record<string, number | string>;
  readonly figures: Record<string, number>;
  readonly ratios: Record<string, number>;
  readonly skipped: readonly string[];
}

const digits = (value: number): number =>
  Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
const rounded = (values: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, digits(value)]));

/** Prints a table for people and, last, one JSON object on one line. */
export const report = (result: BenchResult): void => {
  const out = { ...result, figures: rounded(result.figures), ratios: rounded(result.ratios) };
  if (!process.argv.includes('--json')) {
    const row = ([name, value]: [string, number]): string =>
      `  ${name.padEnd(56)} ${value.toLocaleString('en-US')}\n`;
    process.stdout.write(
      `\n${result.bench} on ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}\n`,
    );
    process.stdout.write(
      `figures\n${Object.entries(out.figures).map(row).join('')}ratios\n${Object.entries(out.ratios).map(row).join('')}`,
    );
    for (const reason of result.skipped) process.stdout.write(`skipped: ${reason}\n`);
  }
  process.stdout.write(`${JSON.stringify(out)}\n`);
};

export const option = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};
