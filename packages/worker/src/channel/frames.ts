/**
 * Messages between a worker host and its processor, over a socket pair. Each is a length (of what follows), a
 * kind, and a body; integers are little endian. What must survive the processor's death is not here but in the
 * journal (journal.ts); a `wake` says that there is something new in it.
 *
 *   host → processor   execute  generation u32, consumed u32, then per run: run u32, attempt u32, length u32, frame
 *                      abort    run u32
 *                      store    JSON of StoreAddress
 *   processor → host   ready
 *                      wake     tail of the journal u32
 *                      log      run u32, stream u8, text
 */
export const KIND = { execute: 1, abort: 2, store: 3, ready: 4, wake: 5, log: 6 } as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

export const HEAD_BYTES = 5;
export const RUN_HEAD_BYTES = 12;
/** No message of ours is larger; a larger length means that somebody else wrote to the socket. */
const MESSAGE_BYTES_MAX = 512 * 1024 * 1024;

/** Where the object store listens: the local socket where it exists on this machine, else TCP. */
export interface StoreAddress {
  readonly path: string;
  readonly host: string;
  readonly port: number;
}

export interface ExecuteRun {
  readonly run: number;
  readonly attempt: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** A message with room for `bodyBytes` after its head. */
export const openMessage = (kind: Kind, bodyBytes: number): Buffer => {
  const message = Buffer.allocUnsafe(HEAD_BYTES + bodyBytes);
  message.writeUInt32LE(bodyBytes + 1, 0);
  message[4] = kind;
  return message;
};

/** @param consumed position up to which the host has read the journal. */
export const encodeExecute = (generation: number, consumed: number, runs: readonly ExecuteRun[]): Buffer => {
  let bodyBytes = 8;
  for (const { start, end } of runs) bodyBytes += RUN_HEAD_BYTES + end - start;
  const message = openMessage(KIND.execute, bodyBytes);
  message.writeUInt32LE(generation, HEAD_BYTES);
  message.writeUInt32LE(consumed, HEAD_BYTES + 4);
  let at = HEAD_BYTES + 8;
  for (const { run, attempt, bytes, start, end } of runs) {
    message.writeUInt32LE(run, at);
    message.writeUInt32LE(attempt, at + 4);
    message.writeUInt32LE(end - start, at + 8);
    at += RUN_HEAD_BYTES;
    message.set(bytes.subarray(start, end), at);
    at += end - start;
  }
  return message;
};

export interface Execute {
  readonly generation: number;
  readonly consumed: number;
  /** Frames refer into the message. */
  readonly runs: readonly ExecuteRun[];
}

export const decodeExecute = (body: Buffer): Execute => {
  const runs: ExecuteRun[] = [];
  for (let at = 8; at + RUN_HEAD_BYTES <= body.length;) {
    const start = at + RUN_HEAD_BYTES;
    const end = start + body.readUInt32LE(at + 8);
    if (end > body.length) throw new RangeError('a run ends behind its message');
    runs.push({ run: body.readUInt32LE(at), attempt: body.readUInt32LE(at + 4), bytes: body, start, end });
    at = end;
  }
  return { generation: body.readUInt32LE(0), consumed: body.readUInt32LE(4), runs };
};

export const encodeAbort = (run: number): Buffer => {
  const message = openMessage(KIND.abort, 4);
  message.writeUInt32LE(run, HEAD_BYTES);
  return message;
};

export const encodeStore = (store: StoreAddress): Buffer => {
  const text = Buffer.from(JSON.stringify(store), 'utf8');
  const message = openMessage(KIND.store, text.length);
  message.set(text, HEAD_BYTES);
  return message;
};

export const decodeStore = (body: Buffer): StoreAddress => JSON.parse(body.toString('utf8')) as StoreAddress;

export const encodeWake = (tail: number): Buffer => {
  const message = openMessage(KIND.wake, 4);
  message.writeUInt32LE(tail, HEAD_BYTES);
  return message;
};

export type LogStream = 'stdout' | 'stderr';

export const encodeLog = (run: number, stream: LogStream, text: string): Buffer => {
  const textBytes = Buffer.byteLength(text);
  const message = openMessage(KIND.log, 5 + textBytes);
  message.writeUInt32LE(run, HEAD_BYTES);
  message[HEAD_BYTES + 4] = stream === 'stdout' ? 1 : 2;
  message.write(text, HEAD_BYTES + 5, 'utf8');
  return message;
};

export const decodeLog = (
  body: Buffer,
): { readonly run: number; readonly stream: LogStream; readonly text: string } => ({
  run: body.readUInt32LE(0),
  stream: body[4] === 1 ? 'stdout' : 'stderr',
  text: body.toString('utf8', 5),
});

/** Cuts a byte stream into messages; bodies refer into what was pushed, or into a copy where a message came in pieces. */
export const messageSplitter = (
  onMessage: (kind: number, body: Buffer) => void,
  bytesMax: number = MESSAGE_BYTES_MAX,
): ((chunk: Buffer) => void) => {
  let pieces: Buffer[] = [];
  let pieceBytes = 0;
  /** Bytes of the message that is being received, head included; 0 while its length is not known. */
  let wanted = 0;

  const lengthAt = (bytes: Buffer, at: number): number => {
    const length = bytes.readUInt32LE(at);
    if (length < 1 || length > bytesMax) throw new RangeError(`a message of ${length} bytes`);
    return 4 + length;
  };
  return (chunk) => {
    let bytes = chunk;
    if (pieceBytes > 0) {
      pieces.push(chunk);
      pieceBytes += chunk.length;
      if (pieceBytes < Math.max(wanted, 4)) return;
      bytes = Buffer.concat(pieces, pieceBytes);
      pieces = [];
      pieceBytes = 0;
    }
    let at = 0;
    while (bytes.length - at >= 4) {
      const end = at + lengthAt(bytes, at);
      if (end > bytes.length) break;
      onMessage(bytes[at + 4] ?? 0, bytes.subarray(at + HEAD_BYTES, end));
      at = end;
    }
    if (at === bytes.length) return;
    const rest = bytes.subarray(at);
    pieces = [rest];
    pieceBytes = rest.length;
    wanted = rest.length >= 4 ? lengthAt(rest, 0) : 0;
  };
};
