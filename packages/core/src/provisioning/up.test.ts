/** When a group has come up, how long that may take, and what is told of one that ended. */
import { instant } from '@muster/protocol/ids';
import { describe, expect, test } from 'vitest';
import { adapter, echo, g1, running, serving, start } from './testing/story.ts';
import type { Story } from './testing/story.ts';
import type { AdapterEffect, ListedGroup, RestoredIntent } from './types.ts';

const GIVE_UP_MS = 60_000;
const SLOW = { startGiveUpMs: GIVE_UP_MS, listIntervalMs: 3_600_000, listBusyIntervalMs: 3_600_000 };

/** Group 1 was started, and the provider says that it runs. */
const launched = (overrides: Parameters<typeof serving>[0]): Story => {
  const one = serving({ ...SLOW, ...overrides });
  one.step(start(g1));
  one.step({ kind: 'startDone', call: 2, started: [running(g1)], failures: [] });
  return one;
};
const givenUp = (lines: readonly string[]): boolean => lines.includes('note error group.start.timeout');

describe('a group whose workers must be seen', () => {
  test('counts as up for a provider whose word is enough', () => {
    expect(givenUp(launched({}).until(2 * GIVE_UP_MS))).toBe(false);
  });

  test('is given up where it runs and no worker of it comes', () => {
    expect(givenUp(launched({ upBy: 'workers' }).until(2 * GIVE_UP_MS))).toBe(true);
  });

  test('stays up when a scheduler that starts anew knows none of its workers', () => {
    const one = launched({ upBy: 'workers' });
    one.step(echo(true, [g1]));
    one.step(echo(true, []));
    expect(givenUp(one.until(2 * GIVE_UP_MS))).toBe(false);
  });

  test('counts as up by the provider alone where a stock scheduler tells nothing', () => {
    const one = launched({ upBy: 'workers' });
    one.step(echo(false));
    expect(givenUp(one.until(2 * GIVE_UP_MS))).toBe(false);
  });

  test('has its whole time from when the provider was asked, not from when it was accepted', () => {
    const one = serving({ ...SLOW, upBy: 'workers' });
    one.step({ kind: 'connection', state: 'up' });
    one.step(start(g1));
    one.step({
      kind: 'startDone',
      call: 2,
      started: [],
      failures: [{ groupId: g1, kind: 'throttled', detail: 'slow down' }],
    });
    expect(givenUp(one.until(GIVE_UP_MS - 1))).toBe(false);
    expect(givenUp(one.until(1))).toBe(true);
  });
});

describe('a group that the provider has accepted and does not show yet', () => {
  const shown = (state: ListedGroup['state']): ListedGroup => ({ ...running(g1), state });

  test('keeps its intent open, so that a restart asks for it again', () => {
    const one = serving({ ...SLOW, startGiveUpMs: 36_000_000 });
    one.step(start(g1));
    one.step({ kind: 'startDone', call: 2, started: [shown('pending')], failures: [] });
    one.after(3_600_000);
    expect(one.step({ kind: 'listed', call: 3, groups: [shown('pending')] })).not.toContain(
      `holdIntent ${g1}`,
    );
    one.after(3_600_000);
    expect(one.step({ kind: 'listed', call: 4, groups: [shown('starting')] })).toContain(`holdIntent ${g1}`);
  });
});

test('a group that ended by itself is reported with what the provider says of it', () => {
  const one = launched({});
  one.after(3_600_000);
  const lines = one.step({
    kind: 'listed',
    call: 3,
    groups: [{ ...running(g1), state: 'stopping', detail: 'out of memory' }],
  });
  expect(lines).toContain(
    `answer none ${g1} workerGroupIDNotFound [] none: it is stopping by itself: out of memory`,
  );
});

test('a provider that cannot be listed again and again is a trouble of the adapter', () => {
  const one = serving();
  const troubles: string[] = [];
  for (let ms = 0; ms < 60_000; ms += 500) {
    const effects = one.machine.step([{ kind: 'deadline' }], instant(ms));
    for (const effect of effects) {
      if (effect.kind === 'send' && effect.message.kind === 'adapterHeartbeat')
        troubles.push(effect.message.trouble);
      if (effect.kind === 'list')
        one.machine.step([{ kind: 'listFailed', call: effect.call, detail: 'no credentials' }], instant(ms));
    }
  }
  expect(troubles[0]).toBe('');
  expect(troubles.at(-1)).toBe('no credentials');
});

describe('a group that was seen before a restart', () => {
  const restored: RestoredIntent = {
    phase: 'held',
    groupId: g1,
    attempt: 1,
    token: 't',
    workerIds: [],
    capabilities: new Map(),
  };
  const HOUR_MS = 3_600_000;
  /** Hours from the first listing until it is given up; each listing shows nothing. */
  const heldFor = (restoreGraceMs: number): number => {
    const one = adapter({ ...SLOW, startGiveUpMs: 100 * HOUR_MS, restoreGraceMs }, [restored]);
    one.step({ kind: 'connection', state: 'up' });
    for (let hours = 0; hours < 20; hours++) {
      const lines = one.step({ kind: 'listed', call: hours + 1, groups: [] });
      if (lines.includes(`closeIntent ${g1}`)) return hours;
      expect(one.machine.snapshot().wanted).toEqual([g1]);
      one.after(HOUR_MS);
    }
    return Infinity;
  };
  test('is gone at once where the provider shows what exists', () => expect(heldFor(0)).toBe(0));
  test('holds its place for its grace where the provider may be late', () =>
    expect(heldFor(5 * HOUR_MS)).toBe(5));
});

test('a start that follows one without an answer says that the group may exist', () => {
  const one = serving(SLOW);
  const intents = (effects: readonly AdapterEffect[]) =>
    effects.flatMap((effect) => (effect.kind === 'start' ? effect.intents : []));
  expect(intents(one.machine.step([start(g1)], instant(0)))[0]?.mayExist).toBeUndefined();
  const unknown = { groupId: g1, kind: 'unknown' as const, detail: 'reset' };
  one.machine.step([{ kind: 'startDone', call: 2, started: [], failures: [unknown] }], instant(0));
  one.machine.step([{ kind: 'listed', call: 3, groups: [] }], instant(1));
  expect(intents(one.machine.step([{ kind: 'deadline' }], instant(5_000)))[0]?.mayExist).toBe(true);
});
