/**
 * The simulated fleet over its default seeds, in processes of its own and bundled, which is faster than what vitest
 * makes of the sources. `npm run sim -- --seed N` shows the whole story of one that fails.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleSimulation } from './bundle.mjs';
import { minimise } from './fleet/minimise.ts';
import { runScenario } from './fleet/run.ts';
import { scenarioOf } from './fleet/scenario.ts';
import { DEFAULT_SEEDS } from './fleet/simulate.ts';

/** On a busy machine; alone, it takes a tenth of this. */
const TIMEOUT_MS = 1_200_000;

interface Report {
  readonly seeds: number;
  readonly failures: readonly unknown[];
  readonly missing: readonly string[];
}

/** @returns its last line, and what it told of failures. */
const simulation = async (args: readonly string[]): Promise<{ report: Report; told: string }> => {
  const entry = await bundleSimulation({ name: `test-${process.pid}` });
  const child = spawn(process.execPath, [entry, '--json', ...args], {
    cwd: join(import.meta.dirname, '..', '..'),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let told = '';
  child.stdout.on('data', (text: Buffer) => (out += text.toString()));
  child.stderr.on('data', (text: Buffer) => (told += text.toString()));
  await new Promise((resolve) => child.on('close', resolve));
  const last = out.trim().split('\n').at(-1) ?? '';
  if (last === '') throw new Error(`the simulation told nothing: ${told}`);
  const report = JSON.parse(last) as Report;
  return { report, told };
};

describe('the simulated fleet', () => {
  it(
    `keeps every promise in ${DEFAULT_SEEDS} seeds, and takes every transition of its tables`,
    async () => {
      const { report, told } = await simulation([]);
      expect(report.failures, told).toEqual([]);
      expect(report.missing).toEqual([]);
      expect(report.seeds).toBeGreaterThanOrEqual(DEFAULT_SEEDS);
    },
    TIMEOUT_MS,
  );

  it('has two kinds of adapters, 100 tasks and 5 faults in every seed', () => {
    for (let seed = 1; seed <= DEFAULT_SEEDS; seed++) {
      const { adapters, stock, tasks, faults } = scenarioOf(seed);
      expect(adapters.length).toBeGreaterThan(0);
      expect(stock.groupsMax).toBeGreaterThan(0);
      expect(tasks).toBeGreaterThanOrEqual(100);
      expect(faults).toBeGreaterThanOrEqual(5);
    }
  });

  it('leaves out of a failing seed what it does not need to fail', () => {
    const scenario = scenarioOf(1);
    // Nobody is there who could run anything: any task is enough.
    const broken = { ...scenario, policyText: '', adapters: [], statics: { own: 0, stock: 0 }, late: [] };
    const { failure } = runScenario(broken, { checks: true, replays: false, tells: 'nothing' });
    expect(failure?.promise).toBe('P1');
    if (failure === undefined) return;
    const least = minimise(broken, failure);
    expect(least.scenario.incidents.length).toBeLessThan(3);
    expect(least.failure.promise).toBe('P1');
  });
});
