/**
 * What a task costs the scheduler: the shipped `muster scheduler` process with default logging, synthetic peers in
 * processes of their own, frames built beforehand. Tasks per CPU-second of the scheduler, for three ways to talk.
 *
 *   batched    own pair, up to 64 tasks a frame
 *   unbatched  own pair, one task a frame: 64 clients and 64 workers with one task at a time, so that no two share a frame
 *   stock      as OpenGRIS Scaler 1.15.0 talks, with its two object instructions: six frames a task
 *   echo       the floor: a ROUTER that only forwards frames of the same size
 */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bullmq } from './bullmq.ts';
import { cpuSeconds, freePort, message, muster, option, report, start, stop } from './support.ts';

const peers = join(dirname(fileURLToPath(import.meta.url)), 'peers.js');
const tasks = option('tasks', 1_000_000);
const window = option('window', 16_384);
const PEERS_UNBATCHED = 64;

const peer = (role: string, address: string, mode: string, count = 0): ChildProcess =>
  fork(peers, [role, address, mode, String(count), String(mode === 'unbatched' ? PEERS_UNBATCHED : window)], {
    serialization: 'advanced',
    execArgv: [],
    env: { ...process.env, BENCH_SOCKETS: mode === 'unbatched' ? String(PEERS_UNBATCHED) : '1' },
  });

const scheduler = async (address: string): Promise<ChildProcess> => {
  const child = start(process.execPath, [
    muster,
    'scheduler',
    address,
    '--policy-content',
    'allocate=even_load; scaling=no',
  ]);
  child.stdout?.resume();
  return child;
};

interface Measured {
  /** Frames that the scheduler received and sent for a task, acknowledgements included. */
  readonly frames: number;
  readonly perCpuSecond: number;
  readonly perSecond: number;
}

const measure = async (mode: 'batched' | 'unbatched' | 'stock', count: number): Promise<Measured> => {
  const address = `tcp://127.0.0.1:${await freePort()}`;
  const child = await scheduler(address);
  const worker = peer('worker', address, mode);
  await message(worker);
  const client = peer('client', address, mode, count);
  await message(client);
  const pid = child.pid ?? 0;
  await settled(pid);
  const [cpu, wall] = [cpuSeconds(pid), performance.now()];
  const ended = message<{ frames: number }>(client);
  client.send('go');
  const { frames } = await ended;
  const result = {
    perCpuSecond: count / (cpuSeconds(pid) - cpu),
    perSecond: (count / (performance.now() - wall)) * 1000,
  };
  const others = message<{ frames: number }>(worker);
  worker.send('count');
  const all = frames + (await others).frames;
  await Promise.all([stop(client), stop(worker), stop(child)]);
  return { ...result, frames: all / count };
};

/** Waits until the scheduler is up and idle: its CPU time stands still. */
const settled = async (pid: number): Promise<void> => {
  for (let last = -1, same = 0; same < 5;) {
    await new Promise((done) => setTimeout(done, 100));
    const now = cpuSeconds(pid);
    same = now === last ? same + 1 : 0;
    last = now;
  }
};

/** The same peers, one task at a time each, through a ROUTER that forwards: a task is two frames in and two out. */
const echo = async (count: number): Promise<Measured> => {
  const address = `tcp://127.0.0.1:${await freePort()}`;
  const router = peer('echo', address, 'unbatched');
  await message(router);
  const worker = peer('worker', address, 'unbatched');
  const client = peer('client', address, 'unbatched', count);
  await Promise.all([message(worker), message(client)]);
  const pid = router.pid ?? 0;
  await settled(pid);
  const [cpu, wall] = [cpuSeconds(pid), performance.now()];
  const ended = message(client);
  client.send('go');
  await ended;
  const result = {
    frames: 4,
    perCpuSecond: count / (cpuSeconds(pid) - cpu),
    perSecond: (count / (performance.now() - wall)) * 1000,
  };
  await Promise.all([stop(client), stop(worker), stop(router)]);
  return result;
};

const floor = await echo(Math.min(tasks, 300_000));
const batched = await measure('batched', tasks);
const unbatched = await measure('unbatched', Math.min(tasks, option('unbatched-tasks', 300_000)));
const stock = await measure('stock', Math.min(tasks, option('stock-tasks', 300_000)));
const other = await bullmq(option('bullmq-tasks', 20_000));
report({
  bench: 'overhead',
  load: { tasks, window, batch: 64, argumentBytes: 16 },
  figures: {
    'batched tasks per scheduler CPU-second': batched.perCpuSecond,
    'unbatched tasks per scheduler CPU-second': unbatched.perCpuSecond,
    'stock tasks per scheduler CPU-second': stock.perCpuSecond,
    'echo floor tasks per CPU-second (4 frames)': floor.perCpuSecond,
    'batched tasks per second': batched.perSecond,
    'unbatched tasks per second': unbatched.perSecond,
    'stock tasks per second': stock.perSecond,
    'batched frames per task': batched.frames,
    'unbatched frames per task': unbatched.frames,
    'stock frames per task': stock.frames,
    ...other.figures,
  },
  ratios: {
    'batched / goal 100,000': batched.perCpuSecond / 100_000,
    'unbatched / goal 25,000': unbatched.perCpuSecond / 25_000,
    'stock / goal 18,000': stock.perCpuSecond / 18_000,
    'unbatched / echo floor': unbatched.perCpuSecond / floor.perCpuSecond,
  },
  skipped: other.skipped,
});
process.exit(0);
