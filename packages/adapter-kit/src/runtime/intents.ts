/**
 * The intent file: what an adapter asked a provider for and has not seen yet, and whose end it has decided and not seen
 * yet, so that a crash leaves neither a forgotten group nor a second one. Appended; rewritten when it is mostly history.
 *
 * I1 an `open` line is on the disk before the provider is called.
 * I2 a line that cannot be read makes the file untrusted, never the adapter fail: the provider's own list decides.
 * I3 after a failed write the next one rewrites the whole file, so that half a line is never followed by another.
 */
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { AdapterId, GroupId } from '@muster/protocol/ids';
import type { Intent, RestoredIntent } from '@muster/core/provisioning';
import { fileText, lineOf, replay } from './intent-lines.ts';
import type { IntentFileLine, Replayed } from './intent-lines.ts';

/** Each of them throws what the file system throws, a full disk for one; the memory of them is right nevertheless. */
export interface Intents {
  /** What was found on opening. */
  readonly restored: readonly RestoredIntent[];
  /** False where a part of the file could not be read. */
  readonly trusted: boolean;
  /** Durable when it returns; when it throws, nothing may be started. */
  open(intents: readonly Intent[]): void;
  hold(group: GroupId): void;
  /** Its end is decided; a group never heard of before is recorded too. */
  leave(group: GroupId): void;
  close(group: GroupId): void;
  /** An empty file is removed. */
  dispose(): void;
}

const FILE_BYTES_MAX = 64 * 1024 * 1024;
/** Lines of history that are not worth a rewrite. */
const HISTORY_LINES = 1_000;

/** Memory of the intents only; for tests, and for providers whose groups end with the adapter. */
export const volatileIntents = (): Intents => ({
  restored: [],
  trusted: true,
  open: () => undefined,
  hold: () => undefined,
  leave: () => undefined,
  close: () => undefined,
  dispose: () => undefined,
});

/** Writes from an offset on, and says how many bytes it wrote. */
export type Write = (file: number, bytes: Uint8Array, offset: number) => number;

/**
 * Opens or creates the file (mode 0600).
 * @param write replaced where a full disk is to be played.
 * @throws the file system's error where its folder cannot be written.
 */
export const fileIntents = (path: string, adapter: AdapterId, write: Write = writeSync): Intents => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const { live, trusted } = read(path, adapter);
  if (!trusted) setAside(path);
  const restored = [...live.values()];
  let file = rewrite(path, fileText(adapter, live.values()), write);
  let history = 0;
  let isWhole = true;

  const append = (lines: readonly IntentFileLine[], durable: boolean): void => {
    if (!isWhole || history > HISTORY_LINES + 4 * live.size) {
      const fresh = rewrite(path, fileText(adapter, live.values()), write);
      closeSync(file);
      [file, history, isWhole] = [fresh, 0, true];
      return;
    }
    isWhole = false;
    writeAll(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''), write);
    if (durable) fdatasyncSync(file);
    history += lines.length;
    isWhole = true;
  };
  return {
    restored,
    trusted,
    open: (intents) => {
      const before = intents.map(({ groupId }) => live.get(groupId));
      for (const intent of intents) live.set(intent.groupId, { ...intent, phase: 'open' });
      try {
        append(
          intents.map((intent) => lineOf({ ...intent, phase: 'open' })),
          true,
        );
      } catch (error) {
        intents.forEach(({ groupId }, index) => restore(live, groupId, before[index]));
        throw error;
      }
    },
    hold: (group) => {
      const intent = live.get(group);
      if (intent?.phase !== 'open') return;
      live.set(group, { ...intent, phase: 'held' });
      append([{ t: 'seen', group }], false);
    },
    leave: (group) => {
      if (live.get(group)?.phase === 'leaving') return;
      live.set(group, { phase: 'leaving', groupId: group });
      append([{ t: 'leaving', group }], false);
    },
    close: (group) => {
      if (live.delete(group)) append([{ t: 'closed', group }], false);
    },
    dispose: () => {
      closeSync(file);
      if (live.size === 0) rmSync(path, { force: true });
    },
  };
};

const restore = (
  live: Map<GroupId, RestoredIntent>,
  group: GroupId,
  before: RestoredIntent | undefined,
): void => {
  if (before === undefined) live.delete(group);
  else live.set(group, before);
};

const read = (path: string, adapter: AdapterId): Replayed => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const isNew = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return { live: new Map(), trusted: isNew };
  }
  return text.length > FILE_BYTES_MAX ? { live: new Map(), trusted: false } : replay(text, adapter);
};

/** Kept for people; a later one replaces it. */
const setAside = (path: string): void => {
  try {
    renameSync(path, `${path}.unreadable`);
  } catch {
    // Not even that: the rewrite that follows says what is wrong with the folder.
  }
};

/** @returns the file, open for appending. */
const rewrite = (path: string, text: string, write: Write): number => {
  const fresh = `${path}.new`;
  const file = openSync(fresh, 'w', 0o600);
  try {
    writeAll(file, text, write);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(fresh, path);
  return openSync(path, 'a');
};

const writeAll = (file: number, text: string, write: Write): void => {
  const bytes = Buffer.from(text);
  for (let offset = 0; offset < bytes.length;) offset += write(file, bytes, offset);
};
