import { instant } from '@muster/protocol/ids';
import { describe, expect, it } from 'vitest';
import { Timer, Timers } from './timers.ts';

const drain = (timers: Timers<string>, now: number): readonly string[] => {
  const fired: string[] = [];
  for (let timer = timers.takeDue(instant(now)); timer !== undefined; timer = timers.takeDue(instant(now))) {
    fired.push(timer.wake);
  }
  return fired;
};

describe('timers', () => {
  it('fires what is due, earliest first, equal instants in the order of arming', () => {
    const timers = new Timers<string>();
    for (const [wake, at] of [
      ['c', 30],
      ['a', 10],
      ['b', 20],
      ['a2', 10],
    ] as const)
      timers.set(new Timer(wake), instant(at));
    expect(timers.next()).toBe(10);
    expect(drain(timers, 20)).toEqual(['a', 'a2', 'b']);
    expect(timers.next()).toBe(30);
  });

  it('moves and clears timers, as a sorted list would', () => {
    const timers = new Timers<string>();
    const all = Array.from({ length: 200 }, (_, i) => new Timer(`t${i}`));
    const expected = new Map<Timer<string>, number>();
    for (let i = 0; i < 2_000; i++) {
      const timer = all[(i * 7_919) % all.length]!;
      if (i % 5 === 4) {
        timers.clear(timer);
        expected.delete(timer);
      } else {
        const at = (i * 104_729) % 1_000;
        timers.set(timer, instant(at));
        expected.set(timer, at);
      }
      timers.check();
    }
    const sorted = [...expected].sort(
      ([one, at], [other, otherAt]) => at - otherAt || one.order - other.order,
    );
    expect(drain(timers, 1_000)).toEqual(sorted.map(([timer]) => timer.wake));
    expect(timers.next()).toBeUndefined();
  });
});
