import { describe, expect, test } from 'vitest';
import { adapterId, groupId, instant } from '@muster/protocol/ids';
import type { GroupId } from '@muster/protocol/ids';
import { FEATURES } from '@muster/protocol/messages';
import type { Message } from '@muster/protocol/messages';
import { createAdapterMachine } from './provisioning.ts';
import type {
  AdapterEffect,
  AdapterEvent,
  AdapterMachineConfig,
  ListedGroup,
  RestoredIntent,
} from './provisioning.ts';

const config = (): AdapterMachineConfig => {
  let minted = 0;
  return {
    adapterId: adapterId('native-test'),
    provider: 'native',
    workersPerGroup: 1,
    capabilities: new Map([['linux', 'present' as const]]),
    caps: {
      groupsMax: 2,
      vcpusPerGroup: 1,
      vcpusMax: 8,
      startsPerMinuteMax: 10,
      dollarsPerGroupHour: 0,
      dollarsPerHourMax: 0,
      dollarsPerDayMax: 0,
      lifetimeMaxMs: 3_600_000,
    },
    heartbeatMs: 2_000,
    listIntervalMs: 2_000,
    listBusyIntervalMs: 250,
    listLagMs: 0,
    listTimeoutMs: 10_000,
    startTimeoutMs: 30_000,
    stopTimeoutMs: 30_000,
    startGiveUpMs: 600_000,
    stopRepeatMs: 10_000,
    mintHex: () => (++minted).toString(16).padStart(32, '0'),
    random: () => 1,
  };
};

const g1 = groupId('g-e1-1');
const g2 = groupId('g-e1-2');
const g3 = groupId('g-e1-3');
const hex = (n: number): string => n.toString(16).padStart(32, '0');
const caps = new Map([['linux', 'present']]);

const running = (id: GroupId): ListedGroup => ({ groupId: id, nativeId: `pid-${id}`, state: 'running' });
const start = (id: GroupId | undefined): AdapterEvent => ({
  kind: 'message',
  message: { kind: 'adapterCommand', command: 'startWorkerGroup', groupId: id, capabilities: new Map() },
});
const shutdown = (id: GroupId | undefined): AdapterEvent => ({
  kind: 'message',
  message: { kind: 'adapterCommand', command: 'shutdownWorkerGroup', groupId: id, capabilities: new Map() },
});
const echo = (own: boolean, registered: readonly GroupId[] = []): AdapterEvent => ({
  kind: 'message',
  message: {
    kind: 'adapterHeartbeatEcho',
    extras: own ? { features: FEATURES, epoch: 'e1', storePath: '', storeEpoch: '' } : undefined,
    registered,
  },
});

/** One line per effect: what a reader needs, and nothing left out. */
const show = (effect: AdapterEffect): string => {
  switch (effect.kind) {
    case 'note':
      return `note ${effect.level} ${effect.event}`;
    case 'list':
      return `list #${effect.call}`;
    case 'start':
      return `start #${effect.call} ${effect.intents.map((i) => `${i.groupId}/${i.attempt}`).join(' ')}`;
    case 'stop':
      return `stop #${effect.call} ${effect.groupIds.join(' ')}: ${effect.reason}`;
    case 'abort':
      return `abort #${effect.call}`;
    case 'holdIntent':
    case 'leaveIntent':
    case 'closeIntent':
      return `${effect.kind} ${effect.groupId}`;
    case 'exit':
      return `exit left [${effect.left.join(' ')}]`;
    case 'send':
      return showMessage(effect.message);
  }
};
const showMessage = (m: Message): string => {
  if (m.kind === 'adapterHeartbeat') {
    const groups = m.groups?.map((g) => `${g.groupId}=${g.state}`).join(' ');
    return `heartbeat max ${m.groupsMax} ${m.adapterId ?? 'nameless'} [${groups ?? 'unlisted'}]`;
  }
  if (m.kind === 'adapterCommandResponse') {
    const extra = m.failure === 'none' && m.reason === '' ? '' : ` ${m.failure}: ${m.reason}`;
    return `answer ${m.command} ${m.groupId ?? '-'} ${m.status} [${m.workerIds.join(' ')}]${extra}`;
  }
  return m.kind;
};

const adapter = (
  overrides: Partial<AdapterMachineConfig> = {},
  restored: readonly RestoredIntent[] = [],
  trusted = true,
) => {
  let now = 0;
  const machine = createAdapterMachine({ ...config(), ...overrides }, restored, trusted, instant(0));
  const step = (...events: AdapterEvent[]): string[] => {
    const effects = machine.step(events, instant(now));
    machine.check();
    return effects.map(show);
  };
  return {
    step,
    machine,
    after: (ms: number, ...events: AdapterEvent[]): string[] => {
      now += ms;
      return step(...events, { kind: 'deadline' });
    },
    /** Walks to each deadline in turn. */
    until: (ms: number): string[] => {
      const seen: string[] = [];
      const end = now + ms;
      for (let at = machine.nextDeadline(); at !== undefined && at <= end; at = machine.nextDeadline()) {
        now = at;
        seen.push(...step({ kind: 'deadline' }));
      }
      now = end;
      return seen;
    },
  };
};

/** An adapter that has seen an empty provider and heard from a scheduler of ours. */
const serving = (overrides: Partial<AdapterMachineConfig> = {}) => {
  const one = adapter(overrides);
  one.step({ kind: 'connection', state: 'up' });
  one.step({ kind: 'listed', call: 1, groups: [] });
  one.step(echo(true));
  return one;
};

const worker = (id: GroupId, n: number): string => `Worker|${id}|${hex(n)}`;

describe('the start of an adapter', () => {
  test('lists first, then says hello with what it found, and stops nothing (a restart is a non-event)', () => {
    const one = adapter();
    expect(one.step({ kind: 'connection', state: 'up' })).toEqual(['list #1']);
    expect(one.step({ kind: 'listed', call: 1, groups: [running(g1)] })).toEqual([
      'note info group.adopted',
      'heartbeat max 2 native-test [g-e1-1=running]',
    ]);
  });

  test('says hello without a list when the provider is slow: an empty one would say that nothing runs', () => {
    const one = adapter();
    one.step({ kind: 'connection', state: 'up' });
    expect(one.until(1_000)).toEqual(['heartbeat max 2 native-test [unlisted]']);
  });

  test('asks again, with the same attempt and token, for what it had asked for before it died', () => {
    const intent: RestoredIntent = {
      groupId: g1,
      attempt: 3,
      token: 't',
      workerIds: [],
      capabilities: new Map(),
      phase: 'open',
    };
    const one = adapter({}, [intent, { ...intent, groupId: g2 }, { ...intent, groupId: g3, phase: 'held' }]);
    one.step();
    expect(one.step({ kind: 'listed', call: 1, groups: [running(g2)] })).toEqual([
      'note info group.adopted',
      `holdIntent ${g2}`,
      'note info group.resumed',
      `closeIntent ${g3}`,
      `start #2 ${g1}/3`,
    ]);
  });

  test('judges no command before the first listing, then all of them', () => {
    const one = adapter();
    one.step({ kind: 'connection', state: 'up' });
    expect(one.step(echo(true), start(g2), start(g3), shutdown(g1))).toEqual(['note info adapter.scheduler']);
    expect(one.step({ kind: 'listed', call: 1, groups: [running(g1)] })).toEqual([
      'note info group.adopted',
      'note info group.accepted',
      'note debug group.refused',
      `answer startWorkerGroup ${g3} workerGroupTooMuch [] quota: 2 of 2 worker groups exist`,
      'note info group.leaving',
      `leaveIntent ${g1}`,
      `start #2 ${g2}/1`,
      `stop #3 ${g1}: asked by the scheduler`,
      `answer shutdownWorkerGroup ${g1} success []`,
      'heartbeat max 2 native-test [g-e1-2=pending g-e1-1=stopping]',
    ]);
  });

  test('refuses commands that waited too long for a provider that cannot be listed', () => {
    const one = adapter();
    one.step({ kind: 'connection', state: 'up' }, echo(true), start(g1));
    expect(one.step({ kind: 'listFailed', call: 1, detail: 'no' })).toEqual([
      'note warn adapter.list.failed',
    ]);
    expect(one.until(10_000).filter((line) => line.startsWith('answer'))).toEqual([
      `answer startWorkerGroup ${g1} unknownAction [] unknown: the provider cannot be listed: no`,
    ]);
  });
});

describe('a group whose end was decided before a crash', () => {
  test('is stopped and not adopted, and counts until it is gone', () => {
    const one = adapter({}, [{ phase: 'leaving', groupId: g1 }]);
    one.step({ kind: 'connection', state: 'up' }, echo(true));
    expect(one.step({ kind: 'listed', call: 1, groups: [running(g1), running(g2)] })).toEqual([
      `leaveIntent ${g1}`,
      'note info group.adopted',
      `stop #2 ${g1}: its end was decided before the restart`,
      `heartbeat max 2 native-test [${g2}=running ${g1}=stopping]`,
    ]);
    expect(one.step(start(g3))).toContain(
      `answer startWorkerGroup ${g3} workerGroupTooMuch [] quota: 2 of 2 worker groups exist`,
    );
  });
});

describe('a group', () => {
  test('is asked for, started, told, seen, shut down and gone', () => {
    const one = serving();
    expect(one.step(start(g1))).toEqual(['note info group.accepted', `start #2 ${g1}/1`]);
    expect(one.after(100)).toEqual(['heartbeat max 2 native-test [g-e1-1=pending]']);
    expect(one.after(100, { kind: 'startDone', call: 2, started: [running(g1)], failures: [] })).toEqual([
      'note info group.held',
      `answer startWorkerGroup ${g1} success [${worker(g1, 1)}]`,
      'heartbeat max 2 native-test [g-e1-1=running]',
    ]);
    expect(one.until(250)).toEqual(['list #3']);
    expect(one.step({ kind: 'listed', call: 3, groups: [running(g1)] })).toEqual([`holdIntent ${g1}`]);
    expect(one.after(100, shutdown(g1))).toEqual([
      'note info group.leaving',
      `leaveIntent ${g1}`,
      `stop #4 ${g1}: asked by the scheduler`,
      `answer shutdownWorkerGroup ${g1} success []`,
      'heartbeat max 2 native-test [g-e1-1=stopping]',
    ]);
    expect(one.step({ kind: 'stopDone', call: 4, stopped: [g1], failures: [] })).toEqual(['list #5']);
    expect(one.after(100, { kind: 'listed', call: 5, groups: [] })).toEqual([
      `closeIntent ${g1}`,
      'note info group.gone',
      'heartbeat max 2 native-test []',
    ]);
  });

  test('is started once, however often it is asked for', () => {
    const one = serving();
    expect(one.step(start(g1), start(g1))).toEqual(['note info group.accepted', `start #2 ${g1}/1`]);
    one.step({ kind: 'startDone', call: 2, started: [running(g1)], failures: [] });
    expect(one.step(start(g1))).toEqual([`answer startWorkerGroup ${g1} success [${worker(g1, 1)}]`]);
  });

  test('that was shut down never comes back under its id', () => {
    const one = serving();
    one.step(start(g1), shutdown(g1));
    expect(one.step(start(g1)).filter((line) => line.startsWith('answer'))).toEqual([
      `answer startWorkerGroup ${g1} unknownAction [] invalid: this group has ended; a new one needs a new id`,
    ]);
  });

  test('that the provider loses is lost after two listings and is not replaced', () => {
    const one = serving({ listIntervalMs: 1_000 });
    one.step(start(g1));
    one.step({ kind: 'startDone', call: 2, started: [running(g1)], failures: [] });
    one.after(250);
    expect(one.step({ kind: 'listed', call: 3, groups: [] })).toEqual([]);
    expect(one.after(250)).toEqual(['list #4']);
    expect(one.step({ kind: 'listed', call: 4, groups: [] })).toEqual([
      `closeIntent ${g1}`,
      'note warn group.lost',
      `answer none ${g1} workerGroupIDNotFound [] none: the provider no longer lists it`,
      'heartbeat max 2 native-test []',
    ]);
    expect(one.until(1_000)).toEqual(['list #5']);
  });

  test('is not lost by a listing that began before its start returned', () => {
    const one = serving({ listIntervalMs: 100 });
    one.until(100);
    one.step(start(g1));
    one.step({ kind: 'startDone', call: 3, started: [running(g1)], failures: [] });
    expect(one.step({ kind: 'listed', call: 2, groups: [] })).toEqual([]);
    expect(one.machine.snapshot().wanted).toEqual([g1]);
  });

  test('that is stopping by itself is lost and swept up', () => {
    const one = serving();
    one.step(start(g1));
    one.step({ kind: 'startDone', call: 2, started: [running(g1)], failures: [] });
    one.after(250);
    expect(
      one.after(100, { kind: 'listed', call: 3, groups: [{ ...running(g1), state: 'stopping' }] }),
    ).toEqual([
      `closeIntent ${g1}`,
      'note warn group.lost',
      `answer none ${g1} workerGroupIDNotFound [] none: it is stopping by itself`,
      `leaveIntent ${g1}`,
      `stop #4 ${g1}: it was stopping by itself`,
      'heartbeat max 2 native-test [g-e1-1=stopping]',
    ]);
  });

  test('that nobody wants is stopped, and asked again while it shows no end', () => {
    const one = serving({ stopRepeatMs: 1_000 });
    one.until(2_000);
    expect(one.after(100, { kind: 'listed', call: 2, groups: [running(g3)] })).toEqual([
      'note warn group.orphan',
      `leaveIntent ${g3}`,
      `stop #3 ${g3}: nobody wants it`,
      `heartbeat max 2 native-test [g-e1-3=stopping]`,
    ]);
    expect(one.step({ kind: 'stopDone', call: 3, stopped: [g3], failures: [] })).toEqual(['list #4']);
    expect(one.step({ kind: 'listed', call: 4, groups: [running(g3)] })).toEqual([]);
    expect(one.until(1_000)).toEqual(['list #5', `stop #6 ${g3}: nobody wants it`]);
  });

  test('whose stop fails is tried again, slower each time, and an operator hears of it', () => {
    const one = serving();
    one.until(2_000);
    one.after(100, { kind: 'listed', call: 2, groups: [running(g3)] });
    const failed = (call: number): AdapterEvent => ({
      kind: 'stopDone',
      call,
      stopped: [],
      failures: [{ groupId: g3, kind: 'throttled', detail: 'slow down' }],
    });
    expect(one.step(failed(3))).toEqual(['note warn group.stop.failed', 'list #4']);
    expect(one.until(999)).toEqual([]);
    expect(one.until(1)).toEqual([`stop #5 ${g3}: nobody wants it`]);
    expect(one.step(failed(5))).toEqual(['note warn group.stop.failed']);
    expect(one.until(1_999)).toEqual(['heartbeat max 2 native-test [g-e1-3=stopping]']);
    expect(one.until(1)).toEqual([`stop #6 ${g3}: nobody wants it`]);
    expect(one.step(failed(6))).toEqual(['note error group.stop.failed']);
  });
});

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
