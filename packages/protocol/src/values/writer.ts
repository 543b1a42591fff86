import type { ObjectId } from '../ids.ts';
import {
  BIGINT_BYTES_MAX,
  OBJECT_ID_BYTES,
  SHORT_STRING,
  SHORT_STRING_MAX,
  TAG,
  VALUE_BYTES_MAX,
  VERSION_REFERENCES,
} from './format.ts';
import { ValueError } from './value-error.ts';

/** Binary of this size is not copied into the scratch buffer on its way out. */
const LARGE_BINARY_BYTES = 64 * 1024;
const SCRATCH_BYTES = 64 * 1024;
const SCRATCH_KEPT_BYTES_MAX = 1024 * 1024;
const ODD_SURROGATE = /\p{Surrogate}/u;

/** A place to come back to. */
export interface Checkpoint {
  readonly position: number;
  readonly parts: number;
  readonly partBytes: number;
}

/** Bytes in a scratch buffer that is used again for the next value. */
export class Writer {
  #bytes: Uint8Array = new Uint8Array(SCRATCH_BYTES);
  #text: Buffer = Buffer.from(this.#bytes.buffer);
  #view = new DataView(this.#bytes.buffer);
  #position = 0;
  /** Large binary, to be inserted before the scratch byte `at`. */
  #parts: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  #partBytes = 0;

  byte(value: number): void {
    if (this.#position === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#position++] = value;
  }

  /** LEB128 of an integer below 2^32. */
  count(value: number): void {
    this.#reserve(5);
    while (value >= 0x80) {
      this.#bytes[this.#position++] = (value & 0x7f) | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.#bytes[this.#position++] = value;
  }

  string(value: string): void {
    const length = value.length;
    if (length <= SHORT_STRING_MAX) {
      this.#reserve(length + 1);
      const bytes = this.#bytes;
      let at = this.#position;
      bytes[at++] = SHORT_STRING + length;
      let index = 0;
      for (; index < length; index++) {
        const code = value.charCodeAt(index);
        if (code >= 0x80) break;
        bytes[at++] = code;
      }
      if (index === length) {
        this.#position = at;
        return;
      }
    }
    this.#longString(value);
  }

  float(tag: number, value: number): void {
    this.#reserve(9);
    this.#bytes[this.#position] = tag;
    this.#view.setFloat64(this.#position + 1, value, true);
    this.#position += 9;
  }

  bigint(value: bigint): void {
    const digits = (value < 0n ? -value : value).toString(16);
    const hex = digits.length % 2 === 0 ? digits : `0${digits}`;
    if (hex.length / 2 > BIGINT_BYTES_MAX) tooLarge('a bigint of more than 64 MiB');
    this.byte(value < 0n ? TAG.bigintNegative : TAG.bigintPositive);
    this.count(hex.length / 2);
    this.#reserve(hex.length / 2);
    this.#position += this.#text.write(hex, this.#position, 'hex');
  }

  #longString(value: string): void {
    const length = Buffer.byteLength(value);
    if (length === value.length) {
      this.byte(TAG.ascii);
      this.count(length);
      this.#reserve(length);
      this.#position += this.#text.write(value, this.#position, length, 'latin1');
    } else if (!ODD_SURROGATE.test(value)) {
      this.byte(TAG.utf8);
      this.count(length);
      this.#reserve(length);
      this.#position += this.#text.write(value, this.#position, length, 'utf8');
    } else {
      this.byte(TAG.utf16);
      this.count(value.length);
      this.#reserve(value.length * 2);
      this.#position += this.#text.write(value, this.#position, value.length * 2, 'utf16le');
    }
  }

  /** `bytes` must stay as they are until {@link join}. */
  binary(bytes: Uint8Array, alignment: number): void {
    if (bytes.length > VALUE_BYTES_MAX) tooLarge('a value of more than 4 GiB');
    this.count(bytes.length);
    while ((this.#position + this.#partBytes) % alignment !== 0) this.byte(0);
    if (bytes.length >= LARGE_BINARY_BYTES) {
      this.#parts.push({ at: this.#position, bytes });
      this.#partBytes += bytes.length;
      return;
    }
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#position);
    this.#position += bytes.length;
  }

  /** Everything written, in one piece of its own, behind the ids of the objects it refers to. */
  join(references: readonly ObjectId[]): Uint8Array {
    const prefixBytes = references.length === 0 ? 0 : 8 + references.length * OBJECT_ID_BYTES;
    if (prefixBytes === 0 && this.#partBytes === 0) return this.#bytes.slice(0, this.#position);
    const out = new Uint8Array(prefixBytes + this.#position + this.#partBytes);
    if (references.length > 0) writeReferences(out, references);
    let to = prefixBytes;
    let from = 0;
    for (const part of [...this.#parts, { at: this.#position, bytes: new Uint8Array(0) }]) {
      out.set(this.#bytes.subarray(from, part.at), to);
      to += part.at - from;
      from = part.at;
      out.set(part.bytes, to);
      to += part.bytes.length;
    }
    return out;
  }

  start(): void {
    if (this.#bytes.length > SCRATCH_KEPT_BYTES_MAX) this.#adopt(new Uint8Array(SCRATCH_BYTES));
    this.#position = 0;
    if (this.#partBytes > 0) {
      this.#parts = [];
      this.#partBytes = 0;
    }
  }

  checkpoint(): Checkpoint {
    return { position: this.#position, parts: this.#parts.length, partBytes: this.#partBytes };
  }

  rollBack(to: Checkpoint): void {
    this.#position = to.position;
    this.#parts.length = to.parts;
    this.#partBytes = to.partBytes;
  }

  #reserve(bytes: number): void {
    const needed = this.#position + bytes;
    if (needed <= this.#bytes.length) return;
    if (needed > VALUE_BYTES_MAX) tooLarge('a value of more than 4 GiB');
    const grown = new Uint8Array(Math.min(VALUE_BYTES_MAX, Math.max(needed, this.#bytes.length * 2)));
    grown.set(this.#bytes.subarray(0, this.#position));
    this.#adopt(grown);
  }

  #adopt(scratch: Uint8Array<ArrayBuffer>): void {
    this.#bytes = scratch;
    this.#text = Buffer.from(scratch.buffer);
    this.#view = new DataView(scratch.buffer);
  }
}

const writeReferences = (out: Uint8Array, ids: readonly ObjectId[]): void => {
  out[0] = VERSION_REFERENCES;
  new DataView(out.buffer).setUint32(4, ids.length, true);
  let at = 8;
  for (const id of ids) {
    for (let index = 0; index < OBJECT_ID_BYTES; index++) out[at++] = id.charCodeAt(index);
  }
};

const tooLarge = (what: string): never => {
  throw new ValueError('tooLarge', `${what} cannot travel to another process`, '');
};
