/**
 * One connection to a store, from its handshake to its end. Requests carry numbers and may be many at a time; each
 * gets one answer. Large answers are received where they will stay.
 */
import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { objectId, type ObjectId } from '@muster/protocol/ids';
import { ObjectStoreError } from '../errors.ts';
import { FrameReader, PeerViolation, showSize, type FrameSink, type Pause } from '../wire/frame-reader.ts';
import { decodeHeader, HEADER_BYTES, writeFrameLength, writeHeaderFrame } from '../wire/headers.ts';
import { parseWelcome, REQUEST, RESPONSE, type Hello, type Welcome } from '../wire/types.ts';

export type StoreTarget = { readonly path: string } | { readonly host: string; readonly port: number };

/** `payload` is empty where the answer has none. It belongs to the receiver. */
export type OnAnswer = (type: number, payload: Uint8Array) => void;

export interface WireRequest {
  readonly type: number;
  readonly id: ObjectId;
  readonly payloadLength: number;
  /** Sent behind the header, not copied. */
  readonly body: Uint8Array | undefined;
}

export interface LinkEvents {
  /** Undefined: a stock store. */
  onReady(welcome: Welcome | undefined): void;
  /** Once, also for a connection that never came to be. */
  onClosed(error: ObjectStoreError): void;
}

const READ_BYTES = 64 * 1024;
/** From this many missing bytes on they are read straight into the answer. */
const DIRECT_BYTES_MIN = 16 * 1024;
const SMALL_BODY_BYTES = 4096;
const IDENTITY_BYTES_MAX = 1024;
const HANDSHAKE_MS = 10_000;
const NO_ID = objectId('\0'.repeat(32));
const NO_BYTES = new Uint8Array(0);
const FRAME_BYTES = 8 + HEADER_BYTES;

interface Receiving {
  readonly request: number;
  readonly type: number;
  /** Undefined: nobody waits for it any more. */
  readonly into: Uint8Array | undefined;
  filled: number;
}

export class Link implements FrameSink {
  readonly #events: LinkEvents;
  readonly #socket: Socket;
  readonly #reader = new FrameReader(this);
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  readonly #answers = new Map<number, OnAnswer>();
  #next = 0;
  #greeted = false;
  #ready = false;
  #receiving: Receiving | undefined;
  #announced: { readonly request: number; readonly type: number; readonly bytes: number } | undefined;
  #corked = false;
  #closed = false;
  #reason: Error | undefined;
  readonly #handshake: NodeJS.Timeout;

  constructor(target: StoreTarget, hello: Hello, events: LinkEvents) {
    this.#events = events;
    const onread = {
      buffer: (): Uint8Array => this.#nextBuffer(),
      callback: (bytes: number, buffer: Uint8Array): boolean => {
        this.#onRead(bytes, buffer);
        return true;
      },
    };
    this.#socket = connect(
      'path' in target ? { path: target.path, onread } : { ...target, noDelay: true, onread },
    );
    this.#socket.on('connect', () => {
      this.#greet(hello);
    });
    this.#socket.on('error', (error) => {
      this.#reason ??= error;
    });
    this.#socket.on('close', () => {
      this.#onClose();
    });
    this.#handshake = setTimeout(() => {
      if (!this.#ready) this.destroy(new Error(`no handshake within ${HANDSHAKE_MS} ms`));
    }, HANDSHAKE_MS);
  }

  /** Total bytes that moved, either way: who waits behind a large transfer sees that it moves. */
  get bytesMoved(): number {
    return this.#socket.bytesRead + this.#socket.bytesWritten - this.#socket.writableLength;
  }

  /** A payload is on its way, either way. */
  get isMoving(): boolean {
    return this.#receiving !== undefined || this.#socket.writableLength > 0;
  }

  /** Answers its number. `onAnswer` is called at most once, never before this returns. */
  request(request: WireRequest, onAnswer: OnAnswer): number {
    const number = this.#next++;
    this.#answers.set(number, onAnswer);
    const { body } = request;
    const small = body !== undefined && body.length <= SMALL_BODY_BYTES;
    const head = Buffer.allocUnsafe(FRAME_BYTES + (body === undefined ? 0 : 8) + (small ? body.length : 0));
    writeHeaderFrame({ ...request, requestId: number }, head, 0);
    if (body !== undefined) writeFrameLength(body.length, head, FRAME_BYTES);
    if (small) head.set(body, FRAME_BYTES + 8);
    this.#write(head);
    if (body !== undefined && !small) this.#write(body);
    return number;
  }

  /** Its answer is of no interest any more. */
  forget(request: number): void {
    this.#answers.delete(request);
  }

  destroy(reason?: Error): void {
    this.#reason ??= reason;
    this.#socket.destroy();
  }

  begin(bytes: number): 'whole' | 'parts' {
    if (!this.#greeted) {
      if (bytes > IDENTITY_BYTES_MAX)
        throw new PeerViolation(`identity too long: more than ${IDENTITY_BYTES_MAX} bytes`);
      return 'whole';
    }
    const announced = this.#announced;
    this.#announced = undefined;
    if (announced === undefined) {
      // A stock store sends an empty frame after an empty object.
      if (bytes === 0) return 'parts';
      if (bytes !== HEADER_BYTES)
        throw new PeerViolation(`frame of ${showSize(bytes)} where a header was due`);
      return 'whole';
    }
    if (bytes !== announced.bytes)
      throw new PeerViolation(`payload of ${showSize(bytes)}, ${showSize(announced.bytes)} announced`);
    const into = this.#answers.has(announced.request) ? allocate(bytes) : undefined;
    this.#receiving = { request: announced.request, type: announced.type, into, filled: 0 };
    return 'parts';
  }

  whole(frame: Buffer): Pause {
    if (!this.#greeted) {
      this.#greeted = true;
      return undefined;
    }
    const header = decodeHeader(frame);
    if (header === undefined) throw new PeerViolation('malformed answer header');
    const request = Number(header.requestId);
    if (header.payloadLength > 0)
      this.#announced = { request, type: header.type, bytes: header.payloadLength };
    else this.#answer(request, header.type, NO_BYTES);
    return undefined;
  }

  part(bytes: Buffer): Pause {
    const receiving = this.#receiving;
    if (receiving?.into !== undefined) receiving.into.set(bytes, receiving.filled);
    if (receiving !== undefined) receiving.filled += bytes.length;
    return undefined;
  }

  end(): Pause {
    const receiving = this.#receiving;
    this.#receiving = undefined;
    if (receiving?.into !== undefined) this.#answer(receiving.request, receiving.type, receiving.into);
    return undefined;
  }

  #answer(request: number, type: number, payload: Uint8Array): void {
    const onAnswer = this.#answers.get(request);
    this.#answers.delete(request);
    onAnswer?.(type, payload);
  }

  /** A stock store ignores the hello and answers only the question behind it. */
  #greet(hello: Hello): void {
    const identity = Buffer.from(`Muster|${randomUUID()}`, 'latin1');
    const frame = Buffer.alloc(8 + identity.length);
    writeFrameLength(identity.length, frame, 0);
    frame.set(identity, 8);
    this.#write(frame);
    const body = hello.ownerMark === undefined ? undefined : Buffer.from(JSON.stringify(hello));
    const request = { type: REQUEST.hello, id: NO_ID, payloadLength: body?.length ?? 0, body };
    this.request(request, (type, payload) => {
      const welcome = type === RESPONSE.welcome ? parseWelcome(Buffer.from(payload)) : undefined;
      if (welcome === undefined) this.destroy(new PeerViolation('malformed welcome'));
      else this.#becomeReady(welcome);
    });
    this.request({ type: REQUEST.infoGetTotal, id: NO_ID, payloadLength: 0, body: undefined }, () => {
      this.#becomeReady(undefined);
    });
  }

  #becomeReady(welcome: Welcome | undefined): void {
    if (this.#ready) return;
    this.#ready = true;
    clearTimeout(this.#handshake);
    this.#events.onReady(welcome);
  }

  #nextBuffer(): Uint8Array {
    const receiving = this.#receiving;
    if (receiving?.into === undefined || this.#reader.partsLeft < DIRECT_BYTES_MIN) return this.#buffer;
    return receiving.into.subarray(receiving.filled);
  }

  #onRead(bytes: number, buffer: Uint8Array): void {
    try {
      if (buffer === this.#buffer) this.#reader.read(this.#buffer.subarray(0, bytes), 0);
      else {
        if (this.#receiving !== undefined) this.#receiving.filled += bytes;
        // This sink never asks for a pause.
        void this.#reader.skip(bytes);
      }
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #write(bytes: Uint8Array): void {
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(bytes);
  }

  #onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#handshake);
    this.#answers.clear();
    const reason = this.#reason;
    const code = reason instanceof PeerViolation ? 'protocol' : 'unavailable';
    this.#events.onClosed(
      new ObjectStoreError(code, `object store: ${reason?.message ?? 'connection closed'}`, {
        cause: reason,
      }),
    );
  }
}

/** Throws PeerViolation for a length that no buffer can have. */
const allocate = (bytes: number): Uint8Array => {
  try {
    return bytes <= 64 ? new Uint8Array(bytes) : Buffer.allocUnsafeSlow(bytes);
  } catch (error) {
    throw new PeerViolation(`answer of ${showSize(bytes)}`, { cause: error });
  }
};
