/** The one reader and the one builder of this process: both work synchronously and keep nothing in between. */
import type * as Wire from '../generated/message.ts';
import { writeMessage } from '../generated/message.ts';
import { Builder } from '../wire/builder.ts';
import { Reader } from '../wire/reader.ts';

const reader = new Reader();
const builder = new Builder();

/** A frame of our own for every call: a transport may hold it as long as it likes. */
export const writeFrame = (message: Wire.Message): Uint8Array => {
  writeMessage(builder, builder.open(), message);
  return builder.finish();
};

/** Runs `read` on the frame between two positions; `root` is the position of its root pointer. */
export const readFrame = <T>(
  bytes: Uint8Array,
  start: number,
  end: number,
  read: (r: Reader, root: number) => T,
): T => {
  try {
    return read(reader, reader.open(bytes, start, end));
  } finally {
    reader.close();
  }
};
