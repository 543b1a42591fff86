/** Finds and ends real processes by an environment mark: what a test started, and what that started in turn. Linux. */
import { readdirSync, readFileSync } from 'node:fs';

export interface FoundProcess {
  readonly pid: number;
  /** Command line, space-separated. */
  readonly command: string;
  readonly environment: ReadonlyMap<string, string>;
}

const readProcess = (pid: number): FoundProcess | undefined => {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
    const pairs = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    const environment = new Map(
      pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    );
    // A zombie has no command line: it runs nothing and waits for its parent to notice.
    return command === '' ? undefined : { pid, command, environment };
  } catch {
    return undefined; // Gone meanwhile, or somebody else's.
  }
};

/** Living processes whose environment has one of these exact pairs, by process id. */
export const processesWith = (
  ...pairs: readonly (readonly [name: string, value: string])[]
): FoundProcess[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => readProcess(Number(entry)))
    .filter(
      (found): found is FoundProcess =>
        found !== undefined && pairs.some(([name, value]) => found.environment.get(name) === value),
    )
    .sort((a, b) => a.pid - b.pid);

/** SIGKILL; a process that is gone already is fine. */
export const killNow = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
};

/** Waits for a condition across processes; at the deadline fails with what `state` says. */
export const until = async (
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs: number,
  state: () => unknown,
): Promise<void> => {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline)
      throw new Error(`not within ${withinMs} ms: ${what}\n${JSON.stringify(await state(), undefined, 1)}`);
    await new Promise((done) => setTimeout(done, 50));
  }
};
