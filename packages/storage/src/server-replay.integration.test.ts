import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startObjectStoreServer, type ObjectStoreServer } from './server.ts';
import { frame, RawPeer } from './testing/raw-peer.ts';
import { decodeHeader, HEADER_BYTES } from './wire/headers.ts';
import { REQUEST, RESPONSE } from './wire/types.ts';

// A loaded machine may take its time; nothing here waits for time to pass.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const FIXTURES = new URL('../fixtures/', import.meta.url);
const DEADLINE_MS = 20_000;

type Event = readonly [connection: number, way: '>' | '<', what: string];

const readStory = (file: string): Event[] =>
  readFileSync(new URL(file, FIXTURES), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);

let server: ObjectStoreServer | undefined;
afterEach(async () => {
  await server?.close();
});

/** The stock store sends an empty frame after an empty object; ours must not. */
const isEmptyObject = (hex: string): boolean => {
  const header = hex.length === HEADER_BYTES * 2 ? decodeHeader(Buffer.from(hex, 'hex')) : undefined;
  return header?.type === RESPONSE.getOK && header.payloadLength === 0;
};

class Replay {
  readonly peers = new Map<number, RawPeer>();
  readonly expectsPayload = new Map<number, boolean>();
  /** Requests that the recording has no answer to yet. */
  readonly open = new Map<number, number>();
  readonly afterEmpty = new Set<number>();
  readonly #server: ObjectStoreServer;
  readonly #address: { readonly host: string; readonly port: number };
  frames = 0;

  constructor(target: ObjectStoreServer) {
    if (target.address === undefined) throw new Error('no TCP address');
    this.#server = target;
    this.#address = target.address;
  }

  async play([connection, way, what]: Event): Promise<void> {
    if (what === 'start') {
      this.peers.set(connection, new RawPeer(this.#address));
      return;
    }
    const peer = this.peers.get(connection);
    if (peer === undefined) throw new Error(`connection ${connection} did not start`);
    if (what === 'end') await peer.close();
    else if (way === '>') await this.#say(connection, peer, what);
    else await this.#hear(connection, peer, what);
  }

  /** Sends, and waits until the store has answered or holds it: stories go on in the order in which they were seen. */
  async #say(connection: number, peer: RawPeer, hex: string): Promise<void> {
    const held = this.#server.stats().held;
    peer.send(frame(Buffer.from(hex, 'hex')));
    const known = this.expectsPayload.get(connection);
    if (known === undefined) {
      this.expectsPayload.set(connection, false);
      return;
    }
    const header = decodeHeader(Buffer.from(hex, 'hex'));
    const withPayload = header?.type === REQUEST.setObject || header?.type === REQUEST.duplicateObject;
    this.expectsPayload.set(connection, !known && withPayload);
    if (!known && withPayload) return;
    this.open.set(connection, (this.open.get(connection) ?? 0) + 1);
    const until = performance.now() + DEADLINE_MS;
    while (peer.unread === 0 && this.#server.stats().held <= held) {
      if (performance.now() > until) throw new Error(`no answer on connection ${connection}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #hear(connection: number, peer: RawPeer, hex: string): Promise<void> {
    if (hex === '' && this.afterEmpty.delete(connection)) return;
    expect((await peer.frame()).toString('hex')).toBe(hex);
    this.frames += 1;
    const header = hex.length === HEADER_BYTES * 2 ? decodeHeader(Buffer.from(hex, 'hex')) : undefined;
    if (header !== undefined) this.open.set(connection, (this.open.get(connection) ?? 0) - 1);
    if (isEmptyObject(hex)) this.afterEmpty.add(connection);
  }
}

describe('what stock peers said, said again', () => {
  for (const file of readdirSync(FIXTURES).filter((name) => name.endsWith('.jsonl'))) {
    it(`is answered byte for byte as the stock store did: ${file.replace('.jsonl', '')}`, async () => {
      server = await startObjectStoreServer({ tcp: { host: '127.0.0.1', port: 0 } });
      const replay = new Replay(server);
      for (const event of readStory(file)) await replay.play(event);
      expect(replay.frames).toBeGreaterThan(10);
      for (const [connection, peer] of replay.peers) {
        // Some recordings end before the last answers.
        if (replay.open.get(connection) === 0) expect(peer.unread).toBe(0);
        await peer.close();
      }
    });
  }
});
