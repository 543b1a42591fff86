/**
 * Files for bytes that have no room in memory: one directory per store process, readable by its user only, gone with
 * the process. What a killed process left behind is removed by the next one that uses the same place.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ObjectStoreError } from '../errors.ts';
import { errorText, type StoreLog } from '../log.ts';
import { isSameProcess, startTicks } from '../process/start.ts';

export interface SpillFile {
  readonly path: string;
}

/** Bytes go in at the end; the file is only good after `finish`. */
export interface SpillWriter {
  append(bytes: Uint8Array): Promise<void>;
  finish(): Promise<SpillFile>;
  /** Removes what was written. Never rejects. */
  abort(): Promise<void>;
}

export interface SpillDirectory {
  readonly path: string;
  create(): Promise<SpillWriter>;
  read(file: SpillFile, offset: number, bytes: number): Promise<Uint8Array>;
  /** In the background; a failure becomes a note. */
  remove(file: SpillFile): void;
  /** Removes the whole directory. */
  close(): Promise<void>;
}

const PREFIX = 'muster-spill';

/** Removes the directories of dead processes of this host. */
const sweep = (base: string, log: StoreLog): void => {
  const host = hostname();
  for (const name of readdirSync(base)) {
    const match = /^muster-spill@(.+)@(\d+)@(\d+)@[0-9a-z]+$/.exec(name);
    if (match?.[1] !== host || isSameProcess(Number(match[2]), match[3] ?? '')) continue;
    rmSync(join(base, name), { recursive: true, force: true });
    log.info('store.spill_swept', { directory: join(base, name) });
  }
};

const createWriter = async (path: string): Promise<SpillWriter> => {
  const handle: FileHandle = await open(path, 'wx', 0o600);
  return {
    async append(bytes) {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await handle.write(bytes, at, bytes.length - at);
        at += bytesWritten;
      }
    },
    async finish() {
      await handle.close();
      return { path };
    },
    async abort() {
      // The disk is in trouble already: whatever these two say changes nothing.
      await handle.close().catch(() => undefined);
      await rm(path, { force: true }).catch(() => undefined);
    },
  };
};

const readPart = async (path: string, offset: number, bytes: number): Promise<Uint8Array> => {
  const handle = await open(path, 'r');
  try {
    const part = Buffer.allocUnsafeSlow(bytes);
    for (let at = 0; at < bytes;) {
      const { bytesRead } = await handle.read(part, at, bytes - at, offset + at);
      if (bytesRead === 0)
        throw new ObjectStoreError('unavailable', `spill file ${path} is shorter than its object`);
      at += bytesRead;
    }
    return part;
  } finally {
    await handle.close();
  }
};

/**
 * Makes the directory of this process under `base`, which is made too. `tag` tells several stores of one process
 * apart. Throws ObjectStoreError 'config' when that is impossible.
 */
export const openSpillDirectory = (base: string, tag: string, log: StoreLog): SpillDirectory => {
  const ticks = startTicks(process.pid) ?? '0';
  const path = join(base, `${PREFIX}@${hostname()}@${process.pid}@${ticks}@${tag}`);
  try {
    mkdirSync(base, { recursive: true, mode: 0o700 });
    sweep(base, log);
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    throw new ObjectStoreError('config', `cannot use spill directory ${base}: ${errorText(error)}`, {
      cause: error,
    });
  }
  const removeNow = (): void => rmSync(path, { recursive: true, force: true });
  process.once('exit', removeNow);
  const background = new Set<Promise<void>>();
  let files = 0;
  return {
    path,
    create: () => createWriter(join(path, String(files++))),
    read: (file, offset, bytes) => readPart(file.path, offset, bytes),
    remove(file) {
      const removed: Promise<void> = rm(file.path, { force: true })
        .catch((error: unknown) => log.warn('store.spill_remove_failed', { error: errorText(error) }))
        .finally(() => background.delete(removed));
      background.add(removed);
    },
    async close() {
      await Promise.allSettled(background);
      process.off('exit', removeNow);
      removeNow();
    },
  };
};
