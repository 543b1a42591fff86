import { describe, expect, test } from 'vitest';
import { groupId, instant } from '@muster/protocol/ids';
import {
  adapter,
  caps,
  config,
  echo,
  g1,
  g2,
  g3,
  hex,
  running,
  serving,
  shutdown,
  start,
  worker,
} from './testing/story.ts';
import type { AdapterEvent } from './types.ts';

describe('a failed start', () => {
  const failed = (
    kind: 'capacity' | 'quota' | 'unauthorized' | 'invalid' | 'throttled' | 'unknown',
  ): AdapterEvent => ({
    kind: 'startDone',
    call: 2,
    started: [],
    failures: [{ groupId: g1, kind, detail: 'because' }],
  });

  test.each([
    ['capacity', 'workerGroupTooMuch', 'warn'],
    ['quota', 'workerGroupTooMuch', 'warn'],
    ['unauthorized', 'unknownAction', 'error'],
    ['invalid', 'unknownAction', 'error'],
  ] as const)(
    'of kind %s is told, holds new groups back, and a repeat is a new attempt',
    (kind, status, level) => {
      const one = serving();
      one.step(start(g1));
      expect(one.step(failed(kind))).toEqual([
        `closeIntent ${g1}`,
        `note ${level} group.failed`,
        `answer startWorkerGroup ${g1} ${status} [] ${kind}: because`,
      ]);
      expect(one.step(start(g2))).toEqual([
        'note debug group.refused',
        `answer startWorkerGroup ${g2} ${status} [] ${kind}: because`,
      ]);
      const later = one.after(300_000, start(g1));
      expect(later).toContain(`start #3 ${g1}/2`);
    },
  );

  test('that was throttled is repeated, slower, under the same attempt', () => {
    const one = serving();
    one.step(start(g1));
    expect(one.step(failed('throttled'))).toEqual(['note warn group.start.uncertain']);
    expect(one.until(999)).toEqual(['heartbeat max 2 native-test [g-e1-1=pending]']);
    expect(one.until(1)).toEqual([`start #3 ${g1}/1`]);
  });

  test('of unknown outcome is listed first; what a listing shows is held', () => {
    const one = serving();
    one.step(start(g1));
    expect(one.step(failed('unknown'))).toEqual(['note warn group.start.uncertain', 'list #3']);
    expect(one.step({ kind: 'listed', call: 3, groups: [running(g1)] })).toEqual([
      'note info group.held',
      `holdIntent ${g1}`,
      `answer startWorkerGroup ${g1} success [${worker(g1, 1)}]`,
    ]);
  });

  test('of unknown outcome that no listing shows is repeated under the same attempt', () => {
    const one = serving();
    one.step(start(g1));
    one.step(failed('unknown'));
    one.step({ kind: 'listed', call: 3, groups: [] });
    expect(one.until(1_000).filter((line) => line.startsWith('start'))).toEqual([`start #5 ${g1}/1`]);
  });

  test('that never answers is aborted and then unknown', () => {
    const one = serving({ startTimeoutMs: 500 });
    one.step(start(g1));
    expect(one.until(500).slice(-4)).toEqual([
      'abort #2',
      'note warn adapter.call.timeout',
      'note warn group.start.uncertain',
      'list #3',
    ]);
    expect(one.step(failed('quota'))).toEqual([]);
  });

  test('that stays pending is told with each heartbeat, and is given up at last', () => {
    const one = serving({ startGiveUpMs: 5_000, listBusyIntervalMs: 60_000, listIntervalMs: 60_000 });
    one.step(start(g1));
    one.step({ kind: 'startDone', call: 2, started: [{ ...running(g1), state: 'pending' }], failures: [] });
    expect(one.until(4_000).filter((line) => line.includes(' pending'))).toHaveLength(2);
    expect(one.until(1_000)).toEqual([
      'note error group.start.timeout',
      'note info group.leaving',
      `leaveIntent ${g1}`,
      `answer none ${g1} workerGroupIDNotFound [] unknown: not up after 5000 ms: `,
      `stop #3 ${g1}: not up after 5000 ms: `,
      'heartbeat max 2 native-test [g-e1-1=stopping]',
    ]);
  });

  test('is not given up when its workers have registered', () => {
    const one = serving({ startGiveUpMs: 5_000 });
    one.step(start(g1));
    one.step({ kind: 'startDone', call: 2, started: [{ ...running(g1), state: 'pending' }], failures: [] });
    one.step(echo(true, [g1]));
    expect(
      one
        .until(6_000)
        .filter((line) => line.includes('given') || line.includes('timeout') || line.includes(' pending [')),
    ).toEqual([]);
  });

  test('shut down while its start is in flight is stopped once that returned, whatever it says', () => {
    const one = serving();
    one.step(start(g1));
    expect(one.step(shutdown(g1))).toEqual([
      'note info group.leaving',
      `leaveIntent ${g1}`,
      `answer startWorkerGroup ${g1} workerGroupShutdown [] none: asked by the scheduler`,
      `answer shutdownWorkerGroup ${g1} success []`,
    ]);
    expect(one.step(failed('unknown'))).toContain(`stop #3 ${g1}: asked by the scheduler`);
  });
});

describe('caps', () => {
  test('hold against a scheduler that asks for thousands (P3)', () => {
    const one = serving();
    const flood = Array.from({ length: 5_000 }, (_, i) => start(groupId(`g-e1-${i + 1}`)));
    const seen = one.step(...flood);
    expect(seen.filter((line) => line.startsWith('start'))).toEqual(['start #2 g-e1-1/1 g-e1-2/1']);
    expect(seen.filter((line) => line.includes('workerGroupTooMuch'))).toHaveLength(4_998);
  });

  test('count what is leaving', () => {
    const one = serving();
    one.step(start(g1), start(g2));
    one.step({ kind: 'startDone', call: 2, started: [running(g1), running(g2)], failures: [] });
    expect(one.step(shutdown(g1), start(g3))).toContain(
      `answer startWorkerGroup ${g3} workerGroupTooMuch [] quota: 2 of 2 worker groups exist`,
    );
  });

  test('spread starts over minutes', () => {
    const one = serving({ caps: { ...config().caps, startsPerMinuteMax: 1 } });
    expect(one.step(start(g1), start(g2)).filter((line) => line.startsWith('start'))).toEqual([
      `start #2 ${g1}/1`,
    ]);
    one.step({ kind: 'startDone', call: 2, started: [running(g1)], failures: [] });
    expect(one.until(59_999).filter((line) => line.startsWith('start'))).toEqual([]);
    expect(one.until(1).filter((line) => line.startsWith('start'))).toHaveLength(1);
  });

  test('refuse malformed ids and capabilities that the adapter does not offer', () => {
    const one = serving();
    const gpu: AdapterEvent = {
      kind: 'message',
      message: {
        kind: 'adapterCommand',
        command: 'startWorkerGroup',
        groupId: g1,
        capabilities: new Map([['gpu', 1]]),
        epoch: '',
      },
    };
    expect(one.step(start(groupId('../x')), gpu).filter((line) => line.startsWith('answer'))).toEqual([
      'answer startWorkerGroup ../x unknownAction [] invalid: malformed group id',
      `answer startWorkerGroup ${g1} unknownAction [] invalid: this adapter does not offer 'gpu'`,
    ]);
  });
});

describe('with a stock scheduler', () => {
  const stock = () => {
    const one = adapter();
    one.step({ kind: 'connection', state: 'up' });
    one.step({ kind: 'listed', call: 1, groups: [] });
    one.step(echo(false));
    return one;
  };
  const minted = groupId(`native-${hex(1)}`);

  test('mints the group id and answers in stock fields, with real worker ids and capabilities', () => {
    const one = stock();
    one.step(start(undefined));
    const effects = one.machine.step(
      [{ kind: 'startDone', call: 2, started: [running(minted)], failures: [] }],
      instant(0),
    );
    expect(effects.filter((effect) => effect.kind === 'send')).toEqual([
      {
        kind: 'send',
        message: {
          kind: 'adapterCommandResponse',
          command: 'startWorkerGroup',
          groupId: minted,
          status: 'success',
          workerIds: [`Worker|${minted}|${hex(2)}`],
          capabilities: caps,
          failure: 'none',
          reason: '',
        },
      },
    ]);
    expect(one.after(2_000)).toContain('heartbeat max 2 nameless [unlisted]');
  });

  test('answers in the order of the commands, and only with words that stock schedulers survive', () => {
    const one = stock();
    expect(
      one.step(
        start(undefined),
        shutdown(groupId('native-other')),
        shutdown(undefined),
        start(groupId('x y')),
      ),
    ).toEqual(['note info group.accepted', 'note debug group.refused', `start #2 ${minted}/1`]);
    expect(
      one.step({
        kind: 'startDone',
        call: 2,
        started: [],
        failures: [{ groupId: minted, kind: 'invalid', detail: 'x' }],
      }),
    ).toEqual([
      `closeIntent ${minted}`,
      'note error group.failed',
      `answer startWorkerGroup ${minted} workerGroupTooMuch []`,
      'answer shutdownWorkerGroup native-other workerGroupIDNotFound []',
      'answer shutdownWorkerGroup - workerGroupIDNotSpecified []',
      'answer startWorkerGroup x y workerGroupTooMuch []',
    ]);
  });

  test('counts a slow start as accepted after a while, and says nothing unasked', () => {
    const one = stock();
    one.step(start(undefined));
    expect(one.until(5_000).filter((line) => line.startsWith('answer'))).toEqual([
      `answer startWorkerGroup ${minted} success [Worker|${minted}|${hex(2)}]`,
    ]);
  });

  test('tells of its groups again after a reconnect', () => {
    const one = stock();
    one.step(start(undefined));
    one.step({ kind: 'startDone', call: 2, started: [running(minted)], failures: [] });
    one.step({ kind: 'connection', state: 'down' });
    expect(one.step({ kind: 'connection', state: 'up' })).toEqual([
      `heartbeat max 2 native-test [${minted}=running]`,
    ]);
    expect(one.step(echo(false))).toEqual([
      'note info adapter.scheduler',
      `answer startWorkerGroup ${minted} success [Worker|${minted}|${hex(2)}]`,
    ]);
  });

  test('answers a repeated shutdown of a group that is gone with success, so that its table is cleared', () => {
    const one = stock();
    one.step(start(undefined));
    one.step({ kind: 'startDone', call: 2, started: [running(minted)], failures: [] });
    const success = `answer shutdownWorkerGroup ${minted} success []`;
    expect(one.step(shutdown(minted))).toContain(success);
    one.step({ kind: 'stopDone', call: 3, stopped: [minted], failures: [] });
    one.step({ kind: 'listed', call: 4, groups: [] });
    expect(one.step(shutdown(minted))).toEqual([success]);
  });
});

describe('the end of an adapter', () => {
  const withGroup = () => {
    const one = serving();
    one.step(start(g1));
    one.step({ kind: 'startDone', call: 2, started: [running(g1)], failures: [] });
    one.after(100);
    return one;
  };

  test('stop: ends when the last group is gone', () => {
    const one = withGroup();
    expect(one.after(100, { kind: 'shutdown', policy: 'stop', withinMs: 60_000 })).toEqual([
      'note info adapter.shutdown',
      'note info group.leaving',
      `leaveIntent ${g1}`,
      `stop #3 ${g1}: the adapter is shutting down`,
      'heartbeat max 0 native-test [g-e1-1=stopping]',
    ]);
    expect(one.step(start(g2))).toContain(
      `answer startWorkerGroup ${g2} workerGroupTooMuch [] quota: the adapter is shutting down`,
    );
    one.step({ kind: 'stopDone', call: 3, stopped: [g1], failures: [] });
    expect(one.step({ kind: 'listed', call: 4, groups: [] })).toEqual([
      `closeIntent ${g1}`,
      'note info group.gone',
      'heartbeat max 0 native-test []',
      'exit left []',
    ]);
    expect(one.machine.nextDeadline()).toBeUndefined();
    expect(one.step(start(g2))).toEqual([]);
  });

  test('stop: says what is left when time is up', () => {
    const one = withGroup();
    one.step({ kind: 'shutdown', policy: 'stop', withinMs: 1_000 });
    expect(one.until(1_000).at(-1)).toBe(`exit left [${g1}]`);
  });

  test('leave: ends at once and stops nothing', () => {
    const one = withGroup();
    expect(one.step({ kind: 'shutdown', policy: 'leave', withinMs: 0 })).toEqual([
      'note info adapter.shutdown',
      'heartbeat max 2 native-test [g-e1-1=running]',
      `exit left [${g1}]`,
    ]);
  });

  test('drain: asks the scheduler to drain, ends when that is done', () => {
    const one = withGroup();
    expect(one.step({ kind: 'shutdown', policy: 'drain', withinMs: 60_000 })).toEqual([
      'note info adapter.shutdown',
      'informationRequest',
    ]);
    one.step(shutdown(g1));
    one.step({ kind: 'stopDone', call: 3, stopped: [g1], failures: [] });
    expect(one.step({ kind: 'listed', call: 4, groups: [] }).at(-1)).toBe('exit left []');
  });

  test('drain: stops what is left when time is up', () => {
    const one = withGroup();
    one.step({ kind: 'shutdown', policy: 'drain', withinMs: 5_000 });
    expect(one.until(5_000)).toContain('note warn adapter.drain.timeout');
    expect(one.machine.snapshot()).toEqual({ wanted: [], leaving: [g1] });
  });
});
