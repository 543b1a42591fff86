import type { SchedulerStatus } from '@muster/core/scheduler-types';
import { describe, expect, it } from 'vitest';
import { createWaitingNotes } from './waiting.ts';

type Row = SchedulerStatus['waiting'][number];

const statusWith = (...waiting: readonly Row[]): SchedulerStatus =>
  ({ waiting }) satisfies Pick<SchedulerStatus, 'waiting'> as SchedulerStatus;

const tpu = (reason: string): SchedulerStatus => statusWith({ needs: ['tpu'], count: 2, reason });

describe('why jobs wait', () => {
  const said: string[] = [];
  const notes = (needs: readonly string[] = ['tpu']) => {
    said.length = 0;
    return createWaitingNotes(needs, 0, (line) => said.push(line));
  };

  it('is told after 3 s without progress, once', () => {
    const one = notes();
    one.look(tpu('no worker has capability tpu'), 2_999);
    expect(said).toEqual([]);
    for (const atMs of [3_000, 4_000]) one.look(tpu('no worker has capability tpu'), atMs);
    expect(said).toEqual(['2 jobs wait: no worker has capability tpu']);
  });

  it('is told again when it changes, but not when only a time counts down', () => {
    const one = notes();
    for (const reason of ['a is in trouble; next start in 900 ms', 'a is in trouble; next start in 10 ms'])
      one.look(tpu(reason), 5_000);
    one.look(tpu('1 worker group is starting'), 6_000);
    expect(said).toEqual([
      '2 jobs wait: a is in trouble; next start in 900 ms',
      '2 jobs wait: 1 worker group is starting',
    ]);
  });

  it('is not told while jobs finish, or while they run on busy workers', () => {
    const one = notes();
    one.progress(2_000);
    one.look(tpu('no workers'), 4_000);
    one.look(tpu('all 4 workers that may run them are busy'), 9_000);
    expect(said).toEqual([]);
  });

  it("is told of our own jobs, not of somebody else's", () => {
    notes(['b', 'a']).look(
      statusWith(
        { needs: [], count: 5, reason: 'other' },
        { needs: ['a', 'b'], count: 1, reason: 'no worker' },
      ),
      3_000,
    );
    expect(said).toEqual(['1 job waits: no worker']);
  });
});
