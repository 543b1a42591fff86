// What one worker host costs per task, without scheduler and client: `node packages/worker/bench/throughput.mjs
// noop|async|true [TASKS] [WORKERS]` after a build, on Linux. Ends with one JSON object on one line.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { encodeTask, taskHead } from '@muster/protocol/codec';
import { COMMAND_FUNCTION, NO_CAPABILITIES } from '@muster/protocol/ids';
import { encodeValue } from '@muster/protocol/values';
import { commandSpec, FakeScheduler, freshTaskId } from '../dist/testing/fake-scheduler.js';

const kind = process.argv[2] ?? 'noop';
const tasks = Number(process.argv[3] ?? (kind === 'true' ? 4000 : 200_000));
const workers = Number(process.argv[4] ?? 1);
/** Tasks that a worker is given ahead. */
const ahead = kind === 'true' ? 16 : 2000;
const BATCH = 64;

const cpuMs = (pid) => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { own: (+fields[11] + +fields[12]) * 10, children: (+fields[13] + +fields[14]) * 10 };
};
const rssMiB = (pid) =>
  Math.round(+/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))[1] / 1024);
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

const scheduler = await FakeScheduler.start();
const ids = Array.from({ length: workers }, (_, i) => `Worker|g-bench-1|0${i}`);
const env = {
  ...process.env,
  MUSTER_SCHEDULER: scheduler.address,
  MUSTER_WORKER_IDS: ids.join(','),
  MUSTER_LOG_LEVEL: 'warn',
};
const host = spawn(process.execPath, [fileURLToPath(new URL('../dist/main.js', import.meta.url))], {
  env,
  stdio: 'inherit',
});
await scheduler.until('all workers', () => scheduler.workers.size === workers);

const { noop, noopAsync } = await scheduler.functions(
  'export const noop = (x) => x; export const noopAsync = async (x) => x;',
  ['noop', 'noopAsync'],
);
const wish =
  kind === 'true'
    ? { functionId: COMMAND_FUNCTION, argument: commandSpec({ cwd: '/', argv: ['/bin/true'] }) }
    : { functionId: kind === 'async' ? noopAsync : noop, argument: 1 };
const peers = [...scheduler.workers];
await Promise.all(peers.map((peer) => scheduler.run(peer, wish)));
const children = readFileSync(`/proc/${host.pid}/task/${host.pid}/children`, 'utf8').trim().split(' ');
const processors = children.filter((pid) =>
  readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('processor-main'),
);
const idle = { host: rssMiB(host.pid), processor: rssMiB(processors[0]) };

const bytes = encodeValue(wish.argument);
const base = {
  source: undefined,
  metadata: undefined,
  functionId: wish.functionId,
  args: [{ kind: 'inline', bytes }],
  needs: NO_CAPABILITIES,
  timeoutMs: 0,
  attemptsMax: 0,
};
const heads = Array.from({ length: tasks }, () => taskHead(encodeTask({ taskId: freshTaskId(), ...base })));
const done = new Set();
const out = new Map(peers.map((peer) => [peer, 0]));
let next = 0;
const feed = (peer) => {
  while (out.get(peer) < ahead && next < tasks) {
    const batch = heads.slice(next, next + Math.min(BATCH, ahead - out.get(peer)));
    next += batch.length;
    out.set(peer, out.get(peer) + batch.length);
    scheduler.send(peer, {
      kind: 'taskBatch',
      tasks: batch,
      attempts: batch.map(() => 1),
      sources: [],
      sourceOf: [],
    });
  }
};
const before = [host.pid, ...processors].map(cpuMs);
const from = performance.now();
await new Promise((resolve) => {
  scheduler.onResults = (peer, { results, attempts }) => {
    for (const { taskId, outcome } of results) {
      if (outcome !== 'success') throw new Error(`a task ended as ${outcome}`);
      done.add(taskId);
    }
    out.set(peer, out.get(peer) - results.length);
    scheduler.send(peer, {
      kind: 'resultAck',
      tasks: results.map(({ taskId }, i) => ({ taskId, attempt: attempts[i] })),
    });
    feed(peer);
    if (done.size >= tasks) resolve();
  };
  peers.forEach(feed);
});
const seconds = (performance.now() - from) / 1000;
const after = [host.pid, ...processors].map(cpuMs);
const used = after.map((now, i) => ({
  own: now.own - before[i].own,
  children: now.children - before[i].children,
}));
const perTaskUs = (ms) => Math.round((ms * 10_000) / tasks) / 10;
host.kill('SIGTERM');
await new Promise((resolve) => host.once('exit', resolve));
await scheduler[Symbol.asyncDispose]();
const figures = {
  'tasks per second': Math.round(tasks / seconds),
  'host CPU per task, us': perTaskUs(used[0].own),
  'processor CPU per task, us': perTaskUs(sum(used.slice(1).map((one) => one.own))),
  'CPU of commands per task, us': perTaskUs(sum(used.slice(1).map((one) => one.children))),
  'idle host, MiB': idle.host,
  'idle processor, MiB': idle.processor,
};
console.log(JSON.stringify({ bench: 'worker', load: { kind, tasks, workers }, figures, ratios: {} }));
process.exit(0);
