import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { onShutdownSignal } from './signals.ts';

const setUp = () => {
  const log: string[] = [];
  const emitter = new EventEmitter();
  const source = {
    on: (signal: 'SIGINT' | 'SIGTERM', listener: (signal: NodeJS.Signals) => void) =>
      emitter.on(signal, listener),
    off: (signal: 'SIGINT' | 'SIGTERM', listener: (signal: NodeJS.Signals) => void) =>
      emitter.off(signal, listener),
    exit: (code: number) => log.push(`exit ${code}`),
  };
  const handle = onShutdownSignal({
    source,
    onFirst: (signal) => log.push(`first ${signal}`),
    onForce: (signal) => log.push(`force ${signal}`),
  });
  const send = (signal: 'SIGINT' | 'SIGTERM'): boolean => emitter.emit(signal, signal);
  return { log, send, handle, emitter };
};

test.each([
  [['SIGINT'], ['first SIGINT']],
  [['SIGTERM'], ['first SIGTERM']],
  [
    ['SIGINT', 'SIGINT'],
    ['first SIGINT', 'force SIGINT', 'exit 130'],
  ],
  [
    ['SIGTERM', 'SIGTERM'],
    ['first SIGTERM', 'force SIGTERM', 'exit 143'],
  ],
  [
    ['SIGTERM', 'SIGINT'],
    ['first SIGTERM', 'force SIGINT', 'exit 130'],
  ],
  [['SIGINT', 'SIGTERM'], ['first SIGINT']],
] as const)('%j gives %j', (signals, expected) => {
  const { log, send } = setUp();
  for (const signal of signals) send(signal);
  expect(log).toEqual(expected);
});

test('a force that fails ends the process all the same', () => {
  const log: string[] = [];
  const emitter = new EventEmitter();
  onShutdownSignal({
    source: {
      on: (name, listener) => emitter.on(name, listener),
      off: () => undefined,
      exit: (code) => log.push(`exit ${code}`),
    },
    onFirst: () => undefined,
    onForce: () => {
      throw new Error('no');
    },
  });
  emitter.emit('SIGINT', 'SIGINT');
  expect(() => emitter.emit('SIGINT', 'SIGINT')).toThrow('no');
  expect(log).toEqual(['exit 130']);
});

test('disposed, it leaves nothing behind', () => {
  const { log, send, handle, emitter } = setUp();
  expect(handle.first()).toBeUndefined();
  handle[Symbol.dispose]();
  expect(send('SIGINT')).toBe(false);
  expect([log, emitter.listenerCount('SIGINT'), emitter.listenerCount('SIGTERM')]).toEqual([[], 0, 0]);
});
