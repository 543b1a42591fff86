/** A production machine under watch: its invariants and its deadlines are checked after every step. */
import type { Machine } from '@muster/core/machine';
import type { Instant } from '@muster/protocol/ids';
import { Violation } from './world.ts';

/**
 * @param checks whether `check()` runs after each step.
 * @throws Violation where a step has looked at its deadlines and left one in the past (P5).
 */
export const watched = <Event extends { readonly kind: string }, Effect>(
  name: string,
  machine: Machine<Event, Effect>,
  checks: boolean,
): Machine<Event, Effect> => ({
  step: (events: readonly Event[], now: Instant) => {
    const effects = machine.step(events, now);
    if (checks) machine.check();
    const due = machine.nextDeadline();
    if (due !== undefined && due < now && events.some((event) => event.kind === 'deadline'))
      throw new Violation('P5', `${name} waits for ${now - due} ms ago`);
    return effects;
  },
  nextDeadline: () => machine.nextDeadline(),
  check: () => machine.check(),
});
