/** The transport of production: ZeroMQ, as the stock system speaks it (ROUTER bound, DEALERs connecting). */
import type { Note } from '@muster/core/machine';
import type { Transport } from './transport.ts';
import { connect } from './zeromq/connection.ts';
import { listen } from './zeromq/listener.ts';

export interface ZeromqOptions {
  /**
   * What peers did wrong and was dropped (`transport.dropped`, `transport.handshakeFailed`, …), counted and told
   * at 1, 2, 4, 8 … occurrences. Default: nobody is told.
   */
  readonly onNote?: (note: Note) => void;
}

/**
 * Sockets for one process. Keep it out of worker threads: terminating a thread that holds a socket aborts the
 * process. Source: zeromq.js issue 411.
 *
 * Delivery ends at the library: frames that it had taken when a connection broke are lost without a word, so
 * whoever must know asks for an answer. Order is kept per peer. An open socket keeps the process alive.
 */
export const zeromqTransport = (options: ZeromqOptions = {}): Transport => ({
  listen: (addresses, listenOptions) => listen(addresses, listenOptions, options.onNote),
  connect: async (address, connectOptions) => connect(address, connectOptions, options.onNote),
});
