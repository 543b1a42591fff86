/** Random views by seed, what becomes of a view when a decision is carried out, for the properties of policies. */
import { capabilityKey, groupId, instant } from '@muster/protocol/ids';
import type { GrantedTarget } from '../src/scaling/decide.ts';
import { liveOf } from '../src/scaling/view.ts';
import type { AdapterView, IdleGroup, ScalingView, Supply } from '../src/scaling/view.ts';
import { CAPABILITY, EVEN_LOAD } from '../src/allocation/policy.ts';
import type { PolicyConfig, ScalingPolicyName } from '../src/scheduler-types.ts';
import type { Tuning } from '../src/scaling/tuning.ts';
import { adapter, caps, NOW, view } from './scaling-view.ts';
import type { AdapterGiven, DemandGiven, SupplyGiven } from './scaling-view.ts';

export type Random = (below: number) => number;

export const randomOf = (seed: number): Random => {
  let state = (Math.imul(seed + 1, 2_654_435_761) ^ 0x9e37_79b9) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

const KINDS = ['', 'gpu', 'ssd', 'gpu+ssd', 'gpu+big', 'big'];

const supplyGiven = (next: Random, offers: string): SupplyGiven => {
  const idle = next(2) === 0 ? 0 : next(5);
  const running = idle + next(4);
  return {
    offers,
    price: next(3),
    requested: next(3) === 0 ? next(4) : 0,
    running,
    serving: running,
    draining: next(8) === 0 ? 1 : 0,
    stopping: next(8) === 0 ? 1 : 0,
    idleMs: Array.from({ length: idle }, () => next(9_000)).sort((one, other) => other - one),
  };
};

const adapterGiven = (next: Random, key: string): AdapterGiven => {
  const kinds = KINDS.filter(() => next(4) === 0);
  const [first = '', ...others] = kinds;
  const given: AdapterGiven = {
    ...supplyGiven(next, first),
    key,
    workers: 1 + next(4),
    startMs: 500 + next(60_000),
    more: others.map((offers) => supplyGiven(next, offers)),
  };
  const all = [given, ...(given.more ?? [])];
  const occupied = all.reduce((sum, one) => {
    const { requested = 0, running = 0, draining = 0, stopping = 0 } = one;
    return sum + requested + running + draining + stopping;
  }, 0);
  const max = occupied + next(3) * next(12);
  return next(6) === 0 ? { ...given, max, blockedUntil: NOW + next(2_000) - 500 } : { ...given, max };
};

export const TIERS: Tuning['tiers'] = [
  { adapter: 'a1', groupsMax: 5 },
  { adapter: 'a0', groupsMax: undefined },
  { adapter: 'a2', groupsMax: 9 },
];

/** Ratios that a user would give this policy. */
export const policyOf = (scaling: ScalingPolicyName, next: Random, tuning: Tuning): PolicyConfig => {
  const upperTaskRatio = 1 + next(12);
  return {
    allocate: 'capability',
    scaling,
    upperTaskRatio,
    lowerTaskRatio: Math.min(upperTaskRatio, [0, 0.5, 1, 3][next(4)] ?? 1),
    tuning,
  };
};

const busyWorkers = (adapters: readonly AdapterView[], needs: string): number => {
  let workers = 0;
  for (const { supplies, workersPerGroup } of adapters) {
    for (const supply of supplies) {
      if (CAPABILITY.serves(supply.offers, caps(needs)))
        workers += (supply.serving - [...supply.idle].length) * workersPerGroup;
    }
  }
  return workers;
};

export const randomView = (next: Random, policy: PolicyConfig): ScalingView => {
  const adapters = Array.from({ length: next(4) }, (_, i) => adapter(adapterGiven(next, `a${i}`)));
  const kinds = KINDS.filter(() => next(3) === 0);
  const demands = kinds.map((needs): DemandGiven => {
    // Tasks are with workers of groups that are not idle; half of them, so that there are enough for all needs.
    const held = next(2) * Math.floor(busyWorkers(adapters, needs) / Math.max(1, kinds.length));
    const waiting = next(60);
    const tasks = Math.max(1, held + waiting);
    const unmeasured = next(tasks - held + 1);
    const meanMs = 10 + next(20_000);
    return {
      needs,
      tasks,
      waiting: tasks - held,
      unmeasured,
      waitingMs: (tasks - held - unmeasured) * meanMs,
      ...(unmeasured === 0 ? { slowestMs: meanMs } : {}),
    };
  });
  const given = view(demands, adapters, {
    upper: policy.upperTaskRatio,
    lower: policy.lowerTaskRatio,
    tuning: policy.tuning,
    ungrouped: next(4) === 0 ? { [KINDS[next(KINDS.length)] ?? '']: next(6) } : {},
  });
  return next(4) === 0 ? { ...given, serves: (one, other) => EVEN_LOAD.serves(one, other) } : given;
};

/** As if all that was granted had happened at once: what starts is requested, what goes is draining. */
export const carriedOut = (given: ScalingView, targets: readonly GrantedTarget[]): ScalingView => {
  const by = new Map(targets.map((target) => [`${target.adapter}\n${target.supply}`, target]));
  return {
    ...given,
    adapters: given.adapters.map((one): AdapterView => {
      let room = one.room;
      const supplies = one.supplies.map((supply): Supply => {
        const target = by.get(`${one.key}\n${supply.key}`);
        if (target === undefined) return supply;
        const started = Math.max(0, target.groups - liveOf(supply));
        const gone = new Set(target.release);
        room -= started;
        return {
          ...supply,
          requested: supply.requested + started,
          running: supply.running - gone.size,
          serving: supply.serving - gone.size,
          draining: supply.draining + gone.size,
          idle: [...supply.idle].filter(({ id }) => !gone.has(id)),
        };
      });
      return { ...one, supplies, room };
    }),
  };
};

/** Later, with nothing else changed: what was idle is idle for longer. */
export const later = (given: ScalingView, ms: number): ScalingView => ({
  ...given,
  now: instant(given.now + ms),
});

export const idleIds = (given: ScalingView): ReadonlySet<IdleGroup['id']> =>
  new Set(
    given.adapters.flatMap((one) =>
      one.supplies.flatMap((supply) => [...supply.idle].map(({ id }) => groupId(id))),
    ),
  );

/** Live groups by supply. */
export const liveBySupply = (given: ScalingView): ReadonlyMap<string, number> =>
  new Map(
    given.adapters.flatMap((one) =>
      one.supplies.map((supply) => [`${one.key}\n${capabilityKey(supply.offers)}`, liveOf(supply)] as const),
    ),
  );
