/** What policies see of groups: by what they really offer, at what price, and when they may go. */
import { groupId, instant } from '@muster/protocol/ids';
import type { GroupOffer, Message } from '@muster/protocol/messages';
import { describe, expect, it } from 'vitest';
import {
  adapterBeat,
  caps,
  clientBeat,
  CONFIG,
  from,
  listed,
  notes,
  results,
  sent,
  submit,
  worker,
  workerBeat,
} from '../../test/kit.ts';
import { policyOf } from '../policy-content.ts';
import { schedulerOn } from '../scheduler.ts';
import type { SchedulerEffect, SchedulerEvent } from '../scheduler-types.ts';
import { createState } from './state.ts';
import { OFFERS_MAX } from './supply.ts';
import { UNGROUPED_MAX } from './ungrouped.ts';
import { viewOf } from './view.ts';

const offer = (names: string, dollarsPerHour: number, billedMinimumMs = 0): GroupOffer => ({
  name: names,
  capabilities: caps(names),
  dollarsPerHour,
  billedMinimumMs,
});

const world = (policy = 'allocate=capability; scaling=capability; lower_task_ratio=0') => {
  const state = createState({ ...CONFIG, policy: policyOf(policy) }, instant(0));
  const machine = schedulerOn(state);
  const self = {
    state,
    now: 0,
    step: (...events: SchedulerEvent[]) => {
      self.now += 25;
      const effects = machine.step(events, instant(self.now));
      machine.check();
      return effects;
    },
    /** Wakes it at its deadlines. */
    pass: (ms: number) => {
      const until = self.now + ms;
      const effects: SchedulerEffect[] = [];
      for (let at = machine.nextDeadline(); at !== undefined && at <= until; at = machine.nextDeadline()) {
        self.now = Math.max(self.now, at);
        effects.push(...machine.step([{ kind: 'deadline' }], instant(self.now)));
      }
      self.now = until;
      return effects;
    },
    supplies: () =>
      viewOf(state, true).adapters.flatMap((adapter) =>
        adapter.supplies.map(({ key, requested, serving, dollarsPerHour }) => ({
          key: key.replaceAll('\u0000', '+'),
          requested,
          serving,
          dollarsPerHour,
        })),
      ),
  };
  self.step(from('c', clientBeat()));
  return self;
};

const answer = (id: string, offers: string): Message => ({
  kind: 'adapterCommandResponse',
  command: 'startWorkerGroup',
  groupId: groupId(id),
  status: 'success',
  workerIds: [],
  capabilities: caps(offers),
  failure: 'none',
  reason: '',
});

describe('the offers of an adapter', () => {
  it('come cheapest first, each set of capabilities once, and not without end', () => {
    const w = world();
    const many = Array.from({ length: 100 }, (_, i) => offer(`n${i}`, 200 - i));
    w.step(from('a', adapterBeat('a', { offers: [offer('gpu', 2), offer('cpu', 0.1), offer('cpu', 0.05)] })));
    expect(viewOf(w.state, true).adapters[0]?.offers).toEqual([caps('cpu'), caps('gpu')]);
    expect(w.supplies()).toMatchObject([
      { key: 'cpu', dollarsPerHour: 0.05 },
      { key: 'gpu', dollarsPerHour: 2 },
    ]);
    w.step(from('a', adapterBeat('a', { offers: many })));
    expect(w.supplies()).toHaveLength(OFFERS_MAX);
  });

  it('are asked for with what the tasks need, within 50 ms', () => {
    const w = world();
    w.step(from('a', adapterBeat('a', { offers: [offer('cpu', 0.05), offer('cpu+gpu', 2)] })));
    const effects = w.step(from('c', submit(['t1'], { needs: 'gpu' })));
    expect(sent(effects, 'a')).toMatchObject([{ command: 'startWorkerGroup', capabilities: caps('gpu') }]);
    expect(w.supplies()).toMatchObject([
      { key: 'cpu', requested: 0 },
      { key: 'cpu+gpu', requested: 1 },
    ]);
  });
});

describe('what a group offers', () => {
  it('is what was asked for, until its adapter says more, until its worker is here', () => {
    const w = world();
    w.step(from('a', adapterBeat('a', { offers: [offer('cpu', 0.05)] })));
    w.step(from('c', submit(['t1'], { needs: 'cpu' })));
    expect(w.supplies()).toMatchObject([{ key: 'cpu', requested: 1 }]);
    w.step(from('a', answer('g-e1-1', 'cpu+ssd')));
    expect(w.supplies()).toMatchObject([
      { key: 'cpu', requested: 0 },
      { key: 'cpu+ssd', requested: 1, dollarsPerHour: 0.05 },
    ]);
    w.step(from(worker('g-e1-1', 1), workerBeat({ capabilities: 'cpu' })));
    expect(w.supplies()).toMatchObject([{ key: 'cpu', requested: 0, serving: 1 }]);
    w.step(from('a', answer('g-e1-1', 'cpu+ssd')));
    expect(w.supplies()).toMatchObject([{ key: 'cpu', serving: 1 }]);
  });

  it('is kept of one that its adapter no longer offers, while there is one', () => {
    const w = world();
    w.step(from('a', adapterBeat('a', { capabilities: 'old', groups: [listed('g-e0-1')] })));
    w.step(from(worker('g-e0-1', 1), workerBeat({ capabilities: 'old' })));
    const beat = adapterBeat('a', { capabilities: 'new', groups: [listed('g-e0-1')] });
    w.step(from('a', beat));
    expect(w.supplies().map(({ key }) => key)).toEqual(['old', 'new']);
    w.step(from(worker('g-e0-1', 1), { kind: 'disconnectRequest', worker: worker('g-e0-1', 1) as never }));
    w.step(from('a', { ...beat, groups: [] }));
    expect(w.supplies().map(({ key }) => key)).toEqual(['new']);
  });
});

describe('an idle group', () => {
  it('may go when it was idle for long enough, and what is paid for anyhow is used up', () => {
    const w = world();
    w.step(from('a', adapterBeat('a', { offers: [offer('', 0.05, 60_000)] })));
    w.step(from('c', submit(['t1'])));
    const g = worker('g-e1-1', 1);
    w.step(from(g, workerBeat()));
    w.step(from(g, results(['t1'], 1, 5)));
    const [idle] = [...(viewOf(w.state, true).adapters[0]?.supplies[0]?.idle ?? [])];
    const releasableAt = 75 + 60_000;
    expect(idle).toEqual({ id: groupId('g-e1-1'), idleSince: w.now, releasableAt, workers: 1 });
    expect(viewOf(w.state, true).adapters[0]?.startMs).toBe(25);
  });
});

describe('workers without a group', () => {
  it('are capacity by what they offer, of so many kinds at most, and those of a silent adapter are too', () => {
    const w = world();
    w.step(from(worker('x', 1), workerBeat({ capabilities: 'gpu' })), from(worker('x', 2), workerBeat()));
    expect(viewOf(w.state, true).ungrouped).toMatchObject([
      { offers: caps('gpu'), workers: 1 },
      { offers: caps(''), workers: 1 },
    ]);
    w.step(from('a', adapterBeat('a', { capabilities: 'tpu', groups: [listed('g-e0-1')] })));
    w.step(from(worker('g-e0-1', 1), workerBeat({ capabilities: 'tpu' })));
    expect(notes(w.pass(11_000))).toContain('adapter.lost');
    expect(viewOf(w.state, true)).toMatchObject({
      adapters: [],
      ungrouped: [{ workers: 1 }, { workers: 1 }, { offers: caps('tpu'), workers: 1 }],
    });
    const odd = Array.from({ length: UNGROUPED_MAX + 10 }, (_, i) => `odd ${i}`);
    w.step(...odd.map((one, i) => from(worker('odd', i), workerBeat({ capabilities: one }))));
    expect([...w.state.own.offers]).toHaveLength(UNGROUPED_MAX);
  });
});

describe('decide=heartbeat', () => {
  it('waits for an adapter to say hello', () => {
    const w = world('allocate=even_load; scaling=vanilla; decide=heartbeat');
    w.step(from('a', adapterBeat('a')));
    w.step(from('c', submit(['t1'])));
    expect(sent([...w.step({ kind: 'deadline' }), ...w.step({ kind: 'deadline' })], 'a')).toEqual([]);
    expect(sent(w.step(from('a', adapterBeat('a'))), 'a')).toMatchObject([
      { kind: 'adapterHeartbeatEcho' },
      { command: 'startWorkerGroup' },
    ]);
  });
});
