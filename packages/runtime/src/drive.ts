/** The imperative shell of every process: one loop, one timer, one place that calls `step`. */
import { InvariantError } from '@muster/core/machine';
import type { Machine } from '@muster/core/machine';
import type { Instant } from '@muster/protocol/ids';
import type { Clock } from './clock.ts';

export interface Drive<Event> {
  /**
   * Hands over what one turn of the event loop delivered. Runs the machine at once, or, when called while the
   * machine or its effects run, right after them. Does nothing after {@link Drive.stop}.
   */
  feed(events: readonly Event[]): void;
  /** No more steps and no timer. Any number of times. */
  stop(): void;
}

/** Effects that feed events for this many rounds in a row are a bug of ours, not work. */
const ROUNDS_MAX = 10_000;

/**
 * Runs a machine: events in, effects out, one timer for its earliest deadline.
 *
 * @param deadline the event that tells the machine to look at its deadlines. A deadline that is already due
 *   fires in a later turn of the event loop, so that it cannot starve the sockets.
 * @param apply carries out a whole turn's effects. What it throws is our bug, like an InvariantError.
 * @param onBug called once with what `step` or `apply` threw, after the loop has stopped for good: log it and end
 *   the process. Without it the error is thrown out of `feed` or of the timer, where it ends the process.
 */
export const drive = <Event extends object, Effect>(
  machine: Machine<Event, Effect>,
  clock: Clock,
  deadline: Event,
  apply: (effects: readonly Effect[]) => void,
  onBug?: (bug: unknown) => void,
): Drive<Event> => {
  let inbox: Event[] = [];
  let phase: 'idle' | 'busy' | 'stopped' = 'idle';
  let timer: { readonly at: Instant; cancel(): void } | undefined;

  const stop = (): void => {
    phase = 'stopped';
    inbox = [];
    timer?.cancel();
  };
  const runRounds = (): void => {
    for (let round = 0; inbox.length > 0; round++) {
      if (round === ROUNDS_MAX)
        throw new InvariantError(`effects kept feeding events for ${ROUNDS_MAX} rounds`);
      const turn = inbox;
      inbox = [];
      apply(machine.step(turn, clock.now()));
    }
  };
  // A timer that is early for the new deadline stays: firing for nothing is cheaper than a new one per turn.
  const arm = (): void => {
    const at = machine.nextDeadline();
    if (at !== undefined && timer !== undefined && timer.at <= at) return;
    timer?.cancel();
    timer = undefined;
    if (at === undefined) return;
    const handle = clock.wakeAt(at, onWake);
    timer = { at, cancel: () => handle.cancel() };
  };
  const guard = (work: () => void): void => {
    try {
      work();
    } catch (bug) {
      stop();
      if (onBug === undefined) throw bug;
      onBug(bug);
    }
  };
  const turn = (): void => {
    if (phase !== 'idle') return;
    phase = 'busy';
    guard(() => {
      runRounds();
      // `apply` may have stopped us.
      if (isBusy()) {
        phase = 'idle';
        arm();
      }
    });
  };
  const isBusy = (): boolean => phase === 'busy';
  const onWake = (): void => {
    timer = undefined;
    if (phase !== 'idle') return;
    const at = machine.nextDeadline();
    if (at === undefined || at > clock.now()) return guard(arm);
    inbox.push(deadline);
    turn();
  };
  const feed = (events: readonly Event[]): void => {
    if (phase === 'stopped') return;
    for (const event of events) inbox.push(event);
    turn();
  };

  guard(arm);
  return { feed, stop };
};
