/** The bytes of answers. */
import type { Content } from '../engine/content.ts';
import { HEADER_BYTES, writeFrameLength, writeHeaderFrame, type Header } from '../wire/headers.ts';
import { RESPONSE } from '../wire/types.ts';
import { isSmall, type Outbox } from './outbox.ts';

const FRAME_BYTES = 8 + HEADER_BYTES;

const head = (request: Header, type: number, payloadLength: number, room: number): Buffer => {
  const bytes = Buffer.allocUnsafe(FRAME_BYTES + room);
  writeHeaderFrame({ ...request, type, payloadLength }, bytes, 0);
  return bytes;
};

/** An answer without payload, and so without a payload frame. */
export const answer = (outbox: Outbox, request: Header, type: number): void => {
  outbox.send(head(request, type, 0, 0));
};

/** An answer with a payload that was made for it. */
export const answerWith = (outbox: Outbox, request: Header, type: number, payload: Uint8Array): void => {
  const bytes = head(request, type, payload.length, 8 + payload.length);
  writeFrameLength(payload.length, bytes, FRAME_BYTES);
  bytes.set(payload, FRAME_BYTES + 8);
  outbox.send(bytes);
};

/**
 * `getOK` with up to `bytesMax` bytes. An empty object has no payload frame: stock clients do not read one, although
 * the stock server sends it.
 */
export const answerContent = (outbox: Outbox, request: Header, content: Content, bytesMax: number): void => {
  const bytes = Math.min(content.bytes, bytesMax);
  if (bytes === 0) {
    answer(outbox, request, RESPONSE.getOK);
    return;
  }
  const first = isSmall(bytes) ? content.chunk(0, bytes) : undefined;
  if (first instanceof Uint8Array && first.length === bytes) {
    answerWith(outbox, request, RESPONSE.getOK, first);
    return;
  }
  const bytesHead = head(request, RESPONSE.getOK, bytes, 8);
  writeFrameLength(bytes, bytesHead, FRAME_BYTES);
  outbox.sendContent(bytesHead, content, bytes);
};
