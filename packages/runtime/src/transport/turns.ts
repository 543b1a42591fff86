/** Collects what arrives and hands it over once per turn of the event loop. */
import type { TransportEvent, TurnHandler } from '../transport.ts';

export interface Turns {
  push(event: TransportEvent): void;
  /** Goes ahead of the frames of the same turn: a connection is up before its first frame is read. */
  pushHint(event: TransportEvent): void;
  /** What came before the first handler waits for it. */
  setHandler(handler: TurnHandler): void;
  /** Hands over now what has been collected. For networks that are stepped by hand. */
  deliver(): boolean;
  /** Hands over at once what came after an iteration of the event loop in which nothing came. */
  flushIfQuiet(): void;
  /** Nothing is handed over any more. */
  stop(): void;
}

/** @param pace 'immediate' hands over by itself; 'manual' waits for `deliver()`. */
export const turns = (pace: 'immediate' | 'manual' = 'immediate'): Turns => {
  let hints: TransportEvent[] = [];
  let frames: TransportEvent[] = [];
  let handler: TurnHandler | undefined;
  let immediate: NodeJS.Immediate | undefined;
  let stopped = false;
  /** The immediate stands for the end of an iteration in which something was handed over already. */
  let cooling = false;

  const deliver = (): boolean => {
    if (handler === undefined || stopped || hints.length + frames.length === 0) return false;
    const turn = hints.length === 0 ? frames : [...hints, ...frames];
    hints = [];
    frames = [];
    handler(turn);
    return true;
  };
  // `setImmediate` runs after the poll phase of the same loop iteration. While there is something in each iteration
  // it is handed over there; the first after an iteration without anything does not wait for it.
  const atEndOfIteration = (): void => {
    immediate = undefined;
    cooling = deliver() && pace === 'immediate' && !stopped;
    if (cooling) immediate ??= setImmediate(atEndOfIteration);
  };
  const schedule = (): void => {
    if (pace === 'immediate' && handler !== undefined && !stopped)
      immediate ??= setImmediate(atEndOfIteration);
  };
  return {
    push(event) {
      frames.push(event);
      if (immediate === undefined) schedule();
    },
    pushHint(event) {
      hints.push(event);
      schedule();
    },
    setHandler(next) {
      handler = next;
      if (hints.length + frames.length > 0) schedule();
    },
    deliver,
    flushIfQuiet() {
      if (cooling || frames.length === 0) return;
      cooling = true;
      deliver();
    },
    stop() {
      stopped = true;
      hints = [];
      frames = [];
      if (immediate !== undefined) clearImmediate(immediate);
    },
  };
};
