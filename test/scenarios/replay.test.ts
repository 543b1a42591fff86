/** P6: what every transcript of the scheduler tells can be recorded, and decides the same when it is played again. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExplainQuery } from '@muster/core/explain';
import { replay, type Replayed } from '@muster/core/replay';
import { createScheduler } from '@muster/core/scheduler';
import type { Scheduler } from '@muster/core/scheduler';
import type { SchedulerEvent } from '@muster/core/scheduler-types';
import { encodeTask, encodeTaskResult, resultHead, taskHead } from '@muster/protocol/codec';
import type { Instant } from '@muster/protocol/ids';
import type { Message, TaskHead, TaskResultHead } from '@muster/protocol/messages';
import { manualClock } from '@muster/runtime/manual-clock';
import { openRecorder, type Recorder } from '@muster/scheduler/recorder';
import { openRecordingFile } from '@muster/scheduler/recording';
import { afterAll, describe, expect, it } from 'vitest';
import { Script } from './script.ts';

const scenarios = join(import.meta.dirname, 'scheduler');
const folder = mkdtempSync(join(tmpdir(), 'muster-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Transcripts name tasks without writing their frames; the wire has nothing else. */
const framedTask = (head: TaskHead): TaskHead =>
  head.end > head.start
    ? head
    : taskHead(
        encodeTask({
          taskId: head.taskId,
          source: head.source,
          metadata: { profiling: true, priority: head.priority, streamOutput: false },
          functionId: head.functionId,
          args: [],
          needs: head.needs,
          timeoutMs: 0,
          attemptsMax: head.attemptsMax,
        }),
      );

const framedResult = (head: TaskResultHead): TaskResultHead =>
  head.end > head.start
    ? head
    : resultHead(
        encodeTaskResult({
          taskId: head.taskId,
          outcome: head.outcome,
          metadata:
            head.durationMs === undefined
              ? undefined
              : { durationS: head.durationMs / 1_000, memoryPeakBytes: 0, cpuS: 0 },
          objectIds: head.objectIds,
          inline: undefined,
        }),
      );

const framed = (message: Message): Message => {
  switch (message.kind) {
    case 'task':
      return { ...message, task: framedTask(message.task) };
    case 'taskBatch':
      return { ...message, tasks: message.tasks.map(framedTask) };
    case 'taskResult':
      return { ...message, result: framedResult(message.result) };
    case 'taskResultBatch':
      return { ...message, results: message.results.map(framedResult) };
    default:
      return message;
  }
};

const framedEvent = (event: SchedulerEvent): SchedulerEvent =>
  event.kind === 'message' || event.kind === 'undelivered'
    ? { ...event, message: framed(event.message) }
    : event;

/** Transcripts with peers that live by themselves have thousands of steps. */
const ASKED_AT_FIRST = 60;

/** Questions must change nothing: the replay does not ask them, and decides the same. Answers are safe in JSON. */
const askEverything = (machine: Scheduler, now: Instant): void => {
  const status = machine.status(now);
  const ids = (what: 'task' | 'group'): readonly string[] => {
    const { facts } = machine.explain({ what, id: '' }, now);
    if (facts === undefined) return [];
    return 'tasks' in facts
      ? facts.tasks.map(({ id }) => id)
      : 'groups' in facts && Array.isArray(facts.groups)
        ? (facts.groups as readonly { readonly id: string }[]).map(({ id }) => id)
        : [];
  };
  const queries: readonly ExplainQuery[] = [
    { what: 'scale' },
    ...ids('task')
      .slice(0, 3)
      .map((id) => ({ what: 'task' as const, id })),
    ...ids('group')
      .slice(0, 3)
      .map((id) => ({ what: 'group' as const, id })),
    ...status.adapters.map(({ id }) => ({ what: 'adapter' as const, id })),
    { what: 'adapter', id: '' },
    { what: 'task', id: 'nobody' },
    { what: 'group', id: 'nobody' },
  ];
  for (const query of queries) {
    const answer = machine.explain(query, now);
    const text = JSON.stringify(answer);
    const isKnown = !('id' in query) || query.id !== 'nobody';
    // JSON has no other word for what is no number.
    if (answer.found !== isKnown || /undefined|null|NaN|\[object/.test(text))
      throw new Error(`${JSON.stringify(query)} is answered with ${text}`);
  }
};

/** Plays a transcript and records each machine that it makes. @returns the files */
const record = async (name: string): Promise<readonly string[]> => {
  const recorders: Recorder[] = [];
  const make: typeof createScheduler = (config, now) => {
    const recorder = openRecorder({
      path: join(folder, `${name}-${recorders.length}.rec`),
      muster: '0.0.0',
      startedAt: '2026-01-01T00:00:00.000Z',
      clock: manualClock(),
      log: (note) => expect(note).toBeUndefined(),
    });
    recorders.push(recorder);
    let steps = 0;
    const machine: Scheduler = recorder.attach(createScheduler(config, now), config, now);
    return {
      ...machine,
      step: (events, at) => {
        if (steps++ < ASKED_AT_FIRST || steps % 16 === 0) askEverything(machine, at);
        return machine.step(events.map(framedEvent), at);
      },
    };
  };
  const script = new Script(make);
  for (const block of readFileSync(join(scenarios, name), 'utf8').split(/\n{2,}/)) {
    const lines = block.trim().split('\n');
    const end = lines.indexOf('----');
    const spoken = (end < 0 ? lines : lines.slice(0, end)).filter(
      (line) => line !== '' && !line.startsWith('#'),
    );
    if (spoken.length > 0) script.run(spoken);
  }
  for (const recorder of recorders) await recorder.close();
  return recorders.map((recorder) => recorder.path);
};

const play = (path: string): Replayed => {
  using file = openRecordingFile(path);
  const played = replay(file.head, file.steps());
  expect(file.cutBytes()).toBe(0);
  return played;
};

describe('a recorded scheduler', () => {
  let notes = 0;

  it.each(readdirSync(scenarios).filter((name) => name.endsWith('.txt')))(
    'P6: %s decides the same again, asked or not',
    async (name) => {
      for (const path of await record(name)) {
        const played = play(path);
        expect(played).toMatchObject({ difference: undefined, differing: 0, bug: undefined });
        played.scheduler.check();
        notes += played.notes;
      }
    },
  );

  it('P6: and that was not about nothing', () => {
    expect(notes).toBeGreaterThan(200);
  });
});
