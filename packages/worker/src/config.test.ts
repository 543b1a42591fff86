import { describe, expect, it } from 'vitest';
import { resolveConfig } from '@muster/runtime/config';
import { workerCommand, workerHostConfigOf } from './config.ts';

describe('the settings of a worker host', () => {
  it('come from the environment that adapters set', () => {
    const env = {
      MUSTER_SCHEDULER: 'tcp://10.0.0.1:8516',
      MUSTER_GROUP_ID: 'g-1a-7',
      MUSTER_WORKER_IDS: 'Worker|g-1a-7|00,Worker|g-1a-7|01',
      MUSTER_CAPABILITIES: 'gpu,memory=16',
      MUSTER_DEATH_TIMEOUT_MS: '60000',
      MUSTER_LIFETIME_MAX_MS: '3600000',
      MUSTER_GRACE_MS: '7000',
      MUSTER_PROCESSOR_MEMORY_BYTES_MAX: '536870912',
    };
    expect(workerHostConfigOf(resolveConfig(workerCommand, { env }).values)).toEqual({
      scheduler: 'tcp://10.0.0.1:8516',
      groupId: 'g-1a-7',
      workerIds: ['Worker|g-1a-7|00', 'Worker|g-1a-7|01'],
      capabilities: new Map<string, number | 'present'>([
        ['gpu', 'present'],
        ['memory', 16],
      ]),
      deathTimeoutMs: 60_000,
      lifetimeMaxMs: 3_600_000,
      graceMs: 7000,
      processorMemoryBytesMax: 536_870_912,
      inProcess: false,
    });
  });

  it('need no more than an address: names are minted, under a group that no scheduler owns', () => {
    const { values } = resolveConfig(workerCommand, {
      args: ['tcp://127.0.0.1:8516'],
      flags: { workers: '2' },
    });
    const config = workerHostConfigOf(values, (bytes) => 'ab'.repeat(bytes));
    expect(config.groupId).toBe('hand-abababababababab');
    expect(config.workerIds).toEqual(Array(2).fill(`Worker|hand-abababababababab|${'ab'.repeat(16)}`));
  });

  it('that are wrong are refused, all at once', () => {
    const env = { MUSTER_WORKER_IDS: 'nobody', MUSTER_GRACE_MS: 'soon' };
    expect(() => resolveConfig(workerCommand, { env })).toThrow(
      /MUSTER_SCHEDULER[^]*MUSTER_WORKER_IDS[^]*MUSTER_GRACE_MS/,
    );
  });
});
