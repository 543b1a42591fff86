import { policyOf } from '@muster/core/policy-content';
import type { SchedulerStatus } from '@muster/core/scheduler-types';
import { createScheduler } from '@muster/core/scheduler';
import { instant } from '@muster/protocol/ids';
import { describe, expect, it } from 'vitest';
import { answerQuery, type Answered } from './queries.ts';

const machine = createScheduler(
  {
    epoch: 'e',
    policy: policyOf('allocate=even_load; scaling=no'),
    compat: 'own',
    clientTimeoutMs: 1,
    workerTimeoutMs: 1,
    adapterTimeoutMs: 1,
    attemptsMax: 1,
    prefetchMs: 1,
    resultResendMs: 1,
    startTimeoutMs: 1,
    pendingTimeoutMs: 1,
    drainTimeoutMs: 1,
    stopTimeoutMs: 1,
    idleBeforeStopMs: 1,
    balanceIntervalMs: 1,
    protected: true,
  },
  instant(0),
);
const empty = machine.status(instant(0));
const group: SchedulerStatus['groups'][number] = {
  id: 'g-e-1',
  adapter: 'native',
  phase: 'running',
  workers: 1,
  held: 0,
  nativeId: '1',
  sinceMs: 0,
  reason: '',
};
const status: SchedulerStatus = { ...empty, groups: [group] };

const ask = (query: unknown, isProtected = false): Answered =>
  answerQuery(
    new TextEncoder().encode(JSON.stringify(query)),
    { status: () => status, explain: (query) => machine.explain(query, instant(0)) },
    isProtected,
  );

describe('operator queries', () => {
  it('end a scheduler, unless it is protected', () => {
    expect(ask({ query: 'shutdown', withinMs: 5 }).operate).toEqual({ action: 'shutdown', withinMs: 5 });
    const refused = ask({ query: 'shutdown', withinMs: 5 }, true);
    expect(refused.operate).toBeUndefined();
    expect(refused.answer).toMatchObject({
      ok: false,
      error: expect.stringContaining('protected') as string,
    });
  });

  it.each([[{}], [null], ['status'], [{ query: 'drop tables' }], [{ query: 'shutdown', withinMs: -1 }]])(
    'answer %j with what is wrong',
    (query) => {
      expect(ask(query)).toMatchObject({ operate: undefined, answer: { ok: false } });
    },
  );

  it('name the groups there are when one is asked for that is not', () => {
    expect(ask({ query: 'drainGroup', groupId: 'g-x' }).answer).toMatchObject({
      ok: false,
      error: 'there is no group g-x; there are g-e-1',
    });
  });
});
