import { createLog } from '@muster/runtime/log';
import { expect, it } from 'vitest';
import { ordinaryEnd } from './ordinary-end.ts';

const logged = (signal: NodeJS.Signals | undefined): readonly unknown[] => {
  const lines: unknown[] = [];
  const log = ordinaryEnd(
    createLog({ component: 'scheduler', level: 'info', write: (line) => lines.push(JSON.parse(line)) }),
    () => signal,
  );
  log.info('shutdown.begin', { reason: 'an operator asked for it' });
  log.child({}).warn('store.down', { reason: 'closed' });
  return lines;
};

it('names the signal, and takes the end of the store for granted', () => {
  expect(logged('SIGINT')).toMatchObject([
    { level: 'info', reason: 'SIGINT' },
    { level: 'info', event: 'store.down', reason: 'closed' },
  ]);
});

it('changes nothing before a signal has come', () => {
  expect(logged(undefined)).toMatchObject([
    { level: 'info', reason: 'an operator asked for it' },
    { level: 'warn', event: 'store.down' },
  ]);
});
