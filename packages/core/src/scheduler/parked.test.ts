import { describe, expect, it } from 'vitest';
import {
  bench,
  clientBeat,
  from,
  head,
  instant,
  notes,
  peerId,
  result,
  sent,
  workerBeat,
} from '../../test/kit.ts';
import type { Bench } from '../../test/kit.ts';
import type { SchedulerEffect, SchedulerEvent } from '../scheduler-types.ts';

const W = 'Worker|stock|1';
const ADDRESS = { host: '127.0.0.1', port: 1 };

/** A stock client with results that it did not take; `bytes` is how long each of them is. */
const unread = (count: number, bytes = 0): { b: Bench; effects: readonly SchedulerEffect[] } => {
  const b = bench();
  const names = Array.from({ length: count }, (_, i) => `t${i}`);
  b.step({ kind: 'objectStore', state: { address: ADDRESS, path: '', epoch: 's1' } });
  b.step(from('s', clientBeat(0)), from(W, workerBeat({ features: 0 })));
  const frame = new Uint8Array(bytes);
  for (const name of names) {
    b.step(from('s', { kind: 'task', task: head(name, { source: 's' }) }));
    b.step(from(W, { kind: 'taskResult', result: { ...result(name), bytes: frame, end: bytes } }));
  }
  const refused = names.map((name) => back({ ...result(name), bytes: frame, end: bytes }));
  return { b, effects: b.step(...refused) };
};

const back = (one: ReturnType<typeof result>): SchedulerEvent => ({
  kind: 'undelivered',
  peer: peerId('s'),
  message: { kind: 'taskResult', result: one },
  why: 'full',
});

const resultsTo = (effects: readonly SchedulerEffect[]): readonly string[] =>
  sent(effects, 's').flatMap((message) =>
    message.kind === 'taskResult' ? [message.result.taskId.trim()] : [],
  );

describe('results that a stock client did not take', () => {
  it('are sent again a few at a time while they come back, in their order', () => {
    const { b } = unread(100);
    b.now = instant(b.now + 500);
    const first = b.step(from('s', clientBeat(0)));
    expect(resultsTo(first)).toEqual(Array.from({ length: 8 }, (_, i) => `t${i}`));
    // Nothing is known of those yet.
    expect(resultsTo(b.step(from('s', clientBeat(0))))).toEqual([]);
    b.step(...resultsTo(first).map((name) => back(result(name))));
    const second = b.step(from('s', clientBeat(0)));
    expect(resultsTo(second)).toEqual(resultsTo(first));
  });

  it('follow faster and faster once they are taken, all of them', () => {
    const { b } = unread(100);
    const effects = b.pass(1_300);
    expect(resultsTo(effects)).toEqual(Array.from({ length: 100 }, (_, i) => `t${i}`));
    expect(resultsTo(b.pass(10_000))).toEqual([]);
  });

  it('end the client when they become too many', () => {
    const { b, effects } = unread(5, 16 * 1024 * 1024);
    expect(effects).toContainEqual({
      kind: 'note',
      event: 'client.gone',
      level: 'info',
      fields: { client: 's', reason: 'it does not read what it is sent', tasks: 0 },
    });
    expect(notes(effects)).toEqual(['client.gone']);
    expect(b.machine.status(b.now).clients).toEqual([]);
  });
});
