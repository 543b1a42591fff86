/** What every service must survive, for the tests of services. */
import type { Service } from './service.ts';

export interface StressSubject {
  readonly service: Service;
  /** How many things it holds right now (sockets, timers, children): 0 after a stop, the same after every start. */
  held(): number;
}

const DEADLINE_MS = 30_000;

const within = async (what: string, work: Promise<unknown>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not end within ${DEADLINE_MS} ms`)), DEADLINE_MS);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

const quietly = (work: Promise<void>): Promise<void> =>
  work.catch(() => {
    // A start that a stop called off rejects, which is right.
  });

/**
 * Starts and stops a service in every awkward order. Rejects with a sentence when it hangs, when it holds
 * something after a stop, or when it does not come back as it was.
 *
 * @param make a fresh service that has not been started
 */
export const stressService = async (make: () => StressSubject): Promise<void> => {
  const expectHeld = (when: string, subject: StressSubject, expected: number): void => {
    const held = subject.held();
    if (held !== expected)
      throw new Error(`${when}, the service holds ${held} things instead of ${expected}`);
  };

  const never = make();
  await within('stop before any start', never.service.stop());
  expectHeld('after a stop before any start', never, 0);

  const one = make();
  await within('start', one.service.start());
  const full = one.held();
  await within('a second start', one.service.start());
  expectHeld('after a second start', one, full);
  await within('two stops at once', Promise.all([one.service.stop(), one.service.stop()]));
  expectHeld('after two stops', one, 0);
  for (let round = 1; round <= 5; round++) {
    await within(`start number ${round + 1}`, one.service.start());
    expectHeld(`after start number ${round + 1}`, one, full);
    await within('stop', one.service.stop());
    expectHeld('after a stop', one, 0);
  }

  const torn = make();
  const calls: Promise<void>[] = [];
  for (let i = 0; i < 4; i++) calls.push(quietly(torn.service.start()), torn.service.stop());
  await within('starts and stops without waiting', Promise.all(calls));
  expectHeld('after starts and stops without waiting', torn, 0);
  await within(
    'a start that follows',
    Promise.all([quietly(torn.service.start()), torn.service.stop(), torn.service.start()]),
  );
  expectHeld('when a start was the last word', torn, full);
  const last = torn.service.stop();
  await within('start during a stop', Promise.all([last, torn.service.start()]));
  expectHeld('after a start during a stop', torn, full);
  await within('the end', torn.service.stop());
  expectHeld('at the end', torn, 0);
};
