/** What waiting tasks weigh: resident memory of the shipped scheduler process, idle and with tasks that nobody serves. */
import { fork } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuSeconds, freePort, message, muster, option, report, rssMiB, start, stop } from './support.ts';

const peers = join(dirname(fileURLToPath(import.meta.url)), 'peers.js');
const tasks = option('tasks', 1_000_000);

const quiet = async (pid: number): Promise<void> => {
  for (let last = -1, same = 0; same < 10;) {
    await new Promise((done) => setTimeout(done, 200));
    const now = cpuSeconds(pid);
    same = now - last < 0.03 ? same + 1 : 0;
    last = now;
  }
};

const queued = async (mode: 'batched' | 'stock'): Promise<{ idle: number; full: number }> => {
  const address = `tcp://127.0.0.1:${await freePort()}`;
  const child = start(process.execPath, [
    muster,
    'scheduler',
    address,
    '--policy-content',
    'allocate=even_load; scaling=no',
  ]);
  child.stdout?.resume();
  const pid = child.pid ?? 0;
  await quiet(pid);
  const idle = rssMiB(pid);
  const client = fork(peers, ['client', address, mode, String(tasks), String(tasks)], {
    serialization: 'advanced',
    execArgv: [],
  });
  await message(client);
  client.send('go');
  await quiet(pid);
  const full = rssMiB(pid);
  await Promise.all([stop(client, 'SIGKILL'), stop(child, 'SIGKILL')]);
  return { idle, full };
};

const own = await queued('batched');
const stock = await queued('stock');
report({
  bench: 'memory',
  load: { tasks, argumentBytes: 16 },
  figures: {
    'idle scheduler MiB': own.idle,
    'own tasks queued, MiB': own.full,
    'stock tasks queued, MiB': stock.full,
    'bytes per own task': ((own.full - own.idle) * 1048576) / tasks,
    'bytes per stock task': ((stock.full - stock.idle) * 1048576) / tasks,
  },
  ratios: {
    'idle / goal 80 MiB': own.idle / 80,
    'own / goal 450 MiB': own.full / 450,
    'stock / goal 600 MiB': stock.full / 600,
  },
  skipped: [],
});
process.exit(0);
