/**
 * What a user gets on this machine, with real worker processes: 100,000 functions through `client.map`, 10,000
 * `/bin/true` through `muster map`, and the latency of one call on an idle fleet; beside what users would take instead.
 */
import { fork, spawn, spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, type Client } from 'muster';
import { startFleet } from 'muster/fleet';
import { Dealer } from 'zeromq';
import { bullmq } from './bullmq.ts';
import { cpuSecondsOfEnded, freePort, message, muster, option, report } from './support.ts';
import { noop, startedAt } from './tasks.ts';

const functions = option('functions', 100_000);
const commands = option('commands', 10_000);
const calls = option('calls', 500);
const jobs = 2;
const skipped: string[] = [];

const seconds = async (work: () => Promise<void>): Promise<number> => {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1000;
};

const mapAll = async (client: Client): Promise<void> => {
  const seen = new Uint8Array(functions);
  const items = function* (): Generator<number> {
    for (let i = 0; i < functions; i++) yield i;
  };
  for await (const { index, value } of client.map(noop, items(), { ordered: false })) {
    if (value !== index + 1 || seen[index] === 1)
      throw new Error(`item ${index} came back as ${value}, or twice`);
    seen[index] = 1;
  }
  if (seen.includes(0)) throw new Error('an item never came back');
};

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.floor((sorted.length - 1) * share)] ?? NaN;

/** Between two calls, so that whatever the last one left to do (acknowledgements, timers, listings) is done. */
const PAUSE_MS = 30;
const WARM_UP = 50;

interface Floor {
  /** Microseconds of one way through three processes that only pass on. */
  call(): Promise<number>;
  close(): void;
}

const startFloor = async (): Promise<Floor> => {
  const hops = join(dirname(fileURLToPath(import.meta.url)), 'hops.js');
  const address = `tcp://127.0.0.1:${await freePort()}`;
  const router = fork(hops, ['router', address], { execArgv: [] });
  await message(router);
  const host = fork(hops, ['host', address], { execArgv: [] });
  await message(host);
  const socket = new Dealer({ routingId: 'client', linger: 0, sendTimeout: 0 });
  socket.connect(address);
  const frame = Buffer.alloc(200, 1);
  return {
    call: async () => {
      const from = process.hrtime.bigint();
      await socket.send(Buffer.from(frame));
      for (;;) {
        const [answer] = await socket.receive();
        const at = BigInt(answer?.toString() ?? '0');
        // One from before was late.
        if (at > from) return Number(at - from) / 1000;
      }
    },
    close: () => {
      socket.close();
      host.disconnect();
      router.kill('SIGKILL');
    },
  };
};

/** Microseconds from submit to the function's first instruction. */
const callOnce = async (client: Client, i: number): Promise<number> => {
  const from = process.hrtime.bigint();
  return Number((await client.submit(startedAt, i).result) - from) / 1000;
};

interface Latencies {
  readonly ours: number[];
  readonly floor: number[];
}

/** One call of ours, one of the floor, in turns, so that what else the machine does meets both. */
const latencies = async (client: Client, pauseMs: number): Promise<Latencies> => {
  const floor = await startFloor();
  const out: Latencies = { ours: [], floor: [] };
  const pause = (): Promise<void> | undefined =>
    pauseMs === 0 ? undefined : new Promise((done) => setTimeout(done, pauseMs));
  for (let i = -WARM_UP; i < calls; i++) {
    const ours = await callOnce(client, i);
    await pause();
    const bare = await floor.call();
    await pause();
    if (i < 0) continue;
    out.ours.push(ours);
    out.floor.push(bare);
  }
  floor.close();
  out.ours.sort((a, b) => a - b);
  out.floor.sort((a, b) => a - b);
  return out;
};

const bareSpawn = async (): Promise<void> => {
  let started = 0;
  const next = async (): Promise<void> => {
    while (started++ < commands) {
      await new Promise((done) => spawn('/bin/true', { stdio: 'ignore' }).once('exit', done));
    }
  };
  await Promise.all(Array.from({ length: jobs }, next));
};

interface Rate {
  readonly perSecond: number;
  /** CPU milliseconds of all processes for a command, start and end counted. */
  readonly cpuMs: number;
}

const rated = async (count: number, work: () => unknown): Promise<Rate> => {
  const [ended, own] = [cpuSecondsOfEnded(), process.cpuUsage()];
  const took = await seconds(async () => void (await work()));
  const { user, system } = process.cpuUsage(own);
  return {
    perSecond: count / took,
    cpuMs: ((cpuSecondsOfEnded() - ended) * 1000 + (user + system) / 1000) / count,
  };
};

const shell = async (
  what: string,
  count: number,
  command: string,
  args: readonly string[],
): Promise<Rate | undefined> => {
  if (spawnSync(command, ['--version'], { stdio: 'ignore' }).error) {
    skipped.push(`${what}: not installed`);
    return undefined;
  }
  const input = Array.from({ length: count }, (_, i) => `${i}\n`).join('');
  return rated(count, () => {
    const done = spawnSync(command, args, { input, stdio: ['pipe', 'ignore', 'inherit'] });
    if (done.status !== 0) throw new Error(`${what} ended with ${done.status}`);
  });
};

const fleet = await startFleet({ groupsMax: 1, workersPerGroup: 2 });
const client = await connect({ address: fleet.address });
const cold = await seconds(() => mapAll(client));
const warm = Math.min(await seconds(() => mapAll(client)), await seconds(() => mapAll(client)));
const idle = await latencies(client, PAUSE_MS);
const back = await latencies(client, 0);
await client.close();
await fleet.stop();

const bare = await rated(commands, bareSpawn);
const map = await shell('muster map', commands, process.execPath, [
  muster,
  ...['map', '--jobs', String(jobs), '--', '/bin/true'],
]);
const parallel = await shell('GNU parallel', Math.min(commands, 4_000), 'parallel', [
  ...['-j', String(jobs), '/bin/true'],
]);
const xargs = await shell('xargs', commands, 'xargs', ['-P', String(jobs), '-n', '1', '/bin/true']);
const other = await bullmq(Math.min(functions, 20_000));
const over = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a / b;

const known = (entries: Record<string, number | undefined>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(entries).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );

report({
  bench: 'end-to-end',
  load: { functions, commands, calls, workers: jobs },
  figures: known({
    'functions per second, warm': functions / warm,
    'functions per second, cold (with starting the fleet)': functions / cold,
    '/bin/true per second, muster map': map?.perSecond,
    '/bin/true per second, bare Node spawn': bare.perSecond,
    '/bin/true per second, xargs': xargs?.perSecond,
    '/bin/true per second, GNU parallel': parallel?.perSecond,
    'CPU ms per /bin/true, muster map': map?.cpuMs,
    'CPU ms per /bin/true, bare Node spawn': bare.cpuMs,
    'CPU ms per /bin/true, xargs': xargs?.cpuMs,
    'CPU ms per /bin/true, GNU parallel': parallel?.cpuMs,
    'idle fleet: submit to first instruction p50, us': percentile(idle.ours, 0.5),
    'idle fleet: submit to first instruction p99, us': percentile(idle.ours, 0.99),
    'idle: three bare hops p50, us': percentile(idle.floor, 0.5),
    'idle: three bare hops p99, us': percentile(idle.floor, 0.99),
    'back to back: submit to first instruction p50, us': percentile(back.ours, 0.5),
    'back to back: submit to first instruction p99, us': percentile(back.ours, 0.99),
    'back to back: three bare hops p50, us': percentile(back.floor, 0.5),
    'back to back: three bare hops p99, us': percentile(back.floor, 0.99),
    ...other.figures,
  }),
  ratios: known({
    'functions / goal 30,000': functions / warm / 30_000,
    '/bin/true: muster map / bare spawn (goal 0.75)': over(map?.perSecond, bare.perSecond),
    '/bin/true: muster map / GNU parallel (goal 3)': over(map?.perSecond, parallel?.perSecond),
    '/bin/true: CPU of GNU parallel / of muster map': over(parallel?.cpuMs, map?.cpuMs),
    'idle latency p50 / three hops (goal 1.5)': percentile(idle.ours, 0.5) / percentile(idle.floor, 0.5),
    'idle latency p99 / three hops (goal 2)': percentile(idle.ours, 0.99) / percentile(idle.floor, 0.99),
    'back-to-back latency p50 / three hops': percentile(back.ours, 0.5) / percentile(back.floor, 0.5),
    'back-to-back latency p99 / three hops': percentile(back.ours, 0.99) / percentile(back.floor, 0.99),
  }),
  skipped: [...skipped, ...other.skipped],
});
process.exit(0);
