/**
 * A worker host for tests of the native provisioner: no tasks, no network, only a process that lives and ends.
 * MUSTER_TEST_HOST chooses how: `good` ends on SIGTERM, `deaf` ignores it, `broken` ends at once, `parent` ends on SIGTERM
 * and leaves descendants in sessions of their own, some with a wiped environment. Descendants bear MUSTER_TEST_LABEL as
 * an argument, so that a test can count them.
 */
import { spawn } from 'node:child_process';

const mode = process.env.MUSTER_TEST_HOST ?? 'good';

if (mode === 'broken') {
  console.error('cannot read the configuration');
  console.error('the value of MUSTER_SCHEDULER is not an address');
  process.exit(3);
}
process.on('SIGTERM', () => {
  if (mode !== 'deaf') process.exit(0);
});
if (mode === 'parent') {
  const forever = [
    '-e',
    'process.on("SIGTERM", () => {}); setInterval(() => {}, 1 << 30)',
    process.env.MUSTER_TEST_LABEL ?? '',
  ];
  // A processor and the command that it runs: sessions of their own.
  spawn(process.execPath, forever, { detached: true, stdio: 'ignore' });
  // User code that wipes its environment, in the session of the host.
  spawn(process.execPath, forever, { stdio: 'ignore', env: {} });
  // The same, in a session of its own.
  spawn(process.execPath, forever, { detached: true, stdio: 'ignore', env: {} });
}
console.log(`host of ${process.env.MUSTER_GROUP_ID}`);
setInterval(() => {}, 1 << 30);
