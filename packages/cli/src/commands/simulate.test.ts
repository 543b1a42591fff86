import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADAPTER_PACE } from '@muster/adapter-kit/adapter';
import { policyOf } from '@muster/core/policy-content';
import { createScheduler } from '@muster/core/scheduler';
import type { SchedulerConfig, SchedulerEvent } from '@muster/core/scheduler-types';
import { encodeTask, encodeTaskResult, resultHead, taskHead } from '@muster/protocol/codec';
import { instant, objectId, peerId, taskId } from '@muster/protocol/ids';
import type { Message } from '@muster/protocol/messages';
import { manualClock } from '@muster/runtime/manual-clock';
import { schedulerCommand } from '@muster/scheduler/config';
import { openRecorder } from '@muster/scheduler/recorder';
import { ADAPTER_DEFAULTS, schedulerConfig, SCHEDULER_DEFAULTS } from '@muster/simulation/settings';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from './simulate.ts';

const folder = mkdtempSync(join(tmpdir(), 'muster-simulate-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the modelled world', () => {
  it('is set as the production scheduler is by default', () => {
    const { options } = schedulerCommand;
    for (const [name, value] of Object.entries(SCHEDULER_DEFAULTS)) {
      const found = Object.entries(options).find(([option]) => option === name)?.[1];
      expect(found?.presence, name).toEqual({ kind: 'default', value });
    }
  });

  it('beats as the production adapters do', () => {
    expect(ADAPTER_PACE).toMatchObject(ADAPTER_DEFAULTS);
  });
});

const TASKS = ['a', 'b', 'c', 'd'].map((name) => taskId(name.padEnd(16, ' ')));
const RUNS_MS = 900;

const submit = (): Message => ({
  kind: 'taskBatch',
  tasks: TASKS.map((id) =>
    taskHead(
      encodeTask({
        taskId: id,
        source: undefined,
        metadata: undefined,
        functionId: objectId('resize'.padEnd(32, ' ')),
        args: [],
        needs: new Map([['gpu', 'present']]),
        timeoutMs: 0,
        attemptsMax: 0,
      }),
    ),
  ),
  attempts: TASKS.map(() => 0),
  sources: [],
  sourceOf: [],
});

const results = (): Message => ({
  kind: 'taskResultBatch',
  results: TASKS.slice(0, 2).map((id) =>
    resultHead(
      encodeTaskResult({
        taskId: id,
        outcome: 'success',
        metadata: { durationS: RUNS_MS / 1_000, memoryPeakBytes: 0, cpuS: 0 },
        objectIds: [],
        inline: undefined,
      }),
    ),
  ),
  attempts: [1, 1],
});

/** Four tasks, two of which ended in the recording. */
const record = async (path: string): Promise<void> => {
  const config: SchedulerConfig = schedulerConfig(policyOf('allocate=even_load; scaling=no'), 'own');
  const recorder = openRecorder({
    path,
    muster: '0.0.0',
    startedAt: '2026-01-01T00:00:00.000Z',
    clock: manualClock(),
    log: (note) => expect(note).toBeUndefined(),
  });
  const machine = recorder.attach(createScheduler(config, instant(0)), config, instant(0));
  const said = (from: string, message: Message): SchedulerEvent => ({
    kind: 'message',
    from: peerId(from),
    message,
  });
  machine.step([said('client', submit())], instant(10));
  machine.step([said('worker', results())], instant(5_000));
  await recorder.close();
};

describe('muster simulate', () => {
  let said = '';
  beforeEach(() => {
    said = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      said += String(text);
      return true;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('plays what a scheduler recorded', async () => {
    const path = join(folder, 'run.rec');
    await record(path);
    const flags = ['-w', `record file=${path}`, '-a', 'local groups=9 offers=gpu', '--json'];
    expect(await run([...flags, '-p', 'allocate=capability; scaling=vanilla'])).toBe(0);
    const plan: unknown = JSON.parse(said);
    expect(plan).toMatchObject({
      work: { tasks: 4, workHours: (4 * RUNS_MS) / 3_600_000, kinds: [{ needs: ['gpu'], tasks: 4 }] },
      policies: [{ label: 'vanilla', succeeded: 4, groupsLeft: 0 }],
    });
  });

  it('says which file cannot be read, and what is no recording', async () => {
    const adapter = ['-a', 'local groups=1'];
    await expect(run(['-w', `csv file=${folder}/none.csv`, ...adapter])).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringContaining('none.csv cannot be read') as unknown,
    });
    await expect(run(['-w', `record file=${import.meta.filename}`, ...adapter])).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringContaining('no recording of a scheduler') as unknown,
    });
  });

  it('refuses what it does not understand, every word with its place', async () => {
    await expect(run([])).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/^--workload says what arrives, and --adapter says who/) as unknown,
    });
    await expect(run(['-w', 'batch 15', '-a', 'local group=1', '-p', 'scaling=x'])).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(
        /--workload "batch 15": "15" at column 7 .*\n.*service is missing.*\n.*tasks is missing.*\n.*unknown key "group" at column 7/,
      ) as unknown,
    });
  });
});
