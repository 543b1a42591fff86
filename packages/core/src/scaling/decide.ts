/**
 * One decision about the size of the fleet: what the policy asks for, cut by the limits in a fixed order: floors,
 * windows, steps, the adapter's own limit. Pure: what limits must remember is taken and given back as plain data.
 */
import type { PolicyConfig, ScalingPolicyName } from '../scheduler-types.ts';
import { cap } from './limits/cap.ts';
import { floors } from './limits/floors.ts';
import { NO_MEMORY } from './limits/memory.ts';
import type { LimitMemory } from './limits/memory.ts';
import { earliest, firstStarts, plansOf } from './limits/plan.ts';
import { stabilise } from './limits/stabilise.ts';
import { ripe, stepDown, stepUp } from './limits/steps.ts';
import type { Plan } from './limits/plan.ts';
import { capability } from './policies/capability.ts';
import { fixedElastic } from './policies/fixed-elastic.ts';
import { none } from './policies/none.ts';
import { target } from './policies/target.ts';
import { vanilla } from './policies/vanilla.ts';
import { waterfall } from './policies/waterfall.ts';
import type { ScalingDecision, ScalingPolicy, ScalingView, SupplyTarget } from './view.ts';

/**
 * What is granted: `groups` are the live groups to have now, `starts` sums up to what is missing, `release` has those
 * to let go. A supply that is not named, or whose `groups` are those that live, keeps what it has.
 */
export interface GrantedTarget extends SupplyTarget {
  /** What the policy asked for. */
  readonly asked: number;
  /** Why `groups` is not that; '' when it is. Counts nothing down, so it changes only when the reason does. */
  readonly limit: string;
}

export interface Decided {
  /** Those that change, and those that do not although the policy asked for it. */
  readonly targets: readonly GrantedTarget[];
  /** The policy's words; its `recheckAt` includes what limits wait for. */
  readonly decision: ScalingDecision;
  readonly memory: LimitMemory;
}

export const decide = (policy: PolicyConfig, view: ScalingView, memory: LimitMemory): Decided => {
  const seen = rereadable(view);
  const decision = POLICIES[policy.scaling](seen);
  if (policy.scaling === 'no') return { targets: [], decision, memory: NO_MEMORY };
  const { now, tuning } = seen;
  const floored = floors(plansOf(seen, decision), seen, policy.scaling);
  const stable = stabilise(floored, memory.supplies, tuning, now);
  const up = stepUp(ripe(stable.plans), tuning, now);
  const down = stepDown(up.plans, memory.paces, tuning, now);
  // Floors and needs that are not short themselves may wait for an adapter that rests.
  const rests = seen.adapters.map((adapter) => ({ recheckAt: adapter.blockedUntil }));
  const recheckAt = [stable, up, down, ...rests].reduce(
    (at, one) => earliest(at, one.recheckAt),
    decision.recheckAt,
  );
  return {
    targets: cap(down.plans).flatMap(granted),
    decision: { ...decision, recheckAt },
    memory: { supplies: stable.supplies, paces: down.paces },
  };
};

/** Idle groups come from a list that is read once; policies and floors both look at them, no further than needed. */
const rereadable = (view: ScalingView): ScalingView => ({
  ...view,
  serves: (offers, needs) => view.serves(offers, needs),
  adapters: view.adapters.map((adapter) => ({
    ...adapter,
    supplies: adapter.supplies.map((supply) => ({ ...supply, idle: replayed(supply.idle) })),
  })),
});

const replayed = <Item>(items: Iterable<Item>): Iterable<Item> => {
  const read: Item[] = [];
  let rest: Iterator<Item> | undefined;
  return {
    *[Symbol.iterator]() {
      for (let i = 0; ; i++) {
        if (i === read.length) {
          rest ??= items[Symbol.iterator]();
          const next = rest.next();
          if (next.done === true) return;
          read.push(next.value);
        }
        yield read[i] as Item;
      }
    },
  };
};

const POLICIES: Readonly<Record<ScalingPolicyName, ScalingPolicy>> = {
  no: none,
  vanilla,
  capability,
  fixed_elastic: fixedElastic,
  target,
  waterfall,
};

const granted = (plan: Plan): readonly GrantedTarget[] => {
  const { adapter, supply, live, asked, groups, limit, starts, release } = plan;
  if (asked === live && groups === live) return [];
  return [
    {
      adapter: adapter.key,
      supply: supply.key,
      groups,
      starts: firstStarts(starts, groups - live),
      release: release.slice(0, Math.max(0, live - groups)),
      asked,
      limit: groups === asked ? '' : limit,
    },
  ];
};
