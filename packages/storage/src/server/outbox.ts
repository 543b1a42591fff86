/**
 * What one connection is still to be sent, in order. Objects are written from where they are stored, a piece at a
 * time as the socket drains, so that a slow reader costs one piece and not a whole object.
 */
import type { Socket } from 'node:net';
import type { Content } from '../engine/content.ts';

/** Handed to the socket at once; with the piece that follows the most it may hold. */
const PIECE_BYTES = 256 * 1024;
const SOCKET_BYTES_MAX = 1024 * 1024;
/** Above either the session reads no more requests. */
const ITEMS_MAX = 1024;
const SMALL_BYTES_MAX = 2048;

interface Item {
  readonly head: Buffer;
  readonly content: Content | undefined;
  readonly bytes: number;
}

export class Outbox {
  readonly #socket: Socket;
  readonly #onTrouble: (error: unknown) => void;
  readonly #queue: Item[] = [];
  /** Index of the first item that is not finished; finished ones are cut off now and then. */
  #first = 0;
  /** Of the first item: bytes written, -1 before its head. */
  #sent = -1;
  #reading = false;
  #corked = false;
  #closed = false;
  #onRoom: (() => void) | undefined;

  constructor(socket: Socket, onTrouble: (error: unknown) => void) {
    this.#socket = socket;
    this.#onTrouble = onTrouble;
    socket.on('drain', () => {
      this.#pump();
    });
  }

  /** Undefined while there is room for more answers, else a promise of room. */
  room(): Promise<void> | undefined {
    if (!this.#isFull()) return undefined;
    return new Promise((resolve) => {
      this.#onRoom = resolve;
    });
  }

  /** `head` is sent as it is and must not change any more. */
  send(head: Buffer): void {
    this.#push({ head, content: undefined, bytes: 0 });
  }

  /** `head`, then the first `bytes` of the content, which is kept until they are on their way. */
  sendContent(head: Buffer, content: Content, bytes: number): void {
    this.#push({ head, content: content.retain(), bytes });
  }

  /** Everything handed over, and taken by the system. */
  get isEmpty(): boolean {
    return this.#first >= this.#queue.length && this.#socket.writableLength === 0;
  }

  close(): void {
    this.#closed = true;
    for (const item of this.#queue.splice(0).slice(this.#first)) item.content?.release();
    this.#first = 0;
    this.#giveRoom();
  }

  #isFull(): boolean {
    return this.#queue.length - this.#first >= ITEMS_MAX || this.#socket.writableLength >= SOCKET_BYTES_MAX;
  }

  #giveRoom(): void {
    if (!this.#closed && this.#isFull()) return;
    this.#onRoom?.();
    this.#onRoom = undefined;
  }

  #push(item: Item): void {
    if (this.#closed) {
      item.content?.release();
      return;
    }
    this.#queue.push(item);
    if (!this.#reading) this.#pump();
  }

  #pump(): void {
    while (!this.#closed && !this.#reading && this.#socket.writableLength < SOCKET_BYTES_MAX) {
      const item = this.#queue[this.#first];
      if (item === undefined) break;
      if (this.#sent < 0) {
        this.#sent = 0;
        this.#write(item.head);
      }
      if (item.content !== undefined && this.#sent < item.bytes) {
        this.#writePiece(item.content, item.bytes);
        continue;
      }
      item.content?.release();
      this.#sent = -1;
      this.#first += 1;
    }
    if (this.#first >= ITEMS_MAX || this.#first >= this.#queue.length) {
      this.#queue.splice(0, this.#first);
      this.#first = 0;
    }
    this.#giveRoom();
  }

  #writePiece(content: Content, bytes: number): void {
    const piece = content.chunk(this.#sent, Math.min(PIECE_BYTES, bytes - this.#sent));
    if (!(piece instanceof Promise)) {
      this.#sent += piece.length;
      this.#write(piece);
      return;
    }
    this.#reading = true;
    piece.then(
      (read) => {
        this.#reading = false;
        if (this.#closed) return;
        this.#sent += read.length;
        this.#write(read);
        this.#pump();
      },
      (error: unknown) => {
        this.#reading = false;
        if (!this.#closed) this.#onTrouble(error);
      },
    );
  }

  /** Everything of one turn goes out in one system call. */
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
}

/** Whether an answer's bytes are better copied behind its head than written on their own. */
export const isSmall = (bytes: number): boolean => bytes <= SMALL_BYTES_MAX;
