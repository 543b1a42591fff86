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
import { freePort, message, muster, option, report } from './support.ts';
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

/** Microseconds from submit to the function's first instruction, one call at a time. */
const latencies = async (client: Client): Promise<number[]> => {
  const out: number[] = [];
  for (let i = -50; i < calls; i++) {
    const from = process.hrtime.bigint();
    const at = await client.submit(startedAt, i).result;
    if (i >= 0) out.push(Number(at - from) / 1000);
  }
  return out.sort((a, b) => a - b);
};

const floor = async (): Promise<number[]> => {
  const hops = join(dirname(fileURLToPath(import.meta.url)), 'hops.js');
  const address = `tcp://127.0.0.1:${await freePort()}`;
  const router = fork(hops, ['router', address], { execArgv: [] });
  await message(router);
  const host = fork(hops, ['host', address], { execArgv: [] });
  await message(host);
  const socket = new Dealer({ routingId: 'client', linger: 0, sendTimeout: 0 });
  socket.connect(address);
  const frame = Buffer.alloc(200, 1);
  const out: number[] = [];
  for (let i = -50; i < calls; i++) {
    const from = process.hrtime.bigint();
    await socket.send(Buffer.from(frame));
    const [answer] = await socket.receive();
    if (i >= 0) out.push(Number(BigInt(answer?.toString() ?? '0') - from) / 1000);
  }
  socket.close();
  host.disconnect();
  router.kill('SIGKILL');
  return out.sort((a, b) => a - b);
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

const shell = (what: string, command: string, args: readonly string[], input: string): number | undefined => {
  if (spawnSync(command, ['--version'], { stdio: 'ignore' }).error) {
    skipped.push(`${what}: not installed`);
    return undefined;
  }
  const from = performance.now();
  const done = spawnSync(command, args, { input, stdio: ['pipe', 'ignore', 'inherit'] });
  if (done.status !== 0) throw new Error(`${what} ended with ${done.status}`);
  return commands / ((performance.now() - from) / 1000);
};

const fleet = await startFleet({ groupsMax: 1, workersPerGroup: 2 });
const client = await connect({ address: fleet.address });
const cold = await seconds(() => mapAll(client));
const warm = Math.min(await seconds(() => mapAll(client)), await seconds(() => mapAll(client)));
const [ours, bare] = [await latencies(client), await floor()];
await client.close();
await fleet.stop();

const lines = Array.from({ length: commands }, (_, i) => `${i}\n`).join('');
const bareRate = commands / (await seconds(bareSpawn));
const musterRate = shell(
  'muster map',
  process.execPath,
  [muster, 'map', '--jobs', String(jobs), '--', '/bin/true'],
  lines,
);
const xargs = shell('xargs', 'xargs', ['-P', String(jobs), '-n', '1', '/bin/true'], lines);
const parallelCommands = Math.min(commands, 2_000);
const parallel = shell(
  'GNU parallel',
  'parallel',
  ['-j', String(jobs), '/bin/true'],
  lines.split('\n').slice(0, parallelCommands).join('\n') + '\n',
);
const other = await bullmq(Math.min(functions, 20_000));
const parallelRate = parallel === undefined ? undefined : (parallel * parallelCommands) / commands;

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
    '/bin/true per second, muster map': musterRate,
    '/bin/true per second, bare Node spawn': bareRate,
    '/bin/true per second, xargs': xargs,
    '/bin/true per second, GNU parallel': parallelRate,
    'submit to first instruction p50, us': percentile(ours, 0.5),
    'submit to first instruction p99, us': percentile(ours, 0.99),
    'three bare hops p50, us': percentile(bare, 0.5),
    'three bare hops p99, us': percentile(bare, 0.99),
    ...other.figures,
  }),
  ratios: known({
    'functions / goal 30,000': functions / warm / 30_000,
    '/bin/true: muster map / bare spawn (goal 0.75)':
      musterRate === undefined ? undefined : musterRate / bareRate,
    '/bin/true: muster map / GNU parallel (goal 3)':
      musterRate === undefined || parallelRate === undefined ? undefined : musterRate / parallelRate,
    'latency p50 / three hops (goal 1.5)': percentile(ours, 0.5) / percentile(bare, 0.5),
    'latency p99 / three hops (goal 2)': percentile(ours, 0.99) / percentile(bare, 0.99),
  }),
  skipped: [...skipped, ...other.skipped],
});
process.exit(0);
