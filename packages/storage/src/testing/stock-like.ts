/**
 * A store that only knows the stock protocol, with the stock store's extra empty frame after an empty object: our
 * server behind a relay that swallows what a stock store would ignore. For tests where no stock store can be had.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { FrameReader, type FrameSink } from '../wire/frame-reader.ts';
import { decodeHeader, HEADER_BYTES, writeFrameLength } from '../wire/headers.ts';
import { REQUEST, RESPONSE } from '../wire/types.ts';

/** Gathers every frame whole and hands it on, changed or not. */
const relay = (from: Socket, to: Socket, change: (frame: Buffer) => readonly Buffer[]): void => {
  const sink: FrameSink = {
    begin: () => 'whole',
    whole: (frame) => {
      for (const one of change(frame)) {
        const length = Buffer.alloc(8);
        writeFrameLength(one.length, length, 0);
        to.write(length);
        to.write(Buffer.from(one));
      }
      return undefined;
    },
    part: () => undefined,
    end: () => undefined,
  };
  const reader = new FrameReader(sink);
  from.on('data', (chunk: Buffer) => {
    reader.read(chunk, 0);
  });
  from.on('close', () => to.destroy());
  from.on('error', () => undefined);
};

const stockTypes: ReadonlySet<number> = new Set([
  REQUEST.setObject,
  REQUEST.getObject,
  REQUEST.deleteObject,
  REQUEST.duplicateObject,
  REQUEST.infoGetTotal,
]);

const typeOf = (frame: Buffer): number | undefined =>
  frame.length === HEADER_BYTES ? decodeHeader(frame)?.type : undefined;

export class StockLikeStore {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(behind: { readonly host: string; readonly port: number }): Promise<StockLikeStore> {
    const server = createServer({ noDelay: true });
    const store = new StockLikeStore(server);
    server.on('connection', (socket) => {
      store.#accept(socket, behind);
    });
    server.listen({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    return store;
  }

  get address(): { readonly host: string; readonly port: number } {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return { host: '127.0.0.1', port: address.port };
  }

  /** Ends the present connections and takes new ones. */
  cut(): void {
    for (const socket of [...this.#sockets]) socket.destroy();
  }

  async close(): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, 'close');
  }

  #accept(socket: Socket, behind: { readonly host: string; readonly port: number }): void {
    const store = connect({ ...behind, noDelay: true });
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    relay(socket, store, (frame) => {
      const type = typeOf(frame);
      return type === undefined || stockTypes.has(type) ? [frame] : [];
    });
    relay(store, socket, (frame) => {
      const header = frame.length === HEADER_BYTES ? decodeHeader(frame) : undefined;
      const isEmptyObject = header?.type === RESPONSE.getOK && header.payloadLength === 0;
      return isEmptyObject ? [frame, Buffer.alloc(0)] : [frame];
    });
  }
}
