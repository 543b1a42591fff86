import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  KindError,
  boolean,
  capabilities,
  duration,
  integer,
  list,
  number,
  parseDurationMs,
  parseSizeBytes,
  schema,
  showDuration,
  showSize,
  size,
  text,
} from './config-kinds.ts';

describe('durations', () => {
  test.each([
    ['500ms', 500],
    ['2s', 2000],
    ['1m30s', 90_000],
    ['1m 30s', 90_000],
    ['1.5h', 5_400_000],
    ['1min', 60_000],
    ['1d', 86_400_000],
    ['0', 0],
    ['0s', 0],
  ])('%s', (written, ms) => expect(parseDurationMs(written)).toBe(ms));

  test.each(['', '5', '-5s', '5 parsecs', 's', '1s2', '1e3s', 'NaNs', '5S'])('%j is none', (written) => {
    expect(parseDurationMs(written)).toBeUndefined();
  });

  test.each([0, 1, 999, 1000, 90_000, 3_600_000, 86_400_000, 1501])('%d ms survive being shown', (ms) => {
    expect(parseDurationMs(showDuration(ms))).toBe(ms);
  });

  test('a number without unit is refused unless the option says what it means', () => {
    expect(() => duration().read(5)).toThrow('5 is not a duration');
    expect(() => duration().read('5')).toThrow(KindError);
    expect(duration({ bareUnit: 's' }).read('5')).toBe(5000);
    expect(duration({ bareUnit: 's' }).read(0.5)).toBe(500);
    expect(duration({ bareUnit: 's' }).read('5ms')).toBe(5);
  });

  test('limits are told in words', () => {
    expect(() => duration({ min: 1000 }).read('5ms')).toThrow('5ms is too small');
    expect(() => duration({ max: 60_000 }).read('2h')).toThrow(
      expect.objectContaining({ hint: 'at most 1m' }),
    );
  });
});

describe('sizes', () => {
  test.each([
    ['512MiB', 512 * 1024 ** 2],
    ['100MB', 100_000_000],
    ['1.5GiB', 1.5 * 1024 ** 3],
    ['4096', 4096],
    ['7 B', 7],
    ['1kb', 1000],
  ])('%s', (written, bytes) => expect(parseSizeBytes(written)).toBe(bytes));

  test.each(['', 'MiB', '-1', '5M', '1e9', '99999999TiB', '0x10'])('%j is none', (written) => {
    expect(parseSizeBytes(written)).toBeUndefined();
  });

  test.each([0, 1, 1000, 1024, 1500, 512 * 1024 ** 2, 3 * 10 ** 9])('%d B survive being shown', (bytes) => {
    expect(parseSizeBytes(showSize(bytes))).toBe(bytes);
  });

  test('a negative or broken number is refused', () => {
    expect(() => size().read(-1)).toThrow(KindError);
    expect(() => size().read(1.5)).toThrow(KindError);
    expect(() => size({ max: 1024 }).read('1MiB')).toThrow('1MiB is too large');
  });
});

describe('numbers, words and lists', () => {
  test.each(['1.5', 'x', '', '1_000', 'Infinity', true, null, [], '9007199254740993'])(
    '%j is not a whole number',
    (raw) => {
      expect(() => integer().read(raw)).toThrow(KindError);
    },
  );

  test('whole numbers come from text, numbers and big integers of TOML', () => {
    expect([integer().read('12'), integer().read(12), integer().read(12n), integer().read(' -3 ')]).toEqual([
      12, 12, 12, -3,
    ]);
    expect(number().read('1e-3')).toBe(0.001);
  });

  test.each([
    ['yes', true],
    ['ON', true],
    ['1', true],
    ['no', false],
    ['off', false],
    [true, true],
  ])('%j as a boolean', (raw, expected) => {
    expect(boolean().read(raw)).toBe(expected);
  });

  test('a list is split at commas, and each part is checked', () => {
    expect(list(integer()).read('1, 2,,3')).toEqual([1, 2, 3]);
    expect(list(integer()).read([1, '2,3'])).toEqual([1, 2, 3]);
    expect(() => list(integer()).read('1,x')).toThrow('"x" is not a whole number');
    expect(() => list(text(), { min: 1 }).read('')).toThrow('0 values is too small');
  });

  test('text may have to match', () => {
    const name = text({ pattern: /^[a-z]+$/, example: 'fargate' });
    expect(name.read('abc')).toBe('abc');
    expect(() => name.read('A')).toThrow(expect.objectContaining({ hint: 'such as fargate' }));
    expect(() => name.read(5)).toThrow('5 is not text');
  });

  test('capabilities as the stock system writes them', () => {
    const kind = capabilities();
    expect(kind.read('gpu,memory=16,linux=-1')).toEqual(
      new Map<string, number | 'present'>([
        ['gpu', 'present'],
        ['memory', 16],
        ['linux', 'present'],
      ]),
    );
    expect(kind.show(kind.read('gpu,memory=16'))).toEqual(['gpu', 'memory=16']);
    expect(() => kind.read('a=b')).toThrow('"a=b" is not a capability');
  });

  test('any zod schema is a kind', () => {
    const port = schema('<port>', z.coerce.number().int().min(1).max(65_535), (value) => value);
    expect(port.read('8516')).toBe(8516);
    expect(() => port.read('70000')).toThrow(KindError);
  });
});
