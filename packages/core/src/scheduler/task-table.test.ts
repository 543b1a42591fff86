import { clientId, instant, NO_CAPABILITIES, objectId, taskId } from '@muster/protocol/ids';
import type { TaskId } from '@muster/protocol/ids';
import { describe, expect, it } from 'vitest';
import { head } from '../../test/kit.ts';
import { Bucket } from './bucket.ts';
import { Client } from './client.ts';
import { DemandIndex } from './demand.ts';
import { FunctionStats } from './function-stats.ts';
import { Registry } from './registry.ts';
import type { TaskKind } from './task-kind.ts';
import { ASSIGNED, NO_TASK, TaskTable } from './task-table.ts';
import type { TaskRow } from './task-table.ts';
import type { Worker } from './worker.ts';

const create = (seed = 1): { table: TaskTable; kind: TaskKind } => {
  const table = new TaskTable(seed, new Registry<Worker>());
  const client = new Client(clientId('c'), true, 'e', instant(0), table);
  const bucket = new Bucket('own:', true, NO_CAPABILITIES, table);
  const fn = new FunctionStats(objectId('f'));
  const work = new DemandIndex().workOf(true, NO_CAPABILITIES, fn);
  const shared = { key: '', client, fn, bucket, priority: 3, stated: NO_CAPABILITIES, work };
  return { table, kind: { index: 0, refs: 0, ...shared } };
};

const random = (seed: number): (() => number) => {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 4_294_967_296;
};

describe('the task table', () => {
  it('gives back an id of any sixteen bytes', () => {
    const { table, kind } = create();
    const bytes = Array.from({ length: 16 }, (_, i) => String.fromCharCode(255 - i * 17)).join('');
    const row = table.insert({ ...head('x'), taskId: taskId(bytes) }, kind, instant(0), 0);
    expect(table.id(row)).toBe(bytes);
    expect(table.find(taskId(bytes))).toBe(row);
  });

  it('keeps every field apart from the others', () => {
    const { table, kind } = create();
    const row = table.insert(
      { ...head('t'), bytes: new Uint8Array(9), start: 2, end: 7 },
      kind,
      instant(5),
      63,
    );
    table.setPhase(row, ASSIGNED);
    table.setMoving(row, true);
    table.setEstimate(row, 26);
    table.setLosses(row, 63);
    table.setAttempt(row, 511);
    expect([table.phase(row), table.moving(row), table.estimate(row), table.losses(row)]).toEqual([
      ASSIGNED,
      true,
      26,
      63,
    ]);
    expect([table.attemptsMax(row), table.attempt(row), table.age(row, instant(12))]).toEqual([63, 511, 7]);
    table.setMoving(row, false);
    table.setEstimate(row, 0);
    expect([table.phase(row), table.attempt(row), table.losses(row)]).toEqual([ASSIGNED, 511, 63]);
    expect(table.frame(row)).toMatchObject({ start: 2, end: 7 });
  });

  it('tells ages over the end of 32 bits, after 24 days', () => {
    const { table, kind } = create();
    const row = table.insert(head('t'), kind, instant(2 ** 31 - 10), 0);
    expect(table.age(row, instant(2 ** 31 + 30))).toBe(40);
  });

  it.each([1, 2, 3])('agrees with a Map through random inserts and removes, seed %i', (seed) => {
    const { table, kind } = create(seed);
    const next = random(seed);
    const slabs = [new Uint8Array(1), new Uint8Array(2), new Uint8Array(3)];
    const dumb = new Map<TaskId, TaskRow>();
    for (let i = 0; i < 20_000; i++) {
      const id = head(`task ${Math.floor(next() * 3_000)}`).taskId;
      const known = dumb.get(id);
      expect(table.find(id)).toBe(known ?? NO_TASK);
      if (known === undefined) {
        const bytes = slabs[Math.floor(next() * 3)] ?? new Uint8Array(0);
        dumb.set(id, table.insert({ ...head('x'), taskId: id, bytes }, kind, instant(0), 0));
      } else if (next() < 0.6) {
        dumb.delete(id);
        table.remove(known);
      }
    }
    table.check();
    expect(table.size).toBe(dumb.size);
    for (const [id, row] of dumb) expect(table.id(row)).toBe(id);
  });

  it('serves a hundred thousand tasks and starts again small', () => {
    const { table, kind } = create();
    const rows = Array.from({ length: 100_000 }, (_, i) => table.insert(head(`t${i}`), kind, instant(0), 0));
    expect(table.find(head('t99999').taskId)).toBe(rows[99_999]);
    for (const row of rows) table.remove(row);
    table.check();
    const again = table.insert(head('t7'), kind, instant(0), 0);
    expect([table.size, again, table.find(head('t7').taskId)]).toEqual([1, 1, 1]);
  });
});
