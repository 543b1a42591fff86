/** The connecting side: one DEALER, one peer, made again after a loss. */
import type { Dealer } from 'zeromq';
import { peerId } from '@muster/protocol/ids';
import { turns } from '../transport/turns.ts';
import type { Connection, ConnectOptions } from '../transport.ts';
import { addressError, needsIpv6, parseAddress } from './address.ts';
import { countedNotes, watchHandshakes } from './notes.ts';
import type { Notes, OnNote } from './notes.ts';
import { receiveLoop } from './receive.ts';
import { Sender } from './sender.ts';
import { FRAME_BYTES_MAX_DEFAULT, LINGER_MS, QUEUE_BYTES_MAX_DEFAULT, openDealer } from './sockets.ts';

/** What the far side is called in events. */
const SCHEDULER = peerId('scheduler');

export const connect = (text: string, options: ConnectOptions, onNote: OnNote | undefined): Connection => {
  const address = parseAddress(text, 'connect');
  const dealer = openDealer(options, needsIpv6(address), text);
  const connection = converse(dealer, text, options, countedNotes(onNote));
  try {
    // Last: whoever watches the socket must see the first event.
    dealer.connect(text);
  } catch (cause) {
    dealer.close();
    throw addressError(text, 'connect to', cause);
  }
  return connection;
};

const converse = (dealer: Dealer, address: string, options: ConnectOptions, note: Notes): Connection => {
  const collected = turns();
  let closing: Promise<void> | undefined;
  let receiving = false;

  const sender = new Sender({
    queueBytesMax: options.queueBytesMax ?? QUEUE_BYTES_MAX_DEFAULT,
    frameBytesMax: options.frameBytesMax ?? FRAME_BYTES_MAX_DEFAULT,
    transmit: (_peer, frame) => dealer.send(frame),
    unreachable: (_peer, frames) => {
      for (const frame of frames)
        collected.push({ kind: 'undelivered', to: SCHEDULER, frame, why: 'unreachable' });
    },
    drained: () => undefined,
  });
  const peer = sender.newPeer(SCHEDULER);

  const onMessage = (parts: readonly Buffer[]): void => {
    const [frame] = parts;
    if (frame === undefined || parts.length !== 1) {
      return note('transport.dropped', 'warn', { reason: 'parts', parts: parts.length, from: address });
    }
    collected.push({ kind: 'frame', from: SCHEDULER, frame });
    if (peer.phase === 'blocked') sender.nudge(peer);
  };
  const shutDown = async (): Promise<void> => {
    collected.stop();
    await sender.flush(LINGER_MS);
    sender.stop();
    dealer.linger = LINGER_MS;
    dealer.close();
  };
  watchConnection(dealer, note, (up) => {
    if (peer.up === up) return;
    peer.up = up;
    collected.pushHint(up ? { kind: 'peerUp', peer: SCHEDULER } : { kind: 'peerDown', peer: SCHEDULER });
    if (up) sender.nudge(peer);
  });
  const connection: Connection = {
    identity: options.identity,
    trySend: (frame) => (closing === undefined ? sender.trySend(peer, frame) : 'full'),
    onTurn(handler) {
      collected.setHandler(handler);
      if (receiving || closing !== undefined) return;
      receiving = true;
      receiveLoop(dealer, collected, onMessage, (cause) =>
        note('transport.broken', 'error', { reason: String(cause) }),
      );
    },
    close: () => (closing ??= shutDown()),
    [Symbol.asyncDispose]: () => connection.close(),
  };
  return connection;
};

const watchConnection = (dealer: Dealer, note: Notes, onUp: (up: boolean) => void): void => {
  dealer.events.on('handshake', () => onUp(true));
  dealer.events.on('disconnect', () => onUp(false));
  watchHandshakes(dealer, note);
};
