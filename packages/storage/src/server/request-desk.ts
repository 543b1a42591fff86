/**
 * Answers every request but puts: what is there at once, what is not when it comes. Requests that wait belong to
 * their connection and end with it.
 */
import { objectId, type ObjectId } from '@muster/protocol/ids';
import type { Catalogue } from '../engine/catalogue.ts';
import type { Room } from '../engine/room.ts';
import type { SpillDirectory } from '../engine/spill-directory.ts';
import type { StoreLog } from '../log.ts';
import { PeerViolation } from '../wire/frame-reader.ts';
import { decodeIdMessage, ID_BYTES, ID_MESSAGE_BYTES, type Header } from '../wire/headers.ts';
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
import type { Outbox } from './outbox.ts';

/** One connection, as the store knows it. */
export interface Peer {
  /** On the local socket, where only our own user can come from. */
  readonly isLocal: boolean;
}

/** What a connection needs of the store that it belongs to. */
export interface SessionHost<P extends Peer = Peer> {
  readonly catalogue: Catalogue;
  readonly room: Room;
  readonly spill: SpillDirectory | undefined;
  readonly objectBytesMax: number;
  readonly log: StoreLog;
  welcome(peer: P): Welcome;
  stats(): StoreStats;
  /** The peer presented this mark; true when it is the owner's. */
  claim(peer: P, ownerMark: string): boolean;
  /** Asked for by an owner. */
  stop(): void;
  /** An object found no room. */
  refused(peer: string, bytes: number, reason: string): void;
  gone(peer: P): void;
}

/** Requests of one connection that wait for an id; more is a peer out of control. */
const HELD_MAX = 65_536;
/** On our own link no request waits longer, whatever it asked for. */
const HELD_MS_MAX = 600_000;

/** What follows the header: nothing, a payload for `onControl`, or who knows. */
export type Following = 'nothing' | 'control' | 'unknown';

export class RequestDesk<P extends Peer> {
  readonly #host: SessionHost<P>;
  readonly #session: P;
  readonly #outbox: Outbox;
  /** True after a `hello`. */
  #isOwn = false;
  readonly #held = new Set<() => void>();

  constructor(host: SessionHost<P>, session: P, outbox: Outbox) {
    this.#host = host;
    this.#session = session;
    this.#outbox = outbox;
  }

  /** A peer of ours understands a refusal; a stock one only a closed connection. */
  get isOwn(): boolean {
    return this.#isOwn;
  }

  /** Throws PeerViolation. */
  onRequest(request: Header): Following {
    const { catalogue } = this.#host;
    switch (request.type) {
      case REQUEST.getObject:
        this.#get(request, request.payloadLength, this.#session.isLocal ? HELD_MS_MAX : undefined);
        return 'nothing';
      case REQUEST.getWithin:
        this.#get(request, Infinity, Math.min(request.payloadLength, HELD_MS_MAX));
        return 'nothing';
      case REQUEST.has:
        this.#answer(request, catalogue.get(request.id) === undefined ? RESPONSE.absent : RESPONSE.present);
        return 'nothing';
      case REQUEST.deleteObject:
        this.#answer(request, catalogue.delete(request.id) ? RESPONSE.delOK : RESPONSE.delNotExists);
        return 'nothing';
      case REQUEST.infoGetTotal:
        this.#answerTotals(request);
        return 'nothing';
      case REQUEST.stats:
        this.#answerJson(request, RESPONSE.statsOK, this.#host.stats());
        return 'nothing';
      case REQUEST.stop:
        this.#stop(request);
        return 'nothing';
      case REQUEST.duplicateObject:
        if (request.payloadLength === ID_MESSAGE_BYTES) return 'control';
        throw new PeerViolation('duplicate without an object id');
      case REQUEST.hello:
        if (request.payloadLength > 0) return this.#expectControl(request);
        this.#hello(request, { muster: 1 });
        return 'nothing';
      case REQUEST.deleteMany:
        return this.#expectControl(request);
      default:
        return 'unknown';
    }
  }

  /** The payload of a request that {@link onRequest} wanted it for. */
  onControl(request: Header, payload: Buffer): void {
    if (request.type === REQUEST.duplicateObject) this.#duplicate(request, payload);
    else if (request.type === REQUEST.deleteMany) this.#deleteMany(request, payload);
    else this.#hello(request, parseHello(payload));
  }

  /** The connection is gone: nobody waits on it any more. */
  close(): void {
    for (const cancel of [...this.#held]) cancel();
  }

  #expectControl(request: Header): 'control' {
    if (request.payloadLength > CONTROL_BYTES_MAX) throw new PeerViolation('control payload too large');
    return 'control';
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
    const giveUp = (): void => {
      cancel();
      this.#answer(request, RESPONSE.absent);
    };
    const timer = waitMs === undefined ? undefined : setTimeout(giveUp, waitMs).unref();
    this.#held.add(cancel);
  }

  #duplicate(request: Header, payload: Buffer): void {
    const from = decodeIdMessage(payload);
    if (from === undefined) throw new PeerViolation('malformed object id');
    if (this.#host.catalogue.duplicate(from, request.id)) {
      this.#answer(request, RESPONSE.duplicateOK);
      return;
    }
    this.#hold(request, from, this.#session.isLocal ? HELD_MS_MAX : undefined, (settle) => ({
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
    this.#isOwn = true;
    if (hello.ownerMark !== undefined && this.#session.isLocal)
      this.#host.claim(this.#session, hello.ownerMark);
    this.#answerJson(request, RESPONSE.welcome, this.#host.welcome(this.#session));
  }

  #stop(request: Header): void {
    const allowed = this.#session.isLocal && this.#host.welcome(this.#session).owner === true;
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

  #answer(request: Header, type: number): void {
    answer(this.#outbox, request, type);
  }

  #answerJson(request: Header, type: number, value: StoreStats | Welcome): void {
    answerWith(this.#outbox, request, type, Buffer.from(JSON.stringify(value)));
  }
}
