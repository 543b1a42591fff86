/**
 * `muster scheduler --record`: what the machine is fed, on its way to the machine, into a file. A disk that is full or
 * slow ends the recording, never the scheduler, and never makes it wait.
 */
import { close, openSync, statSync, write } from 'node:fs';
import { join } from 'node:path';
import type { Machine, Note } from '@muster/core/machine';
import type { SchedulerConfig, SchedulerEffect, SchedulerEvent } from '@muster/core/scheduler-types';
import { instant, type Instant } from '@muster/protocol/ids';
import type { Clock } from '@muster/runtime/clock';
import { encodeHead, RecordWriter } from './recording/writer.ts';

/** Twice of what is written at once, so that a large turn fits behind it. */
const PIECE_BYTES = 1024 * 1024;
/** What may wait for the disk. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** A killed scheduler loses this much of its recording. */
const FLUSH_MS = 100;
const SPARE_PIECES_MAX = 4;

export interface RecorderOptions {
  /** The file, which must not exist; or a directory, where a file is made for each run. */
  readonly path: string;
  /** Release that records. */
  readonly muster: string;
  /** Wall clock, ISO 8601. */
  readonly startedAt: string;
  readonly clock: Clock;
  readonly log: (note: Note) => void;
}

export interface Recorder {
  readonly path: string;
  /** Once, when the machine is made; the machine that records from then on. */
  attach<M extends Machine<SchedulerEvent, SchedulerEffect>>(
    machine: M,
    config: SchedulerConfig,
    createdAt: Instant,
  ): M;
  /** The frame in which an event of this turn came: cheaper than to encode it again. */
  arrived(event: SchedulerEvent, frame: Uint8Array): void;
  /** Resolves when everything is in the file, or the recording has failed before. Never rejects. */
  close(): Promise<void>;
}

const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

const NO_NOTES: readonly Note[] = [];

/** Most steps make none. */
const notesOf = (effects: readonly SchedulerEffect[]): readonly Note[] => {
  let notes: Note[] | undefined;
  for (const effect of effects) {
    if (effect.kind !== 'note') continue;
    if (notes === undefined) notes = [effect];
    else notes.push(effect);
  }
  return notes ?? NO_NOTES;
};

/** Readable by its owner alone: it holds what tasks were given. Throws the system's error, EEXIST for a file that exists. */
export const openRecorder = ({ path, muster, startedAt, clock, log }: RecorderOptions): Recorder => {
  const name = `muster-${startedAt.replace(/[:.]/g, '-')}-${process.pid}.rec`;
  const target = isDirectory(path) ? join(path, name) : path;
  const file = openFile(target, (error) =>
    log({ kind: 'note', level: 'error', event: 'record.failed', fields: { path: target, error } }),
  );
  const writer = new RecordWriter(PIECE_BYTES);
  const frames = new Map<SchedulerEvent, Uint8Array>();
  let armed: { cancel(): void } | undefined;
  const flush = (): void => {
    armed?.cancel();
    armed = undefined;
    if (writer.used > 0) file.append(writer.take(file.spare()));
  };
  const flushSoon = (): void => {
    if (writer.used >= PIECE_BYTES / 2) flush();
    else armed ??= clock.wakeAt(instant(clock.now() + FLUSH_MS), flush);
  };
  const frameOf = (event: SchedulerEvent): Uint8Array | undefined => frames.get(event);
  const recorded = (
    machine: Machine<SchedulerEvent, SchedulerEffect>,
    events: readonly SchedulerEvent[],
    now: Instant,
  ): readonly SchedulerEffect[] => {
    writer.begin(now, events, frameOf);
    if (frames.size > 0) frames.clear();
    let effects: readonly SchedulerEffect[];
    try {
      effects = machine.step(events, now);
    } catch (bug) {
      writer.end({ kind: 'bug' });
      flush();
      throw bug;
    }
    writer.end({ kind: 'done', notes: notesOf(effects), effects: effects.length });
    flushSoon();
    return effects;
  };
  return {
    path: target,
    arrived: (event, frame) => {
      if (!file.failed) frames.set(event, frame);
    },
    attach: (machine, config, createdAt) => {
      file.append(encodeHead({ muster, startedAt, createdAt, config }));
      const step = (events: readonly SchedulerEvent[], now: Instant): readonly SchedulerEffect[] =>
        file.failed ? machine.step(events, now) : recorded(machine, events, now);
      return { ...machine, step };
    },
    close: () => {
      flush();
      return file.close();
    },
  };
};

interface AppendedFile {
  readonly failed: boolean;
  append(bytes: Uint8Array): void;
  /** A buffer that nobody uses. */
  spare(): Buffer;
  close(): Promise<void>;
}

/** One write at a time, what waits is bounded. @param onFailed once */
const openFile = (path: string, onFailed: (error: string) => void): AppendedFile => {
  const fd = openSync(path, 'wx', 0o600);
  const spares: Buffer[] = [];
  let queue: Uint8Array[] = [];
  let waitingBytes = 0;
  let phase: 'idle' | 'writing' | 'failed' | 'closed' = 'idle';
  let closing: { readonly done: Promise<void>; resolve(): void } | undefined;

  const finish = (): void => {
    phase = phase === 'failed' ? 'failed' : 'closed';
    close(fd, () => closing?.resolve());
  };
  const fail = (error: string): void => {
    const isWriting = phase === 'writing';
    phase = 'failed';
    queue = [];
    onFailed(error);
    if (!isWriting) finish();
  };
  const pump = (offset: number): void => {
    const [head] = queue;
    if (head === undefined) {
      phase = 'idle';
      if (closing !== undefined) finish();
      return;
    }
    phase = 'writing';
    write(fd, head, offset, head.length - offset, null, (error, written) => {
      if (phase === 'failed') return finish();
      if (error !== null) {
        phase = 'idle';
        return fail(error.message);
      }
      if (offset + written < head.length) return pump(offset + written);
      queue.shift();
      waitingBytes -= head.length;
      if (head.buffer.byteLength === PIECE_BYTES && spares.length < SPARE_PIECES_MAX)
        spares.push(Buffer.from(head.buffer));
      pump(0);
    });
  };
  return {
    get failed() {
      return phase === 'failed' || phase === 'closed';
    },
    append: (bytes) => {
      if (phase === 'failed' || phase === 'closed') return;
      queue.push(bytes);
      waitingBytes += bytes.length;
      if (waitingBytes > WAITING_BYTES_MAX)
        return fail(`the disk is too slow: ${waitingBytes} bytes wait to be written`);
      if (phase === 'idle') pump(0);
    },
    spare: () => spares.pop() ?? Buffer.from(new ArrayBuffer(PIECE_BYTES)),
    close: () => {
      if (closing !== undefined) return closing.done;
      let resolve: () => void = () => undefined;
      const done = new Promise<void>((settle) => (resolve = settle));
      closing = { done, resolve };
      if (phase === 'failed') resolve();
      else if (phase === 'idle') finish();
      return done;
    },
  };
};
