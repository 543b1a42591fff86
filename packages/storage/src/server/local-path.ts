/**
 * Claims a path for a local socket so that two stores never serve the same one: the socket is made under a name of
 * its own and hard-linked to the path, which fails if something is there.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, lstatSync, mkdirSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { ObjectStoreError, systemCode } from '../errors.ts';

/** Of a socket address on macOS; Linux has 4 more. */
const PATH_BYTES_MAX = 103;

const inodeOf = (path: string): number | undefined => {
  try {
    return lstatSync(path).ino;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
};

/** Whether somebody answers at a local socket. */
export const isServed = (path: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => {
      const code = systemCode(error);
      if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve(false);
      // Its queue of connections is full: somebody is there.
      else if (code === 'EAGAIN') resolve(true);
      else reject(error);
    });
  });

const listen = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => {
      server.off('error', reject);
      resolve();
    });
  });

/** Removes the entry of a dead socket, and only that one. */
const removeDead = async (path: string): Promise<void> => {
  const dead = inodeOf(path);
  if (dead === undefined) return;
  if (!lstatSync(path).isSocket()) throw new ObjectStoreError('config', `${path} exists and is not a socket`);
  if (await isServed(path)) throw new ObjectStoreError('addressInUse', `another process serves ${path}`);
  const aside = `${path}~${randomBytes(3).toString('hex')}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  // Somebody else was faster and this is his: put it back.
  if (inodeOf(aside) !== dead) renameSync(aside, path);
  else rmSync(aside, { force: true });
};

export interface LocalPath {
  /** False when another socket took the path's place. */
  isOurs(): boolean;
  /** Removes the path if it is still ours. */
  release(): void;
}

/**
 * Lets `server` listen at `path`, for this user only. Makes the directory, owner-only, if it is missing. Throws
 * ObjectStoreError 'addressInUse' when a living process serves the path, 'config' when the path cannot be used.
 */
export const claimLocalPath = async (server: Server, path: string): Promise<LocalPath> => {
  const own = join(dirname(path), `.${randomBytes(4).toString('hex')}`);
  if (Math.max(Buffer.byteLength(path), Buffer.byteLength(own)) > PATH_BYTES_MAX) {
    throw new ObjectStoreError('config', `socket path is longer than ${PATH_BYTES_MAX} bytes: ${path}`);
  }
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    await listen(server, own);
    chmodSync(own, 0o600);
    const inode = inodeOf(own);
    for (let attempt = 0; !tryLink(own, path); attempt++) {
      if (attempt === 10) throw new ObjectStoreError('addressInUse', `several processes fight for ${path}`);
      await removeDead(path);
    }
    unlinkSync(own);
    const isOurs = (): boolean => inodeOf(path) === inode;
    return {
      isOurs,
      release: () => {
        if (isOurs()) rmSync(path, { force: true });
      },
    };
  } catch (error) {
    server.close();
    rmSync(own, { force: true });
    if (error instanceof ObjectStoreError) throw error;
    throw new ObjectStoreError('config', `cannot listen at ${path}: ${String(error)}`, { cause: error });
  }
};

const tryLink = (own: string, path: string): boolean => {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
};
