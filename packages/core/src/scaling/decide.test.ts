import { describe, expect, it } from 'vitest';
import {
  carriedOut,
  idleIds,
  later,
  liveBySupply,
  policyOf,
  randomOf,
  randomView,
  TIERS,
} from '../../test/scaling-random.ts';
import type { Random } from '../../test/scaling-random.ts';
import type { PolicyConfig, ScalingPolicyName } from '../scheduler-types.ts';
import { decide } from './decide.ts';
import type { GrantedTarget } from './decide.ts';
import { NO_MEMORY } from './limits/memory.ts';
import { TUNING } from './tuning.ts';
import type { Tuning } from './tuning.ts';
import { liveOf } from './view.ts';
import type { ScalingView } from './view.ts';

const POLICIES = [
  'no',
  'vanilla',
  'capability',
  'fixed_elastic',
  'target',
  'waterfall',
] as const satisfies readonly ScalingPolicyName[];
const SEEDS = 1_000;
/** They failed once: what was started for one need freed workers for another. */
const KEPT = [1_389, 1_438, 3_474, 4_590, 4_857, 11_285];

/** Nothing holds a decision back: what remains is what the policy wants. */
const FREE: Tuning = { ...TUNING, downWindowMs: 0, downStep: 0, tiers: TIERS };

const anyTuning = (next: Random): Tuning => ({
  ...TUNING,
  startStep: next(3) === 0 ? 1 + next(3) : 0,
  upWindowMs: next(3) === 0 ? next(3_000) : 0,
  downWindowMs: [undefined, 0, 2_000][next(3)],
  downStep: [10, 0, 1][next(3)] ?? 10,
  minGroups: next(3) === 0 ? next(6) : 0,
  warmGroups: next(3) === 0 ? next(4) : 0,
  drainMs: next(3) === 0 ? 1_000 + next(60_000) : undefined,
  assumedMs: next(3) === 0 ? next(60_000) : undefined,
  tiers: TIERS,
});

const eachView = (
  scaling: ScalingPolicyName,
  tuningOf: (next: Random) => Tuning,
  check: (view: ScalingView, policy: PolicyConfig, seed: number) => void,
): void => {
  for (const seed of [...Array(SEEDS).keys(), ...KEPT]) {
    const next = randomOf(seed);
    const policy = policyOf(scaling, next, tuningOf(next));
    check(randomView(next, policy), policy, seed);
  }
};

const changes = (targets: readonly GrantedTarget[], view: ScalingView): readonly string[] => {
  const live = liveBySupply(view);
  return targets
    .filter((one) => one.groups !== live.get(`${one.adapter}\n${one.supply}`))
    .map(
      (one) =>
        `${one.adapter}/${one.supply}: ${live.get(`${one.adapter}\n${one.supply}`) ?? 0} -> ${one.groups}`,
    );
};

describe.each(POLICIES)('scaling=%s, whatever it is shown,', (scaling) => {
  it('gives the same answer to the same view', () => {
    eachView(scaling, anyTuning, (view, policy) => {
      expect(decide(policy, view, NO_MEMORY)).toEqual(decide(policy, view, NO_MEMORY));
    });
  });

  it('wants no less than nothing, lets only idle groups go, and grants what adds up', () => {
    eachView(scaling, anyTuning, (view, policy, seed) => {
      const { targets } = decide(policy, view, NO_MEMORY);
      const idle = idleIds(view);
      const live = liveBySupply(view);
      for (const one of targets) {
        const before = live.get(`${one.adapter}\n${one.supply}`) ?? NaN;
        expect(Math.min(one.groups, one.asked), `seed ${seed}`).toBeGreaterThanOrEqual(0);
        expect(
          one.release.every((id) => idle.has(id)),
          `seed ${seed}`,
        ).toBe(true);
        expect(one.release.length, `seed ${seed}`).toBe(Math.max(0, before - one.groups));
        const started = one.starts.reduce((sum, { groups }) => sum + groups, 0);
        expect(started, `seed ${seed}`).toBe(Math.max(0, one.groups - before));
        expect(one.limit === '', `seed ${seed}: ${one.limit}`).toBe(one.groups === one.asked);
      }
    });
  });

  it('starts no more than there is room for', () => {
    eachView(scaling, anyTuning, (view, policy, seed) => {
      const after = carriedOut(view, decide(policy, view, NO_MEMORY).targets);
      for (const adapter of after.adapters) {
        const occupied = adapter.supplies.reduce(
          (sum, one) => sum + liveOf(one) + one.draining + one.stopping,
          0,
        );
        expect(adapter.room, `seed ${seed}`).toBeGreaterThanOrEqual(0);
        expect(occupied, `seed ${seed}`).toBeLessThanOrEqual(adapter.groupsMax);
      }
    });
  });

  it('has nothing to add when what it decided was carried out', () => {
    eachView(
      scaling,
      () => FREE,
      (view, policy, seed) => {
        const after = carriedOut(view, decide(policy, view, NO_MEMORY).targets);
        expect(changes(decide(policy, after, NO_MEMORY).targets, after), `seed ${seed}`).toEqual([]);
      },
    );
  });

  it('never lets a group go that it would start again', () => {
    eachView(
      scaling,
      () => FREE,
      (view, policy, seed) => {
        // Everything that is idle may go, and nobody lacks room: whatever is started again was let go for nothing.
        const old = later(view, 60_000);
        const roomy = {
          ...old,
          adapters: old.adapters.map((one) => ({
            ...one,
            groupsMax: 999,
            room: 500,
            blockedUntil: undefined,
            roomLimit: '',
          })),
        };
        const { targets } = decide(policy, roomy, NO_MEMORY);
        const second = decide(policy, carriedOut(roomy, targets), NO_MEMORY);
        expect(
          second.targets.flatMap(({ starts }) => starts),
          `seed ${seed}`,
        ).toEqual([]);
      },
    );
  });
});

describe('waterfall with floors', () => {
  const tiersOf = (next: Random): Tuning['tiers'] =>
    [
      [
        { adapter: 'a1', groupsMax: next(6) },
        { adapter: 'a2', groupsMax: next(9) },
      ],
      [
        { adapter: 'a2', groupsMax: next(6) },
        { adapter: 'a', groupsMax: next(12) },
      ],
      [{ adapter: 'a1', groupsMax: undefined }],
    ][next(3)] ?? [];
  const flooredTuning = (next: Random): Tuning => ({
    ...anyTuning(next),
    minGroups: next(12),
    warmGroups: next(8),
    tiers: tiersOf(next),
  });
  /** Groups that cost, by tier; those of adapters that no tier names by ''. */
  const occupiedByTier = ({ adapters }: ScalingView, tiers: Tuning['tiers']): ReadonlyMap<string, number> => {
    const occupied = new Map<string, number>();
    for (const { key, supplies } of adapters) {
      const tier = tiers.find((one) => key.startsWith(one.adapter))?.adapter ?? '';
      for (const one of supplies)
        occupied.set(tier, (occupied.get(tier) ?? 0) + liveOf(one) + one.draining + one.stopping);
    }
    return occupied;
  };

  it('starts nothing beyond the cap of a tier, nor where no tier is', () => {
    eachView('waterfall', flooredTuning, (view, policy, seed) => {
      const { tiers } = policy.tuning;
      const after = carriedOut(view, decide(policy, view, NO_MEMORY).targets);
      const before = occupiedByTier(view, tiers);
      for (const [tier, occupied] of occupiedByTier(after, tiers)) {
        const cap = tier === '' ? 0 : tiers.find(({ adapter }) => adapter === tier)?.groupsMax;
        expect(occupied, `seed ${seed}, tier ${tier}`).toBeLessThanOrEqual(
          Math.max(cap ?? Infinity, before.get(tier) ?? 0),
        );
      }
    });
  });
});

describe.each(POLICIES)('scaling=%s with floors', (scaling) => {
  it('has nothing to add when what it decided was carried out', () => {
    eachView(
      scaling,
      (next) => ({ ...FREE, minGroups: next(12), warmGroups: next(5) }),
      (view, policy, seed) => {
        const after = carriedOut(view, decide(policy, view, NO_MEMORY).targets);
        expect(changes(decide(policy, after, NO_MEMORY).targets, after), `seed ${seed}`).toEqual([]);
      },
    );
  });
});
