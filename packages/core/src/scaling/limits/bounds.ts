/** Where floors may keep and start groups: in the order of the policy, within adapters and tiers. */
import { priceOf } from '../policies/place.ts';
import { isPrimary } from '../policies/fixed-elastic.ts';
import type { ScalingPolicyName } from '../../scheduler-types.ts';
import { tierRooms } from '../tiers.ts';
import type { AdapterView, ScalingView } from '../view.ts';
import type { Plan } from './plan.ts';

/** Of an adapter or a tier, after what its plans have and start already. */
interface Bound {
  /** Live groups that it may still have, and those of them that may be started. */
  groups: number;
  starts: number;
}

export interface Bounds {
  /** Indexes of plans, in the order in which they are filled. */
  readonly order: readonly number[];
  readonly mayKeep: (plan: Plan) => number;
  readonly mayStart: (plan: Plan) => number;
  readonly keep: (plan: Plan, groups: number) => void;
  readonly start: (plan: Plan, groups: number) => void;
}

export const boundsOf = (plans: readonly Plan[], view: ScalingView, policy: ScalingPolicyName): Bounds => {
  const { levelOf, tierOf, isAsked } = rulesOf(view, policy);
  const adapters = new Map<string, Bound>();
  for (const { key, groupsMax, room } of view.adapters)
    adapters.set(key, { groups: groupsMax, starts: room });
  const of = ({ adapter: { key } }: Plan): readonly Bound[] =>
    [adapters.get(key), tierOf(key)].filter((bound) => bound !== undefined);
  const most = (plan: Plan, what: keyof Bound): number =>
    Math.max(0, Math.min(...of(plan).map((bound) => bound[what])));
  const keep = (plan: Plan, groups: number): void => {
    for (const bound of of(plan)) bound.groups -= groups;
  };
  const start = (plan: Plan, groups: number): void => {
    keep(plan, groups);
    for (const bound of of(plan)) bound.starts -= groups;
  };
  for (const plan of plans) {
    keep(plan, Math.min(plan.live, plan.groups));
    start(plan, Math.min(plan.placed, Math.max(0, plan.groups - plan.live)));
  }
  return {
    order: orderOf(plans, levelOf),
    mayKeep: (plan) => most(plan, 'groups'),
    mayStart: (plan) => (isAsked(plan.adapter) ? most(plan, 'starts') : 0),
    keep,
    start,
  };
};

interface Rules {
  /** Lower ones are filled first. */
  readonly levelOf: (adapter: AdapterView) => number;
  readonly tierOf: (adapter: string) => Bound | undefined;
  readonly isAsked: (adapter: AdapterView) => boolean;
}

const rulesOf = (view: ScalingView, policy: ScalingPolicyName): Rules => {
  if (policy !== 'waterfall') {
    const hasPrimary = policy === 'fixed_elastic';
    return {
      levelOf: (adapter) => (hasPrimary && !isPrimary(adapter) ? 1 : 0),
      tierOf: () => undefined,
      isAsked: () => true,
    };
  }
  const { tierOf, tiers } = tierRooms(view);
  const bounds = tiers.map(({ tier, room }): Bound => ({ groups: tier.groupsMax ?? Infinity, starts: room }));
  return {
    levelOf: ({ key }) => tierOf.get(key) ?? tiers.length,
    tierOf: (key) => bounds[tierOf.get(key) ?? -1],
    isAsked: ({ key }) => tierOf.has(key),
  };
};

/** The cheapest first, and plain ones before those that offer something special at the same price. */
const orderOf = (plans: readonly Plan[], levelOf: Rules['levelOf']): readonly number[] =>
  plans
    .map((plan, i) => ({
      i,
      level: levelOf(plan.adapter),
      price: priceOf(plan),
      names: plan.supply.offers.size,
    }))
    .sort(
      (one, other) =>
        one.level - other.level || one.price - other.price || one.names - other.names || one.i - other.i,
    )
    .map(({ i }) => i);
