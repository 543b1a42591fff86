/**
 * A production machine under watch: its invariants and its deadlines are checked after every step, and what it was told
 * can be told to a fresh one again (P6).
 */
import type { Machine } from '@muster/core/machine';
import type { Instant } from '@muster/protocol/ids';
import { digestOf } from './digest.ts';
import { Violation } from './world.ts';

/** What one machine was told and what it answered, ready to be told again. */
interface Recording {
  readonly name: string;
  /** Tells a fresh machine the same. @returns the number of the first step that was answered otherwise. */
  replay(): number | undefined;
}

export interface Watch {
  /** Whether `check()` runs after each step. */
  readonly checks: boolean;
  /** Undefined: nothing is recorded. */
  readonly recordings: Recording[] | undefined;
}

/**
 * @param make gives the same fresh machine each time.
 * @throws Violation where a step has looked at its deadlines and left one in the past (P5).
 */
export const watched = <Event extends { readonly kind: string }, Effect, M extends Machine<Event, Effect>>(
  name: string,
  make: () => M,
  watch: Watch,
): M => {
  const machine = make();
  const { checks, recordings } = watch;
  const steps: { readonly events: readonly Event[]; readonly now: Instant; readonly digest: number }[] = [];
  recordings?.push({
    name,
    replay: () => {
      const fresh = make();
      const at = steps.findIndex(({ events, now, digest }) => digestOf(fresh.step(events, now)) !== digest);
      return at < 0 ? undefined : at;
    },
  });
  return {
    ...machine,
    step: (events: readonly Event[], now: Instant) => {
      const effects = machine.step(events, now);
      if (recordings !== undefined) steps.push({ events, now, digest: digestOf(effects) });
      if (checks) machine.check();
      const due = machine.nextDeadline();
      if (due !== undefined && due < now && events.some((event) => event.kind === 'deadline'))
        throw new Violation('P5', `${name} waits for ${now - due} ms ago`);
      return effects;
    },
  };
};

/** @throws Violation where a fresh machine that is told the same decides otherwise (P6). */
export const replayAll = (recordings: readonly Recording[]): void => {
  for (const { name, replay } of recordings) {
    const step = replay();
    if (step !== undefined)
      throw new Violation('P6', `${name}, told the same again, decided otherwise at its step ${step}`);
  }
};
