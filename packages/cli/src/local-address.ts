/** Addresses that a fleet on this machine binds, and how it reaches them itself. */
import { createServer } from 'node:net';
import { CliError } from './errors.ts';

const ANY_HOST = /^tcp:\/\/(\*|0\.0\.0\.0):/;
const TRIES_MAX = 50;

/** `tcp://0.0.0.0:8516` is every address of this machine to listen on, but none to connect to. */
export const connectable = (address: string): string => address.replace(ANY_HOST, 'tcp://127.0.0.1:');

const isFree = (host: string, port: number): Promise<number | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });

/** A port that is free now, with the one after it, which the object store takes. */
const freePair = async (host: string): Promise<number> => {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = await isFree(host, 0);
    if (port !== undefined && port < 65_535 && (await isFree(host, port + 1)) !== undefined) return port;
  }
  throw new CliError(
    'failed',
    `no two free ports in a row were found on ${host}.`,
    'Name a port, such as tcp://127.0.0.1:8516',
  );
};

/** Port 0 becomes a real one, so that a scheduler that is started again listens where its peers look for it. */
export const withPorts = (addresses: readonly string[]): Promise<readonly string[]> =>
  Promise.all(
    addresses.map(async (address) => {
      const match = /^tcp:\/\/([^:]+):0$/.exec(address);
      if (match === null) return address;
      return `tcp://${match[1] ?? ''}:${await freePair(match[1] === '*' ? '0.0.0.0' : (match[1] ?? ''))}`;
    }),
  );
