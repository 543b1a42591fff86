/** The contract of every state machine in this package. */
import type { Instant } from '@muster/protocol/ids';

/**
 * Deterministic at the boundary: the same events at the same instants give the same effects.
 * Effects are plain data; a wait is a deadline; nothing that a peer sends makes `step` throw.
 */
export interface Machine<Event, Effect> {
  /** All events of one turn of the loop, in arrival order; allocation and due scaling run once, at the end. */
  step(events: readonly Event[], now: Instant): readonly Effect[];
  /** Earliest time at which a `deadline` event is due; undefined when nothing waits. */
  nextDeadline(): Instant | undefined;
  /** Throws {@link InvariantError} when state contradicts itself. Costs time proportional to all state. */
  check(): void;
}

/** Our own bug, never a peer's: the process logs its state and ends. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Compile-time exhaustiveness; at run time, our bug. */
export const never = (value: never): never => {
  throw new InvariantError(`unreachable: ${JSON.stringify(value)}`);
};

/** A decision worth reading: log line, transcript line and input of `explain`, all at once. */
export interface Note {
  readonly kind: 'note';
  /** Stable dotted name, such as `group.draining`. */
  readonly event: string;
  /** Who must act: nobody ('info', 'debug'), the operator some time ('warn') or now ('error'). */
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}
