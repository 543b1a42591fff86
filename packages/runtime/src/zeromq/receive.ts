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
  collected: Pick<Turns, 'isQuiet' | 'flushIfQuiet'>,
  onMessage: (parts: readonly Buffer[]) => void,
  onBroken: (cause: unknown) => void,
): void => {
  let taken = 0;
  let takenBefore = -1;
  // A message that the library has is taken in the microtask before the next look: one without another is the last.
  const look = (): void => {
    if (takenBefore === taken) {
      takenBefore = -1;
      collected.flushIfQuiet();
    } else {
      takenBefore = taken;
      queueMicrotask(look);
    }
  };
  const take = (parts: readonly Buffer[]): void => {
    taken++;
    onMessage(parts);
    receive();
    if (takenBefore >= 0 || !collected.isQuiet) return;
    takenBefore = taken;
    queueMicrotask(look);
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
