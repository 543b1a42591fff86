import { describe, expect, it } from 'vitest';
import { AddressError, checkBindAddresses, parseTcp, storeAddressFor } from './addresses.ts';

describe('checkBindAddresses', () => {
  it.each([
    ['tcp://127.0.0.1:8516'],
    ['tcp://127.9.8.7:1'],
    ['tcp://localhost:8516'],
    ['tcp://[::1]:8516'],
    ['ipc:///run/me/s.sock'],
  ])('binds %s without a word', (address) => {
    expect(() => checkBindAddresses([address], false)).not.toThrow();
  });

  it.each([
    ['tcp://0.0.0.0:8516'],
    ['tcp://10.0.0.1:8516'],
    ['tcp://*:8516'],
    ['tcp://example.org:8516'],
    ['tcp://127.0.0.1.example.org:8516'],
    ['ipc://@everybody'],
  ])('refuses %s, which others can reach, and says why', (address) => {
    expect(() => checkBindAddresses([address], false)).toThrow(/--insecure/);
    expect(() => checkBindAddresses([address], true)).not.toThrow();
  });

  it.each([['8516'], ['tcp://127.0.0.1'], ['tcp://127.0.0.1:99999'], ['http://x:1'], ['ipc://']])(
    'refuses %s as no address',
    (address) => {
      expect(() => checkBindAddresses([address], true)).toThrow(AddressError);
    },
  );
});

describe('storeAddressFor', () => {
  it('takes the port after the first TCP address', () => {
    expect(storeAddressFor(['ipc:///x', 'tcp://127.0.0.1:8516', 'tcp://127.0.0.1:9000'])).toEqual({
      host: '127.0.0.1',
      port: 8517,
    });
  });

  it('advertises an IP literal, because stock workers refuse host names', () => {
    expect(storeAddressFor(['tcp://localhost:8516'])).toEqual({ host: '127.0.0.1', port: 8517 });
  });

  it('knows the wildcard of ZeroMQ', () => {
    expect(storeAddressFor(['tcp://*:8516'])).toEqual({ host: '0.0.0.0', port: 8517 });
  });

  it('has none where the scheduler has no TCP address', () =>
    expect(storeAddressFor(['ipc:///x'])).toBeUndefined());
});

it('reads hosts and ports', () => {
  expect(parseTcp('tcp://[::1]:80')).toEqual({ host: '[::1]', port: 80 });
  expect(parseTcp('tcp://h:70000')).toBeUndefined();
});
