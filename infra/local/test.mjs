// `npm test`: everything a fresh clone needs, then every test. Arguments go to Vitest (`npm test -- packages/core`).
import { join } from 'node:path';
import { root, run, setUp } from './setup.mjs';

setUp();
run(process.execPath, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...process.argv.slice(2)]);
