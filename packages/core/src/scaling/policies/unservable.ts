/** Tasks that nobody who is here can ever serve: more groups would not help them. */
import type { Capabilities } from '@muster/protocol/ids';
import type { Demand, ScalingView, Unservable } from '../view.ts';
import type { Matches } from './place.ts';

/** Without an adapter nobody could be asked, and that is what is said then, instead. */
export const unservableOf = (view: ScalingView, matches: Matches): ReadonlyMap<Demand, Unservable> =>
  view.adapters.length === 0 ? new Map() : unservableAmong(view, matches);

/** By what adapters and workers offer; while nobody at all is here, nothing is known of that. */
export const unservableAmong = (view: ScalingView, matches: Matches): ReadonlyMap<Demand, Unservable> => {
  const found = new Map<Demand, Unservable>();
  const offered = [...offersOf(view)];
  if (offered.length === 0) return found;
  for (const demand of view.demands) {
    if (demand.waiting === 0 || offered.some((offers) => matches(offers, demand.needs))) continue;
    found.set(demand, {
      needs: demand.needs,
      tasks: demand.waiting,
      missing: missingOf(view, demand.needs),
    });
  }
  return found;
};

/** What adapters can start, and what lives. */
export const offersOf = function* (view: ScalingView): Generator<Capabilities, void> {
  for (const adapter of view.adapters) {
    yield* adapter.offers;
    for (const supply of adapter.supplies) if (supply.requested + supply.serving > 0) yield supply.offers;
  }
  for (const { offers, workers } of view.ungrouped) if (workers > 0) yield offers;
};

/** Names that no single offer has. */
export const missingOf = (view: ScalingView, needs: Capabilities): readonly string[] => {
  const missing = new Set(needs.keys());
  for (const offers of offersOf(view)) for (const name of offers.keys()) missing.delete(name);
  return [...missing];
};
