import { describe, expect, test } from 'vitest';
import type { Machine } from '@muster/core/machine';
import { instant } from '@muster/protocol/ids';
import type { Instant } from '@muster/protocol/ids';
import { drive } from './drive.ts';
import { manualClock } from './manual-clock.ts';
import { systemClock } from './system-clock.ts';

type Event =
  | { readonly kind: 'deadline' }
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'wait'; readonly ms: number | undefined };
const DEADLINE: Event = { kind: 'deadline' };

/** Says what it was told and when; waits as long as it was told. */
const echo = (): Machine<Event, string> & { steps: number } => {
  let at: Instant | undefined;
  const machine = {
    steps: 0,
    step(events: readonly Event[], now: Instant): readonly string[] {
      machine.steps += 1;
      return events.map((event) => {
        if (event.kind === 'wait') at = event.ms === undefined ? undefined : instant(now + event.ms);
        if (event.kind === 'deadline') at = undefined;
        return event.kind === 'say' ? `${event.text}@${now}` : `${event.kind}@${now}`;
      });
    },
    nextDeadline: () => at,
    check: () => undefined,
  };
  return machine;
};
const say = (text: string): Event => ({ kind: 'say', text });
const wait = (ms: number | undefined): Event => ({ kind: 'wait', ms });

const setUp = (
  apply?: (effects: readonly string[], feed: (events: readonly Event[]) => void) => void,
  onBug?: (bug: unknown) => void,
) => {
  const clock = manualClock();
  const machine = echo();
  const seen: (readonly string[])[] = [];
  const loop = drive(
    machine,
    clock,
    DEADLINE,
    (effects) => {
      seen.push(effects);
      apply?.(effects, (events) => loop.feed(events));
    },
    onBug,
  );
  return { clock, machine, seen, loop };
};

describe('drive', () => {
  test('runs a whole turn in one step and applies its effects once', () => {
    const { loop, seen } = setUp();
    loop.feed([say('a'), say('b')]);
    expect(seen).toEqual([['a@0', 'b@0']]);
  });

  test('events that effects feed run after them, never inside', () => {
    let depth = 0;
    const { loop, seen } = setUp((effects, feed) => {
      expect(depth).toBe(0);
      depth += 1;
      if (effects[0] === 'a@0') {
        feed([say('b')]);
        feed([say('c')]);
      }
      depth -= 1;
    });
    loop.feed([say('a')]);
    expect(seen).toEqual([['a@0'], ['b@0', 'c@0']]);
  });

  test('wakes the machine at its deadline, with the time of the wake', () => {
    const { loop, clock, seen } = setUp();
    loop.feed([wait(50)]);
    clock.advance(49);
    expect(seen).toEqual([['wait@0']]);
    clock.advance(1);
    expect(seen).toEqual([['wait@0'], ['deadline@50']]);
    expect(clock.nextWakeAt()).toBeUndefined();
  });

  test('a deadline moved to earlier is kept, one moved to later does not wake early, a dropped one not at all', () => {
    const { loop, clock, seen, machine } = setUp();
    loop.feed([wait(50)]);
    loop.feed([wait(10)]);
    clock.advance(10);
    expect(seen.at(-1)).toEqual(['deadline@10']);
    loop.feed([wait(10)]);
    loop.feed([wait(30)]);
    const steps = machine.steps;
    clock.advance(29);
    expect(machine.steps).toBe(steps);
    clock.advance(1);
    expect(seen.at(-1)).toEqual(['deadline@40']);
    loop.feed([wait(10)]);
    loop.feed([wait(undefined)]);
    clock.advance(1000);
    expect(seen.at(-1)).toEqual(['wait@40']);
  });

  test('a deadline that is already due fires in a later turn, not within feed', () => {
    const { loop, clock, seen } = setUp();
    loop.feed([wait(0)]);
    expect(seen).toEqual([['wait@0']]);
    clock.advance(0);
    expect(seen).toEqual([['wait@0'], ['deadline@0']]);
  });

  test('arms the deadline that a machine is born with', () => {
    const clock = manualClock();
    const machine = echo();
    machine.step([wait(5)], clock.now());
    const seen: (readonly string[])[] = [];
    drive(machine, clock, DEADLINE, (effects) => seen.push(effects));
    clock.advance(5);
    expect(seen).toEqual([['deadline@5']]);
  });

  test('does nothing after stop, also when an effect stops it', () => {
    const first = setUp();
    first.loop.feed([wait(5)]);
    first.loop.stop();
    first.loop.stop();
    first.loop.feed([say('late')]);
    first.clock.advance(100);
    expect(first.seen).toEqual([['wait@0']]);
    expect(first.clock.nextWakeAt()).toBeUndefined();

    const second = setUp((_, feed) => {
      feed([say('more')]);
      second.loop.stop();
    });
    second.loop.feed([wait(5)]);
    second.clock.advance(100);
    expect(second.seen).toEqual([['wait@0']]);
  });

  test('what an effect throws ends the loop and is thrown to whoever fed it', () => {
    const { loop, clock, machine } = setUp(() => {
      throw new TypeError('broken');
    });
    expect(() => loop.feed([wait(5)])).toThrow('broken');
    loop.feed([say('late')]);
    clock.advance(100);
    expect(machine.steps).toBe(1);
  });

  test('with onBug, the bug is told once and nobody else is thrown at', () => {
    const bugs: unknown[] = [];
    const { loop, clock, machine } = setUp(
      (effects) => {
        if (effects.includes('deadline@5')) throw new TypeError('broken');
      },
      (bug) => bugs.push(bug),
    );
    loop.feed([wait(5)]);
    clock.advance(5);
    expect(bugs).toEqual([new TypeError('broken')]);
    loop.feed([say('late')]);
    expect(machine.steps).toBe(2);
  });

  test('effects that feed events for ever are reported instead of hanging the process', () => {
    const { loop } = setUp((_, feed) => feed([say('again')]));
    expect(() => loop.feed([say('a')])).toThrow('effects kept feeding events');
  });

  test('leaves the event loop alone between deadlines', async () => {
    const clock = systemClock();
    const machine = echo();
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      const loop = drive(machine, clock, DEADLINE, (effects) => {
        if (!effects.some((effect) => effect.startsWith('deadline'))) return;
        order.push('deadline');
        if (order.filter((one) => one === 'deadline').length === 3) resolve();
        else loop.feed([wait(0)]);
      });
      loop.feed([wait(0)]);
      setImmediate(() => order.push('immediate'));
    });
    expect(order).toContain('immediate');
    expect(order.indexOf('immediate')).toBeLessThan(order.lastIndexOf('deadline'));
  });
});
