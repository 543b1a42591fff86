/** Recordings of schedulers, read back. The file is described in recording/format.ts. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { RecordedStep } from '@muster/core/replay';
import { FrameArena } from '@muster/protocol/arena';
import { decodeMessage } from '@muster/protocol/codec';
import type { Message } from '@muster/protocol/messages';
import { FORMAT_VERSION, MARK, RecordingError, type RecordingHead } from './recording/format.ts';
import { readStep } from './recording/reader.ts';

export { RecordingError, type RecordingHead } from './recording/format.ts';

const HEAD_BYTES_MAX = 1024 * 1024;
const READ_BYTES = 1024 * 1024;
/** A step is what one turn of the loop brought: far less than this. */
const RECORD_BYTES_MAX = 2 ** 30;

const isHead = (value: object): value is RecordingHead =>
  'config' in value &&
  typeof value.config === 'object' &&
  value.config !== null &&
  'createdAt' in value &&
  typeof value.createdAt === 'number' &&
  'muster' in value &&
  typeof value.muster === 'string' &&
  'startedAt' in value &&
  typeof value.startedAt === 'string';

const headFrom = (line: string): RecordingHead => {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || !(MARK in value))
    throw new RecordingError('notRecording', 'this is no recording of a scheduler');
  if (value[MARK] !== FORMAT_VERSION) {
    const muster = 'muster' in value ? ` (muster ${String(value.muster)})` : '';
    throw new RecordingError(
      'format',
      `this recording has format ${String(value[MARK])}${muster}, and this release reads format ${FORMAT_VERSION} only`,
    );
  }
  if (!isHead(value)) throw new RecordingError('damaged', 'the first line of the recording is damaged');
  return value;
};

/** Reads a file piece by piece. */
class FileReader {
  readonly #file: number;
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(file: number) {
    this.#file = file;
  }

  get available(): number {
    return this.#buffer.length - this.#at;
  }

  /** Whether that many bytes are there now. */
  fill(bytes: number): boolean {
    while (this.available < bytes) {
      const piece = Buffer.allocUnsafe(Math.max(READ_BYTES, bytes - this.available));
      const read = readSync(this.#file, piece, 0, piece.length, null);
      if (read === 0) return false;
      this.#buffer = Buffer.concat([this.#buffer.subarray(this.#at), piece.subarray(0, read)]);
      this.#at = 0;
    }
    return true;
  }

  take(bytes: number): Buffer {
    this.#at += bytes;
    return this.#buffer.subarray(this.#at - bytes, this.#at);
  }

  line(bytesMax: number): string | undefined {
    for (let end = -1; ;) {
      end = this.#buffer.indexOf(10, this.#at);
      if (end >= 0) return this.take(end + 1 - this.#at).toString();
      if (this.available > bytesMax || !this.fill(this.available + 1)) return undefined;
    }
  }
}

export interface RecordingFile extends Disposable {
  readonly head: RecordingHead;
  /** Once. Throws a RecordingError 'damaged' at what no scheduler wrote. */
  steps(): Generator<RecordedStep, void>;
  /** After the last step: bytes of a record whose end is missing, as a killed scheduler leaves it; 0 for none. */
  cutBytes(): number;
}

/** Opens a recording. Throws a RecordingError, or the system's error. */
export const openRecordingFile = (path: string): RecordingFile => {
  const file = openSync(path, 'r');
  try {
    const reader = new FileReader(file);
    const head = headFrom(reader.line(HEAD_BYTES_MAX) ?? '');
    let cut = 0;
    return {
      head,
      steps: () => readSteps(reader, (bytes) => (cut = bytes)),
      cutBytes: () => cut,
      [Symbol.dispose]: () => closeSync(file),
    };
  } catch (error) {
    closeSync(file);
    throw error;
  }
};

const readSteps = function* (
  reader: FileReader,
  onCut: (bytes: number) => void,
): Generator<RecordedStep, void> {
  const arena = new FrameArena();
  const messageOf = (frame: Uint8Array): Message => {
    const kept = arena.keep(frame);
    return decodeMessage(kept.bytes, kept.start, kept.end);
  };
  for (let number = 1; ; number++) {
    const isWhole = reader.fill(4);
    const length = isWhole ? reader.take(4).readUInt32LE(0) : 0;
    // After the end of a machine, a file may go on with zeros.
    if (!isWhole || length === 0) return onCut(isWhole ? 4 + reader.available : reader.available);
    if (length > RECORD_BYTES_MAX) throw damaged(number);
    if (!reader.fill(length)) return onCut(4 + reader.available);
    yield wholeStep(reader.take(length), messageOf, number);
  }
};

const wholeStep = (body: Buffer, messageOf: (frame: Uint8Array) => Message, number: number): RecordedStep => {
  try {
    return readStep(body, messageOf);
  } catch (error) {
    throw damaged(number, error);
  }
};

const damaged = (number: number, cause?: unknown): RecordingError =>
  new RecordingError('damaged', `step ${number} of the recording is damaged`, { cause });
