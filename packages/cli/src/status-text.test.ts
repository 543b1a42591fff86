import type { SchedulerStatus } from '@muster/core/scheduler-types';
import { describe, expect, it } from 'vitest';
import { fleetLine, statusText } from './status-text.ts';
import { styleFor } from './terminal.ts';

const empty: SchedulerStatus = {
  epoch: 'e1',
  policy: 'allocate=even_load; scaling=vanilla',
  uptimeMs: 61_000,
  objectStore: { host: '127.0.0.1', port: 8517, path: '/s', up: true },
  tasks: {
    waiting: 0,
    assigned: 0,
    canceling: 0,
    succeeded: 0,
    failed: 0,
    canceled: 0,
    attempts: 0,
    lostAttempts: 0,
  },
  waiting: [],
  waitP50Ms: undefined,
  waitP95Ms: undefined,
  clients: [],
  workers: [],
  groups: [],
  adapters: [],
  groupsStarted: 0,
  groupsStopped: 0,
  groupsPeak: 0,
  scaling: '',
  decisions: [],
};

const group = (
  id: string,
  phase: SchedulerStatus['groups'][number]['phase'],
): SchedulerStatus['groups'][number] => ({
  id,
  adapter: 'native',
  phase,
  workers: 1,
  held: 2,
  nativeId: '4711',
  sinceMs: 5_000,
  reason: 'demand',
});

const busy: SchedulerStatus = {
  ...empty,
  tasks: { ...empty.tasks, waiting: 1_200, assigned: 4, succeeded: 10 },
  waiting: [{ needs: ['gpu'], count: 1_200, reason: 'no adapter offers gpu' }],
  waitP50Ms: 12,
  waitP95Ms: 2_300,
  groups: [group('g-e1-1', 'running'), group('g-e1-2', 'requested')],
  workers: [
    {
      id: 'Worker|hand|1',
      group: 'hand',
      held: 0,
      draining: false,
      own: true,
      cpuPermille: 505,
      rssBytes: 2 ** 26,
    },
  ],
  adapters: [
    {
      id: 'native',
      own: true,
      groupsMax: 4,
      workersPerGroup: 1,
      capabilities: ['fast'],
      groups: 2,
      trouble: 'no capacity',
      restingMs: 0,
      onTrial: false,
      startMs: undefined,
      dollarsPerHour: 0,
    },
  ],
  groupsStarted: 2,
  groupsPeak: 2,
  scaling: '1,204 tasks on 2 workers',
  decisions: ['+0.5 s  0 → 2 groups: 20 tasks'],
};

const text = (status: SchedulerStatus): string => statusText(status, 'ipc:///s', styleFor({}));

describe('statusText', () => {
  it('says of an empty fleet without adapter what to do', () => {
    expect(text(empty)).toContain('run muster adapter native ADDRESS');
    expect(text(empty)).toContain('no decision yet');
    expect(text(empty)).not.toContain('GROUP ');
  });

  it('shows groups, loose workers, adapters with their trouble, and why tasks wait', () => {
    expect(text(busy).split('\n')).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^tasks +1,200 waiting · 4 assigned · 10 succeeded .*wait p50 12 ms, p95 2 s$/),
        expect.stringMatching(/^g-e1-1 +running +1 +2 +5 s +4711 +native +demand$/),
        expect.stringMatching(/^Worker\|hand\|1 +0 +51% +64 MiB$/),
        expect.stringMatching(/^native +2 of 4 +1 +fast +no capacity$/),
        expect.stringMatching(/^gpu +1,200 +no adapter offers gpu$/),
        '+0.5 s  0 → 2 groups: 20 tasks',
      ]),
    );
  });

  it('cuts long tables and says how much is missing', () => {
    const many = Array.from({ length: 100 }, (_, at) => group(`g-e1-${at}`, 'running'));
    expect(text({ ...busy, groups: many })).toContain('… and 60 more groups');
  });

  it('says that the object store is down', () => {
    expect(text({ ...empty, objectStore: { ...empty.objectStore, up: false } })).toContain(
      '127.0.0.1:8517 (down)',
    );
  });
});

describe('fleetLine', () => {
  it.each([
    [empty, 'no groups'],
    [busy, '2 groups: 1 starting, 1 running'],
    [{ ...busy, groups: [group('g', 'stopping')] }, '1 group: 1 stopping'],
  ])('counts groups by phase', (status, line) => {
    expect(fleetLine(status)).toBe(line);
  });
});
