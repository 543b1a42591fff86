// `npm run test:long`: what takes too long for every change: a hundred kills of each process of a busy fleet.
import { join } from 'node:path';
import { root, run, setUp } from './setup.mjs';

setUp();
run(process.execPath, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', 'test/e2e/kill.test.ts'], {
  env: { ...process.env, MUSTER_KILLS: process.env.MUSTER_KILLS ?? '100' },
});
