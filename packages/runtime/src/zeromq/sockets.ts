/** The only file that makes ZeroMQ sockets. Every option that matters is set here, with its reason. */
import { Dealer, Router, context } from 'zeromq';
import type { ListenOptions } from '../transport.ts';
import { TransportError } from '../errors.ts';

/** Draft option ROUTER_NOTIFY and its flag for disconnects. Source: zmq_draft.h of libzmq 4.3.5. */
const ZMQ_ROUTER_NOTIFY = 97;
const ZMQ_NOTIFY_DISCONNECT = 2;
/** Source: zmq.h of libzmq 4.3.5. */
const ZMQ_ROUTING_ID = 5;
const ROUTING_ID_BYTES_MAX = 255;

/** Sockets of one process; libzmq's default of 1,023 is short of a load test. */
const SOCKETS_MAX = 16_384;

/**
 * Messages per peer inside libzmq, each way. Not 0 (unlimited): then a peer that stops reading fills our memory,
 * and our queues, which are bounded in bytes, never see it. Nothing is dropped at the mark: a DEALER and a
 * mandatory ROUTER answer EAGAIN when sending, and a full receiving pipe stops reading from the connection.
 * 1,000 keeps one peer busy at 1,000,000 frames a second between two looks a millisecond apart. Memory of a
 * peer that stalls: its queue, plus at most this many frames.
 */
export const PIPE_FRAMES_MAX = 1000;

/**
 * How long what was handed to libzmq may still be written after `close()`; the end of the process waits no longer
 * than this, and no time at all when everything is written. From 500 ms on, the binding prints a warning.
 */
export const LINGER_MS = 300;

export const FRAME_BYTES_MAX_DEFAULT: number = 256 * 1024 * 1024;
export const QUEUE_BYTES_MAX_DEFAULT: number = 64 * 1024 * 1024;

const shared = (options: ListenOptions) => ({
  // A send reports at once. With a timeout it would wait inside the library, and a second one would throw EBUSY.
  sendTimeout: 0,
  sendHighWaterMark: PIPE_FRAMES_MAX,
  receiveHighWaterMark: PIPE_FRAMES_MAX,
  // Raised by close(); until then, a process that ends without close() must not hang.
  linger: 0,
  maxMessageSize: options.frameBytesMax ?? FRAME_BYTES_MAX_DEFAULT,
  // ZMTP pings: a peer whose machine vanished is noticed after 15 s. Answered by the library's own thread, so a
  // busy event loop is not taken for a dead peer.
  heartbeatInterval: 5000,
  heartbeatTimeout: 15_000,
  heartbeatTimeToLive: 20_000,
});

class NotifyingRouter extends Router {
  identifyAs(routingId: Buffer): void {
    this.setStringOption(ZMQ_ROUTING_ID, routingId);
  }
  notifyDisconnects(): void {
    this.setInt32Option(ZMQ_ROUTER_NOTIFY, ZMQ_NOTIFY_DISCONNECT);
  }
}

class IdentifiedDealer extends Dealer {
  identifyAs(routingId: Buffer): void {
    this.setStringOption(ZMQ_ROUTING_ID, routingId);
  }
}

/** One byte per character, as ZeroMQ identities are. @throws TransportError EINVAL for one that libzmq would refuse. */
const identityBytes = (identity: string, address: string): Buffer => {
  const bytes = Buffer.from(identity, 'latin1');
  if (bytes.length === 0 || bytes.length > ROUTING_ID_BYTES_MAX || bytes[0] === 0) {
    throw new TransportError(
      'EINVAL',
      address,
      `an identity has 1 to ${ROUTING_ID_BYTES_MAX} bytes and does not begin with a zero byte`,
    );
  }
  return bytes;
};

const prepareContext = (): void => {
  // Takes effect before the first socket of the process only. Not blocky: ending the process never waits for peers.
  context.maxSockets = Math.min(SOCKETS_MAX, context.maxSocketsLimit);
  context.blocky = false;
};

/** A ROUTER that says when a peer is unknown or its pipe full, and lets a restarted peer take its identity back. */
export const openRouter = (options: ListenOptions, ipv6: boolean): Router => {
  const identity = identityBytes(options.identity, '');
  prepareContext();
  const router = new NotifyingRouter({
    ...shared(options),
    mandatory: true,
    handover: true,
    ipv6,
    backlog: 1024,
  });
  router.identifyAs(identity);
  // Only disconnects: [identity, empty]. With notices of connects as well, the two could not be told apart when a
  // peer takes its identity over from a dead connection.
  router.notifyDisconnects();
  return router;
};

export const openDealer = (options: ListenOptions, ipv6: boolean, address: string): Dealer => {
  const identity = identityBytes(options.identity, address);
  prepareContext();
  const dealer = new IdentifiedDealer({
    ...shared(options),
    ipv6,
    reconnectInterval: 100,
    reconnectMaxInterval: 2000,
    connectTimeout: 5000,
  });
  dealer.identifyAs(identity);
  return dealer;
};
