import { describe, expect, test } from 'vitest';
import { adapterId, groupId, instant } from '@muster/protocol/ids';
import { backoffMs, isDefinitive } from './backoff.ts';
import { capsLedger } from './caps.ts';
import type { Caps } from './caps.ts';
import { plan } from './plan.ts';
import { startToken } from './token.ts';

const [a, b, c] = [groupId('a'), groupId('b'), groupId('c')];

describe('plan', () => {
  const rows: readonly [string, Parameters<typeof plan>, ReturnType<typeof plan>][] = [
    [
      'does nothing when what runs is what is wanted',
      [new Set([a]), [{ groupId: a, state: 'running' }], new Set()],
      { start: [], stop: [] },
    ],
    [
      'starts what is wanted and not seen',
      [new Set([a, b]), [{ groupId: b, state: 'pending' }], new Set()],
      { start: [a], stop: [] },
    ],
    [
      'stops what is seen and not wanted',
      [new Set(), [{ groupId: a, state: 'starting' }], new Set()],
      { start: [], stop: [a] },
    ],
    [
      'leaves groups of calls in flight alone',
      [new Set([a]), [{ groupId: b, state: 'running' }], new Set([a, b])],
      { start: [], stop: [] },
    ],
    [
      'does not stop twice what is stopping',
      [new Set(), [{ groupId: a, state: 'stopping' }], new Set()],
      { start: [], stop: [] },
    ],
    [
      'stops again what is overdue, and only that',
      [
        new Set(),
        [
          { groupId: a, state: 'stopping' },
          { groupId: b, state: 'stopping' },
        ],
        new Set(),
        new Set([b]),
      ],
      { start: [], stop: [b] },
    ],
    [
      'never starts a wanted group that is stopping',
      [new Set([c]), [{ groupId: c, state: 'stopping' }], new Set()],
      { start: [], stop: [] },
    ],
  ];
  test.each(rows)('%s', (_, input, expected) => {
    expect(plan(...input)).toEqual(expected);
  });
});

describe('backoffMs', () => {
  test('doubles with each failure up to a bound, and spreads over the second half', () => {
    expect([1, 2, 3, 9].map((n) => backoffMs('capacity', n, 1))).toEqual([5_000, 10_000, 20_000, 120_000]);
    expect(backoffMs('throttled', 1, 0)).toBe(500);
    expect(backoffMs('unknown', 1e6, 0.5)).toBe(45_000);
  });
  test('only what closes the attempt is definitive', () => {
    expect(
      ['capacity', 'quota', 'unauthorized', 'invalid', 'throttled', 'unknown'].filter((k) =>
        isDefinitive(k as 'quota'),
      ),
    ).toEqual(['capacity', 'quota', 'unauthorized', 'invalid']);
  });
});

describe('capsLedger', () => {
  const caps: Caps = {
    groupsMax: 4,
    vcpusPerGroup: 2,
    vcpusMax: 6,
    startsPerMinuteMax: 3,
    dollarsPerGroupHour: 1,
    dollarsPerHourMax: 100,
    dollarsPerDayMax: 1_000,
    lifetimeMaxMs: 7_200_000,
  };
  const at = (ms: number) => instant(ms);

  test('C1 names the cap that is reached: groups, vCPUs, dollars per hour, dollars per day', () => {
    expect(capsLedger(caps).refusal(2, at(0))).toBeUndefined();
    expect(capsLedger(caps).refusal(3, at(0))).toBe('6 of 6 vCPUs are in use');
    expect(capsLedger({ ...caps, vcpusMax: 99 }).refusal(4, at(0))).toBe('4 of 4 worker groups exist');
    expect(capsLedger({ ...caps, dollarsPerHourMax: 2 }).refusal(2, at(0))).toBe(
      'the cap of $2 per hour is reached',
    );
    expect(capsLedger({ ...caps, dollarsPerDayMax: 5 }).refusal(2, at(0))).toBe(
      'the cap of $5 per day is reached',
    );
    expect(capsLedger({ ...caps, dollarsPerDayMax: 6 }).refusal(2, at(0))).toBeUndefined();
  });
  test('C2 counts starts over a sliding minute and says when there is room again', () => {
    const ledger = capsLedger(caps);
    ledger.onStarts(2, at(0));
    ledger.onStarts(1, at(10_000));
    expect([ledger.startsLeft(at(10_000)), ledger.startsLeftAt(at(10_000))]).toEqual([0, 60_000]);
    expect([ledger.startsLeft(at(60_000)), ledger.startsLeft(at(70_000))]).toEqual([2, 3]);
  });
  test('C3 remembers for a day what ended groups have cost', () => {
    const ledger = capsLedger({ ...caps, dollarsPerDayMax: 4 });
    ledger.onEnd(3 * 3_600_000, at(0));
    expect(ledger.refusal(0, at(1_000))).toBe('the cap of $4 per day is reached');
    expect(ledger.refusal(0, at(25 * 3_600_000))).toBeUndefined();
  });
});

test('a token is short, printable, the same for a repeat and different for each attempt, group and adapter', () => {
  const tokens = [
    startToken(adapterId('x'), a, 1),
    startToken(adapterId('x'), a, 2),
    startToken(adapterId('x'), b, 1),
    startToken(adapterId('y'), a, 1),
  ];
  expect(new Set(tokens).size).toBe(4);
  expect(startToken(adapterId('x'), a, 1)).toBe(tokens[0]);
  for (const token of tokens) expect(token).toMatch(/^[\x21-\x7e]{1,64}$/);
});
