/** BullMQ over a Redis server of its own, where both are present: what users would take instead. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { freePort, root } from './support.ts';

/** The parts of BullMQ's interface that are used. Source: its documentation, version 6.7.0. */
interface BullMq {
  readonly Queue: new (
    name: string,
    options: object,
  ) => Closable & { addBulk(jobs: readonly object[]): Promise<unknown> };
  readonly QueueEvents: new (
    name: string,
    options: object,
  ) => Closable & { on(event: 'completed', listener: () => void): void };
  readonly Worker: new (
    name: string,
    run: (job: { data: unknown }) => Promise<unknown>,
    options: object,
  ) => Closable;
}
interface Closable {
  close(): Promise<void>;
  waitUntilReady(): Promise<unknown>;
}

/** Not a dependency: some optional parts of it are missing from registries, which makes `npm ci` refuse the lock file. */
const installed = async (): Promise<BullMq | undefined> => {
  const folder = join(root, '.muster', 'bullmq');
  mkdirSync(folder, { recursive: true });
  const done = spawnSync(
    'npm',
    [
      'install',
      '--prefix',
      folder,
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      'bullmq@6.7.0',
      'ioredis@5',
    ],
    { stdio: 'ignore' },
  );
  if (done.status !== 0) return undefined;
  const path = createRequire(join(folder, 'package.json')).resolve('bullmq');
  const module = (await import(pathToFileURL(path).href)) as BullMq & { default?: BullMq };
  return module.default ?? module;
};

export interface Other {
  readonly figures: Record<string, number>;
  readonly skipped: readonly string[];
}

export const bullmq = async (count: number): Promise<Other> => {
  if (spawnSync('redis-server', ['--version']).status !== 0)
    return { figures: {}, skipped: ['BullMQ: redis-server is not installed'] };
  const library = await installed();
  if (library === undefined) return { figures: {}, skipped: ['BullMQ: npm could not install bullmq@6.7.0'] };
  const { Queue, QueueEvents, Worker } = library;
  const folder = mkdtempSync(join(tmpdir(), 'muster-bench-'));
  const port = await freePort();
  const redis = spawn(
    'redis-server',
    ['--port', String(port), '--save', '', '--appendonly', 'no', '--dir', folder, '--bind', '127.0.0.1'],
    { stdio: 'ignore' },
  );
  try {
    const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
    const queue = new Queue('bench', { connection });
    const events = new QueueEvents('bench', { connection });
    await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
    let done = 0;
    const finished = new Promise<void>((resolve) => {
      events.on('completed', () => {
        if (++done === count) resolve();
      });
    });
    const worker = new Worker('bench', async (job) => Promise.resolve(job.data), {
      connection,
      concurrency: 64,
    });
    const wall = performance.now();
    for (let at = 0; at < count; at += 1000) {
      await queue.addBulk(
        Array.from({ length: Math.min(1000, count - at) }, (_, i) => ({ name: 'noop', data: at + i })),
      );
    }
    await finished;
    const seconds = (performance.now() - wall) / 1000;
    await Promise.all([worker.close(), events.close(), queue.close()]);
    return { figures: { 'BullMQ tasks per second (in-process worker)': count / seconds }, skipped: [] };
  } finally {
    redis.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
};
