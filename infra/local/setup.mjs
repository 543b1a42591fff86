// What every script does first: check the machine, install what the lock file names, build what changed.
// Plain JavaScript without dependencies, because it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export const checkMachine = () => {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(
      `Muster needs Node 20.19 or newer; this is Node ${process.versions.node}. Install a newer Node and run the command again.`,
    );
  }
  if (process.platform !== 'linux' && process.platform !== 'darwin') {
    fail(`Muster runs on Linux and macOS; this is ${process.platform}. On Windows use WSL.`);
  }
};

export const fail = (message) => {
  process.stderr.write(`${message}\n`);
  process.exit(1);
};

/** Runs a command with inherited output; ends this process with its exit code when it fails. */
export const run = (command, args, options = {}) => {
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (done.error) fail(`${command} could not be started: ${done.error.message}`);
  if (done.status !== 0) process.exit(done.status ?? 1);
};

const lockHash = () =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
const stamp = join(root, 'node_modules', '.muster-installed');

/** `npm ci`, unless node_modules already is what the lock file says. */
export const install = () => {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash()) return;
  process.stderr.write('Installing dependencies …\n');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, lockHash());
};

export const build = () => run(process.execPath, [join(root, 'infra', 'local', 'build.mjs'), '--quiet']);

export const setUp = () => {
  checkMachine();
  install();
  build();
};
