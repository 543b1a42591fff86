/** Seeds shared out to processes of this same program, a few at a time. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { FamilyName } from './families.ts';
import { simulate } from './simulate.ts';
import type { SimulateOptions, Simulation } from './simulate.ts';
import { Coverage } from './tables.ts';
import type { SeedFailure } from './run.ts';

const SHARE = 25;

interface Share extends SimulateOptions {
  readonly seeds: readonly number[];
  readonly family: FamilyName;
}

/** What one process hands back; maps do not survive the way. */
interface Report extends Omit<Simulation, 'counts'> {
  readonly counts: readonly (readonly [string, number])[];
}

export interface CrewOptions extends SimulateOptions {
  readonly family: FamilyName;
  /** Processes; 1: this one. */
  readonly jobs: number;
  readonly onShare: (done: number, failures: readonly SeedFailure[]) => void;
}

const work = (share: Share): Report => {
  const { counts, ...rest } = simulate(share.seeds, share.family, share);
  return { ...rest, counts: [...counts] };
};

/** In a process of the crew: works until its parent goes. */
export const serve = (): void => {
  process.on('message', (share: Share) => process.send?.(work(share)));
  process.on('disconnect', () => process.exit(0));
};

export const simulateTogether = async (
  seeds: readonly number[],
  options: CrewOptions,
): Promise<Simulation> => {
  const coverage = new Coverage();
  const failures: SeedFailure[] = [];
  let virtualMs = 0;
  let done = 0;
  let next = 0;
  const { again, firstFailure, family, jobs, onShare } = options;
  const take = (): Share | undefined => {
    if (next >= seeds.length || (firstFailure && failures.length > 0)) return undefined;
    const share = seeds.slice(next, next + SHARE);
    next += share.length;
    return { seeds: share, family, again, firstFailure };
  };
  const give = (report: Report): void => {
    coverage.add(new Map(report.counts));
    failures.push(...report.failures);
    virtualMs += report.virtualMs;
    done += report.seeds;
    onShare(done, report.failures);
  };
  if (jobs <= 1) {
    for (let share = take(); share !== undefined; share = take()) give(work(share));
  } else {
    const helpers = Array.from({ length: jobs }, () => fork(process.argv[1] ?? '', ['--serve']));
    await Promise.all(helpers.map((helper) => employ(helper, take, give)));
  }
  failures.sort((one, other) => one.seed - other.seed);
  return { seeds: done, failures, counts: coverage.counts, virtualMs };
};

const employ = (
  helper: ChildProcess,
  take: () => Share | undefined,
  give: (report: Report) => void,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const next = (): void => {
      const share = take();
      if (share !== undefined) return void helper.send(share);
      helper.disconnect();
      resolve();
    };
    helper.on('message', (report: Report) => {
      give(report);
      next();
    });
    helper.on('exit', (code) => reject(new Error(`a process of the crew ended with ${code ?? 'a signal'}`)));
    next();
  });
