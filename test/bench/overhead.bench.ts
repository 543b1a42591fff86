/**
 * What a task costs the scheduler: the shipped `muster scheduler` process with default logging, synthetic peers in
 * processes of their own, frames built beforehand. Tasks per CPU-second of the scheduler, all its threads counted.
 *
 *   batched    own pair, up to 64 tasks a frame
 *   unbatched  own pair, one task or result a frame (`--batch-max 1`): four frames a task, one client and one worker
 *              with as many unfinished tasks as in the batched load
 *   lockstep   own pair with default settings, but 64 clients and 64 workers with one task at a time each: four frames
 *              a task that nothing can bring together, and a wake-up of each thread for nearly each of them
 *   stock      as OpenGRIS Scaler 1.15.0 talks, with its two object instructions: six frames a task
 *
 * Beside them the floor: a ROUTER that only forwards frames of the same size, for the same two patterns of four frames.
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
const PEERS_LOCKSTEP = 64;

type Load = 'batched' | 'unbatched' | 'lockstep' | 'stock';

const peer = (role: string, address: string, load: Load, count = 0): ChildProcess => {
  const peersOf = load === 'lockstep' ? PEERS_LOCKSTEP : 1;
  const mode = load === 'lockstep' ? 'unbatched' : load;
  const open = load === 'lockstep' ? PEERS_LOCKSTEP : window;
  return fork(peers, [role, address, mode, String(count), String(open)], {
    serialization: 'advanced',
    execArgv: [],
    env: { ...process.env, BENCH_SOCKETS: String(peersOf) },
  });
};

const scheduler = async (address: string, load: Load): Promise<ChildProcess> => {
  const child = start(process.execPath, [
    muster,
    'scheduler',
    address,
    ...['--policy-content', 'allocate=even_load; scaling=no'],
    ...(load === 'unbatched' ? ['--batch-max', '1'] : []),
  ]);
  child.stdout?.resume();
  child.once('exit', (code) => {
    if (code === null || code === 0) return;
    process.stderr.write(`the scheduler ended with ${code}\n`);
    process.exit(1);
  });
  return child;
};

interface Measured {
  /** Frames that the scheduler received and sent for a task, acknowledgements included. */
  readonly frames: number;
  readonly perCpuSecond: number;
  readonly perSecond: number;
}

/** From the client's first frame to its last result; the peers are connected and `pid` is idle. */
const timed = async (pid: number, client: ChildProcess, count: number): Promise<Measured> => {
  await settled(pid);
  const [cpu, wall] = [cpuSeconds(pid), performance.now()];
  const ended = message<{ frames: number }>(client);
  client.send('go');
  const { frames } = await ended;
  return {
    perCpuSecond: count / (cpuSeconds(pid) - cpu),
    perSecond: (count / (performance.now() - wall)) * 1000,
    frames,
  };
};

const measure = async (load: Load, count: number): Promise<Measured> => {
  const address = `tcp://127.0.0.1:${await freePort()}`;
  const child = await scheduler(address, load);
  const worker = peer('worker', address, load);
  await message(worker);
  const client = peer('client', address, load, count);
  await message(client);
  const result = await timed(child.pid ?? 0, client, count);
  const others = message<{ frames: number }>(worker);
  worker.send('count');
  const frames = (result.frames + (await others).frames) / count;
  await Promise.all([stop(client), stop(worker), stop(child)]);
  return { ...result, frames };
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

/** The same peers through a ROUTER that forwards: a task is two frames in and two out. */
const echo = async (load: 'unbatched' | 'lockstep', count: number): Promise<Measured> => {
  const address = `tcp://127.0.0.1:${await freePort()}`;
  const router = peer('echo', address, load);
  await message(router);
  const worker = peer('worker', address, load);
  const client = peer('client', address, load, count);
  await Promise.all([message(worker), message(client)]);
  const result = await timed(router.pid ?? 0, client, count);
  await Promise.all([stop(client), stop(worker), stop(router)]);
  return { ...result, frames: 4 };
};

const few = Math.min(tasks, option('unbatched-tasks', 300_000));
const batched = await measure('batched', tasks);
const unbatched = await measure('unbatched', few);
const floor = await echo('unbatched', few);
const lockstep = await measure('lockstep', few);
const lockstepFloor = await echo('lockstep', few);
const stock = await measure('stock', Math.min(tasks, option('stock-tasks', 300_000)));
const other = await bullmq(option('bullmq-tasks', 20_000));
report({
  bench: 'overhead',
  load: { tasks, window, batch: 64, argumentBytes: 16, lockstepPeers: PEERS_LOCKSTEP },
  figures: {
    'batched tasks per scheduler CPU-second': batched.perCpuSecond,
    'unbatched tasks per scheduler CPU-second': unbatched.perCpuSecond,
    'lockstep tasks per scheduler CPU-second': lockstep.perCpuSecond,
    'stock tasks per scheduler CPU-second': stock.perCpuSecond,
    'echo floor of unbatched, tasks per CPU-second': floor.perCpuSecond,
    'echo floor of lockstep, tasks per CPU-second': lockstepFloor.perCpuSecond,
    'batched tasks per second': batched.perSecond,
    'unbatched tasks per second': unbatched.perSecond,
    'lockstep tasks per second': lockstep.perSecond,
    'stock tasks per second': stock.perSecond,
    'batched frames per task': batched.frames,
    'unbatched frames per task': unbatched.frames,
    'lockstep frames per task': lockstep.frames,
    'stock frames per task': stock.frames,
    ...other.figures,
  },
  ratios: {
    'batched / goal 100,000': batched.perCpuSecond / 100_000,
    'unbatched / goal 25,000': unbatched.perCpuSecond / 25_000,
    'lockstep / goal 25,000': lockstep.perCpuSecond / 25_000,
    'stock / goal 18,000': stock.perCpuSecond / 18_000,
    'unbatched / its echo floor': unbatched.perCpuSecond / floor.perCpuSecond,
    'lockstep / its echo floor': lockstep.perCpuSecond / lockstepFloor.perCpuSecond,
  },
  skipped: other.skipped,
});
process.exit(0);
