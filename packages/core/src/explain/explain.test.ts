/** What people are told, by story: each answer whole where it is short, its headline and the telling lines elsewhere. */
import { instant } from '@muster/protocol/ids';
import type { Instant } from '@muster/protocol/ids';
import { describe, expect, it } from 'vitest';
import {
  acks,
  adapterBeat,
  bench,
  clientBeat,
  from,
  listed,
  results,
  submit,
  worker,
  workerBeat,
} from '../../test/kit.ts';
import type { Bench } from '../../test/kit.ts';
import type { ExplainAnswer, ExplainQuery } from '../explain.ts';
import { policyOf } from '../policy-content.ts';
import { createScheduler } from '../scheduler.ts';
import { CONFIG } from '../../test/kit.ts';

const POLICY = policyOf('allocate=capability; scaling=vanilla; upper_task_ratio=2');
const VANILLA = { policy: { ...POLICY, tuning: { ...POLICY.tuning, downWindowMs: 0 } } };
const W1 = worker('g-e1-1', 1);

const ask = (self: Bench, query: ExplainQuery): ExplainAnswer => self.machine.explain(query, self.now);
const headline = (self: Bench, what: 'task' | 'group' | 'adapter', id: string): string =>
  ask(self, { what, id }).headline;
const section = (answer: ExplainAnswer, title: string): readonly string[] => {
  const found = answer.sections.find((one) => one.title === title);
  if (found === undefined)
    throw new Error(`no section ${title}: ${answer.sections.map((one) => one.title).join(', ')}`);
  return found.lines;
};

/** A client with tasks t1 … */
const withTasks = (count: number, config: Parameters<typeof bench>[0] = VANILLA): Bench => {
  const self = bench(config);
  self.step(from('c', clientBeat()));
  self.step(
    from(
      'c',
      submit(
        Array.from({ length: count }, (_, i) => `t${i + 1}`),
        { fn: 'work' },
      ),
    ),
  );
  self.pass(40);
  return self;
};

describe('explain scale', () => {
  it('says that nothing was decided while there is nothing to decide', () => {
    expect(ask(bench(VANILLA), { what: 'scale' })).toMatchObject({
      found: true,
      headline: 'Nothing has been decided yet: there was no task and no adapter.',
    });
  });

  it('says that scaling=no decides nothing', () => {
    expect(ask(withTasks(1, {}), { what: 'scale' }).headline).toBe(
      'The fleet keeps its size: scaling=no starts and stops nothing.',
    );
  });

  it('says what is in the way when nobody can start a group', () => {
    const answer = ask(withTasks(9), { what: 'scale' });
    expect(answer.headline).toBe(
      'The fleet keeps its size: 9 tasks on 0 workers: above 2 per worker, 5 needed; in its way: no adapter is here.',
    );
    expect(section(answer, 'What waits')).toEqual([
      '9 tasks: no workers and no adapter that could start them',
    ]);
    expect(section(answer, 'What would change it')[0]).toBe(
      'An adapter: none has said hello, so no group can be started (muster adapter native ADDRESS).',
    );
  });

  it('says that it grew, how far, and what cut it', () => {
    const self = withTasks(9);
    self.step(from('a', adapterBeat('a', { groupsMax: 3 })));
    self.pass(1_000);
    const answer = ask(self, { what: 'scale' });
    expect(answer.headline).toContain('The fleet grew by 3 groups 1 s ago: 9 tasks on 0 workers');
    expect(section(answer, 'The latest decision')).toContain(
      'adapter a: 0 → 3 groups (5 asked for; its limit of 3)',
    );
    expect(section(answer, 'What would change it')[0]).toMatch(
      /^No number of unfinished tasks would start another group: .*its limit of 3/,
    );
    expect(section(answer, 'Before that')[0]).toMatch(/no change: 9 tasks on 0 workers/);
  });

  it('finds the number of tasks at which it grows and shrinks by asking the policy', () => {
    const self = withTasks(4);
    self.step(from('a', adapterBeat('a', { groupsMax: 10 })));
    self.pass(100);
    for (const id of ['g-e1-1', 'g-e1-2']) self.step(from(worker(id, 1), workerBeat()));
    self.pass(100);
    const answer = ask(self, { what: 'scale' });
    expect(answer.facts).toMatchObject({
      outlook: [{ side: 'own', needs: [], unfinished: 4, growsAt: 5, shrinksAt: 1 }],
    });
    expect(section(answer, 'What would change it').slice(0, 2)).toEqual([
      'It grows at 5 unfinished tasks (now 4).',
      'It shrinks at 1 or fewer unfinished tasks, when a group has been idle for long enough.',
    ]);
    // And that is so.
    self.step(from('c', submit(['t5'])));
    self.pass(100);
    expect(ask(self, { what: 'scale' }).headline).toContain('The fleet grew');
  });

  it('says what nobody offers', () => {
    const self = withTasks(0);
    self.step(from('a', adapterBeat('a')));
    self.step(from('c', submit(['g1'], { needs: 'gpu' })));
    self.pass(100);
    expect(section(ask(self, { what: 'scale' }), 'What would change it')[0]).toBe(
      'No number of unfinished tasks that need gpu would start another group: nobody offers gpu.',
    );
  });

  it('says that the scheduler is shutting down', () => {
    const self = withTasks(1);
    self.step({ kind: 'operator', request: { action: 'shutdown', withinMs: 1_000 } });
    expect(ask(self, { what: 'scale' }).headline).toMatch(/^The scheduler is shutting down/);
  });
});

describe('explain task', () => {
  it('says of one that waits why, who is before it, and what scaling makes of it', () => {
    const self = withTasks(9);
    const answer = ask(self, { what: 'task', id: 't4' });
    expect(answer.headline).toBe(
      'Task t4 has waited for 40 ms: no workers and no adapter that could start them.',
    );
    expect(section(answer, 'What it waits for')).toEqual([
      '3 tasks are before it in the queue of tasks that need nothing special.',
      'No worker is here that may run it.',
      'Scaling decided 40 ms ago: 9 tasks on 0 workers: above 2 per worker, 5 needed.',
      'In its way: no adapter is here.',
    ]);
    expect(section(answer, 'What happened to it')).toEqual([
      '40 ms ago, client c submitted it (function work, priority 0, needs nothing special)',
      'now attempt 1, none lost; it fails when 3 were lost while it may have been running',
    ]);
    expect(answer.facts).toMatchObject({ id: 't4', phase: 'waiting', ahead: 3, ageMs: 40, attempt: 1 });
  });

  it('counts those of higher priority as before it', () => {
    const self = withTasks(2);
    self.step(from('c', submit(['u1', 'u2', 'u3'], { priority: 5 })));
    expect(ask(self, { what: 'task', id: 't2' }).facts).toMatchObject({ ahead: 4 });
    expect(ask(self, { what: 'task', id: 'u1' }).facts).toMatchObject({ ahead: 0, priority: 5 });
  });

  it('says that groups are starting, and for how long', () => {
    const self = withTasks(4);
    self.step(from('a', adapterBeat('a')));
    self.pass(5_000);
    expect(section(ask(self, { what: 'task', id: 't1' }), 'What it waits for')).toContain(
      '2 groups that could run it are starting, the first one for 5 s.',
    );
  });

  it('says of one with a worker which one, and what was given to that one before', () => {
    const self = withTasks(3);
    self.step(from('a', adapterBeat('a')));
    self.pass(100);
    self.step(from(W1, workerBeat()));
    const answer = ask(self, { what: 'task', id: 't1' });
    expect(answer.headline).toBe(`Task t1 is with worker ${W1} of group g-e1-1.`);
    expect(section(answer, 'Where it is')).toEqual([
      'Nothing was given to this worker before it: it runs, or is about to.',
      'The worker was heard just now; after 1 min of silence it is lost, and the task runs elsewhere.',
    ]);
  });

  it('remembers with whom it was lost', () => {
    const self = withTasks(1);
    self.step(from('a', adapterBeat('a')));
    self.pass(100);
    self.step(from(W1, workerBeat()));
    self.step(from(W1, { kind: 'disconnectRequest', worker: W1 as never }));
    self.pass(2_000);
    const answer = ask(self, { what: 'task', id: 't1' });
    expect(answer.facts).toMatchObject({ phase: 'waiting', attempt: 2, lost: [{ worker: W1, attempt: 1 }] });
    expect(section(answer, 'What happened to it')[1]).toBe(`2 s ago, attempt 1 was lost with worker ${W1}`);
  });

  it('says how it ended, before and after its client has acknowledged that', () => {
    const self = withTasks(1);
    self.step(from('a', adapterBeat('a')));
    self.pass(60);
    self.step(from(W1, workerBeat()));
    self.pass(900);
    self.step(from(W1, results(['t1'])));
    self.pass(3_000);
    const ended = 'Task t1 succeeded 3 s ago, 1 s after it was submitted.';
    expect(ask(self, { what: 'task', id: 't1' })).toMatchObject({
      headline: ended,
      facts: { phase: 'finished', end: 'success', worker: W1, attempt: 1, endedAgoMs: 3_000 },
    });
    self.step(from('c', acks(['t1'])));
    expect(ask(self, { what: 'task', id: 't1' })).toMatchObject({
      headline: ended,
      facts: { phase: 'gone', end: 'success', worker: W1 },
    });
  });

  it('says that it was canceled', () => {
    const self = withTasks(2);
    self.step(from('c', { kind: 'taskCancel', taskId: 't1'.padEnd(16, ' ') as never, force: false }));
    expect(headline(self, 'task', 't1')).toBe('Task t1 was canceled just now, 40 ms after it was submitted.');
  });

  it('says what is known of an id that is not', () => {
    const self = withTasks(2);
    const answer = ask(self, { what: 'task', id: 'nobody' });
    expect(answer).toMatchObject({
      found: false,
      facts: undefined,
      headline: 'No task is known by "nobody".',
    });
    expect(section(answer, 'What is known')).toEqual([
      '2 unfinished tasks are here, and it is none of them.',
      'No task has ended since it started: it was never submitted here, or under another id (a retry has an id of its own).',
      'This scheduler (epoch e1) started 40 ms ago; what an earlier one did, it does not know.',
    ]);
  });

  it.each([
    ['the hex that logs show', 'ff01020304050607', 'ff01020304050607'],
    ['a beginning', 'ff01', ''],
    ['an end', '0e0f', ''],
    ['an end that begins within a byte', 'e0f', ''],
    ['a beginning that ends within a byte', 'ff0', ''],
    ['capital letters', 'FF0102', ''],
    ['a UUID', 'ff010203-0405-0607-0809-0a0b0c0d0e0f', ''],
  ])('finds a binary id by %s', (_, text) => {
    const self = withTasks(3);
    const id = String.fromCharCode(255, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    self.step(from('c', submit([id])));
    expect(ask(self, { what: 'task', id: text })).toMatchObject({
      found: true,
      facts: { id: 'ff0102030405060708090a0b0c0d0e0f' },
    });
  });

  it('asks for more of an id that several begin with', () => {
    expect(ask(withTasks(3), { what: 'task', id: 't' })).toMatchObject({
      found: false,
      headline: '3 tasks begin or end with "t": give more of the id.',
      sections: [{ title: 'Which one', lines: ['t1', 't2', 't3'] }],
    });
  });

  it('lists the oldest ones when asked about none', () => {
    const self = withTasks(8);
    self.pass(960);
    self.step(from('c', submit(['g1'], { needs: 'gpu' })));
    const answer = ask(self, { what: 'task', id: '' });
    expect(answer.headline).toBe('9 tasks wait, 0 tasks are with workers.');
    expect(section(answer, 'Waiting longest').map((line) => line.split(' ')[0])).toEqual([
      't1',
      't2',
      't3',
      't4',
      't5',
      'g1',
    ]);
  });
});

describe('explain group', () => {
  const grown = (): Bench => {
    const self = withTasks(2);
    self.step(from('a', adapterBeat('a', { groupsMax: 1 })));
    self.pass(3_000);
    self.step(from(W1, workerBeat()));
    return self;
  };

  it('tells the life of one that is here', () => {
    const self = grown();
    self.pass(1_000);
    const answer = ask(self, { what: 'group', id: 'g-e1-1' });
    expect(answer.headline).toBe('Group g-e1-1 has been running for 1 s: its first worker is here.');
    expect(section(answer, 'Its life')).toEqual([
      expect.stringMatching(/^ +4 s ago {2}requested {2}2 tasks on 0 workers/),
      '         1 s ago  running    its first worker is here',
    ]);
    expect(section(answer, 'What happens next')).toEqual([
      'It holds tasks, so scale-down does not choose it.',
    ]);
  });

  it('is found by the id of one of its workers', () => {
    expect(headline(grown(), 'group', W1)).toMatch(/^Group g-e1-1 has been running/);
  });

  it('says when a start is given up', () => {
    const self = withTasks(2);
    self.step(from('a', adapterBeat('a')));
    self.pass(1_000);
    expect(section(ask(self, { what: 'group', id: 'g-e1-1' }), 'What happens next')).toEqual([
      'It runs when the first of its workers is here; when none has come in 59 s, it is given up and stopped.',
    ]);
  });

  it('tells why one that is gone was let go, long after', () => {
    const self = grown();
    for (const task of ['t1', 't2']) self.step(from(W1, results([task])));
    for (let beat = 0; beat < 2; beat++) {
      self.pass(2_500);
      self.step(from('a', adapterBeat('a', { groupsMax: 1, groups: [listed('g-e1-1')] })));
    }
    self.step(from(W1, { kind: 'drainStatus', status: 'drained', reason: '' }));
    self.step(from(W1, { kind: 'disconnectRequest', worker: W1 as never }));
    self.step(from('a', adapterBeat('a', { groupsMax: 1 })));
    self.pass(9_000);
    const answer = ask(self, { what: 'group', id: 'g-e1-1' });
    expect(answer.facts).toMatchObject({ phase: 'gone' });
    expect(answer.headline).toMatch(/^Group g-e1-1 has been gone for 9 s: .*below 1 per worker.*; then /);
    expect(section(answer, 'Its life').map((line) => line.split(/\s+/)[4])).toEqual([
      'requested',
      'running',
      'draining',
      'stopping',
      'gone',
    ]);
  });

  it.each([
    ['g-e1-7', 'This scheduler has not asked for a group yet.'],
    [
      'g-old-7',
      'It is of an earlier scheduler (epoch old) or of another one; none of its adapters lists it here.',
    ],
  ])('says what is known of %s, which is not here', (id, line) => {
    const answer = ask(bench(VANILLA), { what: 'group', id });
    expect(answer).toMatchObject({ found: false, headline: `No group is known by "${id}".` });
    expect(section(answer, 'What is known')[0]).toBe(line);
  });

  it('lists those that are here and those that are gone when asked about none', () => {
    expect(ask(grown(), { what: 'group', id: '' })).toMatchObject({
      headline: '1 group is here, 0 groups are gone since this scheduler started.',
    });
  });
});

describe('explain adapter', () => {
  it('says what it can start now', () => {
    const self = bench(VANILLA);
    self.step(from('a', adapterBeat('a', { groupsMax: 4 })));
    expect(headline(self, 'adapter', 'a')).toBe('Adapter a can start 4 groups now.');
  });

  it('says that it has gone silent', () => {
    const self = bench(VANILLA);
    self.step(from('a', adapterBeat('a', { groupsMax: 4 })));
    self.pass(20_000);
    expect(headline(self, 'adapter', 'a')).toBe(
      'Adapter a has not been heard for 20 s, so it is not asked for groups.',
    );
  });

  it('names those there are when there is none of that name', () => {
    const self = bench(VANILLA);
    self.step(from('a', adapterBeat('a', { groupsMax: 4 })));
    expect(ask(self, { what: 'adapter', id: 'b' })).toMatchObject({
      found: false,
      sections: [{ lines: ['These have said hello: a.'] }],
    });
  });
});

describe('an answer', () => {
  it('does not grow with what somebody types', () => {
    const answer = ask(bench(), { what: 'task', id: 'x'.repeat(900) });
    expect(answer.headline.length).toBeLessThan(100);
  });

  it('about a task among 300,000 looks at a bounded number of them', () => {
    const machine = createScheduler(CONFIG, instant(0));
    const at: Instant = instant(1);
    for (let batch = 0; batch < 300; batch++) {
      const names = Array.from({ length: 1_000 }, (_, i) => `task ${batch * 1_000 + i}`);
      machine.step([from('c', submit(names))], at);
    }
    const answer = machine.explain({ what: 'task', id: 'nothing like it' }, at);
    expect(section(answer, 'What is known')[1]).toContain('give the whole id');
    expect(machine.explain({ what: 'task', id: 'task 299999' }, at)).toMatchObject({
      found: true,
      facts: { ahead: 100_000 },
    });
  });
});
