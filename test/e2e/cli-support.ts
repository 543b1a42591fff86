/** Runs the built `muster` command as a user does, and finds every process that came of it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const musterBin: string = fileURLToPath(new URL('../../bin/muster.js', import.meta.url));

/** Far beyond what anything takes on a loaded machine: a test that meets it has found a hang. */
export const DEADLINE_MS = 60_000;

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface Running {
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
  stdout(): string;
  stderr(): string;
  /** Waits for text in either stream; fails with both streams when it does not come. */
  seen(text: string | RegExp): Promise<void>;
}

export interface Sandbox {
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  run(
    args: readonly string[],
    options?: { readonly stdin?: string; readonly env?: NodeJS.ProcessEnv; readonly cwd?: string },
  ): Running;
  /** `muster` with these arguments as `$@` of a shell script. */
  shell(script: string, ...args: readonly string[]): Running;
  /** Command lines of living processes that carry this sandbox's mark. */
  processes(): string[];
  dispose(): void;
}

/** Waits until `probe` answers something else than undefined or false; fails with what `describe` says. */
export const until = async <T>(
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  describe: () => string,
  withinMs: number = DEADLINE_MS,
): Promise<T> => {
  const late = performance.now() + withinMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > late) throw new Error(`not within ${withinMs / 1000} s: ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};

/** Processes whose environment holds the text. Linux only. */
const processesWith = (text: string): { readonly pid: number; readonly command: string }[] => {
  const found: { pid: number; command: string }[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'latin1').includes(text)) continue;
      const state = /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
      if (state === 'Z') continue;
      found.push({ pid, command: readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ') });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
};

/** A private runtime directory and an environment mark; everything started inside can be found and ended. */
export const createSandbox = (): Sandbox => {
  if (!existsSync(musterBin)) throw new Error('bin/muster.js is missing');
  const directory = mkdtempSync(join(tmpdir(), 'me2e-'));
  const mark = `ME2E_MARK=${randomBytes(8).toString('hex')}`;
  const [markName = '', markValue = ''] = mark.split('=');
  const env: NodeJS.ProcessEnv = { ...process.env, XDG_RUNTIME_DIR: directory, [markName]: markValue };
  for (const name of ['MUSTER_SCHEDULER', 'NO_COLOR', 'FORCE_COLOR', 'NODE_OPTIONS']) delete env[name];
  return {
    directory,
    env,
    run: (args, options = {}) =>
      start(args, { ...env, ...options.env }, options.stdin, options.cwd ?? directory),
    shell: (script, ...args) =>
      watch('sh', ['-c', script, 'sh', process.execPath, musterBin, ...args], {
        env,
        cwd: directory,
        stdin: undefined,
      }),
    processes: () => processesWith(mark).map(({ pid, command }) => `${pid} ${command}`),
    dispose: () => {
      for (const { pid } of processesWith(mark)) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // Already gone.
        }
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
};

const start = (
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stdin: string | undefined,
  cwd: string,
): Running => watch(process.execPath, [musterBin, ...args], { env, cwd, stdin });

const watch = (
  program: string,
  args: readonly string[],
  {
    env,
    cwd,
    stdin,
  }: { readonly env: NodeJS.ProcessEnv; readonly cwd: string; readonly stdin: string | undefined },
): Running => {
  const child = spawn(program, args, {
    env,
    cwd,
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  if (stdin !== undefined) child.stdin?.end(stdin);
  const exit = new Promise<Exit>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  const shown = (): string => `${program} ${args.join(' ')}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`;
  return {
    child,
    exit,
    stdout: () => stdout,
    stderr: () => stderr,
    seen: async (text) => {
      const found = (): boolean =>
        typeof text === 'string' ? `${stdout}${stderr}`.includes(text) : text.test(`${stdout}\n${stderr}`);
      await until(found, () => `${String(text)} in\n${shown()}`);
    },
  };
};

export const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
};
