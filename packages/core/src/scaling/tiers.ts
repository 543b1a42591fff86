/** The tiers of `scaling=waterfall`: who belongs to which, and what room each of them has. */
import type { Tier } from './tuning.ts';
import { liveOf } from './view.ts';
import type { ScalingView } from './view.ts';

export interface TierRoom {
  readonly tier: Tier;
  /** Groups that may be started in it, whatever its adapters allow. Infinity: it has no cap. */
  readonly room: number;
}

export interface TierRooms {
  /** Index of the tier of each adapter, by its key. Adapters that no tier names are not there: they are never asked. */
  readonly tierOf: ReadonlyMap<string, number>;
  /** In the order in which they are filled. */
  readonly tiers: readonly TierRoom[];
}

/** An adapter belongs to the first tier that names the begin of its id. Groups that leave still run, so they count. */
export const tierRooms = ({ adapters, tuning }: ScalingView): TierRooms => {
  const tierOf = new Map<string, number>();
  const occupied = tuning.tiers.map(() => 0);
  for (const { key, supplies } of adapters) {
    const tier = tuning.tiers.findIndex((one) => key.startsWith(one.adapter));
    if (tier < 0) continue;
    tierOf.set(key, tier);
    for (const supply of supplies)
      occupied[tier] = (occupied[tier] ?? 0) + liveOf(supply) + supply.draining + supply.stopping;
  }
  const tiers = tuning.tiers.map((tier, i) => ({
    tier,
    room: Math.max(0, (tier.groupsMax ?? Infinity) - (occupied[i] ?? 0)),
  }));
  return { tierOf, tiers };
};
