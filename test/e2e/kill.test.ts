/**
 * Real processes, killed at random moments: adapter, scheduler, object store, worker host and processor. The promises
 * of the design hold throughout. MUSTER_KILLS says how often each is killed (5 by default, 100 in the long run),
 * MUSTER_KILL_SEED repeats a run.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SchedulerStatus } from '@muster/core/scheduler-types';
import type * as FleetModule from '@muster/cli/fleet';
import type * as ClientModule from '@muster/client/index';
import type { Work } from '../support/kill-tasks.ts';
import { killNow, processesWith, until } from '../support/processes.ts';

// The built package: the processes under test run it, so the test does too.
const { startFleet } = (await import(
  new URL('../../dist/cli/fleet.js', import.meta.url).href
)) as typeof FleetModule;
const { connect } = (await import(
  new URL('../../dist/client/index.js', import.meta.url).href
)) as typeof ClientModule;

const KILLS = Number(process.env['MUSTER_KILLS'] ?? 5);
const seed = Number(process.env['MUSTER_KILL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
// Said before anything can go wrong, so that a run that hangs or passes can be repeated too.
process.stderr.write(`kill test: MUSTER_KILL_SEED=${seed}, ${KILLS} kills of each process\n`);
const GROUPS_MAX = 3;
const STEP_WITHIN_MS = 60_000;

/** Mulberry32: a repeatable source for what the run decides. */
const random = ((state: number) => (): number => {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
})(seed);
const between = (low: number, high: number): number => low + Math.floor(random() * (high - low));

const TARGETS = ['adapter', 'scheduler', 'object-store', 'worker', 'processor'] as const;
type Target = (typeof TARGETS)[number];

const roleOf = (command: string): Target | undefined => {
  if (command.includes('processor-main')) return 'processor';
  if (command.includes('worker/main.js')) return 'worker';
  return TARGETS.find((target) => new RegExp(`\\s${target}(\\s|$)`).test(command));
};

const expected = ({ item, payload }: Work): number => {
  let sum = item;
  for (const byte of payload) sum = (sum * 31 + byte) | 0;
  return sum;
};

/** Every fifth item brings more bytes than travel inline. */
const workFor = (item: number): Work => {
  const bytes = createHash('sha256').update(`${seed} ${item}`).digest();
  return {
    item,
    ms: 5 + ((bytes[0] ?? 0) % 55),
    payload: item % 5 === 0 ? Buffer.concat(Array.from({ length: 1024 }, () => bytes)) : bytes,
  };
};

describe(`a fleet whose processes are killed (MUSTER_KILL_SEED=${seed}, ${KILLS} kills of each)`, () => {
  const module = new URL('../support/kill-tasks.ts', import.meta.url);
  const work: ClientModule.TaskReference<Work, { item: number; sum: number; echo: Uint8Array }> = {
    module,
    export: 'work',
  };
  const outcomes = new Map<number, string>();
  const mark = `kill-${process.pid}-${seed}`;
  const killed: Record<Target, number> = {
    adapter: 0,
    scheduler: 0,
    'object-store': 0,
    worker: 0,
    processor: 0,
  };
  let fleet: FleetModule.Fleet;
  let client: ClientModule.Client;
  let done = false;
  let submitted = 0;
  let hostsPeak = 0;
  /** What the fleet said last, for the one who must find out why. */
  const story: string[] = [];
  let lastStatus: SchedulerStatus | undefined;

  const marked = (): ReturnType<typeof processesWith> =>
    processesWith(['MUSTER_KILL_TEST', mark], ['MUSTER_SCHEDULER', fleet.address]).filter(
      ({ command }) => !command.includes('/esbuild'),
    );
  const living = (target: Target): number[] =>
    marked()
      .filter(({ command }) => roleOf(command) === target)
      .map(({ pid }) => pid);
  /** By group: between fork and exec a host's child still looks like the host. */
  const livingGroups = (): number =>
    new Set(
      marked()
        .filter(({ command }) => roleOf(command) === 'worker')
        .map(({ environment }) => environment.get('MUSTER_GROUP_ID')),
    ).size;
  const state = (): unknown => ({
    seed,
    killed,
    submitted,
    ended: outcomes.size,
    story,
    lastStatus,
    processes: marked().map(({ pid, command }) => `${pid} ${command}`),
  });

  beforeAll(async () => {
    process.env['MUSTER_KILL_TEST'] = mark;
    fleet = await startFleet({
      groupsMax: GROUPS_MAX,
      workersPerGroup: 2,
      onEvent: (event) => {
        story.push(event.kind === 'line' ? `${event.name}: ${event.line}` : JSON.stringify(event));
        if (story.length > 80) story.shift();
      },
    });
    client = await connect({ address: fleet.address });
  });

  afterAll(async () => {
    done = true;
    await client.close();
    await fleet.kill();
    for (const { pid } of marked()) killNow(pid);
  });

  /** Endless work, so that every kill hits a busy fleet. */
  const items = function* (): Generator<Work> {
    while (!done) yield workFor(submitted++);
  };

  const consume = async (): Promise<void> => {
    for await (const outcome of client.map(work, items(), {
      ordered: false,
      settle: true,
      window: 60,
      attemptsMax: 60,
    })) {
      expect(outcomes.has(outcome.index), `item ${outcome.index} ended twice`).toBe(false);
      if (outcome.status === 'fulfilled') {
        expect(outcome.value.item).toBe(outcome.index);
        outcomes.set(
          outcome.index,
          outcome.value.sum === expected(workFor(outcome.index)) ? 'right' : 'wrong',
        );
      } else
        outcomes.set(outcome.index, (outcome.reason as { code?: string }).code ?? String(outcome.reason));
    }
  };

  const watch = async (signal: AbortSignal): Promise<void> => {
    for await (const status of fleet.watch(100, signal)) {
      lastStatus = status;
      hostsPeak = Math.max(hostsPeak, livingGroups());
    }
  };

  it(
    'P1 P3 P5: ends every task once, within its caps, whoever dies',
    async () => {
      const watching = new AbortController();
      const background = [watch(watching.signal), consume()];
      const plan = TARGETS.flatMap((target) => Array.from({ length: KILLS }, () => target)).sort(
        () => random() - 0.5,
      );
      for (const target of plan) {
        const before = outcomes.size;
        // Progress after each kill: the fleet has recovered, and the next kill hits work under way.
        await until(
          `progress before a kill of ${target}`,
          () => outcomes.size >= before + between(5, 30),
          STEP_WITHIN_MS,
          state,
        );
        await until(`a living ${target}`, () => living(target).length > 0, STEP_WITHIN_MS, state);
        const pids = living(target);
        killNow(pids[between(0, pids.length)] ?? 0);
        killed[target]++;
        story.push(`--- kill of ${target}`);
      }
      const before = outcomes.size;
      await until('progress after the last kill', () => outcomes.size > before + 30, STEP_WITHIN_MS, state);
      done = true;
      await until('every submitted task to end', () => outcomes.size === submitted, STEP_WITHIN_MS, state);
      watching.abort();
      await Promise.all(background);
      const failures = [...outcomes.values()].filter((outcome) => outcome !== 'right');
      // What a kill may cost: bytes that only the object store had, or the one task that a killed processor ran.
      expect(
        failures.filter((outcome) => outcome !== 'ObjectLostError' && outcome !== 'ProcessorDiedError'),
      ).toEqual([]);
      expect(failures.filter((outcome) => outcome === 'ProcessorDiedError').length).toBeLessThanOrEqual(
        killed.processor,
      );
      expect(hostsPeak).toBeLessThanOrEqual(GROUPS_MAX);
      expect(hostsPeak).toBeGreaterThan(0);
    },
    STEP_WITHIN_MS * 3 + KILLS * 5 * 15_000,
  );

  it(
    'P2: leaves no worker group when the work is gone, and no process when it is stopped',
    async () => {
      await until(
        'an empty fleet',
        () => living('worker').length === 0 && living('processor').length === 0,
        STEP_WITHIN_MS,
        state,
      );
      await client.close();
      await fleet.stop();
      await until('no process left', () => marked().length === 0, 15_000, state);
    },
    STEP_WITHIN_MS * 2,
  );
});
