/**
 * The one place that sends. Per peer one frame at a time is in the library's hands, so that a refusal is known to
 * be that frame's, and frames behind it cannot overtake it. The library answers within the same run of the
 * microtask queue, so this costs a promise and no time.
 */
import type { PeerId } from '@muster/protocol/ids';
import { frameQueue } from '../transport/frame-queue.ts';
import type { FrameQueue } from '../transport/frame-queue.ts';

/** First and longest wait before a peer whose pipe was full is tried again; its own next frame ends the wait. */
const RETRY_MS_MIN = 1;
const RETRY_MS_MAX = 32;

export interface Peer {
  readonly id: PeerId;
  /** The identity as bytes: the first part of what a ROUTER sends. */
  readonly route: Buffer;
  /** Whether it sent something since it was last seen to go. */
  up: boolean;
  readonly queue: FrameQueue;
  /** 'blocked': its pipe is full; tried again on its next frame or by the timer. */
  phase: 'idle' | 'sending' | 'blocked';
  readonly onSent: () => void;
  readonly onFailed: (error: unknown) => void;
}

export interface SenderPort {
  readonly queueBytesMax: number;
  readonly frameBytesMax: number;
  /** Hands the frame to the library; rejects with its error code, or throws it. */
  transmit(peer: Peer, frame: Uint8Array): Promise<void>;
  /** Everything that was queued for a peer that is gone, in order. */
  unreachable(peer: Peer, frames: readonly Uint8Array[], cause: unknown): void;
  /** The peer's queue ran empty. */
  drained(peer: Peer): void;
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

export class Sender {
  readonly #port: SenderPort;
  /** Peers with something queued. */
  readonly #busy = new Set<Peer>();
  readonly #blocked = new Set<Peer>();
  /** Blocked peers that gave a sign in this turn: a refused send costs as much as ten that go through. */
  readonly #nudged = new Set<Peer>();
  #immediate: NodeJS.Immediate | undefined;
  #retryMs = RETRY_MS_MIN;
  #timer: NodeJS.Timeout | undefined;
  #onFlushed: (() => void) | undefined;
  #stopped = false;

  constructor(port: SenderPort) {
    this.#port = port;
  }

  newPeer(id: PeerId): Peer {
    const peer: Peer = {
      id,
      route: Buffer.from(id, 'latin1'),
      up: false,
      queue: frameQueue(this.#port.queueBytesMax),
      phase: 'idle',
      // Made once per peer, so that a send makes no closure.
      onSent: () => this.#sent(peer),
      onFailed: (error) => this.#failed(peer, error),
    };
    return peer;
  }

  /** 'full' when the frame does not fit the peer's queue. */
  trySend(peer: Peer, frame: Uint8Array): 'queued' | 'full' {
    if (this.#stopped || frame.byteLength > this.#port.frameBytesMax || !peer.queue.push(frame))
      return 'full';
    if (peer.phase === 'idle') {
      this.#busy.add(peer);
      this.#pump(peer);
    }
    return 'queued';
  }

  /** The peer gave a sign of life, or of death: if it is blocked, try again at the end of this turn, once. */
  nudge(peer: Peer): void {
    if (peer.phase !== 'blocked' || this.#stopped) return;
    this.#nudged.add(peer);
    this.#immediate ??= setImmediate(() => {
      this.#immediate = undefined;
      const again = [...this.#nudged];
      this.#nudged.clear();
      for (const one of again) if (this.#blocked.delete(one)) this.#pump(one);
    });
  }

  /** Resolves when nothing is queued, or after `withinMs`. */
  async flush(withinMs: number): Promise<void> {
    if (this.#busy.size === 0) return;
    await new Promise<void>((resolve) => {
      const limit = setTimeout(resolve, withinMs);
      this.#onFlushed = () => {
        clearTimeout(limit);
        resolve();
      };
    });
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#blocked.clear();
  }

  #pump(peer: Peer): void {
    const frame = peer.queue.peek();
    if (frame === undefined || this.#stopped) return this.#settle(peer);
    peer.phase = 'sending';
    try {
      this.#port.transmit(peer, frame).then(peer.onSent, peer.onFailed);
    } catch (error) {
      this.#failed(peer, error);
    }
  }

  #sent(peer: Peer): void {
    this.#retryMs = RETRY_MS_MIN;
    peer.queue.shift();
    this.#pump(peer);
  }

  #failed(peer: Peer, error: unknown): void {
    if (this.#stopped) return this.#settle(peer);
    if (codeOf(error) === 'EAGAIN') {
      peer.phase = 'blocked';
      this.#blocked.add(peer);
      this.#timer ??= setTimeout(() => this.#retry(), this.#retryMs);
      return;
    }
    // EHOSTUNREACH, and whatever else means that this connection is over.
    const frames: Uint8Array[] = [];
    for (let frame = peer.queue.shift(); frame !== undefined; frame = peer.queue.shift()) frames.push(frame);
    this.#port.unreachable(peer, frames, error);
    this.#settle(peer);
  }

  #retry(): void {
    this.#timer = undefined;
    this.#retryMs = Math.min(RETRY_MS_MAX, this.#retryMs * 2);
    const again = [...this.#blocked];
    this.#blocked.clear();
    for (const peer of again) this.#pump(peer);
  }

  #settle(peer: Peer): void {
    peer.phase = 'idle';
    this.#busy.delete(peer);
    this.#port.drained(peer);
    if (this.#busy.size === 0) this.#onFlushed?.();
  }
}
