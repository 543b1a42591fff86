import { expect, it } from 'vitest';
import { connectable, withPorts } from './local-address.ts';

it.each([
  ['tcp://0.0.0.0:8516', 'tcp://127.0.0.1:8516'],
  ['tcp://*:8516', 'tcp://127.0.0.1:8516'],
  ['tcp://10.0.0.0:8516', 'tcp://10.0.0.0:8516'],
  ['ipc:///s', 'ipc:///s'],
])('reaches %s at %s', (bound, address) => {
  expect(connectable(bound)).toBe(address);
});

it('chooses a port for port 0 and leaves other addresses alone', async () => {
  const [first, second, third] = await withPorts(['tcp://127.0.0.1:0', 'ipc:///s', 'tcp://127.0.0.1:8516']);
  expect(first).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d+$/);
  expect([second, third]).toEqual(['ipc:///s', 'tcp://127.0.0.1:8516']);
});
