/** The listening side: one ROUTER, many peers. */
import type { Router } from 'zeromq';
import { peerId, showId } from '@muster/protocol/ids';
import { turns } from '../transport/turns.ts';
import type { Turns } from '../transport/turns.ts';
import type { Listener, ListenOptions } from '../transport.ts';
import {
  addressError,
  needsIpv6,
  parseAddress,
  prepareBind,
  removeSocketFile,
  socketFileOf,
} from './address.ts';
import type { SocketFile } from './address.ts';
import { countedNotes, watchHandshakes } from './notes.ts';
import type { Notes, OnNote } from './notes.ts';
import { receiveLoop } from './receive.ts';
import { Sender } from './sender.ts';
import type { Peer } from './sender.ts';
import { FRAME_BYTES_MAX_DEFAULT, LINGER_MS, QUEUE_BYTES_MAX_DEFAULT, openRouter } from './sockets.ts';

/** A port that was just closed may stay busy for a moment. */
const BIND_TRIES = 5;
const BIND_RETRY_MS = 60;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Bound {
  readonly address: string;
  readonly file: SocketFile | undefined;
}

const bindOne = async (router: Router, text: string): Promise<Bound> => {
  const address = parseAddress(text, 'listen');
  for (let tried = 1; ; tried++) {
    try {
      const target = await prepareBind(address);
      // Not bind(): it works on a thread of its own, and the socket must not be used meanwhile.
      router.bindSync(target);
      return { address: router.lastEndpoint ?? target, file: await socketFileOf(address) };
    } catch (cause) {
      const error = addressError(text, 'listen on', cause);
      if (error.code !== 'EADDRINUSE' || address.kind === 'ipc' || tried === BIND_TRIES) throw error;
      await pause(BIND_RETRY_MS);
    }
  }
};

export const listen = async (
  addresses: readonly string[],
  options: ListenOptions,
  onNote: OnNote | undefined,
): Promise<Listener> => {
  const ipv6 = addresses.map((text) => parseAddress(text, 'listen')).some(needsIpv6);
  const router = openRouter(options, ipv6);
  const bound: Bound[] = [];
  try {
    for (const address of addresses) bound.push(await bindOne(router, address));
  } catch (error) {
    await unbindAll(router, bound);
    router.close();
    throw error;
  }
  return serve(router, bound, options, countedNotes(onNote));
};

/** Who is there, and what they send: the receiving half of the listener. */
class Reception {
  readonly peers = new Map<string, Peer>();
  readonly #collected: Turns;
  readonly #sender: Sender;
  readonly #note: Notes;

  constructor(sender: Sender, collected: Turns, note: Notes) {
    this.#sender = sender;
    this.#collected = collected;
    this.#note = note;
  }

  peerOf(id: string): Peer {
    const known = this.peers.get(id);
    if (known !== undefined) return known;
    const peer = this.#sender.newPeer(peerId(id));
    this.peers.set(id, peer);
    return peer;
  }

  /** Peers that are gone and have nothing queued are not remembered. */
  forgetIfDone(peer: Peer): void {
    if (!peer.up && peer.queue.length === 0 && this.peers.get(peer.id) === peer) this.peers.delete(peer.id);
  }

  onMessage(parts: readonly Buffer[]): void {
    const [identity, frame] = parts;
    if (identity === undefined || frame === undefined || parts.length !== 2) {
      const from = identity === undefined ? '' : showId(identity.toString('latin1'));
      return this.#note('transport.dropped', 'warn', { reason: 'parts', parts: parts.length, from });
    }
    const id = identity.toString('latin1');
    const peer = this.peers.get(id);
    if (frame.byteLength === 0) return this.#onEmpty(peer);
    // A name that the library made up: a peer without an identity, or what a connection still held when a newer
    // one took its identity over. Nobody could be answered.
    if (identity[0] === 0)
      return this.#note('transport.dropped', 'warn', { reason: 'noIdentity', bytes: frame.byteLength });
    this.#onFrame(peer?.up === true ? peer : this.#welcome(id), frame);
  }

  #welcome(id: string): Peer {
    const peer = this.peerOf(id);
    peer.up = true;
    this.#collected.push({ kind: 'peerUp', peer: peer.id });
    return peer;
  }

  #onFrame(peer: Peer, frame: Uint8Array): void {
    // peer.id and not the string just made: its hash is known to every map that has it as a key.
    this.#collected.push({ kind: 'frame', from: peer.id, frame });
    if (peer.phase === 'blocked') this.#sender.nudge(peer);
  }

  // The library's word that the connection is gone. A peer can send an empty frame itself: it is then down until
  // its next frame, which harms nobody else.
  #onEmpty(peer: Peer | undefined): void {
    if (peer?.up !== true) return;
    peer.up = false;
    this.#collected.push({ kind: 'peerDown', peer: peer.id });
    this.#sender.nudge(peer);
    this.forgetIfDone(peer);
  }
}

const unbindAll = async (router: Router, bound: readonly Bound[]): Promise<void> => {
  for (const { address, file } of bound) {
    try {
      // Not unbindSync(), which binds in zeromq 6.8.0, and not unbind(), which works on another thread. In libzmq
      // zmq_disconnect and zmq_unbind are one function. Source: socket.cc of the binding, zmq.cpp of libzmq 4.3.5.
      router.disconnect(address);
    } catch {
      // The socket is closed next, which ends the binding, too.
    }
    if (file !== undefined) await removeSocketFile(file);
  }
};

const serve = (router: Router, bound: readonly Bound[], options: ListenOptions, note: Notes): Listener => {
  const collected = turns();
  const sender = new Sender({
    queueBytesMax: options.queueBytesMax ?? QUEUE_BYTES_MAX_DEFAULT,
    frameBytesMax: options.frameBytesMax ?? FRAME_BYTES_MAX_DEFAULT,
    transmit: (peer, frame) => router.send([peer.route, frame]),
    unreachable: (peer, frames) => {
      for (const frame of frames)
        collected.push({ kind: 'undelivered', to: peer.id, frame, why: 'unreachable' });
    },
    drained: (peer) => reception.forgetIfDone(peer),
  });
  const reception = new Reception(sender, collected, note);
  let closing: Promise<void> | undefined;
  let receiving = false;

  const shutDown = async (): Promise<void> => {
    collected.stop();
    await sender.flush(LINGER_MS);
    sender.stop();
    await unbindAll(router, bound);
    router.linger = LINGER_MS;
    router.close();
  };
  watchTrouble(router, note);
  const listener: Listener = {
    addresses: bound.map(({ address }) => address),
    trySend(to, frame) {
      if (closing !== undefined) return 'full';
      const peer = reception.peerOf(to);
      const outcome = sender.trySend(peer, frame);
      if (outcome === 'full') reception.forgetIfDone(peer);
      return outcome;
    },
    onTurn(handler) {
      collected.setHandler(handler);
      if (receiving || closing !== undefined) return;
      receiving = true;
      const onBroken = (cause: unknown): void => note('transport.broken', 'error', { reason: String(cause) });
      receiveLoop(router, collected, (parts) => reception.onMessage(parts), onBroken);
    },
    close: () => (closing ??= shutDown()),
    [Symbol.asyncDispose]: () => listener.close(),
  };
  return listener;
};

/** Connections that never became peers: no file descriptors left, a stranger who speaks something else. */
const watchTrouble = (router: Router, note: Notes): void => {
  router.events.on('accept:error', ({ error }) =>
    note('transport.acceptFailed', 'error', { reason: error.message }),
  );
  watchHandshakes(router, note);
};
