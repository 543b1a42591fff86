/** What must hold when a process ends, in whatever way: no log line lost, no process left. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { bundleFixture } from './testing/fixture.ts';

let fixture = '';
const children: ChildProcess[] = [];

beforeAll(async () => {
  fixture = await bundleFixture('process-end');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const start = (mode: string) => {
  const child = spawn(process.execPath, [fixture, mode], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  children.push(child);
  const text = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text.out += chunk));
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text.err += chunk));
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const ready = new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));
  return { child, text, ended, ready };
};

describe('the log', () => {
  test.each([
    ['log-exit', 3, null],
    ['log-later-exit', 3, null],
    ['log-throw', 1, null],
    ['log-natural', 0, null],
    ['log-kill', null, 'SIGKILL'],
  ])('%s loses no line', async (mode, code, signal) => {
    const { text, ended } = start(mode);
    expect(await ended).toEqual({ code, signal });
    const lines = text.err.split('\n').filter((line) => line.includes('"test.line"'));
    expect(lines.map((line) => (JSON.parse(line) as { i: number }).i)).toEqual(
      Array.from({ length: 5000 }, (_, i) => i),
    );
    expect(text.out).toBe('');
  });

  test.each(['log-exit', 'log-later-exit', 'log-throw', 'log-natural'])(
    '%s ends although nobody reads any more',
    async (mode) => {
      const { child, ended } = start(mode);
      child.stderr?.destroy();
      const { signal } = await ended;
      expect(signal).toBeNull();
    },
  );
});

describe('signals', () => {
  test('the first one asks, the second SIGINT ends the process with 130', async () => {
    const { child, text, ended, ready } = start('signals-stubborn');
    await ready;
    child.kill('SIGINT');
    while (!text.out.includes('first SIGINT'))
      await new Promise((resolve) => child.stdout?.once('data', resolve));
    child.kill('SIGINT');
    expect(await ended).toEqual({ code: 130, signal: null });
    expect(text.out).toBe('ready\nfirst SIGINT\nforce SIGINT\n');
  });

  test('a process that ends gracefully keeps its own exit code', async () => {
    const { child, text, ended, ready } = start('signals-graceful');
    await ready;
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(text.out).toBe('ready\nfirst SIGTERM\n');
  });
});

describe('the lifeline', () => {
  test('its end is noticed', async () => {
    const { child, text, ended, ready } = start('lifeline');
    await ready;
    const line = child.stdio[3];
    line?.destroy();
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(text.out).toBe('ready\nparent gone\n');
  });

  test('its end is noticed when the parent is killed', async () => {
    const script = `const { spawn } = require('node:child_process');
      const child = spawn(process.execPath, [${JSON.stringify(fixture)}, 'lifeline'], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
      setInterval(() => undefined, 1000);`;
    const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(parent);
    let out = '';
    const seen = (word: string) =>
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (out.includes(word)) resolve();
          else parent.stdout.once('data', look);
        };
        look();
      });
    parent.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
    await seen('ready');
    parent.kill('SIGKILL');
    // The grandchild holds the other end of this pipe: it closes when the grandchild has ended.
    await new Promise((resolve) => parent.stdout.once('close', resolve));
    expect(out).toBe('ready\nparent gone\n');
  });
});
