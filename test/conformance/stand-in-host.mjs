/**
 * A worker host for tests of the native provisioner: no tasks, no network, only a process that lives and ends.
 * MUSTER_TEST_HOST chooses how: `good` ends on SIGTERM, `deaf` ignores it, `broken` ends at once,
 * `parent` leaves grandchildren in sessions of their own, some with a wiped environment.
 */
import { spawn } from 'node:child_process';

const mode = process.env.MUSTER_TEST_HOST ?? 'good';
const forever = ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1 << 30)'];

if (mode === 'broken') {
  console.error('cannot read the configuration');
  console.error('the value of MUSTER_SCHEDULER is not an address');
  process.exit(3);
}
process.on('SIGTERM', () => {
  if (mode !== 'deaf') process.exit(0);
});
if (mode === 'parent') {
  spawn(process.execPath, forever, { detached: true, stdio: 'ignore' });
  spawn(process.execPath, forever, { detached: true, stdio: 'ignore', env: {} });
  spawn(process.execPath, forever, { stdio: 'ignore', env: {} });
}
console.log(`host of ${process.env.MUSTER_GROUP_ID} with ${process.env.MUSTER_WORKER_IDS}`);
setInterval(() => {}, 1 << 30);
