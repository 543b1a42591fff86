import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JournalReader, JournalWriter } from './journal.ts';
import type { FinishedRecord, JournalRecord } from './journal.ts';

let folder: string;
let fd: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-journal-'));
  fd = openSync(join(folder, 'journal'), 'w+');
});
afterEach(() => {
  closeSync(fd);
  rmSync(folder, { recursive: true });
});

const finished = (run: number, more: Partial<FinishedRecord> = {}): FinishedRecord => ({
  run,
  outcome: 'success',
  aborted: false,
  durationS: 0.25,
  cpuS: 0.125,
  objectIds: [],
  inline: undefined,
  ...more,
});
const asRead = (record: FinishedRecord): JournalRecord => ({
  type: 'finished',
  finished: record.inline === undefined ? record : { ...record, inline: Buffer.from(record.inline) },
});

describe('the journal', () => {
  it('shows what was committed, in order, once', () => {
    const writer = new JournalWriter(fd);
    const reader = new JournalReader(fd);
    const full = finished(7, {
      outcome: 'failed',
      aborted: true,
      objectIds: ['\x00\xff'.repeat(16), 'o'.repeat(32)],
      inline: new Uint8Array([1, 2, 3]),
    });
    writer.begun(7);
    writer.group(4711, 'started');
    writer.finished(full);
    expect(reader.read()).toEqual([]);
    writer.commit();
    const expected = [{ type: 'begun', run: 7 }, { type: 'groupStarted', pgid: 4711 }, asRead(full)];
    expect(reader.read()).toEqual(expected);
    writer.group(4711, 'ended');
    writer.dropped(8);
    writer.finished(finished(9));
    writer.commit();
    expect(reader.read(writer.tail)).toEqual([
      { type: 'groupEnded', pgid: 4711 },
      { type: 'dropped', run: 8 },
      asRead(finished(9)),
    ]);
    expect(reader.read(writer.tail)).toEqual([]);
  });

  it('starts over at the front once everything is read, and loses nothing on the way', () => {
    const writer = new JournalWriter(fd);
    const reader = new JournalReader(fd);
    const inline = new Uint8Array(16 * 1024).fill(3);
    let largest = 0;
    for (let run = 1; run <= 400; run++) {
      writer.onConsumed(reader.position);
      writer.begun(run);
      writer.finished(finished(run, { inline }));
      writer.commit();
      largest = Math.max(largest, writer.tail);
      const hint = run % 3 === 0 ? writer.tail : 0;
      const [first, second, ...rest] = reader.read(hint);
      expect(rest).toEqual([]);
      expect(first).toEqual({ type: 'begun', run });
      if (second?.type !== 'finished') throw new Error('no result');
      expect(second.finished.run).toBe(run);
      expect(Buffer.compare(second.finished.inline ?? new Uint8Array(), inline)).toBe(0);
    }
    expect(largest).toBeLessThan(2 * 1024 * 1024);
  });

  it('never starts over while something is unread', () => {
    const writer = new JournalWriter(fd);
    const reader = new JournalReader(fd);
    const inline = new Uint8Array(16 * 1024);
    for (let run = 1; run <= 100; run++) {
      writer.onConsumed(reader.position);
      writer.finished(finished(run, { inline }));
      writer.commit();
    }
    expect(reader.read()).toHaveLength(100);
  });

  it('ends at a record of which only a part was written', () => {
    const writer = new JournalWriter(fd);
    writer.begun(1);
    writer.commit();
    const whole = writer.tail;
    writer.finished(finished(1, { inline: new Uint8Array(100) }));
    writer.commit();
    writeSync(fd, new Uint8Array(20), 0, 20, whole + 60);
    writeSync(fd, new Uint8Array(200), 0, 200, whole + 60);
    expect(new JournalReader(fd).read()).toEqual([{ type: 'begun', run: 1 }]);
  });

  it('survives whatever user code writes over it', () => {
    let state = 7;
    const next = (): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 8;
    for (let round = 0; round < 200; round++) {
      const writer = new JournalWriter(fd);
      for (let run = 1; run < 20; run++) writer.finished(finished(run, { inline: new Uint8Array(50) }));
      writer.commit();
      for (let i = 0; i < 10; i++) writeSync(fd, new Uint8Array([next()]), 0, 1, 64 + (next() % 1500));
      expect(new JournalReader(fd).read().length).toBeLessThanOrEqual(20);
    }
  });

  it('tells the processor that the host has taken back what it had not begun', () => {
    const writer = new JournalWriter(fd);
    const reader = new JournalReader(fd);
    expect(writer.generation()).toBe(reader.generation);
    reader.nextGeneration();
    expect(writer.generation()).toBe(1);
    expect(reader.generation).toBe(1);
  });
});
