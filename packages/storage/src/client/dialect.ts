/** How a question is put on the wire: to a store of ours in one request, to a stock store in what it understands. */
import { objectId, type ObjectId } from '@muster/protocol/ids';
import { ID_BYTES, WANT_ALL } from '../wire/headers.ts';
import { CONTROL_BYTES_MAX, REQUEST, RESPONSE } from '../wire/types.ts';
import type { Answer, Call } from './call.ts';
import type { Link, WireRequest } from './link.ts';

export interface Dialect {
  /** Sends what asks the call's question; answers reach the call by themselves. */
  ask(link: Link, call: Call, now: number): void;
}

const NO_ID = objectId('\0'.repeat(ID_BYTES));
const NO_BYTES = new Uint8Array(0);
const IDS_PER_REQUEST = Math.floor(CONTROL_BYTES_MAX / ID_BYTES);

const plain = (type: number, id: ObjectId, payloadLength = 0): WireRequest => ({
  type,
  id,
  payloadLength,
  body: undefined,
});

const withBody = (type: number, id: ObjectId, body: Uint8Array): WireRequest => ({
  type,
  id,
  payloadLength: body.length,
  body,
});

/** Asks all, and ends the call with the last answer. */
const askAll = (link: Link, call: Call, requests: readonly WireRequest[]): void => {
  let open = requests.length;
  if (open === 0) call.answer({ type: RESPONSE.delOK, payload: NO_BYTES });
  for (const request of requests) {
    const number = link.request(request, (type, payload) => {
      open -= 1;
      if (open === 0) call.answer({ type, payload });
    });
    call.onEnd(() => {
      link.forget(number);
    });
  }
};

const deleteManyRequests = (ids: readonly ObjectId[]): WireRequest[] => {
  const requests: WireRequest[] = [];
  for (let at = 0; at < ids.length; at += IDS_PER_REQUEST) {
    const body = Buffer.from(ids.slice(at, at + IDS_PER_REQUEST).join(''), 'latin1');
    requests.push(withBody(REQUEST.deleteMany, NO_ID, body));
  }
  return requests;
};

export const ownDialect: Dialect = {
  ask(link, call, now) {
    const { question } = call;
    switch (question.kind) {
      case 'put':
        askAll(link, call, [
          withBody(question.ifAbsent ? REQUEST.putIfAbsent : REQUEST.setObject, question.id, question.body),
        ]);
        return;
      case 'get':
        askAll(link, call, [
          plain(REQUEST.getWithin, question.id, Math.max(0, Math.ceil(call.waitUntil - now))),
        ]);
        return;
      case 'has':
        askAll(link, call, [plain(REQUEST.has, question.id)]);
        return;
      case 'delete':
        askAll(link, call, deleteManyRequests(question.ids));
        return;
      case 'stats':
        askAll(link, call, [plain(REQUEST.stats, NO_ID)]);
        return;
      case 'stop':
        askAll(link, call, [plain(REQUEST.stop, NO_ID)]);
        return;
    }
  },
};

/**
 * A stock store holds a get until the object is there. It answers in order, though, so a question behind the get that
 * is answered first says that the get is held. Source: OpenGRIS Scaler 1.15.0, one thread, requests in arrival order.
 */
const askAndProbe = (
  link: Link,
  call: Call,
  request: WireRequest,
  found: (payload: Uint8Array) => Answer,
): void => {
  const asked = link.request(request, (_type, payload) => {
    call.answer(found(payload));
  });
  const probe = link.request(plain(REQUEST.infoGetTotal, NO_ID), () => {
    call.answer({ type: RESPONSE.absent, payload: NO_BYTES });
  });
  call.onEnd(() => {
    link.forget(asked);
    link.forget(probe);
  });
};

const holdUntil = (link: Link, call: Call, id: ObjectId, waitMs: number): void => {
  const asked = link.request(plain(REQUEST.getObject, id, WANT_ALL), (type, payload) => {
    call.answer({ type, payload });
  });
  const timer = setTimeout(() => {
    call.answer({ type: RESPONSE.absent, payload: NO_BYTES });
  }, waitMs);
  call.onEnd(() => {
    clearTimeout(timer);
    link.forget(asked);
  });
};

export const stockDialect: Dialect = {
  ask(link, call, now) {
    const { question } = call;
    switch (question.kind) {
      case 'put':
        askAll(link, call, [withBody(REQUEST.setObject, question.id, question.body)]);
        return;
      case 'get': {
        const waitMs = call.waitUntil - now;
        if (waitMs > 0) holdUntil(link, call, question.id, waitMs);
        else {
          const found = (payload: Uint8Array): Answer => ({ type: RESPONSE.getOK, payload });
          askAndProbe(link, call, plain(REQUEST.getObject, question.id, WANT_ALL), found);
        }
        return;
      }
      case 'has':
        // One byte is enough to know.
        askAndProbe(link, call, plain(REQUEST.getObject, question.id, 1), () => ({
          type: RESPONSE.present,
          payload: NO_BYTES,
        }));
        return;
      case 'delete':
        askAll(
          link,
          call,
          question.ids.map((id) => plain(REQUEST.deleteObject, id)),
        );
        return;
      case 'stats':
      case 'stop':
        call.answer({ type: RESPONSE.refused, payload: NO_BYTES });
        return;
    }
  },
};
