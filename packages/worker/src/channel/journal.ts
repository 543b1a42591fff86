/**
 * What a processor has begun and ended, in a file that both sides hold open and nobody else can name. A record is
 * in the page cache as soon as it is written, so it survives the processor whatever kills it, and the host needs no
 * help of a busy processor to read it. One write of under a microsecond per task buys both.
 *
 * Taking back. The first word of the file is the *generation*, written by the host alone. A run is handed over under
 * the current generation; the processor first writes that the run has begun, then reads the generation, and drops
 * the run where it has changed. The host first changes the generation, then reads what has begun. Whichever write
 * comes first, at least one side sees the other's: no run is both taken back and run. Where both see it, the host
 * counts the run as begun until it reads that it was dropped.
 *
 * Record: lap u32, length u32 (whole record), type u8, body, lap u32. Once all is read the writer starts over at the
 * front under a new lap; what an earlier lap left behind does not match.
 */
import { readSync, writeSync } from 'node:fs';

const FIRST = 64;
const OVERHEAD = 13;
const BODY = 9;
/** The writer starts over when it is beyond this. */
const TURN_BYTES = 1024 * 1024;
const READ_BYTES = 64 * 1024;
/** More than a full pipeline of results can be. */
const KNOWN_BYTES_MAX = 64 * 1024 * 1024;
/** Larger ones are not ours. Results above the inline limit are in the object store. */
const RECORD_BYTES_MAX = 1024 * 1024;

const TYPE = { begun: 1, dropped: 2, finished: 3, groupStarted: 4, groupEnded: 5, turn: 6 } as const;

export interface FinishedRecord {
  readonly run: number;
  readonly outcome: 'success' | 'failed';
  readonly aborted: boolean;
  readonly durationS: number;
  readonly cpuS: number;
  /** Each 32 bytes, one per character. */
  readonly objectIds: readonly string[];
  readonly inline: Uint8Array | undefined;
}

export type JournalRecord =
  | { readonly type: 'begun'; readonly run: number }
  | { readonly type: 'dropped'; readonly run: number }
  | { readonly type: 'finished'; readonly finished: FinishedRecord }
  /** Process group of a command. */
  | { readonly type: 'groupStarted'; readonly pgid: number }
  | { readonly type: 'groupEnded'; readonly pgid: number };

const FAILED = 1;
const ABORTED = 2;
const INLINE = 4;

/** The processor's side. Records are written by `commit`, all at once. */
export class JournalWriter {
  readonly #fd: number;
  readonly #word = Buffer.alloc(4);
  #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  #used = 0;
  #tail = FIRST;
  #lap = 1;

  constructor(fd: number) {
    this.#fd = fd;
  }

  begun(run: number): void {
    this.#number(TYPE.begun, run);
  }

  dropped(run: number): void {
    this.#number(TYPE.dropped, run);
  }

  group(pgid: number, state: 'started' | 'ended'): void {
    this.#number(state === 'started' ? TYPE.groupStarted : TYPE.groupEnded, pgid);
  }

  finished(record: FinishedRecord): void {
    const inlineBytes = record.inline?.byteLength ?? 0;
    const at = this.#open(TYPE.finished, 23 + record.objectIds.length * 32 + inlineBytes);
    const buffer = this.#buffer;
    buffer.writeUInt32LE(record.run, at);
    buffer[at + 4] =
      (record.outcome === 'failed' ? FAILED : 0) |
      (record.aborted ? ABORTED : 0) |
      (record.inline === undefined ? 0 : INLINE);
    buffer.writeDoubleLE(record.durationS, at + 5);
    buffer.writeDoubleLE(record.cpuS, at + 13);
    buffer.writeUInt16LE(record.objectIds.length, at + 21);
    let next = at + 23;
    for (const id of record.objectIds) next += buffer.write(id, next, 32, 'latin1');
    if (record.inline !== undefined) buffer.set(record.inline, next);
  }

  /** Makes everything so far visible to the host. */
  commit(): void {
    if (this.#used === 0) return;
    let written = 0;
    while (written < this.#used) {
      written += writeSync(this.#fd, this.#buffer, written, this.#used - written, this.#tail + written);
    }
    this.#tail += this.#used;
    this.#used = 0;
  }

  get tail(): number {
    return this.#tail;
  }

  generation(): number {
    readSync(this.#fd, this.#word, 0, 4, 0);
    return this.#word.readUInt32LE(0);
  }

  /** The host has read up to `consumed`: the file need not grow for ever. */
  onConsumed(consumed: number): void {
    if (this.#tail < TURN_BYTES || consumed !== this.#tail || this.#used > 0) return;
    this.#open(TYPE.turn, 0);
    this.commit();
    this.#tail = FIRST;
    this.#lap++;
  }

  #number(type: number, value: number): void {
    const at = this.#open(type, 4);
    this.#buffer.writeUInt32LE(value, at);
  }

  /** Room for a record; where its body goes. */
  #open(type: number, bodyBytes: number): number {
    const length = OVERHEAD + bodyBytes;
    if (this.#used + length > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#used + length));
      larger.set(this.#buffer.subarray(0, this.#used));
      this.#buffer = larger;
    }
    const at = this.#used;
    this.#buffer.writeUInt32LE(this.#lap, at);
    this.#buffer.writeUInt32LE(length, at + 4);
    this.#buffer[at + 8] = type;
    this.#buffer.writeUInt32LE(this.#lap, at + length - 4);
    this.#used += length;
    return at + BODY;
  }
}

/** The host's side. */
export class JournalReader {
  readonly #fd: number;
  #position = FIRST;
  #lap = 1;
  #generation = 0;
  readonly #scratch = Buffer.allocUnsafeSlow(READ_BYTES);

  constructor(fd: number) {
    this.#fd = fd;
  }

  get position(): number {
    return this.#position;
  }

  get generation(): number {
    return this.#generation;
  }

  /** From here on nothing that was handed over before may begin. */
  nextGeneration(): void {
    this.#generation = (this.#generation + 1) >>> 0;
    const word = Buffer.alloc(4);
    word.writeUInt32LE(this.#generation, 0);
    writeSync(this.#fd, word, 0, 4, 0);
  }

  /**
   * Everything that was written since the last call; ends at the first bytes that are no record.
   *
   * @param tail where the processor says that the journal ends: saves reading more than there is.
   */
  read(tail = 0): JournalRecord[] {
    const records: JournalRecord[] = [];
    const known = tail - this.#position;
    if (known > 0 && known <= KNOWN_BYTES_MAX) {
      // Results refer into the buffer, so it is theirs.
      const buffer = Buffer.allocUnsafe(known);
      const filled = readSync(this.#fd, buffer, 0, known, this.#position);
      if (this.#parse(buffer.subarray(0, filled), records, false).used === known) return records;
    }
    let scratch = this.#scratch;
    for (;;) {
      const filled = readSync(this.#fd, scratch, 0, scratch.length, this.#position);
      const { used, missing } = this.#parse(scratch.subarray(0, filled), records, true);
      if (missing > scratch.length && used === 0) scratch = Buffer.allocUnsafe(missing);
      else if (used === 0) return records;
    }
  }

  /** `missing`: bytes that the first record that is not whole takes. */
  #parse(
    bytes: Buffer,
    records: JournalRecord[],
    copy: boolean,
  ): { readonly used: number; readonly missing: number } {
    let at = 0;
    while (bytes.length - at >= OVERHEAD && bytes.readUInt32LE(at) === this.#lap) {
      const length = bytes.readUInt32LE(at + 4);
      if (length < OVERHEAD || length > RECORD_BYTES_MAX) break;
      if (at + length > bytes.length) return { used: at, missing: length };
      if (bytes.readUInt32LE(at + length - 4) !== this.#lap) break;
      const type = bytes[at + 8];
      if (type === TYPE.turn) {
        this.#position = FIRST;
        this.#lap++;
        return { used: length, missing: 0 };
      }
      const body = bytes.subarray(at + BODY, at + length - 4);
      const record = readRecord(type ?? 0, copy ? Buffer.from(body) : body);
      if (record !== undefined) records.push(record);
      at += length;
      this.#position += length;
    }
    return { used: at, missing: 0 };
  }
}

const readRecord = (type: number, body: Buffer): JournalRecord | undefined => {
  if (body.length < 4) return undefined;
  const value = body.readUInt32LE(0);
  switch (type) {
    case TYPE.begun:
      return { type: 'begun', run: value };
    case TYPE.dropped:
      return { type: 'dropped', run: value };
    case TYPE.groupStarted:
      return { type: 'groupStarted', pgid: value };
    case TYPE.groupEnded:
      return { type: 'groupEnded', pgid: value };
    case TYPE.finished:
      return readFinished(value, body);
    default:
      return undefined;
  }
};

const readFinished = (run: number, body: Buffer): JournalRecord | undefined => {
  if (body.length < 23) return undefined;
  const flags = body[4] ?? 0;
  const ids = body.readUInt16LE(21);
  const inlineAt = 23 + ids * 32;
  if (inlineAt > body.length) return undefined;
  const objectIds: string[] = [];
  for (let at = 23; at < inlineAt; at += 32) objectIds.push(body.toString('latin1', at, at + 32));
  return {
    type: 'finished',
    finished: {
      run,
      outcome: (flags & FAILED) === 0 ? 'success' : 'failed',
      aborted: (flags & ABORTED) !== 0,
      durationS: body.readDoubleLE(5),
      cpuS: body.readDoubleLE(13),
      objectIds,
      inline: (flags & INLINE) === 0 ? undefined : body.subarray(inlineAt),
    },
  };
};
