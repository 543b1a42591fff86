/** The receive loop: everything that the library has, one promise per message, until the socket closes. */
import type { Readable } from 'zeromq';

/**
 * Ends when the socket is closed. The library gives up to 512 messages within one turn of the event loop and lets
 * the loop turn before it goes on. Source: max_sync_operations in the binding's socket.cc.
 *
 * @param onMessage must not throw.
 */
export const receiveLoop = async (
  socket: Readable & { readonly closed: boolean },
  onMessage: (parts: readonly Buffer[]) => void,
  onBroken: (cause: unknown) => void,
): Promise<void> => {
  try {
    while (!socket.closed) onMessage(await socket.receive());
  } catch (error) {
    // close() ends the pending receive with EAGAIN.
    if (!socket.closed) onBroken(error);
  }
};
