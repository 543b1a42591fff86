/** Where a scheduler listens, and where its object store does: the address rules of the stock system, made safe. */

/** A bind address that the scheduler refuses, in words for the person who typed it. */
export class AddressError extends Error {
  override readonly name = 'AddressError';
  readonly code: 'addressInvalid' | 'addressExposed';

  constructor(code: AddressError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** `tcp://host:port` with a numeric port; undefined for anything else. IPv6 hosts stand in brackets. */
export const parseTcp = (address: string): TcpAddress | undefined => {
  const match = /^tcp:\/\/(\[[0-9a-fA-F:.%\w]+\]|[^:/\s]+):(\d{1,5})$/.exec(address);
  const port = Number(match?.[2]);
  const host = match?.[1];
  return host === undefined || port > 65_535 ? undefined : { host, port };
};

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);

/**
 * Checks what the scheduler is asked to bind. Anybody who reaches a port can run commands on the workers, so
 * only loopback and local sockets are bound without `insecure`.
 */
export const checkBindAddresses = (addresses: readonly string[], insecure: boolean): void => {
  if (addresses.length === 0)
    throw new AddressError(
      'addressInvalid',
      'no address to listen on; name one, such as tcp://127.0.0.1:8516',
    );
  for (const address of addresses) {
    if (address.startsWith('ipc://@') && !insecure) {
      throw new AddressError(
        'addressExposed',
        `${address} is an abstract socket, which every user of this machine can reach. Name a path in a directory of your own (ipc:///PATH), or add --insecure.`,
      );
    }
    if (/^ipc:\/\/.+/.test(address) || /^inproc:\/\/.+/.test(address)) continue;
    const tcp = parseTcp(address);
    if (tcp === undefined) {
      throw new AddressError(
        'addressInvalid',
        `"${address}" is no address; write tcp://HOST:PORT (such as tcp://127.0.0.1:8516) or ipc:///PATH`,
      );
    }
    if (!isLoopback(tcp.host) && !insecure) {
      throw new AddressError(
        'addressExposed',
        `${address} can be reached from other machines, and whoever reaches it can run programs here: this release has no keys on its links (CURVE keys come in a later one). ` +
          'Bind tcp://127.0.0.1:PORT, or add --insecure when the network itself keeps others out.',
      );
    }
  }
};

/** What ZeroMQ writes in other words than the system. */
const STORE_HOSTS: ReadonlyMap<string, string> = new Map([
  ['localhost', '127.0.0.1'],
  ['*', '0.0.0.0'],
]);

/**
 * Where a supervised object store listens for stock peers: the first TCP host of the scheduler and the port
 * after its own. Undefined when the scheduler has no TCP address: then nobody but local peers of ours can
 * reach it, and they use the store's socket file.
 * Source: OpenGRIS Scaler 1.15.0, default ports (scheduler P, object store P+1).
 */
export const storeAddressFor = (bound: readonly string[]): TcpAddress | undefined => {
  for (const address of bound) {
    const tcp = parseTcp(address);
    if (tcp !== undefined) return { host: STORE_HOSTS.get(tcp.host) ?? tcp.host, port: tcp.port + 1 };
  }
  return undefined;
};
