import { describe, expect, test } from 'vitest';
import { parsePs, psArgs } from './darwin.ts';
import type { ProcessEntry } from './entry.ts';
import { parseEnviron, parseStat } from './linux.ts';
import { groupProcesses } from './members.ts';
import type { HostRecord } from './members.ts';

describe('/proc', () => {
  // Recorded on Linux 6.18; the names are made worse on purpose.
  const stat = (comm: string, state = 'S'): string =>
    `4711 (${comm}) ${state} 4000 4711 4711 0 -1 4194304 6183 0 0 0 12 3 0 0 20 0 11 0 1234567 1117429760 12544 18446744073709551615`;

  test.each(['node', 'my) S 1 (node', 'a b', '(sd-pam)', ''])(
    'reads the line of a process called %j',
    (comm) => {
      expect(parseStat(stat(comm))).toEqual({
        pid: 4711,
        ppid: 4000,
        pgid: 4711,
        sid: 4711,
        start: '1234567',
        startedAt: 1234567,
        zombie: false,
        mark: undefined,
      });
    },
  );
  test('knows zombies and the dead', () => {
    expect([parseStat(stat('node', 'Z'))?.zombie, parseStat(stat('node', 'X'))?.zombie]).toEqual([
      true,
      true,
    ]);
  });
  test.each(['', '4711', 'x (node) S', '4711 (node) S 1 2'])('takes %j for no process', (text) => {
    expect(parseStat(text)).toBeUndefined();
  });
  test.each([
    ['both parts', 'A=1\0MUSTER_OWNER=me\0MUSTER_GROUP_ID=g-1\0', { owner: 'me', group: 'g-1' }],
    ['values with an equals sign', 'MUSTER_OWNER=a=b\0MUSTER_GROUP_ID=g', { owner: 'a=b', group: 'g' }],
    ['the first of two', 'MUSTER_OWNER=a\0MUSTER_GROUP_ID=g\0MUSTER_OWNER=b', { owner: 'a', group: 'g' }],
    ['no owner', 'MUSTER_GROUP_ID=g', undefined],
    ['a name that only begins alike', 'MUSTER_OWNERS=a\0MUSTER_GROUP_IDS=g', undefined],
    ['nothing', '', undefined],
  ])('reads a mark from an environment with %s', (_, text, expected) => {
    expect(parseEnviron(text)).toEqual(expected);
  });
});

describe('ps of macOS (outputs written by hand after ps(1); not run there)', () => {
  const OUTPUT = [
    '  501   412   501 Ss   Sat Nov 22 09:14:03 2025     /usr/local/bin/node /opt/muster/dist/main.js worker PATH=/usr/bin:/bin MUSTER_OWNER=native-blue HOME=/Users/kim MUSTER_GROUP_ID=g-k3x-17 TMPDIR=/var/folders/x1/T/',
    '  502   501   502 S    Sat Nov 22 09:14:04 2025     /usr/local/bin/node /opt/muster/dist/processor.js MUSTER_GROUP_ID=g-k3x-17 MUSTER_OWNER=native-blue',
    '  777   501   501 S    Sat Nov  8 09:14:04 2025     sleep 100',
    '  800     1   800 Z    Sat Nov 22 09:14:05 2025     (node)',
    '  801     1   801 S    Sat Nov 22 09:14:05 2025     grep MUSTER_OWNERS=x',
    'ps: time: requires entitlement',
    '',
  ].join('\n');

  test('reads pids, starts, zombies and marks, whatever stands in the command', () => {
    expect(
      parsePs(OUTPUT).map((one) => [one.pid, one.ppid, one.pgid, one.start, one.zombie, one.mark]),
    ).toEqual([
      [501, 412, 501, 'Sat Nov 22 09:14:03 2025', false, { owner: 'native-blue', group: 'g-k3x-17' }],
      [502, 501, 502, 'Sat Nov 22 09:14:04 2025', false, { owner: 'native-blue', group: 'g-k3x-17' }],
      [777, 501, 501, 'Sat Nov 8 09:14:04 2025', false, undefined],
      [800, 1, 800, 'Sat Nov 22 09:14:05 2025', true, undefined],
      [801, 1, 801, 'Sat Nov 22 09:14:05 2025', false, undefined],
    ]);
  });
  test('orders processes by start', () => {
    const [first, second] = parsePs(OUTPUT);
    expect((second?.startedAt ?? 0) - (first?.startedAt ?? 0)).toBe(1_000);
  });
  test('asks for our own processes only, with their environment, uncut', () => {
    expect(psArgs(501)).toEqual(['-xww', '-E', '-U', '501', '-o', 'pid=,ppid=,pgid=,stat=,lstart=,command=']);
  });
  test('finds the group with the descendant that wiped its environment, by parentage and process group', () => {
    const groups = groupProcesses(parsePs(OUTPUT), 'native-blue', new Map(), 1);
    expect(
      [...groups.values()].map((one) => [one.group, one.host?.pid, one.members.map((m) => m.pid).sort()]),
    ).toEqual([['g-k3x-17', 501, [501, 502, 777]]]);
  });
});

describe('groupProcesses', () => {
  const process = (pid: number, more: Partial<ProcessEntry> = {}): ProcessEntry => ({
    pid,
    ppid: 1,
    pgid: pid,
    sid: pid,
    start: `s${pid}`,
    startedAt: pid,
    zombie: false,
    mark: undefined,
    ...more,
  });
  const mark = (group: string, owner = 'me') => ({ mark: { owner, group } });
  const record = (pid: number): HostRecord => ({ pid, start: `s${pid}` });
  const found = (table: readonly ProcessEntry[], records: Record<string, HostRecord> = {}) =>
    Object.fromEntries(
      [...groupProcesses(table, 'me', new Map(Object.entries(records)), 999)].map(([group, one]) => [
        group,
        { host: one.host?.pid, members: one.members.map((member) => member.pid).sort((a, b) => a - b) },
      ]),
    );

  test('finds a host by its record and by its mark', () => {
    expect(found([process(10, mark('a')), process(20)], { a: record(10) })).toEqual({
      a: { host: 10, members: [10] },
    });
    expect(found([process(10, mark('a'))])).toEqual({ a: { host: 10, members: [10] } });
  });
  test('without a record takes the oldest leader of a process group for the host', () => {
    const table = [
      process(12, { ...mark('a'), startedAt: 3 }),
      process(11, { ...mark('a'), startedAt: 2 }),
      process(9, { ...mark('a'), pgid: 11, startedAt: 1 }),
    ];
    expect(found(table)).toEqual({ a: { host: 11, members: [9, 11, 12] } });
  });
  test('shows a group whose host is dead by what it left behind, without a host', () => {
    expect(found([process(12, mark('a'))], { a: record(10) })).toEqual({
      a: { host: undefined, members: [12] },
    });
  });
  test('shows no group when nothing of it lives', () => {
    expect(found([process(20), process(10, { zombie: true })], { a: record(10) })).toEqual({});
  });
  test('counts unmarked descendants, at any depth', () => {
    const table = [
      process(10, mark('a')),
      process(11, { ppid: 10 }),
      process(12, { ppid: 11 }),
      process(13, { ppid: 7 }),
    ];
    expect(found(table, { a: record(10) })).toEqual({ a: { host: 10, members: [10, 11, 12] } });
  });
  test('counts orphans that wiped their environment, by the session or process group of a dead host', () => {
    const table = [process(12, { sid: 10 }), process(13, { pgid: 10 })];
    expect(found(table, { a: record(10) })).toEqual({ a: { host: undefined, members: [12, 13] } });
  });
  test('remembers what ran away from its parents after it was seen, but not what took over its pid', () => {
    const before = groupProcesses(
      [process(10, mark('a')), process(11, { ppid: 10 }), process(12, { ppid: 10 })],
      'me',
      new Map(),
      999,
    );
    const now = groupProcesses([process(11), process(12, { start: 'later' })], 'me', new Map(), 999, before);
    expect([...now.values()].map((one) => [one.host, one.members.map((member) => member.pid)])).toEqual([
      [undefined, [11]],
    ]);
  });
  test('never trusts a record whose pid has gone to a stranger', () => {
    const table = [process(10, { start: 'later' }), process(11, { ppid: 10 }), process(12, { sid: 10 })];
    expect(found(table, { a: record(10) })).toEqual({});
  });
  test('N1 leaves other owners and other groups alone, also below one of ours', () => {
    const table = [
      process(10, mark('a')),
      process(11, { ppid: 10, ...mark('b') }),
      process(12, { ppid: 10, ...mark('a', 'other') }),
    ];
    expect(found(table)).toEqual({ a: { host: 10, members: [10] }, b: { host: 11, members: [11] } });
  });
  test('N1 does not take a session for ours because one of its members is marked', () => {
    // A worker host started by hand in a terminal whose shell (30) leads the session.
    const table = [
      process(30),
      process(31, { ppid: 30, pgid: 31, sid: 30, ...mark('a') }),
      process(32, { ppid: 30, pgid: 32, sid: 30 }),
    ];
    expect(found(table)).toEqual({ a: { host: 31, members: [31] } });
  });
  test('N2 leaves ourselves and pid 1 alone', () => {
    expect(found([process(1, mark('a')), process(999, mark('a'))])).toEqual({});
  });
});
