// `npm run test:peers`: first contact with stock peers. Where Python 3.11 is present, a virtual environment with the
// published OpenGRIS Scaler 1.15.0 is made; its client maps 200 functions through our scheduler and object store to
// its workers, started by its own native adapter under scaling=vanilla, and the fleet goes back to zero.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { root, setUp } from './setup.mjs';

const PEERS = ['opengris-scaler==1.15.0', 'configargparse==1.7.1'];
const WITHIN_MS = 120_000;
const venv = join(root, '.muster', 'peers');

const skip = (why) => {
  process.stdout.write(`skipped: ${why}\n\n0 passed, 0 failed, 1 skipped\n`);
  process.exit(0);
};

const python = () =>
  ['python3.11', 'python3'].find((name) => {
    const done = spawnSync(name, ['--version'], { encoding: 'utf8' });
    return done.status === 0 && done.stdout.startsWith('Python 3.11');
  });

const makeEnvironment = (name) => {
  if (existsSync(join(venv, 'installed'))) return;
  rmSync(venv, { recursive: true, force: true });
  if (spawnSync(name, ['-m', 'venv', venv], { stdio: 'inherit' }).status !== 0)
    skip('Python cannot make a virtual environment here (venv is missing)');
  if (
    spawnSync(join(venv, 'bin', 'pip'), ['install', '--quiet', ...PEERS], { stdio: 'inherit' }).status !== 0
  )
    skip(`pip could not install ${PEERS.join(' ')}`);
  mkdirSync(join(venv, 'installed'));
};

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const children = [];
const start = (name, command, args) => {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const lines = [];
  const keep = (chunk) => {
    lines.push(chunk.toString());
    if (lines.length > 200) lines.shift();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  children.push({ name, child, lines });
  return child;
};

const end = (signal) => {
  for (const { child } of children) {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // Already gone.
    }
  }
};

const failWith = (why) => {
  for (const { name, lines } of children)
    process.stderr.write(`--- ${name}, last lines\n${lines.join('').slice(-4000)}\n`);
  process.stderr.write(`${why}\n\n0 passed, 1 failed, 0 skipped\n`);
  end('SIGKILL');
  process.exit(1);
};

const status = (address) => {
  const done = spawnSync(
    process.execPath,
    [join(root, 'bin', 'muster.js'), 'status', '--json', '--connect', address],
    { encoding: 'utf8' },
  );
  return done.status === 0 ? JSON.parse(done.stdout) : undefined;
};

/** Polls until the condition holds; the deadline prints what the processes said. */
const until = async (what, holds) => {
  const deadline = Date.now() + WITHIN_MS;
  for (;;) {
    const value = holds();
    if (value) return value;
    if (Date.now() > deadline) failWith(`not within ${WITHIN_MS / 1000} s: ${what}`);
    await new Promise((done) => setTimeout(done, 250));
  }
};

const name = python();
if (process.platform !== 'linux' || process.arch !== 'x64')
  skip('the stock package has wheels for Linux on x86-64 only');
if (name === undefined) skip('Python 3.11 is not installed');
setUp();
makeEnvironment(name);
process.on('exit', () => end('SIGKILL'));

const address = `tcp://127.0.0.1:${await freePort()}`;
start('scheduler', process.execPath, [
  join(root, 'bin', 'muster.js'),
  'scheduler',
  address,
  '--policy-content',
  'allocate=even_load; scaling=vanilla',
]);
await until('our scheduler answers', () => status(address));
start('stock adapter', join(venv, 'bin', 'scaler_worker_adapter_native'), [address, '--max-workers', '2']);
await until('the stock adapter is known', () => status(address)?.adapters.length === 1);
const client = start('stock client', join(venv, 'bin', 'python'), [
  join(root, 'test', 'peers', 'map_squares.py'),
  address,
]);
const code = await Promise.race([
  new Promise((done) => client.once('exit', done)),
  new Promise((done) => setTimeout(done, WITHIN_MS, 'no end')),
]);
if (code !== 0)
  failWith(`the stock client ended with ${code}; status: ${JSON.stringify(status(address), undefined, 1)}`);
const { groupsStarted, groupsPeak } = await until('the fleet is back to zero', () => {
  const now = status(address);
  return now !== undefined && now.groups.length === 0 && now.workers.length === 0 && now;
});
end('SIGTERM');
process.stdout.write(
  `stock client, workers and adapter through our scheduler: 200 functions, ${groupsStarted} groups started, at most ${groupsPeak} at a time, back to zero\n\n1 passed, 0 failed, 0 skipped\n`,
);
process.exit(0);
