/** BullMQ over a Redis server of its own, where both are present: what users would take instead. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './support.ts';

export interface Other {
  readonly figures: Record<string, number>;
  readonly skipped: readonly string[];
}

export const bullmq = async (count: number): Promise<Other> => {
  if (spawnSync('redis-server', ['--version']).status !== 0) return { figures: {}, skipped: ['BullMQ: redis-server is not installed'] };
  const { Queue, QueueEvents, Worker } = await import('bullmq');
  const folder = mkdtempSync(join(tmpdir(), 'muster-bench-'));
  const port = await freePort();
  const redis = spawn('redis-server', ['--port', String(port), '--save', '', '--appendonly', 'no', '--dir', folder, '--bind', '127.0.0.1'], { stdio: 'ignore' });
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
    const worker = new Worker('bench', async (job) => Promise.resolve(job.data as unknown), { connection, concurrency: 64 });
    const wall = performance.now();
    for (let at = 0; at < count; at += 1000) {
      await queue.addBulk(Array.from({ length: Math.min(1000, count - at) }, (_, i) => ({ name: 'noop', data: at + i })));
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
