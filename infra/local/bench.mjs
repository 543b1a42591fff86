// `npm run bench -- NAME [--json] [--option value …]`: runs one benchmark, or lists them. A benchmark never fails a build by a time.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fail, root, run, setUp } from './setup.mjs';

const folder = join(root, 'test', 'bench');
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.replace('.bench.ts', ''));
const [name, ...args] = process.argv.slice(2);
if (name === undefined || !names.includes(name))
  fail(`Usage: npm run bench -- NAME [--json]\nBenchmarks: ${names.join(', ')}`);

setUp();
run(process.execPath, [join(root, 'node_modules', 'tsc7', 'bin', 'tsc'), '-b', folder]);
const entry = join(folder, 'dist', `${name}.bench.js`);
if (!existsSync(entry)) fail(`${entry} is missing after the build`);
run(process.execPath, ['--expose-gc', entry, ...args]);
