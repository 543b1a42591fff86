import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Run } from '@muster/core/worker-types';
import { objectId, taskId } from '@muster/protocol/ids';
import { JournalReader, JournalWriter } from '../channel/journal.ts';
import { Books } from './books.ts';

let folder: string;
let fd: number;
let writer: JournalWriter;
let books: Books;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-books-'));
  fd = openSync(join(folder, 'journal'), 'w+');
  writer = new JournalWriter(fd);
  books = new Books(new JournalReader(fd));
});
afterEach(() => {
  closeSync(fd);
  rmSync(folder, { recursive: true });
});

const runs = (...numbers: number[]): Run[] =>
  numbers.map((run) => ({
    run,
    task: {
      taskId: taskId(`t${run}`),
      attempt: 1,
      priority: 0,
      functionId: objectId('f'),
      timeoutMs: 0,
      streamOutput: false,
      frame: { bytes: new Uint8Array(), start: 0, end: 0 },
    },
  }));
const finish = (run: number): void =>
  writer.finished({
    run,
    outcome: 'success',
    aborted: false,
    durationS: 0,
    cpuS: 0,
    objectIds: [],
    inline: undefined,
  });
const held = (): number[] => books.handed.map(({ run }) => run);

describe('the books on a processor', () => {
  it('strike out what ended, and what had not begun when it was recalled', () => {
    books.add(runs(1, 2, 3, 4));
    writer.begun(1);
    finish(1);
    writer.begun(2);
    writer.commit();
    expect(books.read()).toMatchObject([{ kind: 'finished', runs: [{ run: 1 }] }]);
    expect(books.recall()).toEqual([3, 4]);
    expect(held()).toEqual([2]);
    expect(books.begun).toBe(2);
  });

  it('tell in order: a run that was dropped after all is gone before the next one ends', () => {
    books.add(runs(3, 4, 5));
    writer.begun(3);
    finish(3);
    writer.begun(4);
    writer.commit();
    books.read();
    expect(books.recall()).toEqual([5]);
    // The processor had seen the recall when it looked, and something new had been handed over behind run 4.
    books.add(runs(6, 7));
    writer.dropped(4);
    writer.begun(6);
    finish(6);
    writer.commit();
    expect(books.read()).toMatchObject([
      { kind: 'recalled', runs: [4] },
      { kind: 'finished', runs: [{ run: 6 }] },
    ]);
    expect(held()).toEqual([7]);
  });

  it('recall everything of a processor that began nothing', () => {
    books.add(runs(1, 2));
    expect(books.read()).toEqual([]);
    expect(books.recall()).toEqual([1, 2]);
  });

  it('know the process groups that live', () => {
    writer.group(100, 'started');
    writer.group(200, 'started');
    writer.group(100, 'ended');
    writer.commit();
    books.read();
    expect([...books.groups]).toEqual([200]);
  });
});
