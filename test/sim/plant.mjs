// `node test/sim/plant.mjs [--seeds N] [NAME …]`: plants one bug after another into a copy of the sources that only the bundler sees,
// and runs the simulated fleet until a seed fails. A bug that no seed catches fails this script.
import { spawnSync } from 'node:child_process';
import { bundleSimulation, root } from './bundle.mjs';
import { BUGS } from './bugs.mjs';

const seedsAt = process.argv.indexOf('--seeds');
/** Fewer than the default ones, for a first look. */
const seedsMax = seedsAt < 0 ? [] : process.argv.splice(seedsAt, 2);
const wanted = process.argv.slice(2);
const bugs = BUGS.filter((bug) => wanted.length === 0 || wanted.some((word) => bug.name.includes(word)));
const width = Math.max(...bugs.map((bug) => bug.name.length));
let missed = 0;
for (const bug of bugs) {
  const entry = await bundleSimulation({ name: 'planted', change: bug });
  const args = [entry, '--json', '--brief', '--first-failure', '--jobs', '1', ...seedsMax];
  if (!bug.name.startsWith('P6')) args.push('--again', 'none');
  const done = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  const last = done.stdout.trim().split('\n').at(-1) ?? '';
  const {
    seeds,
    failures,
    missing: neverTaken,
  } = JSON.parse(last === '' ? '{"seeds":0,"failures":[],"missing":[]}' : last);
  const [caught] = failures;
  // Only the row that the bug is about proves anything: another rare one may be missing by chance.
  const missing = neverTaken.filter((one) => bug.name.includes(one.split(':')[0]));
  if (caught === undefined && missing.length === 0) missed++;
  const verdict =
    caught !== undefined
      ? `caught by seed ${caught.seed}, after ${seeds}: ${caught.message}`
      : missing.length > 0
        ? `caught: never taken: ${missing.join(', ')}`
        : `NOT CAUGHT in ${seeds} seeds`;
  process.stdout.write(`${bug.name.padEnd(width)}  ${verdict}\n`);
}
process.stdout.write(`${JSON.stringify({ planted: bugs.length, caught: bugs.length - missed })}\n`);
process.exitCode = missed > 0 ? 1 : 0;
