/** Addresses: what is accepted, what is done before a bind, and what an error means to its reader. */
import { lookup } from 'node:dns/promises';
import { lstat, unlink } from 'node:fs/promises';
import { connect as connectSocket, isIP } from 'node:net';
import { TransportError } from '../errors.ts';
import type { TransportErrorCode } from '../errors.ts';

/** Bytes of a local socket path, without the closing NUL. Source: sockaddr_un in the Linux and macOS headers. */
const IPC_PATH_BYTES_MAX = process.platform === 'darwin' ? 103 : 107;

const TCP = /^tcp:\/\/(\[[0-9a-fA-F:.%a-zA-Z]+\]|[^:/[\]]+):(\d{1,5}|\*)$/;

export type Address =
  | { readonly kind: 'tcp'; readonly text: string; readonly host: string; readonly port: string }
  | { readonly kind: 'ipc'; readonly text: string; readonly path: string };

const bad = (text: string, why: string): TransportError =>
  new TransportError(
    'EINVAL',
    text,
    `${text === '' ? 'an empty address' : text} is not an address that can be used: ${why}`,
  );

/** @throws TransportError EINVAL, with an example of what would do. */
export const parseAddress = (text: string, purpose: 'listen' | 'connect'): Address => {
  if (text.startsWith('ipc://')) return parseIpc(text);
  const match = TCP.exec(text);
  if (match === null) {
    const v6 = /^tcp:\/\/[0-9a-fA-F]*:[0-9a-fA-F:]+:\d+$/.test(text);
    throw bad(
      text,
      v6
        ? 'an IPv6 address needs brackets, such as tcp://[::1]:8516'
        : 'write tcp://127.0.0.1:8516 or ipc:///path/to/socket',
    );
  }
  const [, host = '', port = ''] = match;
  if (port !== '*' && Number(port) > 65535) throw bad(text, 'a port is at most 65535');
  if (purpose === 'connect') {
    if (host === '*') throw bad(text, 'to connect, name the host; * only works for listening');
    if (port === '*' || Number(port) === 0)
      throw bad(text, 'to connect, name the port; 0 and * only work for listening');
  }
  return { kind: 'tcp', text, host, port: port === '*' ? '0' : port };
};

const parseIpc = (text: string): Address => {
  const path = text.slice('ipc://'.length);
  if (path === '') throw bad(text, 'the path is missing, such as ipc:///run/user/1000/muster.sock');
  const bytes = Buffer.byteLength(path);
  if (bytes > IPC_PATH_BYTES_MAX) {
    throw bad(
      text,
      `its path has ${bytes} bytes, the system allows ${IPC_PATH_BYTES_MAX}; choose a shorter directory`,
    );
  }
  return { kind: 'ipc', text, path };
};

/** Only an address in brackets turns IPv6 on: with it, a host name might resolve to an address nobody listens on. */
export const needsIpv6 = (address: Address): boolean =>
  address.kind === 'tcp' && address.host.startsWith('[');

/** What libzmq is told: it takes no host names for a bind, and takes over a socket file that is in use. */
export const prepareBind = async (address: Address): Promise<string> => {
  if (address.kind === 'ipc') {
    if (!address.path.startsWith('@')) await clearStaleSocket(address.text, address.path);
    return address.text;
  }
  const { host, port } = address;
  if (host === '*' || host.startsWith('[') || isIP(host) !== 0) return `tcp://${host}:${port}`;
  try {
    return `tcp://${(await lookup(host, { family: 4 })).address}:${port}`;
  } catch {
    // Not a host name: libzmq also knows names of network interfaces, and says so if this is none.
    return `tcp://${host}:${port}`;
  }
};

/** A socket file that we made; libzmq leaves it behind. */
export interface SocketFile {
  readonly path: string;
  readonly inode: number;
}

/** After a bind: the file to remove at the end; undefined for addresses that have none. */
export const socketFileOf = async (address: Address): Promise<SocketFile | undefined> => {
  if (address.kind !== 'ipc' || address.path.startsWith('@')) return undefined;
  const found = await lstat(address.path).catch(() => undefined);
  return found === undefined ? undefined : { path: address.path, inode: found.ino };
};

/** Removes the file unless somebody else has bound the path since. */
export const removeSocketFile = async (file: SocketFile): Promise<void> => {
  const found = await lstat(file.path).catch(() => undefined);
  if (found?.ino === file.inode) await unlink(file.path).catch(() => undefined);
};

/** Removes a socket file that nobody listens on. libzmq would take over one that is in use, too. */
const clearStaleSocket = async (text: string, path: string): Promise<void> => {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw bad(text, 'there is a file of that name which is not a socket');
  const answer = await probe(path);
  if (answer === 'listening') throw busy(text);
  if (answer === 'ECONNREFUSED') await unlink(path).catch(() => undefined);
};

const probe = (path: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connectSocket({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve('listening');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
  });

const busy = (text: string, cause?: unknown): TransportError =>
  new TransportError(
    'EADDRINUSE',
    text,
    `${text} is in use: another process listens there. End it, or choose another ${
      text.startsWith('ipc:') ? 'path' : 'port (port 0 lets the system choose)'
    }`,
    cause,
  );

const SENTENCES: Readonly<Record<string, { readonly code: TransportErrorCode; readonly why: string }>> = {
  EADDRNOTAVAIL: {
    code: 'EADDRNOTAVAIL',
    why: 'no network interface of this machine has that address; 127.0.0.1 and 0.0.0.0 always exist',
  },
  ENODEV: { code: 'EADDRNOTAVAIL', why: 'no network interface of this machine has that address or name' },
  EACCES: {
    code: 'EACCES',
    why: 'no permission; ports below 1024 need privileges, a socket path needs a directory you can write',
  },
  EPERM: { code: 'EACCES', why: 'no permission' },
  ENOENT: { code: 'EINVAL', why: 'its directory does not exist' },
  EINVAL: { code: 'EINVAL', why: 'write tcp://127.0.0.1:8516 or ipc:///path/to/socket' },
  EPROTONOSUPPORT: { code: 'EINVAL', why: 'write tcp://127.0.0.1:8516 or ipc:///path/to/socket' },
};

/** Translates what the library threw into one sentence for people and one code for programs. */
export const addressError = (
  text: string,
  purpose: 'listen on' | 'connect to',
  cause: unknown,
): TransportError => {
  if (cause instanceof TransportError) return cause;
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  if (code === 'EADDRINUSE') return busy(text, cause);
  const known = SENTENCES[code];
  return new TransportError(
    known?.code ?? 'EFAILED',
    text,
    `cannot ${purpose} ${text}: ${known?.why ?? (cause instanceof Error ? cause.message : String(cause))}`,
    cause,
  );
};
