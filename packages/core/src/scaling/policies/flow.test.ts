import { describe, expect, it } from 'vitest';
import { Flow } from './flow.ts';

const random = (seed: number): (() => number) => {
  let state = seed * 2_654_435_761 + 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

/** The most that can be placed at all: the least over all sets of demands of what stands outside and what serves them. */
const most = (
  demands: readonly number[],
  capacity: readonly number[],
  serves: readonly Uint8Array[],
): number => {
  let least = Infinity;
  for (let set = 0; set < 2 ** demands.length; set++) {
    let cut = 0;
    demands.forEach((amount, i) => (cut += (set >> i) % 2 === 1 ? 0 : amount));
    capacity.forEach((amount, kind) => {
      if (demands.some((_, i) => (set >> i) % 2 === 1 && serves[i]?.[kind] === 1)) cut += amount;
    });
    least = Math.min(least, cut);
  }
  return least;
};

interface Case {
  readonly demands: readonly number[];
  readonly capacity: readonly number[];
  readonly serves: readonly Uint8Array[];
}

const caseOf = (seed: number): Case => {
  const next = random(seed);
  const demands = Array.from({ length: 1 + Math.floor(next() * 5) }, () => Math.floor(next() * 20) / 4);
  const capacity = Array.from({ length: 1 + Math.floor(next() * 5) }, () => Math.floor(next() * 6));
  return {
    demands,
    capacity,
    serves: demands.map(() => Uint8Array.from(capacity, () => (next() < 0.5 ? 1 : 0))),
  };
};

const placedAll = ({ demands, capacity, serves }: Case): { readonly flow: Flow; readonly placed: number } => {
  const flow = new Flow(Float64Array.from(capacity), serves);
  const placed = demands.reduce((sum, amount, i) => sum + amount - flow.put(i, amount), 0);
  return { flow, placed };
};

describe('capacity is shared so that', () => {
  it('as much is placed as can be at all', () => {
    for (let seed = 0; seed < 2_000; seed++) {
      const given = caseOf(seed);
      const { placed, flow } = placedAll(given);
      expect(placed).toBeCloseTo(most(given.demands, given.capacity, given.serves), 6);
      const left = given.capacity.reduce((sum, _, kind) => sum + flow.left(kind), 0);
      expect(placed + left).toBeCloseTo(
        given.capacity.reduce((sum, one) => sum + one, 0),
        6,
      );
    }
  });

  it('capacity is given up exactly when all that is placed can stay placed without it', () => {
    for (let seed = 0; seed < 2_000; seed++) {
      const given = caseOf(seed);
      const { placed, flow } = placedAll(given);
      const capacity = [...given.capacity];
      for (let turn = 0; turn < 8; turn++) {
        const kind = (seed + turn * 3) % capacity.length;
        if (capacity[kind]! < 1) continue;
        const less = capacity.map((one, i) => (i === kind ? one - 1 : one));
        const may = most(given.demands, less, given.serves) > placed - 1e-6;
        expect(flow.take(kind, 1)).toBe(may);
        if (may) capacity[kind]! -= 1;
      }
    }
  });
});
