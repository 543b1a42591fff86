/**
 * Between the transport and the machine: frames of a turn become events, effects of a turn become frames.
 * The only part of the scheduler process that touches bytes.
 */
import type { SchedulerEvent } from '@muster/core/scheduler-types';
import { FrameArena } from '@muster/protocol/arena';
import { decodeMessage, peekKind } from '@muster/protocol/codec';
import type { PeerId } from '@muster/protocol/ids';
import type { Message, MessageKind } from '@muster/protocol/messages';
import type { TransportEvent } from '@muster/runtime/transport';

/** Messages whose heads refer into the frame and outlive the turn: copied out of the transport's buffer first. */
const OUTLIVES_TURN: ReadonlySet<MessageKind> = new Set<MessageKind>([
  'task',
  'taskBatch',
  'taskResult',
  'taskResultBatch',
  'graphTask',
]);

/** A question of an operator, answered by the shell: the machine never sees it. */
export interface Query {
  readonly from: PeerId;
  readonly request: Uint8Array;
}

/** A frame that was dropped because it is no message. */
export interface BadFrame {
  readonly from: PeerId;
  readonly bytes: number;
  readonly code: string;
  readonly error: string;
}

export interface TurnSink {
  /** @param frame what it came in, good for this call only */
  event(event: SchedulerEvent, frame?: Uint8Array): void;
  query(query: Query): void;
  bad(frame: BadFrame): void;
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'undecodable';

/** Reads turns one after another; keeps an arena for the frames that outlive theirs. */
export const createFrameReader = (): { read(turn: readonly TransportEvent[], sink: TurnSink): void } => {
  const arena = new FrameArena();
  const decodeKept = (frame: Uint8Array): Message => {
    const kept = arena.keep(frame);
    return decodeMessage(kept.bytes, kept.start, kept.end);
  };

  const readFrame = (from: PeerId, frame: Uint8Array, sink: TurnSink): void => {
    try {
      const kind = peekKind(frame);
      const message =
        kind !== undefined && OUTLIVES_TURN.has(kind) ? decodeKept(frame) : decodeMessage(frame);
      if (message.kind === 'informationRequest') sink.query({ from, request: message.request });
      else sink.event({ kind: 'message', from, message }, frame);
    } catch (error) {
      sink.bad({
        from,
        bytes: frame.length,
        code: codeOf(error),
        error: error instanceof Error ? error.message : String(error),
      });
    }
  };

  const readUndelivered = (item: Extract<TransportEvent, { kind: 'undelivered' }>, sink: TurnSink): void => {
    try {
      const message = decodeKept(item.frame);
      sink.event({ kind: 'undelivered', peer: item.to, message, why: item.why }, item.frame);
    } catch (error) {
      // We encoded it ourselves; a frame we cannot read back is told, and its tasks return when the worker times out.
      sink.bad({
        from: item.to,
        bytes: item.frame.length,
        code: codeOf(error),
        error: error instanceof Error ? error.message : String(error),
      });
    }
  };

  return {
    read: (turn, sink) => {
      for (const item of turn) {
        if (item.kind === 'frame') readFrame(item.from, item.frame, sink);
        else if (item.kind === 'undelivered') readUndelivered(item, sink);
        else if (item.kind === 'peerDown') sink.event({ kind: 'peerDown', peer: item.peer });
      }
    },
  };
};
