/** A peer that says exactly the bytes it is told to: for tests against stores of ours and of stock. */
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import type { ObjectId } from '@muster/protocol/ids';
import { objectId } from '@muster/protocol/ids';
import { decodeHeader, HEADER_BYTES, writeHeaderFrame, type Header } from '../wire/headers.ts';
import type { StoreTarget } from '../client/link.ts';

const DEADLINE_MS = 20_000;

/** An id that reads well in a failed test. */
export const testId = (name: string): ObjectId => objectId(name.padEnd(32, '.'));

/** One frame: its length, then its bytes. */
export const frame = (body: Uint8Array): Buffer => {
  const bytes = Buffer.alloc(8 + body.length);
  bytes.writeUInt32LE(body.length % 2 ** 32, 0);
  bytes.set(body, 8);
  return bytes;
};

export const requestFrame = (type: number, id: ObjectId, payloadLength = 0, request = 0): Buffer => {
  const bytes = Buffer.alloc(8 + HEADER_BYTES);
  writeHeaderFrame({ type, id, payloadLength, requestId: request }, bytes, 0);
  return bytes;
};

export class RawPeer {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #taken = 0;
  #closed = false;
  #wake: () => void = () => undefined;

  constructor(target: StoreTarget) {
    this.socket = connect({ ...target, noDelay: true });
    this.socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received.subarray(this.#taken), chunk]);
      this.#taken = 0;
      this.#wake();
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** Connected, identities exchanged. */
  static async open(target: StoreTarget, identity = 'Raw|peer'): Promise<RawPeer> {
    const peer = new RawPeer(target);
    peer.send(frame(Buffer.from(identity)));
    await peer.frame();
    return peer;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  send(...parts: readonly Uint8Array[]): void {
    for (const part of parts) this.socket.write(part);
  }

  /** Exactly this many bytes. Rejects when the connection ends or the deadline passes first. */
  async bytes(count: number): Promise<Buffer> {
    const until = performance.now() + DEADLINE_MS;
    while (this.#received.length - this.#taken < count) {
      if (this.#closed)
        throw new Error(`closed with ${this.#received.length - this.#taken} of ${count} bytes`);
      await this.#changed(until, `${count} bytes`);
    }
    const start = this.#taken;
    this.#taken += count;
    return Buffer.from(this.#received.subarray(start, this.#taken));
  }

  async frame(): Promise<Buffer> {
    const length = await this.bytes(8);
    return this.bytes(Number(length.readBigUInt64LE()));
  }

  /** The next answer's header, and its payload where it has one. */
  async answer(): Promise<Header & { readonly payload: Buffer }> {
    const header = decodeHeader(await this.frame());
    if (header === undefined) throw new Error('not a header');
    const payload = header.payloadLength > 0 ? await this.frame() : Buffer.alloc(0);
    return { ...header, payload };
  }

  /** Resolves when the other side has ended the connection. */
  async closed(): Promise<void> {
    const until = performance.now() + DEADLINE_MS;
    while (!this.#closed) await this.#changed(until, 'the end of the connection');
  }

  /** Bytes that came and nobody took. */
  get unread(): number {
    return this.#received.length - this.#taken;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.socket.destroy();
    await once(this.socket, 'close');
  }

  async #changed(until: number, what: string): Promise<void> {
    const leftMs = until - performance.now();
    if (leftMs <= 0) throw new Error(`waited in vain for ${what}; have ${this.unread} bytes`);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, leftMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
