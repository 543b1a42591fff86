/** An object store of our own: a process beside us that outlives our crash and is found again by our successor. */
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ObjectStoreState } from '@muster/core/scheduler-types';
import { noteLogger, type Log } from '@muster/runtime/log';
import { superviseObjectStore } from '@muster/storage/supervisor';
import { createDeleter, type StoreLink } from './store-link.ts';

export interface SupervisedStoreOptions {
  /** Program and arguments that run a store on `socket`, with the owner mark in its environment. */
  readonly command: readonly string[];
  /** Local socket of the store, in a directory of this user alone; the directory is made where missing. */
  readonly socket: string;
  readonly log: Log;
}

/** Environment variable that tells a store whom it belongs to. Not an argument: command lines can be read by everybody. */
export const OWNER_MARK_VARIABLE = 'MUSTER_STORE_OWNER_MARK';

/**
 * Kept beside the socket, so that the scheduler after a crash is known as the owner. Written whole under another name and
 * then linked: a crash in between leaves no empty mark, and of two schedulers one is first.
 */
const ownerMarkFor = (socket: string): string => {
  const path = `${socket}.owner`;
  const draft = `${path}.${process.pid}`;
  mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
  writeFileSync(draft, randomBytes(16).toString('hex'), { mode: 0o600 });
  try {
    linkSync(draft, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return readFileSync(path, 'utf8');
};

/** Starts or adopts the store; resolves when it serves. Rejects with an ObjectStoreError that says why the first start failed. */
export const openSupervisedStore = async ({
  command,
  socket,
  log,
}: SupervisedStoreOptions): Promise<StoreLink> => {
  const ownerMark = ownerMarkFor(socket);
  let listener: (state: ObjectStoreState) => void = () => undefined;
  const supervisor = superviseObjectStore({
    command,
    path: socket,
    ownerMark,
    env: { ...process.env, [OWNER_MARK_VARIABLE]: ownerMark },
    log,
    onState: (state) => listener(state),
  });
  try {
    await supervisor.ready();
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
  const notes = noteLogger(log);
  const deleter = createDeleter(supervisor.client, ({ dropped, error }) =>
    notes({ kind: 'note', level: 'warn', event: 'store.deleteFailed', fields: { objects: dropped, error } }),
  );
  return {
    onState: (react) => {
      listener = react;
      react(supervisor.state);
    },
    delete: (ids) => deleter.add(ids),
    close: async (how) => {
      deleter.stop();
      await (how === 'release' ? supervisor.release() : supervisor.stop());
    },
  };
};
