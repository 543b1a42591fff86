/** The socket: HTTP or HTTPS on loopback. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Agenda } from '../agenda.ts';
import type { LocalAnswer, LocalRequest } from '../link-local.ts';
import type { SignedRequest } from '../sigv4.ts';
import type { Reply } from './dispatch.ts';

export interface HttpOptions {
  /** PEM; absent: plain HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
  readonly agenda: Agenda;
  /** What the `Date` header shows. */
  readonly date: () => Date;
  readonly dispatch: (request: SignedRequest) => Reply;
  /** Requests other than POST are not AWS's API but what a task or instance finds at its link-local addresses. */
  readonly linkLocal: (request: LocalRequest) => LocalAnswer;
}

export interface HttpPeer {
  readonly url: string;
  close(): Promise<void>;
}

/** Source: ECS API reference: requests are small; task definitions, the largest, have 64 KiB. */
const BODY_BYTES_MAX = 2 * 1024 * 1024;

const bodyOf = async (request: IncomingMessage): Promise<string | undefined> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const headersOf = (request: IncomingMessage): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(',') : value,
    ]),
  );

const send = (response: ServerResponse, reply: Reply, date: Date): void => {
  if (response.destroyed) return;
  if (reply.kind === 'drop') {
    response.socket?.resetAndDestroy();
    return;
  }
  if (reply.kind === 'hang') return;
  const { status, headers, body } = reply.answer;
  response.writeHead(status, {
    ...headers,
    date: date.toUTCString(),
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
};

const serve = async (
  options: HttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const { method = 'GET', url: target = '/' } = request;
  const body = await bodyOf(request);
  if (method !== 'POST') {
    const path = target.split('?', 1)[0] ?? '/';
    const answer = options.linkLocal({ method, path, headers: headersOf(request) });
    response.writeHead(answer.status, { 'content-type': answer.type, ...answer.headers });
    response.end(answer.body);
    return;
  }
  if (body === undefined) {
    response.writeHead(413);
    response.end();
    return;
  }
  const reply = options.dispatch({ method, target, headers: headersOf(request), body });
  const delayMs = reply.kind === 'hang' ? 0 : reply.delayMs;
  if (delayMs === 0) send(response, reply, options.date());
  else options.agenda.in(delayMs, () => send(response, reply, options.date()));
};

const listen = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

export const openHttp = async (options: HttpOptions): Promise<HttpPeer> => {
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    // A caller that goes away in the middle of its request is its own business.
    serve(options, request, response).catch(() => response.destroy());
  };
  const server = options.tls === undefined ? createServer(handler) : createTlsServer(options.tls, handler);
  // Clients keep connections; a peer that ended them at will would add faults that nobody asked for.
  server.keepAliveTimeout = 0;
  const port = await listen(server);
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
