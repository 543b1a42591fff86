/**
 * The intent file: what an adapter asked a provider for and has not seen yet, so that a crash in between leaves neither a
 * forgotten group nor a second one. One JSON line per fact, appended; rewritten when it is mostly history.
 *
 * I1 an `open` line is on the disk before the provider is called.
 * I2 a line that cannot be read makes the file untrusted, never the adapter fail: the provider's own list decides.
 */
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { groupId, workerId } from '@muster/protocol/ids';
import type { AdapterId, Capabilities, GroupId } from '@muster/protocol/ids';
import type { Intent, RestoredIntent } from '@muster/core/provisioning';

export interface Intents {
  /** What was found on opening. */
  readonly restored: readonly RestoredIntent[];
  /** False where a part of the file could not be read. */
  readonly trusted: boolean;
  /** Durable when it returns; throws what the file system throws (a full disk), and then nothing may be started. */
  open(intents: readonly Intent[]): void;
  hold(group: GroupId): void;
  close(group: GroupId): void;
  dispose(): void;
}

interface IntentLine {
  readonly t: 'open' | 'held';
  readonly group: string;
  readonly attempt: number;
  readonly token: string;
  readonly workers: readonly string[];
  readonly capabilities: readonly (readonly [string, number | 'present'])[];
}

type Line =
  | { readonly t: 'intents'; readonly v: 1; readonly adapter: string }
  | IntentLine
  | { readonly t: 'seen'; readonly group: string }
  | { readonly t: 'closed'; readonly group: string };

const FILE_BYTES_MAX = 64 * 1024 * 1024;
/** Lines of history that are not worth a rewrite. */
const HISTORY_LINES = 1_000;

/** Memory of the intents only; for providers whose groups end with the adapter, and for tests. */
export const volatileIntents = (): Intents => ({
  restored: [],
  trusted: true,
  open: () => undefined,
  hold: () => undefined,
  close: () => undefined,
  dispose: () => undefined,
});

/** Opens or creates the file (mode 0600). @throws the file system's error where its folder cannot be written. */
export const fileIntents = (path: string, adapter: AdapterId): Intents => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const { live, trusted } = read(path, adapter);
  if (!trusted) setAside(path);
  const restored = [...live.values()];
  let file = rewrite(path, adapter, live);
  let history = 0;

  const append = (lines: readonly Line[], durable: boolean): void => {
    writeSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    if (durable) fdatasyncSync(file);
    history += lines.length;
    if (history < HISTORY_LINES + 4 * live.size) return;
    closeSync(file);
    file = rewrite(path, adapter, live);
    history = 0;
  };
  return {
    restored,
    trusted,
    open: (intents) => {
      append(
        intents.map((intent) => lineOf({ ...intent, phase: 'open' })),
        true,
      );
      for (const intent of intents) live.set(intent.groupId, { ...intent, phase: 'open' });
    },
    hold: (group) => {
      const intent = live.get(group);
      if (intent === undefined) return;
      live.set(group, { ...intent, phase: 'held' });
      append([{ t: 'seen', group }], false);
    },
    close: (group) => {
      if (live.delete(group)) append([{ t: 'closed', group }], false);
    },
    dispose: () => closeSync(file),
  };
};

/** Kept for people; a later one replaces it. */
const setAside = (path: string): void => {
  try {
    renameSync(path, `${path}.unreadable`);
  } catch {
    // Not even that: the rewrite that follows says what is wrong with the folder.
  }
};

const lineOf = (intent: RestoredIntent): Line => ({
  t: intent.phase,
  group: intent.groupId,
  attempt: intent.attempt,
  token: intent.token,
  workers: intent.workerIds,
  capabilities: [...intent.capabilities],
});

const rewrite = (path: string, adapter: AdapterId, live: ReadonlyMap<GroupId, RestoredIntent>): number => {
  const lines: Line[] = [{ t: 'intents', v: 1, adapter }, ...[...live.values()].map(lineOf)];
  const fresh = `${path}.new`;
  const file = openSync(fresh, 'w', 0o600);
  writeSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  fsyncSync(file);
  closeSync(file);
  renameSync(fresh, path);
  return openSync(path, 'a');
};

interface Found {
  readonly live: Map<GroupId, RestoredIntent>;
  readonly trusted: boolean;
}

const read = (path: string, adapter: AdapterId): Found => {
  const live = new Map<GroupId, RestoredIntent>();
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return { live, trusted: (error as NodeJS.ErrnoException).code === 'ENOENT' };
  }
  if (text.length > FILE_BYTES_MAX) return { live, trusted: false };
  const lines = text.split('\n');
  let trusted = lines.pop() === '';
  lines.forEach((raw, index) => {
    const line = parse(raw);
    if (line === undefined || (index === 0) !== (line.t === 'intents')) trusted = false;
    else if (line.t === 'intents') trusted &&= line.adapter === adapter;
    else apply(live, line);
  });
  return { live, trusted: trusted && lines.length > 0 };
};

const apply = (live: Map<GroupId, RestoredIntent>, line: Exclude<Line, { t: 'intents' }>): void => {
  const id = groupId(line.group);
  if (line.t === 'closed') live.delete(id);
  else if (line.t === 'seen') {
    const intent = live.get(id);
    if (intent !== undefined) live.set(id, { ...intent, phase: 'held' });
  } else {
    const { attempt, token, workers, capabilities } = line;
    live.set(id, {
      groupId: id,
      attempt,
      token,
      workerIds: workers.map(workerId),
      capabilities: new Map(capabilities),
      phase: line.t,
    });
  }
};

const parse = (raw: string): Line | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    // Cut or overwritten: the caller distrusts the file.
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const { t, group, adapter, v } = value;
  if (t === 'intents') return v === 1 && typeof adapter === 'string' ? { t, v, adapter } : undefined;
  if (typeof group !== 'string') return undefined;
  if (t === 'seen' || t === 'closed') return { t, group };
  return t === 'open' || t === 'held' ? parseIntent(t, group, value) : undefined;
};

const parseIntent = (t: 'open' | 'held', group: string, value: Record<string, unknown>): Line | undefined => {
  const { attempt, token, workers, capabilities } = value;
  if (typeof attempt !== 'number' || !Number.isInteger(attempt) || typeof token !== 'string')
    return undefined;
  if (!Array.isArray(workers) || !workers.every((one) => typeof one === 'string')) return undefined;
  if (!Array.isArray(capabilities) || !capabilities.every(isCapability)) return undefined;
  return { t, group, attempt, token, workers, capabilities };
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCapability = (
  value: unknown,
): value is readonly [string, Capabilities extends ReadonlyMap<string, infer Q> ? Q : never] =>
  Array.isArray(value) &&
  value.length === 2 &&
  typeof value[0] === 'string' &&
  (typeof value[1] === 'number' || value[1] === 'present');
