import { clientId, instant, objectId, peerId, taskId, workerId } from '@muster/protocol/ids';
import type { Message } from '@muster/protocol/messages';
import type { RecordedStep } from '@muster/core/replay';
import { describe, expect, it } from 'vitest';
import { right, wrong } from '../testing/scenes.ts';
import { readRecord } from './record.ts';

const NO_BYTES = { bytes: new Uint8Array(0), start: 0, end: 0 };
const id = (name: string): ReturnType<typeof taskId> => taskId(name.padEnd(16, ' '));

const submit = (names: readonly string[], fn: string, needs: readonly string[] = []): Message => ({
  kind: 'taskBatch',
  tasks: names.map((name) => ({
    ...NO_BYTES,
    taskId: id(name),
    source: clientId('c'),
    functionId: objectId(fn.padEnd(32, ' ')),
    priority: 0,
    needs: new Map(needs.map((need) => [need, 'present' as const])),
    attemptsMax: 0,
  })),
  attempts: names.map(() => 0),
  sources: [],
  sourceOf: [],
});

const done = (name: string, durationMs: number | undefined): Message => ({
  kind: 'taskResultBatch',
  results: [{ ...NO_BYTES, taskId: id(name), outcome: 'success', durationMs, objectIds: [] }],
  attempts: [1],
});

const step = (now: number, ...messages: readonly Message[]): RecordedStep => ({
  now: instant(now),
  events: messages.map((message) => ({ kind: 'message', from: peerId(workerId('w')), message })),
  outcome: { kind: 'done', notes: [], effects: 0 },
});

describe('a recording as workload', () => {
  it('has what was submitted, when, and how long it ran', () => {
    const { rows } = right(
      readRecord([
        step(500, submit(['t1', 't2'], 'resize', ['large', 'gpu'])),
        step(900, done('t1', 100)),
        step(1_000, submit(['t2', 't3'], 'resize'), submit(['t4'], 'never')),
        step(1_500, done('t2', 300), done('t3', undefined)),
      ]),
    );
    const functionName = 'f-resize______';
    expect(rows).toEqual([
      { submittedMs: 500, serviceMs: 100, needs: ['gpu', 'large'], functionName, copies: 1 },
      { submittedMs: 500, serviceMs: 300, needs: ['gpu', 'large'], functionName, copies: 1 },
      // Not measured: as long as the others of its function. What never ended anywhere is left out.
      { submittedMs: 1_000, serviceMs: 200, needs: [], functionName, copies: 1 },
    ]);
  });

  it('is refused where nobody submitted anything', () => {
    expect(wrong(readRecord([step(1)]))).toEqual(['nobody submitted a task in this recording']);
  });
});
