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

export interface Sender {
  newPeer(id: PeerId): Peer;
  /** 'full' when the frame does not fit the peer's queue. */
  trySend(peer: Peer, frame: Uint8Array): 'queued' | 'full';
  /** The peer gave a sign of life, or of death: if it is blocked, try now. */
  nudge(peer: Peer): void;
  /** Resolves when nothing is queued, or after `withinMs`. */
  flush(withinMs: number): Promise<void>;
  stop(): void;
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

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

export const createSender = (port: SenderPort): Sender => {
  /** Peers with something queued. */
  const busy = new Set<Peer>();
  const blocked = new Set<Peer>();
  let retryMs = RETRY_MS_MIN;
  let timer: NodeJS.Timeout | undefined;
  let onFlushed: (() => void) | undefined;
  let stopped = false;

  const settle = (peer: Peer): void => {
    peer.phase = 'idle';
    busy.delete(peer);
    port.drained(peer);
    if (busy.size === 0) onFlushed?.();
  };
  const pump = (peer: Peer): void => {
    const frame = peer.queue.peek();
    if (frame === undefined || stopped) return settle(peer);
    peer.phase = 'sending';
    try {
      port.transmit(peer, frame).then(peer.onSent, peer.onFailed);
    } catch (error) {
      fail(peer, error);
    }
  };
  const fail = (peer: Peer, error: unknown): void => {
    if (stopped) return settle(peer);
    if (codeOf(error) === 'EAGAIN') {
      peer.phase = 'blocked';
      blocked.add(peer);
      timer ??= setTimeout(retry, retryMs);
      return;
    }
    // EHOSTUNREACH, and whatever else means that this connection is over.
    const frames: Uint8Array[] = [];
    for (let frame = peer.queue.shift(); frame !== undefined; frame = peer.queue.shift()) frames.push(frame);
    port.unreachable(peer, frames, error);
    settle(peer);
  };
  const retry = (): void => {
    timer = undefined;
    retryMs = Math.min(RETRY_MS_MAX, retryMs * 2);
    const again = [...blocked];
    blocked.clear();
    for (const peer of again) pump(peer);
  };
  return {
    newPeer(id) {
      const peer: Peer = {
        id,
        route: Buffer.from(id, 'latin1'),
        up: false,
        queue: frameQueue(port.queueBytesMax),
        phase: 'idle',
        onSent: () => {
          retryMs = RETRY_MS_MIN;
          peer.queue.shift();
          pump(peer);
        },
        onFailed: (error) => fail(peer, error),
      };
      return peer;
    },
    trySend(peer, frame) {
      if (stopped || frame.byteLength > port.frameBytesMax || !peer.queue.push(frame)) return 'full';
      if (peer.phase === 'idle') {
        busy.add(peer);
        pump(peer);
      }
      return 'queued';
    },
    nudge(peer) {
      if (blocked.delete(peer)) pump(peer);
    },
    flush: async (withinMs) => {
      if (busy.size === 0) return;
      await new Promise<void>((resolve) => {
        const limit = setTimeout(resolve, withinMs);
        onFlushed = () => {
          clearTimeout(limit);
          resolve();
        };
      });
    },
    stop() {
      stopped = true;
      if (timer !== undefined) clearTimeout(timer);
      blocked.clear();
    },
  };
};
