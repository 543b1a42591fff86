import { describe, expect, test } from 'vitest';
import { createLog, noteLogger, silentLog } from './log.ts';
import type { LogOptions } from './log.ts';

const capture = (options: Partial<LogOptions> = {}) => {
  const lines: string[] = [];
  const log = createLog({
    component: 'scheduler',
    level: 'debug',
    ...options,
    write: (line) => lines.push(line),
  });
  const parsed = (): Record<string, unknown>[] =>
    lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { log, lines, parsed };
};

describe('JSON lines', () => {
  test('one object per line: level, time, process, component, event, fields', () => {
    const { log, lines, parsed } = capture();
    log.info('group.started', { group: 'g-1-1', workers: 2 });
    expect(lines[0]?.endsWith('\n')).toBe(true);
    expect(parsed()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        pid: process.pid,
        component: 'scheduler',
        event: 'group.started',
        group: 'g-1-1',
        workers: 2,
      },
    ]);
  });

  test('levels below the chosen one are not written, and can be asked for', () => {
    const { log, parsed } = capture({ level: 'warn' });
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level](`at.${level}`);
    expect(parsed().map((line) => line['event'])).toEqual(['at.warn', 'at.error']);
    expect([log.enabled('info'), log.enabled('error')]).toEqual([false, true]);
    const off = capture({ level: 'silent' });
    off.log.error('x.y');
    expect(off.lines).toEqual([]);
  });

  test('a child has its fields on every line', () => {
    const { log, parsed } = capture();
    log.child({ worker: 'w1' }).child({ task: 't' }).warn('task.lost', { attempt: 2 });
    expect(parsed()[0]).toMatchObject({
      component: 'scheduler',
      worker: 'w1',
      task: 't',
      event: 'task.lost',
      attempt: 2,
    });
  });

  test('fields cannot write over what every line has', () => {
    const { log, lines, parsed } = capture();
    log.info('a.b', { event: 'forged', level: 'error', time: 0, pid: 1, component: 'x' });
    expect(parsed()[0]).toMatchObject({
      level: 'info',
      event: 'a.b',
      component: 'scheduler',
      event_: 'forged',
      level_: 'error',
    });
    expect(lines[0]?.match(/"event":/g)).toHaveLength(1);
  });

  test('errors keep type, code, stack and cause', () => {
    const { log, parsed } = capture();
    const error = Object.assign(new TypeError('outer', { cause: new RangeError('inner') }), { code: 'E1' });
    log.error('x.failed', { err: error });
    expect(parsed()[0]).toMatchObject({
      err: {
        type: 'TypeError',
        message: 'outer',
        code: 'E1',
        stack: expect.stringContaining('log.test'),
        cause: { type: 'RangeError', message: 'inner' },
      },
    });
    expect(parsed()[0]).not.toHaveProperty('msg');
  });

  test('odd values never make a line fail', () => {
    const { log, parsed } = capture();
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    log.info('a.b', {
      big: 10n,
      cycle,
      bytes: new Uint8Array(5),
      map: new Map([['k', 1]]),
      set: new Set([1]),
      f: () => 1,
      none: undefined,
      date: new Date(0),
    });
    expect(parsed()[0]).toMatchObject({
      big: '10',
      bytes: '5 bytes',
      map: { k: 1 },
      set: [1],
      f: 'function',
      date: '1970-01-01T00:00:00.000Z',
    });
  });
});

describe('secrets', () => {
  test.each([
    'password',
    'apiKey',
    'api_key',
    'AWS_SECRET_ACCESS_KEY',
    'authToken',
    'token',
    'Authorization',
    'cookie',
    'curveSecretKey',
    'credentials',
    'private-key',
  ])('the value of %s is masked, also inside', (key) => {
    const { log, lines } = capture();
    log.info('a.b', { [key]: 'hunter2', inside: { deep: [{ [key]: 'hunter2' }] } });
    log.child({ [key]: 'hunter2' }).info('a.b');
    expect(lines.join('')).not.toContain('hunter2');
    expect(lines[0]).toContain('********');
  });

  test.each(['tokens', 'task', 'keys', 'secretary'.slice(6), 'group'])('the value of %s is not', (key) => {
    const { log, lines } = capture();
    log.info('a.b', { [key]: 'plain' });
    expect(lines[0]).toContain('plain');
  });
});

describe('for people', () => {
  const pretty = (colours: boolean) => {
    const lines: string[] = [];
    return {
      lines,
      log: createLog({
        component: 'scheduler',
        level: 'debug',
        format: 'pretty',
        colours,
        write: (line) => lines.push(line),
      }),
    };
  };

  test('one short line, time first', () => {
    const { log, lines } = pretty(false);
    log.info('group.started', { group: 'g-1-1', workers: 2, why: '3 tasks wait' });
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} info {2}scheduler group\.started group=g-1-1 workers=2 why="3 tasks wait"\n$/,
    );
  });

  test('stacks stand below', () => {
    const { log, lines } = pretty(false);
    log.error('x.failed', { err: new Error('boom') });
    expect(lines[0]).toMatch(/x\.failed err=boom\n {4}Error: boom\n/);
  });

  test('colours only when asked for', () => {
    const plain = pretty(false);
    const painted = pretty(true);
    for (const { log } of [plain, painted]) log.warn('a.b', { c: 1 });
    expect(plain.lines[0]).not.toContain('\u001B');
    expect(painted.lines[0]).toContain('\u001B[33mwarn \u001B[0m');
  });
});

test('notes of the core become lines under their own event and level', () => {
  const { log, parsed } = capture();
  noteLogger(log)({ kind: 'note', event: 'group.draining', level: 'warn', fields: { group: 'g-1-1' } });
  expect(parsed()[0]).toMatchObject({ level: 'warn', event: 'group.draining', group: 'g-1-1' });
});

test('the silent log takes everything', () => {
  silentLog.child({ a: 1 }).error('x.y', { a: 1 });
  expect(silentLog.enabled('error')).toBe(false);
});
