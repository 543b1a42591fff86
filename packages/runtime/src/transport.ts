/**
 * Frames between processes, as a port. One implementation speaks ZeroMQ, one stays in memory. A transport
 * delivers whole frames or says that it did not; it knows nothing of what is in them.
 */
import type { PeerId } from '@muster/protocol/ids';

export type TransportEvent =
  /** `frame` is only good until the handler returns: copy what outlives it (protocol/arena). */
  | { readonly kind: 'frame'; readonly from: PeerId; readonly frame: Uint8Array }
  /** Found out later: the library reports an unknown peer or a full pipe only after the call. */
  | {
      readonly kind: 'undelivered';
      readonly to: PeerId;
      readonly frame: Uint8Array;
      readonly why: 'unreachable' | 'full';
    }
  | { readonly kind: 'peerUp'; readonly peer: PeerId }
  | { readonly kind: 'peerDown'; readonly peer: PeerId };

/** Called once per turn of the event loop with everything that had arrived. */
export type TurnHandler = (turn: readonly TransportEvent[]) => void;

/** The listening side (scheduler): talks to many peers by identity. */
export interface Listener extends AsyncDisposable {
  /** Addresses really bound (`tcp://127.0.0.1:8516` with the port that the system chose, `ipc://…`). */
  readonly addresses: readonly string[];
  /**
   * Never throws, never blocks: a queue of our own per peer, bounded in bytes. 'full' is a fact to act on; a frame
   * over `frameBytesMax` and any frame after `close()` are 'full' too. The frame is owned from here on: whoever
   * changes its bytes later changes what is sent.
   */
  trySend(to: PeerId, frame: Uint8Array): 'queued' | 'full';
  onTurn(handler: TurnHandler): void;
  close(): Promise<void>;
}

/** The connecting side (client, worker, adapter): one peer, the scheduler, whose PeerId in events is `scheduler`. */
export interface Connection extends AsyncDisposable {
  readonly identity: PeerId;
  trySend(frame: Uint8Array): 'queued' | 'full';
  /** `peerUp` on each (re)connect, `peerDown` on each loss. */
  onTurn(handler: TurnHandler): void;
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly identity: PeerId;
  /** Bytes queued for one peer before `trySend` answers 'full'. Default 64 MiB. */
  readonly queueBytesMax?: number;
  /** Larger frames are refused: by `trySend` here, and by closing the connection of a peer that sends one. Default 256 MiB. */
  readonly frameBytesMax?: number;
}

export type ConnectOptions = ListenOptions;

export interface Transport {
  /** Rejects with a TransportError (`EADDRINUSE` and friends as its code) when an address cannot be bound. */
  listen(addresses: readonly string[], options: ListenOptions): Promise<Listener>;
  /** Resolves at once: the connection is made, and made again after a loss, in the background. */
  connect(address: string, options: ConnectOptions): Promise<Connection>;
}

export { TransportError } from './errors.ts';
