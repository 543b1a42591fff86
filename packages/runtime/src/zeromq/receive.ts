/** The receive loop: everything that the library has, one promise per message, until the socket closes. */
import type { Readable } from 'zeromq';
import type { Turns } from '../transport/turns.ts';

/**
 * Ends when the socket is closed. The library gives up to 512 messages within one turn of the event loop and lets
 * the loop turn before it goes on. Source: max_sync_operations in the binding's socket.cc.
 *
 * @param onMessage must not throw.
 */
export const receiveLoop = (
  socket: Readable & { readonly closed: boolean },
  collected: Pick<Turns, 'flushIfQuiet'>,
  onMessage: (parts: readonly Buffer[]) => void,
  onBroken: (cause: unknown) => void,
): void => {
  const take = (parts: readonly Buffer[]): void => {
    try {
      onMessage(parts);
      // Before the library is asked for more, which costs as much as a short step: an isolated message is the only one.
      collected.flushIfQuiet();
    } finally {
      receive();
    }
  };
  const fail = (error: unknown): void => {
    // close() ends the pending receive with EAGAIN.
    if (!socket.closed) onBroken(error);
  };
  const receive = (): void => {
    if (socket.closed) return;
    try {
      socket.receive().then(take, fail);
    } catch (error) {
      fail(error);
    }
  };
  receive();
};
