/** Notes about what a peer did wrong: counted, and told at 1, 2, 4, 8 … so that a flood is not a flood of log lines. */
import type { Note } from '@muster/core/machine';
import type { Socket } from 'zeromq';

export type OnNote = (note: Note) => void;

export type Notes = (event: string, level: Note['level'], fields: Note['fields']) => void;

export const countedNotes = (onNote: OnNote | undefined): Notes => {
  const counts = new Map<string, number>();
  return (event, level, fields) => {
    const count = (counts.get(event) ?? 0) + 1;
    counts.set(event, count);
    const isPowerOfTwo = Number.isInteger(Math.log2(count));
    if (isPowerOfTwo) onNote?.({ kind: 'note', event, level, fields: { ...fields, count } });
  };
};

/** Strangers who speak something else, or the right thing with the wrong keys. */
export const watchHandshakes = (socket: Socket, note: Notes): void => {
  const onTrouble = (trouble: { readonly error: Error; readonly address: string }): void =>
    note('transport.handshakeFailed', 'warn', { reason: trouble.error.message, address: trouble.address });
  socket.events.on('handshake:error:protocol', onTrouble);
  socket.events.on('handshake:error:auth', onTrouble);
  socket.events.on('handshake:error:other', onTrouble);
};
