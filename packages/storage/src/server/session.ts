/**
 * One connection of the store: cuts its bytes into requests and answers them. All state of a half request and all
 * held requests belong to the connection they came on, and end with it; the identity a peer names is for notes only.
 */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { showId } from '@muster/protocol/ids';
import type { Content } from '../engine/content.ts';
import { ContentWriter } from '../engine/content-writer.ts';
import { errorText } from '../log.ts';
import { FrameReader, PeerViolation, showSize, type FrameSink, type Pause } from '../wire/frame-reader.ts';
import { decodeHeader, HEADER_BYTES, type Header } from '../wire/headers.ts';
import { REQUEST, RESPONSE } from '../wire/types.ts';
import { answer } from './answers.ts';
import { Outbox } from './outbox.ts';
import { RequestDesk, type Peer, type SessionHost } from './request-desk.ts';

const IDENTITY_BYTES_MAX = 1024;
const IDENTITY_SHOWN_MAX = 64;

/** A peer names itself, with as many bytes as it likes. */
const shownIdentity = (identity: string): string => {
  const shown = showId(identity);
  return shown.length <= IDENTITY_SHOWN_MAX ? shown : `${shown.slice(0, IDENTITY_SHOWN_MAX)}…`;
};

interface Put {
  readonly request: Header;
  readonly writer: ContentWriter;
  /** Set: the bytes are dropped and this is the answer. */
  refusal: number | undefined;
}

type Phase =
  | { readonly kind: 'identity' }
  /** `unknown`: payload length that an unknown request announced, if that was the last one. */
  | { readonly kind: 'header'; readonly unknown: number | undefined }
  | { readonly kind: 'put'; readonly put: Put }
  | { readonly kind: 'control'; readonly request: Header }
  | { readonly kind: 'skip' };

const HEADER_NEXT: Phase = { kind: 'header', unknown: undefined };

export class Session implements FrameSink, Peer {
  #phase: Phase = { kind: 'identity' };
  #identity = '';
  readonly #name = randomUUID();
  readonly isLocal: boolean;
  readonly #socket: Socket;
  readonly #host: SessionHost<Session>;
  readonly #outbox: Outbox;
  readonly #desk: RequestDesk<Session>;
  readonly #reader = new FrameReader(this);
  readonly #backlog: Buffer[] = [];
  #at = 0;
  #paused = false;
  #closed = false;

  constructor(socket: Socket, host: SessionHost<Session>, local: boolean) {
    this.#socket = socket;
    this.#host = host;
    this.isLocal = local;
    this.#outbox = new Outbox(socket, (error) => {
      this.#fail(error);
    });
    this.#desk = new RequestDesk(host, this, this.#outbox);
    socket.on('data', (chunk: Buffer) => {
      this.#backlog.push(chunk);
      if (!this.#paused) this.#run();
    });
    // What follows is `close`; a reset by the peer is nothing to tell.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#dispose();
    });
  }

  /** Nothing half received, nothing left to send. */
  get isQuiet(): boolean {
    return this.#reader.isBetween && this.#phase.kind !== 'put' && this.#outbox.isEmpty;
  }

  /** Sent at once: stock peers wait for it before they say theirs. */
  greet(identity: string): void {
    const frame = Buffer.alloc(8 + identity.length);
    frame.writeUInt32LE(identity.length, 0);
    frame.write(identity, 8, 'latin1');
    this.#outbox.send(frame);
  }

  close(): void {
    this.#socket.destroy();
    this.#dispose();
  }

  begin(bytes: number): 'whole' | 'parts' {
    const phase = this.#phase;
    switch (phase.kind) {
      case 'identity':
        if (bytes > IDENTITY_BYTES_MAX)
          throw new PeerViolation(`identity too long: more than ${IDENTITY_BYTES_MAX} bytes`);
        return 'whole';
      case 'header':
        if (bytes === HEADER_BYTES) return 'whole';
        if (bytes !== phase.unknown)
          throw new PeerViolation(`frame of ${showSize(bytes)} where a header was due`);
        this.#phase = { kind: 'skip' };
        return 'parts';
      case 'put':
        this.#requireLength(bytes, phase.put.request);
        return 'parts';
      case 'control':
        this.#requireLength(bytes, phase.request);
        return 'whole';
      case 'skip':
        return 'parts';
    }
  }

  whole(frame: Buffer): Pause {
    const phase = this.#phase;
    if (phase.kind === 'identity') {
      this.#identity = frame.toString('latin1');
      this.#phase = HEADER_NEXT;
      return undefined;
    }
    this.#phase = HEADER_NEXT;
    if (phase.kind === 'control') {
      this.#desk.onControl(phase.request, frame);
      return undefined;
    }
    const request = decodeHeader(frame);
    if (request === undefined) throw new PeerViolation('malformed request header');
    return this.#onRequest(request);
  }

  part(bytes: Buffer): Pause {
    const phase = this.#phase;
    if (phase.kind !== 'put' || phase.put.refusal !== undefined) return undefined;
    return phase.put.writer.append(bytes)?.catch((error: unknown) => {
      this.#refuse(phase.put, error);
    });
  }

  end(): Pause {
    const phase = this.#phase;
    this.#phase = HEADER_NEXT;
    if (phase.kind !== 'put') return undefined;
    const { put } = phase;
    if (put.refusal !== undefined) {
      answer(this.#outbox, put.request, put.refusal);
      return undefined;
    }
    const content = put.writer.finish();
    if (!(content instanceof Promise)) {
      this.#store(put.request, content);
      return undefined;
    }
    return content.then(
      (finished) => {
        this.#store(put.request, finished);
      },
      (error: unknown) => {
        this.#refuse(put, error);
        answer(this.#outbox, put.request, RESPONSE.full);
      },
    );
  }

  #run(): void {
    try {
      for (let chunk = this.#backlog[0]; chunk !== undefined && !this.#closed; chunk = this.#backlog[0]) {
        const { at, pause } = this.#reader.read(chunk, this.#at);
        const wait = pause ?? this.#outbox.room();
        this.#at = at;
        if (pause === undefined) {
          this.#backlog.shift();
          this.#at = 0;
        }
        if (wait !== undefined) {
          this.#pauseFor(wait);
          return;
        }
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #pauseFor(wait: Promise<void>): void {
    this.#paused = true;
    this.#socket.pause();
    wait.then(
      () => {
        this.#paused = false;
        if (this.#closed) return;
        this.#socket.resume();
        this.#run();
      },
      (error: unknown) => {
        this.#fail(error);
      },
    );
  }

  #requireLength(bytes: number, request: Header): void {
    if (bytes === request.payloadLength) return;
    throw new PeerViolation(
      `payload of ${showSize(bytes)} where ${showSize(request.payloadLength)} were announced`,
    );
  }

  #onRequest(request: Header): Pause {
    if (request.type === REQUEST.setObject || request.type === REQUEST.putIfAbsent) {
      return this.#beginPut(request);
    }
    const following = this.#desk.onRequest(request);
    if (following === 'control') this.#phase = { kind: 'control', request };
    if (following === 'unknown') {
      this.#host.log.debug('store.unknown_request', { peer: this.#peer(), type: request.type });
      this.#phase = { kind: 'header', unknown: request.payloadLength };
    }
    return undefined;
  }

  #beginPut(request: Header): Pause {
    const { room, spill, catalogue, objectBytesMax } = this.#host;
    const put: Put = {
      request,
      writer: new ContentWriter(request.payloadLength, room, spill),
      refusal: undefined,
    };
    this.#phase = { kind: 'put', put };
    if (request.payloadLength > objectBytesMax) {
      if (!this.#desk.isOwn)
        throw new PeerViolation(`object of ${request.payloadLength} bytes, at most ${objectBytesMax}`);
      put.refusal = RESPONSE.tooLarge;
      return undefined;
    }
    if (request.type === REQUEST.putIfAbsent && catalogue.get(request.id) !== undefined) {
      put.refusal = RESPONSE.present;
      return undefined;
    }
    return room.reserve(0)?.catch((error: unknown) => {
      this.#refuse(put, error);
    });
  }

  #refuse(put: Put, error: unknown): void {
    put.writer.abort();
    this.#host.refused(this.#peer(), put.request.payloadLength, errorText(error));
    // The stock protocol has no word for it: its peer notices the closed connection.
    if (!this.#desk.isOwn) throw new PeerViolation(errorText(error), { cause: error });
    put.refusal = RESPONSE.full;
  }

  #store(request: Header, content: Content): void {
    const { catalogue } = this.#host;
    if (request.type === REQUEST.putIfAbsent && catalogue.get(request.id) !== undefined) {
      content.release();
      answer(this.#outbox, request, RESPONSE.present);
      return;
    }
    catalogue.set(request.id, content);
    answer(this.#outbox, request, RESPONSE.setOK);
  }

  #peer(): string {
    return this.#identity === ''
      ? `${this.#socket.remoteAddress ?? 'local'}#${this.#name}`
      : shownIdentity(this.#identity);
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    const level = error instanceof PeerViolation ? 'warn' : 'error';
    this.#host.log[level]('store.connection_closed', { peer: this.#peer(), reason: errorText(error) });
    this.close();
  }

  #dispose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#desk.close();
    if (this.#phase.kind === 'put') this.#phase.put.writer.abort();
    this.#outbox.close();
    this.#backlog.length = 0;
    this.#host.gone(this);
  }
}
