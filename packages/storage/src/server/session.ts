/**
 * One connection of the store: cuts its bytes into requests and answers them. All state of a half request and all
 * held requests belong to the connection they came on, and end with it; the identity a peer names is for notes only.
 */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { objectId, showId, type ObjectId } from '@muster/protocol/ids';
import type { Catalogue } from '../engine/catalogue.ts';
import type { Content } from '../engine/content.ts';
import { ContentWriter } from '../engine/content-writer.ts';
import type { Room } from '../engine/room.ts';
import type { SpillDirectory } from '../engine/spill-directory.ts';
import { errorText, type StoreLog } from '../log.ts';
import { FrameReader, PeerViolation, type FrameSink, type Pause } from '../wire/frame-reader.ts';
import {
  decodeHeader,
  decodeIdMessage,
  HEADER_BYTES,
  ID_BYTES,
  ID_MESSAGE_BYTES,
  type Header,
} from '../wire/headers.ts';
import {
  CONTROL_BYTES_MAX,
  parseHello,
  REQUEST,
  RESPONSE,
  type Hello,
  type StoreStats,
  type Welcome,
} from '../wire/types.ts';
import { answer, answerContent, answerWith } from './answers.ts';
import { Outbox } from './outbox.ts';

/** What a session needs of the store that it belongs to. */
export interface SessionHost {
  readonly catalogue: Catalogue;
  readonly room: Room;
  readonly spill: SpillDirectory | undefined;
  readonly objectBytesMax: number;
  readonly log: StoreLog;
  welcome(session: Session): Welcome;
  stats(): StoreStats;
  /** The session presented this mark; true when it is the owner's. */
  claim(session: Session, ownerMark: string): boolean;
  /** Asked for by an owner. */
  stop(): void;
  gone(session: Session): void;
}

const IDENTITY_BYTES_MAX = 1024;
/** Requests of one connection that wait for an id; more is a peer out of control. */
const HELD_MAX = 65_536;
/** On our own link no request waits longer, whatever it asked for. */
const HELD_MS_MAX = 600_000;

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

export class Session implements FrameSink {
  /** True after a `hello`: refusals are answered instead of closing the connection. */
  #own = false;
  #phase: Phase = { kind: 'identity' };
  #identity = '';
  readonly #name = randomUUID();
  readonly #socket: Socket;
  readonly #host: SessionHost;
  /** On the local socket, where only our own user can come from. */
  readonly #local: boolean;
  readonly #outbox: Outbox;
  readonly #reader = new FrameReader(this);
  readonly #backlog: Buffer[] = [];
  #at = 0;
  #paused = false;
  #closed = false;
  readonly #held = new Set<() => void>();

  constructor(socket: Socket, host: SessionHost, local: boolean) {
    this.#socket = socket;
    this.#host = host;
    this.#local = local;
    this.#outbox = new Outbox(socket, (error) => {
      this.#fail(error);
    });
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

  get isLocal(): boolean {
    return this.#local;
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
        if (bytes > IDENTITY_BYTES_MAX) throw new PeerViolation(`identity of ${bytes} bytes`);
        return 'whole';
      case 'header':
        if (bytes === HEADER_BYTES) return 'whole';
        if (bytes !== phase.unknown)
          throw new PeerViolation(`frame of ${bytes} bytes where a header was due`);
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
      this.#onControl(phase.request, frame);
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
    throw new PeerViolation(`payload of ${bytes} bytes where ${request.payloadLength} were announced`);
  }

  #onRequest(request: Header): Pause {
    switch (request.type) {
      case REQUEST.setObject:
      case REQUEST.putIfAbsent:
        return this.#beginPut(request);
      case REQUEST.getObject:
        this.#get(request, request.payloadLength, this.#local ? HELD_MS_MAX : undefined);
        return undefined;
      case REQUEST.getWithin:
        this.#get(request, Infinity, Math.min(request.payloadLength, HELD_MS_MAX));
        return undefined;
      case REQUEST.has:
        this.#answer(
          request,
          this.#host.catalogue.get(request.id) === undefined ? RESPONSE.absent : RESPONSE.present,
        );
        return undefined;
      case REQUEST.deleteObject:
        this.#answer(
          request,
          this.#host.catalogue.delete(request.id) ? RESPONSE.delOK : RESPONSE.delNotExists,
        );
        return undefined;
      case REQUEST.duplicateObject:
        if (request.payloadLength !== ID_MESSAGE_BYTES)
          throw new PeerViolation('duplicate without an object id');
        this.#phase = { kind: 'control', request };
        return undefined;
      case REQUEST.hello:
        if (request.payloadLength === 0) {
          this.#hello(request, { muster: 1 });
          return undefined;
        }
        return this.#expectControl(request);
      case REQUEST.deleteMany:
        return this.#expectControl(request);
      case REQUEST.infoGetTotal:
        this.#answerTotals(request);
        return undefined;
      case REQUEST.stats:
        answerWith(this.#outbox, request, RESPONSE.statsOK, Buffer.from(JSON.stringify(this.#host.stats())));
        return undefined;
      case REQUEST.stop:
        this.#stop(request);
        return undefined;
      default:
        this.#host.log.debug('store.unknown_request', { peer: this.#peer(), type: request.type });
        this.#phase = { kind: 'header', unknown: request.payloadLength };
        return undefined;
    }
  }

  #expectControl(request: Header): undefined {
    if (request.payloadLength > CONTROL_BYTES_MAX) throw new PeerViolation('control payload too large');
    this.#phase = { kind: 'control', request };
  }

  #answer(request: Header, type: number): void {
    answer(this.#outbox, request, type);
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
      if (!this.#own)
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
    this.#host.log.warn('store.refused', {
      peer: this.#peer(),
      bytes: put.request.payloadLength,
      reason: errorText(error),
    });
    // The stock protocol has no word for it: its peer notices the closed connection.
    if (!this.#own) throw new PeerViolation(errorText(error), { cause: error });
    put.refusal = RESPONSE.full;
  }

  #store(request: Header, content: Content): void {
    const { catalogue } = this.#host;
    if (request.type === REQUEST.putIfAbsent && catalogue.get(request.id) !== undefined) {
      content.release();
      this.#answer(request, RESPONSE.present);
      return;
    }
    catalogue.set(request.id, content);
    this.#answer(request, RESPONSE.setOK);
  }

  #get(request: Header, bytesMax: number, waitMs: number | undefined): void {
    const content = this.#host.catalogue.get(request.id);
    if (content !== undefined) {
      answerContent(this.#outbox, request, content, bytesMax);
      return;
    }
    if (waitMs === 0) {
      this.#answer(request, RESPONSE.absent);
      return;
    }
    this.#hold(request, request.id, waitMs, (settle) => ({
      kind: 'get',
      serve: (arrived) => {
        settle();
        answerContent(this.#outbox, request, arrived, bytesMax);
      },
    }));
  }

  #hold(
    request: Header,
    id: ObjectId,
    waitMs: number | undefined,
    make: (settle: () => void) => Parameters<Catalogue['hold']>[1],
  ): void {
    if (this.#held.size >= HELD_MAX) throw new PeerViolation(`more than ${HELD_MAX} requests that wait`);
    let timer: NodeJS.Timeout | undefined;
    const release = this.#host.catalogue.hold(
      id,
      make(() => {
        clearTimeout(timer);
        this.#held.delete(cancel);
      }),
    );
    const cancel = (): void => {
      clearTimeout(timer);
      this.#held.delete(cancel);
      release();
    };
    this.#held.add(cancel);
    if (waitMs === undefined) return;
    timer = setTimeout(() => {
      cancel();
      this.#answer(request, RESPONSE.absent);
    }, waitMs);
    timer.unref();
  }

  #onControl(request: Header, payload: Buffer): void {
    if (request.type === REQUEST.duplicateObject) this.#duplicate(request, payload);
    else if (request.type === REQUEST.deleteMany) this.#deleteMany(request, payload);
    else this.#hello(request, parseHello(payload));
  }

  #duplicate(request: Header, payload: Buffer): void {
    const from = decodeIdMessage(payload);
    if (from === undefined) throw new PeerViolation('malformed object id');
    if (this.#host.catalogue.duplicate(from, request.id)) {
      this.#answer(request, RESPONSE.duplicateOK);
      return;
    }
    this.#hold(request, from, this.#local ? HELD_MS_MAX : undefined, (settle) => ({
      kind: 'duplicate',
      to: request.id,
      done: () => {
        settle();
        this.#answer(request, RESPONSE.duplicateOK);
      },
    }));
  }

  #deleteMany(request: Header, payload: Buffer): void {
    if (payload.length % ID_BYTES !== 0) throw new PeerViolation('list of ids with half an id');
    for (let at = 0; at < payload.length; at += ID_BYTES) {
      this.#host.catalogue.delete(objectId(payload.toString('latin1', at, at + ID_BYTES)));
    }
    this.#answer(request, RESPONSE.delOK);
  }

  #hello(request: Header, hello: Hello | undefined): void {
    if (hello === undefined) throw new PeerViolation('malformed hello');
    this.#own = true;
    if (hello.ownerMark !== undefined && this.#local) this.#host.claim(this, hello.ownerMark);
    answerWith(
      this.#outbox,
      request,
      RESPONSE.welcome,
      Buffer.from(JSON.stringify(this.#host.welcome(this))),
    );
  }

  #stop(request: Header): void {
    const allowed = this.#local && this.#host.welcome(this).owner === true;
    this.#answer(request, allowed ? RESPONSE.stopping : RESPONSE.refused);
    if (allowed) this.#host.stop();
  }

  #answerTotals(request: Header): void {
    const { ids, contents, bytes } = this.#host.catalogue.totals();
    const payload = Buffer.alloc(24);
    for (const [index, value] of [ids, contents, bytes].entries())
      payload.writeBigUInt64LE(BigInt(value), index * 8);
    answerWith(this.#outbox, request, RESPONSE.infoGetTotalOK, payload);
  }

  #peer(): string {
    return this.#identity === ''
      ? `${this.#socket.remoteAddress ?? 'local'}#${this.#name}`
      : showId(this.#identity);
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
    for (const cancel of [...this.#held]) cancel();
    if (this.#phase.kind === 'put') this.#phase.put.writer.abort();
    this.#outbox.close();
    this.#backlog.length = 0;
    this.#host.gone(this);
  }
}
