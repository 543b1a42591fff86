/** Real processes for tests: a store, and a supervisor that can be killed, each bundled into one script. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const DEADLINE_MS = 30_000;

/** Bundles `testing/<name>.ts` into `directory` and answers the script's path. */
export const bundleScript = (name: string, directory: string): string => {
  const outfile = join(directory, `${name}.mjs`);
  buildSync({
    entryPoints: [fileURLToPath(new URL(`./${name}.ts`, import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['x-source'],
    logLevel: 'error',
  });
  return outfile;
};

/** Fails with what `state` says when it takes longer than any machine needs. */
export const until = async (
  what: string,
  isSo: () => boolean | Promise<boolean>,
  state: () => unknown = () => '',
): Promise<void> => {
  const end = performance.now() + DEADLINE_MS;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}: ${JSON.stringify(state())}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

/** Alive and not a zombie. */
export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch {
    // ESRCH; EPERM cannot be among processes of one user.
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    // Gone between the two looks.
    return false;
  }
};

/** A script with one JSON argument, and the JSON lines that it prints. */
export class ScriptProcess {
  readonly child: ChildProcess;
  readonly lines: unknown[] = [];
  errors = '';
  #rest = '';

  constructor(script: string, argument: unknown) {
    this.child = spawn(process.execPath, [script, JSON.stringify(argument)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (chunk: Buffer) => {
      const lines = (this.#rest + chunk.toString('utf8')).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.lines.push(JSON.parse(line));
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.errors += chunk.toString('utf8');
    });
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('not started');
    return this.child.pid;
  }

  async firstLine(): Promise<unknown> {
    await until(
      'a line comes',
      () => this.lines.length > 0,
      () => this.errors,
    );
    return this.lines[0];
  }

  /** Exit code, or the signal's name. */
  async exit(): Promise<number | string> {
    await until('the process ends', () => this.child.exitCode !== null || this.child.signalCode !== null);
    return this.child.exitCode ?? this.child.signalCode ?? '';
  }

  /** Ends it now, if it is still there. */
  kill(): void {
    this.child.kill('SIGKILL');
  }
}
