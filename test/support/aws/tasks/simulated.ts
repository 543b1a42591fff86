/** Containers that exist in time only. */
import type { Agenda } from '../agenda.ts';
import type { ContainerExit, ContainerLaunch, TaskRunner } from './runner.ts';

export interface Behaviour {
  /** Never runs, with this reason. */
  readonly startFailure?: string;
  /** Ends by itself after this long; absent: never. */
  readonly lifeMs?: number;
  /** How it ends by itself. Default: code 0. */
  readonly exit?: ContainerExit;
  /** How long it takes to end once asked to. Default 1,000. */
  readonly drainMs?: number;
}

/** @param behave asked once a container. Default: it runs until it is stopped, and then ends with 0. */
export const simulatedRunner = (
  agenda: Agenda,
  behave: (launch: ContainerLaunch) => Behaviour = () => ({}),
): TaskRunner => ({
  start: (launch, events) => {
    const behaviour = behave(launch);
    if (behaviour.startFailure !== undefined) {
      events.failed(behaviour.startFailure);
      return { terminate: () => undefined, kill: () => undefined };
    }
    let isOver = false;
    const end = (exit: ContainerExit): void => {
      if (isOver) return;
      isOver = true;
      events.exited(exit);
    };
    events.started();
    if (behaviour.lifeMs !== undefined) agenda.in(behaviour.lifeMs, () => end(behaviour.exit ?? { code: 0 }));
    return {
      terminate: () => void agenda.in(behaviour.drainMs ?? 1_000, () => end({ code: 0 })),
      // Never inside the call, as a signal would not be either.
      kill: () => void agenda.in(0, () => end({ code: 137 })),
    };
  },
});
