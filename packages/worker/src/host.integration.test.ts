/** A worker host with its processors, against a scheduler that speaks the real wire. The build must be current. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { workerId } from '@muster/protocol/ids';
import type { PeerId } from '@muster/protocol/ids';
import { startWorkerHost } from './host.ts';
import type { WorkerHost, WorkerHostConfig } from './host.ts';
import { FakeScheduler } from './testing/fake-scheduler.ts';

const CODE = `
export const square = (n) => n * n;
export const later = async (n) => { await new Promise((done) => setTimeout(done, 1)); return n + 1; };
export const fails = () => { const error = new RangeError('no good', { cause: new Error('deep') }); error.code = 'E_BAD'; throw error; };
`;

let scheduler: FakeScheduler;
let host: WorkerHost;
let worker: PeerId;

const hostConfig = (more: Partial<WorkerHostConfig> = {}): WorkerHostConfig => ({
  scheduler: scheduler.address,
  groupId: 'g-test-1',
  workerIds: [workerId('Worker|g-test-1|01')],
  capabilities: new Map(),
  deathTimeoutMs: 300_000,
  lifetimeMaxMs: undefined,
  graceMs: 5000,
  processorMemoryBytesMax: undefined,
  ...more,
});

beforeEach(async () => {
  scheduler = await FakeScheduler.start();
  host = await startWorkerHost(hostConfig());
  worker = await scheduler.worker();
});
afterEach(async () => {
  host.abandon('the test is over');
  await host.ended;
  await scheduler[Symbol.asyncDispose]();
});

describe('functions', () => {
  it('run with their argument and give their value', async () => {
    const { square, later } = await scheduler.functions(CODE, ['square', 'later']);
    expect(await scheduler.run(worker, { functionId: square, argument: 12 })).toMatchObject({
      outcome: 'success',
      value: 144,
      attempt: 1,
    });
    expect(await scheduler.run(worker, { functionId: later, argument: 1 })).toMatchObject({
      outcome: 'success',
      value: 2,
    });
  });
});
