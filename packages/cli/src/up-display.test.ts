import { afterEach, describe, expect, it, vi } from 'vitest';
import { createUpDisplay } from './up-display.ts';

const shown = (options: {
  json: boolean;
  verbose: boolean;
}): { lines(): string[]; display: ReturnType<typeof createUpDisplay> } => {
  const written: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  return { display: createUpDisplay(options), lines: () => written };
};

const log = (event: string, fields: Readonly<Record<string, unknown>>, level = 'warn'): string =>
  JSON.stringify({ level, event, ...fields });

const LOST = [
  ['adapter native', log('native.host.exited', { group: 'g-1', signal: 'SIGKILL' })],
  ['adapter native', log('group.lost', { group: 'g-1', reason: 'the provider no longer lists it' })],
  ['scheduler', log('worker.lost', { group: 'g-1', reason: 'its group is gone', tasks: 1 })],
  ['scheduler', log('group.gone', { group: 'g-1', reason: 'its adapter no longer lists it' })],
] as const;

describe('what muster up shows of its processes', () => {
  afterEach(() => void vi.restoreAllMocks());

  it('is one line for a worker group that was lost, and another one for the next', () => {
    const { display, lines } = shown({ json: false, verbose: false });
    for (const [name, line] of LOST) display.child({ kind: 'line', name, line });
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toContain('worker group g-1 was lost');
    expect(lines()[0]).toContain('SIGKILL');
    display.child({
      kind: 'line',
      name: 'adapter native',
      line: log('group.lost', { group: 'g-2', reason: '' }),
    });
    expect(lines()).toHaveLength(2);
  });

  it('is nothing where a group has ended well of itself', () => {
    const { display, lines } = shown({ json: false, verbose: false });
    const exited = (code: number): void =>
      display.child({
        kind: 'line',
        name: 'adapter native',
        line: log('native.host.exited', { group: 'g-1', code, signal: '', asked: false }),
      });
    exited(0);
    expect(lines()).toEqual([]);
    exited(1);
    expect(lines()).toHaveLength(1);
  });

  it('is everything for programs', () => {
    const { display, lines } = shown({ json: true, verbose: false });
    display.ending();
    for (const [name, line] of LOST) display.child({ kind: 'line', name, line });
    expect(lines()).toHaveLength(LOST.length);
  });

  it('is the silence of a worker that others of its group outlive', () => {
    const { display, lines } = shown({ json: false, verbose: false });
    for (const worker of ['a', 'b'])
      display.child({
        kind: 'line',
        name: 'scheduler',
        line: log('worker.lost', { worker, group: 'g', reason: 'silent' }),
      });
    expect(lines()).toHaveLength(2);
  });

  it('is no consequence of an end that was asked for, but errors', () => {
    const { display, lines } = shown({ json: false, verbose: false });
    display.ending();
    display.child({
      kind: 'line',
      name: 'adapter native',
      line: log('adapter.list.failed', { detail: 'ENOENT' }),
    });
    expect(lines()).toEqual([]);
    display.child({ kind: 'line', name: 'scheduler', line: log('scheduler.bug', {}, 'error') });
    expect(lines()).toHaveLength(1);
  });
});
