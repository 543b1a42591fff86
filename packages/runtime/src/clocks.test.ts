import { describe, expect, test } from 'vitest';
import { instant } from '@muster/protocol/ids';
import { manualClock } from './manual-clock.ts';
import { systemClock } from './system-clock.ts';

describe('manual clock', () => {
  test('runs what is due in order of deadline, then of arming, each at its own instant', () => {
    const clock = manualClock(100);
    const seen: string[] = [];
    const at = (ms: number, name: string) =>
      clock.wakeAt(instant(ms), () => seen.push(`${name}@${clock.now()}`));
    at(130, 'c');
    at(110, 'a');
    at(110, 'b');
    at(131, 'never');
    clock.advance(30);
    expect(seen).toEqual(['a@110', 'b@110', 'c@130']);
    expect(clock.now()).toBe(130);
    expect(clock.nextWakeAt()).toBe(131);
  });

  test('a wake armed by a wake runs within the same advance when it is due', () => {
    const clock = manualClock();
    const seen: number[] = [];
    const tick = (): void => {
      seen.push(clock.now());
      clock.wakeAt(instant(clock.now() + 10), tick);
    };
    clock.wakeAt(instant(10), tick);
    clock.advance(35);
    expect(seen).toEqual([10, 20, 30]);
  });

  test('a deadline of the past is due at once, but only when time is moved', () => {
    const clock = manualClock(50);
    let woken = 0;
    clock.wakeAt(instant(10), () => woken++);
    expect(woken).toBe(0);
    clock.advance(0);
    expect([woken, clock.now()]).toEqual([1, 50]);
  });

  test('what is cancelled does not run, also by an earlier wake of the same instant', () => {
    const clock = manualClock();
    const seen: string[] = [];
    const handles: { cancel(): void }[] = [];
    clock.wakeAt(instant(5), () => handles[0]?.cancel());
    handles.push(clock.wakeAt(instant(5), () => seen.push('cancelled')));
    clock.advance(10);
    expect(seen).toEqual([]);
  });

  test('time that would stand still for ever is reported', () => {
    const clock = manualClock();
    const again = (): void => void clock.wakeAt(clock.now(), again);
    clock.wakeAt(instant(1), again);
    expect(() => clock.advance(10)).toThrow('time stands still');
  });
});

describe('system clock', () => {
  test('starts near zero, never goes back and counts whole milliseconds', () => {
    const clock = systemClock();
    let last = clock.now();
    expect(last).toBeLessThan(1000);
    for (let i = 0; i < 10_000; i++) {
      const now = clock.now();
      expect(now >= last && Number.isInteger(now)).toBe(true);
      last = now;
    }
  });

  test('never wakes early and never within the call', async () => {
    const clock = systemClock();
    for (const ms of [0, 1, 2, 5, 9]) {
      const deadline = instant(clock.now() + ms);
      let inside = true;
      const woken = new Promise<number>((resolve) => {
        clock.wakeAt(deadline, () => {
          expect(inside).toBe(false);
          resolve(clock.now());
        });
      });
      inside = false;
      expect(await keepAlive(woken)).toBeGreaterThanOrEqual(deadline);
    }
  });

  test('a cancelled wake does not run; far deadlines do not fire at once', async () => {
    const clock = systemClock();
    let woken = 0;
    const near = clock.wakeAt(instant(clock.now() + 1), () => woken++);
    const far = clock.wakeAt(instant(2 ** 40), () => woken++);
    near.cancel();
    await keepAlive(new Promise<void>((resolve) => clock.wakeAt(instant(clock.now() + 20), resolve)));
    far.cancel();
    expect(woken).toBe(0);
  });
});

/** Timers of the clock do not keep the process alive; something must. */
const keepAlive = async <T>(promise: Promise<T>): Promise<T> => {
  const alive = setInterval(() => undefined, 1000);
  try {
    return await promise;
  } finally {
    clearInterval(alive);
  }
};
