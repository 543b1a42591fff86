/**
 * How much faster than real time the simulated fleet runs, with every machine checking itself after every step: 2
 * adapters with 20 groups, 10 tasks a second and 10 faults a minute for 5 minutes, and then until everything has ended.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { option, report, root } from './support.js';

const seeds = option('seeds', 10);

interface Bundler {
  bundleSimulation(options: { name: string }): Promise<string>;
}

interface Run {
  readonly virtualSeconds: number;
  readonly realSeconds: number;
  readonly failures: readonly object[];
}

const { bundleSimulation } = (await import(
  pathToFileURL(join(root, 'test', 'sim', 'bundle.mjs')).href
)) as Bundler;
const entry = await bundleSimulation({ name: 'bench' });
const args = ['--json', '--brief', '--family', 'load', '--jobs', '1', '--again', 'none'];
const done = spawnSync(process.execPath, [entry, ...args, '--seeds', String(seeds)], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 1 << 28,
});
const run = JSON.parse(done.stdout.trim().split('\n').at(-1) ?? '{}') as Run;

report({
  bench: 'sim',
  load: { adapters: 2, groups: 20, tasksPerSecond: 10, faultsPerMinute: 10, minutes: 5, seeds },
  figures: {
    'virtual seconds': run.virtualSeconds,
    'real seconds': run.realSeconds,
    'seeds that failed': run.failures.length,
  },
  ratios: { 'simulated to real time': run.virtualSeconds / run.realSeconds },
  skipped: [],
});
