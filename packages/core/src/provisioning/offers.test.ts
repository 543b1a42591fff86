/** What an adapter can start, what it says of it, and whose stops it obeys. */
import type { GroupOffer, Message } from '@muster/protocol/messages';
import { instant } from '@muster/protocol/ids';
import { describe, expect, test } from 'vitest';
import { adapter, echo, g1, g2, running, serving, start } from './testing/story.ts';
import type { AdapterEvent } from './types.ts';

const SMALL: GroupOffer = {
  name: 'small',
  capabilities: new Map([['cpu', 'present']]),
  dollarsPerHour: 0.04,
  billedMinimumMs: 60_000,
};
const GPU: GroupOffer = {
  name: 'gpu',
  capabilities: new Map([
    ['cpu', 'present'],
    ['gpu', 'present'],
  ]),
  dollarsPerHour: 1.2,
  billedMinimumMs: 60_000,
};
const OFFERS = { offers: [GPU, SMALL] };

const asking = (...names: readonly string[]): AdapterEvent => ({
  kind: 'message',
  message: {
    kind: 'adapterCommand',
    command: 'startWorkerGroup',
    groupId: g1,
    capabilities: new Map(names.map((name) => [name, 'present' as const])),
    epoch: '',
  },
});

const stop = (epoch: string): AdapterEvent => ({
  kind: 'message',
  message: {
    kind: 'adapterCommand',
    command: 'shutdownWorkerGroup',
    groupId: g1,
    capabilities: new Map(),
    epoch,
  },
});

const intents = (effects: ReturnType<ReturnType<typeof adapter>['machine']['step']>) =>
  effects.flatMap((effect) => (effect.kind === 'start' ? effect.intents : []));

const said = (effects: ReturnType<ReturnType<typeof adapter>['machine']['step']>): readonly Message[] =>
  effects.flatMap((effect) => (effect.kind === 'send' ? [effect.message] : []));

describe('the offers of an adapter', () => {
  test('are told to a scheduler of ours and to nobody else', () => {
    const one = adapter(OFFERS);
    expect(said(one.machine.step([{ kind: 'connection', state: 'up' }], instant(0)))).toEqual([]);
    expect(said(one.machine.step([{ kind: 'listed', call: 1, groups: [] }], instant(0)))).toMatchObject([
      { kind: 'adapterHeartbeat', offers: [GPU, SMALL], trouble: '' },
    ]);
    one.machine.step([echo(false)], instant(0));
    expect(said(one.machine.step([{ kind: 'deadline' }], instant(2_000)))).toMatchObject([
      { kind: 'adapterHeartbeat', offers: [] },
    ]);
  });

  test.each([
    ['the cheapest, where nothing special is asked for', [], SMALL],
    ['the one that has what is asked for', ['gpu'], GPU],
    ['the cheapest of those that have it', ['cpu'], SMALL],
  ])('start %s', (_, names, offer) => {
    const one = serving(OFFERS);
    expect(intents(one.machine.step([asking(...names)], instant(0)))).toMatchObject([
      { capabilities: offer.capabilities },
    ]);
  });

  test('refuse what no single one of them has', () => {
    const one = serving({ offers: [SMALL, { ...GPU, capabilities: new Map([['gpu', 'present']]) }] });
    expect(said(one.machine.step([asking('cpu', 'gpu')], instant(0)))).toMatchObject([
      {
        status: 'unknownAction',
        failure: 'invalid',
        reason: `this adapter does not offer 'cpu' and 'gpu' together`,
      },
    ]);
  });
});

test('what only an operator can mend is told at once, and that it is over', () => {
  const one = serving();
  one.machine.step([start(g1)], instant(0));
  const failures = [{ groupId: g1, kind: 'unauthorized' as const, detail: 'no such role' }];
  const failed = one.machine.step([{ kind: 'startDone', call: 2, started: [], failures }], instant(100));
  expect(said(failed).filter((message) => message.kind === 'adapterHeartbeat')).toMatchObject([
    { trouble: 'unauthorized: no such role' },
  ]);
  const later = said(one.machine.step([{ kind: 'deadline' }], instant(700_000)));
  expect(later.filter((message) => message.kind === 'adapterHeartbeat')).toMatchObject([{ trouble: '' }]);
});

describe('a stop', () => {
  const busy = () => {
    const one = serving();
    one.step(start(g1), start(g2));
    one.step({ kind: 'startDone', call: 2, started: [running(g1), running(g2)], failures: [] });
    return one;
  };
  const stopped = (lines: readonly string[]): boolean => lines.some((line) => line.startsWith('stop '));

  test('of the scheduler that is there is obeyed', () => {
    expect(stopped(busy().step(stop('e1')))).toBe(true);
  });

  test('that a former scheduler ordered is not: the group works for the next one', () => {
    const lines = busy().step(stop('e0'));
    expect(lines).toContain('note warn group.stop.outdated');
    expect(stopped(lines)).toBe(false);
  });

  test('that was read late, by an adapter that stood still, waits for the word of a scheduler that lives', () => {
    const one = busy();
    expect(stopped(one.after(7_000, stop('e1')))).toBe(false);
    one.step(echo(true));
    expect(stopped(one.step(stop('e1')))).toBe(true);
  });
});

describe('the heartbeats of an adapter', () => {
  const beats = (effects: ReturnType<ReturnType<typeof adapter>['machine']['step']>): readonly Message[] =>
    said(effects).filter((message) => message.kind === 'adapterHeartbeat');

  test('are counted, so that one which was overtaken can be told', () => {
    const one = adapter();
    one.machine.step([{ kind: 'connection', state: 'up' }], instant(0));
    const first = one.machine.step([{ kind: 'listed', call: 1, groups: [] }, echo(true)], instant(0));
    expect(beats(first)).toMatchObject([{ count: 1 }]);
    expect(beats(one.machine.step([{ kind: 'deadline' }], instant(2_000)))).toMatchObject([{ count: 2 }]);
  });

  test('come to a stock scheduler at their interval alone: it decides at each of them', () => {
    const one = adapter();
    one.machine.step([{ kind: 'connection', state: 'up' }], instant(0));
    one.machine.step([{ kind: 'listed', call: 1, groups: [] }, echo(false)], instant(0));
    const changed = one.machine.step([start(undefined)], instant(500));
    expect(beats(changed)).toEqual([]);
    expect(beats(one.machine.step([{ kind: 'deadline' }], instant(1_000)))).toEqual([]);
    const regular = one.machine.step([{ kind: 'deadline' }], instant(2_000));
    expect(beats(regular)).toHaveLength(1);
    expect(regular.some((effect) => effect.kind === 'send' && 'count' in effect.message)).toBe(false);
  });
});
