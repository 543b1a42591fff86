/**
 * Cuts a byte stream into frames: u64 little-endian length, then that many bytes. Frames are either gathered whole
 * (headers, control) or handed on in parts as they arrive (payloads). The one who listens may ask for a pause.
 */

/** Undefined: go on. A promise: read no more until it resolves. */
export type Pause = Promise<void> | undefined;

/** Each method may throw {@link PeerViolation}; the stream is then over. */
export interface FrameSink {
  /** A frame of `bytes` begins. */
  begin(bytes: number): 'whole' | 'parts';
  /** A whole frame, good until the call returns. */
  whole(frame: Buffer): Pause;
  /** The next part. With a pause the part was not taken and is offered again. */
  part(bytes: Buffer): Pause;
  /** A frame in parts has ended. */
  end(): Pause;
}

/** The other side broke the protocol; only its connection ends. */
export class PeerViolation extends Error {
  override readonly name = 'PeerViolation';
}

/** A length that a peer announced, for a note; nobody means one beyond 2^53, and no number shows it truly. */
export const showSize = (bytes: number): string =>
  Number.isSafeInteger(bytes) ? `${bytes} bytes` : 'far too many bytes';

type State = 'length' | 'whole' | 'parts';

const EMPTY = Buffer.alloc(0);

export class FrameReader {
  readonly #sink: FrameSink;
  #state: State = 'length';
  readonly #length = Buffer.alloc(8);
  #lengthFilled = 0;
  #frame: Buffer = EMPTY;
  #frameFilled = 0;
  /** Bytes of the current frame that have not come. */
  #left = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Bytes of a frame in parts that have not come yet; 0 outside of one. */
  get partsLeft(): number {
    return this.#state === 'parts' ? this.#left : 0;
  }

  /** True between two frames. */
  get isBetween(): boolean {
    return this.#state === 'length' && this.#lengthFilled === 0;
  }

  /**
   * Reads on in `chunk` from `at` until its end or a pause; answers where it stopped. After a pause call again with
   * the same chunk from there.
   */
  read(chunk: Buffer, at: number): { readonly at: number; readonly pause: Pause } {
    let position = at;
    for (;;) {
      if (this.#state === 'length') {
        if (position >= chunk.length) return { at: position, pause: undefined };
        position = this.#readLength(chunk, position);
        if (this.#lengthFilled < 8) return { at: position, pause: undefined };
        this.#lengthFilled = 0;
        this.#begin();
        continue;
      }
      if (this.#left > 0 && position >= chunk.length) return { at: position, pause: undefined };
      const bytes = Math.min(this.#left, chunk.length - position);
      const pause =
        this.#state === 'whole'
          ? this.#readWhole(chunk, position, bytes)
          : this.#readPart(chunk, position, bytes);
      // A pause in the middle of a frame: the part was not taken and stays where it is.
      if (pause === undefined || this.isBetween) position += bytes;
      if (pause !== undefined) return { at: position, pause };
    }
  }

  /** For a reader that put `bytes` of the current frame in parts where they belong by itself. */
  skip(bytes: number): Pause {
    this.#left -= bytes;
    if (this.#left > 0) return undefined;
    this.#state = 'length';
    return this.#sink.end();
  }

  #readLength(chunk: Buffer, at: number): number {
    const bytes = Math.min(8 - this.#lengthFilled, chunk.length - at);
    chunk.copy(this.#length, this.#lengthFilled, at, at + bytes);
    this.#lengthFilled += bytes;
    return at + bytes;
  }

  #begin(): void {
    this.#left = this.#length.readUInt32LE(4) * 2 ** 32 + this.#length.readUInt32LE(0);
    this.#state = this.#sink.begin(this.#left);
    this.#frameFilled = 0;
  }

  #readWhole(chunk: Buffer, at: number, bytes: number): Pause {
    if (this.#frameFilled === 0 && bytes === this.#left) {
      this.#state = 'length';
      this.#left = 0;
      return this.#sink.whole(chunk.subarray(at, at + bytes));
    }
    if (this.#frameFilled === 0) this.#frame = Buffer.allocUnsafe(this.#left);
    chunk.copy(this.#frame, this.#frameFilled, at, at + bytes);
    this.#frameFilled += bytes;
    this.#left -= bytes;
    if (this.#left > 0) return undefined;
    this.#state = 'length';
    const frame = this.#frame;
    this.#frame = EMPTY;
    return this.#sink.whole(frame);
  }

  #readPart(chunk: Buffer, at: number, bytes: number): Pause {
    if (bytes > 0) {
      const pause = this.#sink.part(chunk.subarray(at, at + bytes));
      if (pause !== undefined) return pause;
      this.#left -= bytes;
    }
    if (this.#left > 0) return undefined;
    this.#state = 'length';
    return this.#sink.end();
  }
}
